// @ts-check
// Dialogs of platforms: a public answer asked about once, a comment hidden with a reason.
import { act } from "../actions.js";
import { html } from "../html.js";
import { label, t } from "../i18n.js";
import { cardOf } from "../model.js";
import { showDialog } from "../session.js";
import { useStore } from "../store.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { focusInvalid } from "./field.js";
import { TextArea } from "./picklist.js";
import { placeName } from "./social.js";
import { confirm } from "./ways.js";

const closeDialog = () => showDialog(null);

/** Everybody will read it. The text is there once more, as it will stand. @param {{id: string, text: string, then: () => void}} props */
export function PublicDialog({ id, text, then }) {
  const me = useStore((s) => s.me?.id ?? "");
  const card = cardOf(id);
  return html`
    <${Dialog} title=${t("social.public.title")} onClose=${closeDialog}
      onSubmit=${() => {
        confirm(me, id);
        closeDialog();
        then();
      }}
      footer=${html`<${Button} onClick=${closeDialog}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="globe">${t("social.public.submit")}</>`}>
      <p tabindex="-1" data-focus="">${t("social.public.lead", { account: card ? placeName(card) : "" })}</p>
      <blockquote class="quote"><bdi>${text}</bdi></blockquote>
      <p class="muted">${t("social.public.once")}</p>
    </>`;
}

/** @param {{id: string}} props */
export function HideDialog({ id }) {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [error, setError] = useState("");
  const busy = useStore((s) => s.busy.has(id));
  return html`
    <${Dialog} title=${t("social.hide.title")} onClose=${closeDialog}
      onSubmit=${async (/** @type {Event} */ event) => {
        setTried(true);
        setError("");
        if (!reason.trim()) {
          focusInvalid(/** @type {Element} */ (event.target));
          return;
        }
        const result = await act("hide", id, { reason: reason.trim() });
        if (result.ok) closeDialog();
        else if (result.error) setError(result.error);
      }}
      footer=${html`<${Button} onClick=${closeDialog}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="hide" busy=${busy}>${t("social.hide.submit")}</>`}>
      <p class="dialog__lead">${label("social.hide.lead", cardOf(id)?.channel)}</p>
      <${TextArea} label=${t("social.hide.reason")} value=${reason} onInput=${setReason} autofocus rows=${3}
        error=${tried && !reason.trim() ? t("social.hide.reason_missing") : ""} />
      <${Alert} text=${error} />
    </>`;
}
