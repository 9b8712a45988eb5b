// @ts-check
// Small things that the parts of the page share.
import { useRef, useState } from "/vendor/hooks.js";
import { cx, html } from "./html.js";
import { t } from "./texts.js";

/** The first letters of a name, as platforms show who has no picture. @param {{name: string, kind?: string}} props */
export function Face({ name, kind = "" }) {
  const letters = name.split(/\s+/).slice(0, 2).map((word) => word[0] ?? "").join("").toUpperCase();
  return html`<span class=${`face ${kind && `face--${kind}`}`} aria-hidden="true">${letters}</span>`;
}

/**
 * A field to write in. What was typed stays until it has been taken.
 * @param {{id: string, label: string, button: string, start?: string, rows?: number, focus?: boolean, hint?: string, children?: any,
 *   onSend: (text: string) => Promise<unknown>, onCancel?: () => void}} props
 */
export function Writer({ id, label, button, start = "", rows = 2, focus = false, hint = "", children, onSend, onCancel }) {
  const [text, setText] = useState(start);
  const [problem, setProblem] = useState("");
  const busy = useRef(false);
  const send = async () => {
    const said = text.trim();
    if (busy.current) return;
    if (!said) {
      setProblem(t("write.empty"));
      document.getElementById(id)?.focus();
      return;
    }
    busy.current = true;
    try {
      await onSend(said);
      setText("");
      setProblem("");
    } catch {
      setProblem(t("write.failed"));
    } finally {
      busy.current = false;
    }
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    } else if (event.key === "Escape" && onCancel) onCancel();
  };
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return html`
    <form class=${cx("writer", rows === 1 && "writer--line")} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); void send(); }}>
      <label for=${id}>${label}</label>
      <textarea id=${id} rows=${rows} value=${text} aria-describedby=${described || undefined} aria-invalid=${problem ? "true" : undefined}
        ref=${(/** @type {any} */ field) => { if (focus && field && !field.dataset.met) { field.dataset.met = "1"; field.focus(); } }}
        onInput=${(/** @type {any} */ e) => { setText(e.target.value); setProblem(""); }} onKeyDown=${onKey}></textarea>
      ${problem && html`<p class="problem" id=${`${id}-problem`} role="alert">${problem}</p>`}
      <div class="writer__foot">
        ${children}
        ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
        ${onCancel && html`<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>`}
        <button type="submit" class="button button--main">${button}</button>
      </div>
    </form>`;
}

/** What came besides text. @param {{kind: string|null}} props */
export function Attached({ kind }) {
  return kind ? html`<span class="attached">${t(`attached.${kind}`)}</span>` : null;
}
