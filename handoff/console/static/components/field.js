// @ts-check
// Fields of forms with label, hint and error tied together, and what forms have in common.
import { html } from "../html.js";
import { t } from "../i18n.js";
import { toast } from "../session.js";
import { useId } from "../vendor/hooks.js";
import { Button } from "./bits.js";

/**
 * The first invalid control of a form gets the focus, after the errors have been drawn. What is only marked while one types
 * (`data-live`: a text that is still too long) does not stand in the way of what was refused.
 * @param {Element|null} form
 */
export function focusInvalid(form) {
  setTimeout(() => {
    const refused = form?.querySelector("[aria-invalid=true]:not([data-live])") ?? form?.querySelector("[aria-invalid=true]");
    /** @type {HTMLElement|null|undefined} */ (refused)?.focus();
  }, 30);
}

/** Focus on something that is only now being drawn. @param {string} id */
export const focusSoon = (id) => setTimeout(() => document.getElementById(id)?.focus(), 30);

/**
 * Which fields a refusal by the server's schema names (422): the first part of each path, e.g. `settings.api_version`.
 * @param {import("../api.js").ApiError} error
 * @returns {string[]}
 */
export function namedFields(error) {
  if (error.status !== 422) return [];
  return error.detail.split("; ").map((/** @type {string} */ one) => one.split(": ", 1)[0]);
}

/**
 * One line of text, or several with `rows`.
 * @param {{label: string, value: string, onInput: (text: string) => void, error?: string, hint?: any, optional?: boolean, rows?: number,
 *   id?: string, foot?: any, [rest: string]: any}} props `foot`: stands under the field, beside the error (a counter)
 */
export function Field({ label, value, onInput, error = "", hint, optional = false, rows = 0, id, foot, ...rest }) {
  const own = useId();
  const name = id ?? own;
  const described = [hint && `${name}-hint`, foot && `${name}-foot`, error && `${name}-error`].filter(Boolean).join(" ");
  const common = {
    id: name,
    class: "input",
    value,
    "aria-invalid": error ? "true" : undefined,
    "aria-describedby": described || undefined,
    onInput: (/** @type {any} */ e) => onInput(e.target.value),
    ...rest,
  };
  return html`
    <div class="field">
      <label for=${name}>${label}${optional && html` <span class="muted">${t("form.optional")}</span>`}</label>
      ${hint && html`<p class="field__hint" id=${`${name}-hint`}>${hint}</p>`}
      ${rows ? html`<textarea rows=${rows} ...${common}></textarea>` : html`<input ...${common} />`}
      ${foot && html`<div class="field__foot" id=${`${name}-foot`}>${foot}</div>`}
      ${error && html`<p class="field__error" id=${`${name}-error`}>${error}</p>`}
    </div>`;
}

/**
 * One of a few, each with an explanation that a screen reader reads with it.
 * @param {{legend: string, items: {id: string, name: string, note?: any}[], value: string, onChange: (id: string) => void, hint?: string}} props
 */
export function Choice({ legend, items, value, onChange, hint }) {
  const id = useId();
  return html`
    <fieldset class="choice" aria-describedby=${hint ? `${id}-hint` : undefined}>
      <legend>${legend}</legend>
      ${hint && html`<p class="field__hint" id=${`${id}-hint`}>${hint}</p>`}
      ${items.map((item) => html`
        <div class="check" key=${item.id}>
          <input type="radio" name=${id} id=${`${id}-${item.id}`} value=${item.id} checked=${item.id === value}
            aria-describedby=${item.note ? `${id}-${item.id}-note` : undefined} onChange=${() => onChange(item.id)} />
          <label for=${`${id}-${item.id}`}>${item.name}</label>
          ${item.note && html`<p class="muted" id=${`${id}-${item.id}-note`}>${item.note}</p>`}
        </div>`)}
    </fieldset>`;
}

/** @param {{text: string, note?: any, on: boolean, disabled?: boolean, onChange: (on: boolean) => void, invalid?: boolean, describedby?: string}} props */
export function Tick({ text, note, on, disabled = false, onChange, invalid = false, describedby = "" }) {
  const id = useId();
  const described = [note && `${id}-note`, describedby].filter(Boolean).join(" ");
  return html`
    <div class="check">
      <input type="checkbox" id=${id} checked=${on} disabled=${disabled} aria-invalid=${invalid ? "true" : undefined}
        aria-describedby=${described || undefined} onChange=${(/** @type {any} */ e) => onChange(e.target.checked)} />
      <label for=${id}>${text}</label>
      ${note && html`<p class="muted" id=${`${id}-note`}>${note}</p>`}
    </div>`;
}

/** Something to be copied into another page: shown whole, selected when it gets the focus. @param {{label: string, value: string, hint?: string}} props */
export function CopyField({ label, value, hint }) {
  const id = useId();
  const copy = async () => {
    const field = /** @type {HTMLInputElement} */ (document.getElementById(id));
    try {
      await navigator.clipboard.writeText(value);
      toast("ok", t("channels.copied"));
    } catch {
      // Without permission, or over plain HTTP: it is selected, Ctrl+C does the rest.
      field.focus();
      toast("info", t("channels.copy_by_hand"));
    }
  };
  return html`
    <div class="field copy">
      <label for=${id}>${label}</label>
      ${hint && html`<p class="field__hint" id=${`${id}-hint`}>${hint}</p>`}
      <div class="copy__row">
        <input class="input" id=${id} value=${value} readonly aria-describedby=${hint ? `${id}-hint` : undefined}
          onFocus=${(/** @type {any} */ e) => e.target.select()} />
        <${Button} icon="copy" onClick=${copy}>${t("channels.copy")}</>
      </div>
    </div>`;
}
