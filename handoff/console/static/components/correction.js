// @ts-check
// The composer while one's own last message is being corrected.
import { reason } from "../actions.js";
import * as api from "../api.js";
import { correct, endCorrecting } from "../correcting.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { settingsOf, toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Button } from "./bits.js";
import { Icon } from "./icons.js";
import { wordsOf } from "./message.js";

const MOST = 4000;

/** @param {{card: import("../types.js").Card, message: import("../types.js").Message}} props */
export function CorrectionWriter({ card, message }) {
  const before = useRef(wordsOf(message)).current;
  const [text, setText] = useState(before);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const enterSends = useStore((s) => settingsOf(s.me).enter_sends);

  useEffect(() => {
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(before.length, before.length);
  }, []);

  const leave = () => {
    endCorrecting();
    setTimeout(() => (document.getElementById("composer-text") ?? document.getElementById("conversation-title"))?.focus(), 30);
  };
  const save = async () => {
    const said = text.trim();
    if (busy || (!said && !message.attachments.length) || text.length > MOST) return;
    if (said === before.trim()) {
      leave();
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      await correct(card.id, message.seq, said, before);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      setProblem(error.code === "changed" ? t("correction.changed") : reason(error));
      setBusy(false);
      field.current?.focus();
      return;
    }
    toast("ok", t("correction.done"));
    leave();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      leave();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || (enterSends && !event.shiftKey && !event.altKey))) {
      event.preventDefault();
      if (!event.repeat) save();
    }
  };
  const empty = !text.trim() && !message.attachments.length;
  return html`
    <form class="composer composer--correction" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); save(); }}>
      <p class="composer__note"><${Icon} name="edit" /><strong>${t("correction.title")}</strong> ${t("correction.lead")}</p>
      <label class="vh" for="correction-text">${t("correction.label")}</label>
      <textarea id="correction-text" ref=${field} class="input composer__text" rows="2" value=${text} maxLength=${MOST} lang=${card.lang} spellcheck
        aria-describedby=${problem ? "correction-problem" : "correction-hint"} aria-invalid=${problem ? "true" : undefined}
        onInput=${(/** @type {any} */ e) => setText(e.target.value)} onKeyDown=${onKey}></textarea>
      ${problem && html`<p class="field__error" id="correction-problem" role="alert">${problem}</p>`}
      <div class="composer__foot">
        <p id="correction-hint" class="composer__hint">${t(enterSends ? "correction.hint_enter" : "correction.hint_ctrl")}</p>
        <${Button} onClick=${leave}>${t("action.cancel")}</>
        <${Button} type="submit" kind="primary" icon="check" busy=${busy || empty}>${t("correction.save")}</>
      </div>
    </form>`;
}
