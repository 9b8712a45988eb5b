// @ts-check
// Choose one of many: radio buttons in a scrolling box, with a search field when there are more than a handful.
import { html } from "../html.js";
import { t } from "../i18n.js";
import { useId, useState } from "../vendor/hooks.js";

const SEARCH_FROM = 9;

/** Letters without diacritics, so that "jurmala" finds "Jūrmala". @param {string} text */
export const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * @param {{legend: string, items: {id: string, name: string, note?: string, dim?: boolean}[], value: string,
 *   onChange: (id: string) => void, error?: string, autofocus?: boolean, empty?: string}} props
 */
export function PickList({ legend, items, value, onChange, error = "", autofocus = false, empty = "" }) {
  const id = useId();
  const [search, setSearch] = useState("");
  const wanted = fold(search.trim());
  /** @param {{name: string}} item */
  const hit = (item) => fold(item.name).includes(wanted);
  // What is chosen stays in sight, whatever is searched for.
  const shown = wanted ? items.filter((item) => item.id === value || hit(item)) : items;
  const searchable = items.length >= SEARCH_FROM;
  return html`
    <fieldset class="pick" aria-describedby=${error ? `${id}-error` : undefined}>
      <legend>${legend}</legend>
      ${searchable && html`
        <input class="input pick__search" type="search" value=${search} placeholder=${t("pick.search")}
          aria-label=${t("pick.search_in", { what: legend })} data-focus=${autofocus ? "" : undefined}
          onInput=${(/** @type {any} */ e) => setSearch(e.target.value)}
          onKeyDown=${(/** @type {KeyboardEvent} */ e) => {
            if (e.key === "Enter") {
              e.preventDefault();
              const first = shown.find(hit);
              if (wanted && first) onChange(first.id);
            }
          }} />`}
      <div class="pick__box" id=${`${id}-box`}>
        ${shown.map((item, i) => html`
          <label class=${item.dim ? "pick__item pick__item--dim" : "pick__item"} key=${item.id}>
            <input type="radio" name=${id} value=${item.id} checked=${item.id === value}
              aria-invalid=${error ? "true" : undefined} data-focus=${autofocus && !searchable && i === 0 ? "" : undefined}
              onChange=${() => onChange(item.id)} />
            <span class="pick__name">${item.name}</span>
            ${item.note && html`<span class="pick__note">${item.note}</span>`}
          </label>`)}
        ${shown.length === 0 && html`<p class="pick__empty">${items.length ? t("pick.nothing") : empty || t("pick.nothing")}</p>`}
      </div>
      ${error && html`<p class="field__error" id=${`${id}-error`}>${error}</p>`}
    </fieldset>`;
}

/** @param {{label: string, value: string, onInput: (text: string) => void, error?: string, autofocus?: boolean, optional?: boolean, rows?: number}} props */
export function TextArea({ label, value, onInput, error = "", autofocus = false, optional = false, rows = 3 }) {
  const id = useId();
  return html`
    <div class="field">
      <label for=${id}>${label}${optional && html` <span class="muted">${t("form.optional")}</span>`}</label>
      <textarea id=${id} class="input" rows=${rows} maxLength="2000" value=${value} data-focus=${autofocus ? "" : undefined}
        aria-invalid=${error ? "true" : undefined} aria-describedby=${error ? `${id}-error` : undefined}
        onInput=${(/** @type {any} */ e) => onInput(e.target.value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
            e.preventDefault();
            /** @type {HTMLTextAreaElement} */ (e.target).form?.requestSubmit();
          }
        }}></textarea>
      ${error && html`<p class="field__error" id=${`${id}-error`}>${error}</p>`}
    </div>`;
}
