// @ts-check
// A question before something that cannot be taken back, in words that say what it means.
import { html } from "../html.js";
import { t } from "../i18n.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { focusInvalid } from "./field.js";
import { TextArea } from "./picklist.js";

/**
 * @param {{title: string, lead: any, submit: string, icon?: string, onClose: () => void, children?: any,
 *   onConfirm: (reason: string) => Promise<string>, reason?: {label: string, missing: string, optional?: boolean}}} props
 *   `onConfirm` closes the dialog itself when it succeeds, and gives a text when it does not; `reason`: asked for beside the question
 */
export function Confirm({ title, lead, submit, icon, onClose, onConfirm, children, reason }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [why, setWhy] = useState("");
  const [tried, setTried] = useState(false);
  const lacks = Boolean(reason && !reason.optional && !why.trim());
  /** @param {Event} event */
  const confirm = async (event) => {
    setTried(true);
    if (busy) return;
    if (lacks) {
      focusInvalid(/** @type {Element} */ (event.target));
      return;
    }
    setBusy(true);
    setError("");
    const problem = await onConfirm(why.trim());
    if (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose} onSubmit=${confirm}
      footer=${html`<${Button} onClick=${onClose} data-focus=${reason ? undefined : ""}>${t("channels.back")}</>
        <${Button} kind="primary" type="submit" icon=${icon} busy=${busy}>${submit}</>`}>
      <p>${lead}</p>
      ${children}
      ${reason && html`<${TextArea} label=${reason.label} value=${why} onInput=${setWhy} autofocus optional=${reason.optional}
        error=${tried && lacks ? reason.missing : ""} />`}
      <${Alert} text=${error} />
    </>`;
}
