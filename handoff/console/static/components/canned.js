// @ts-check
// Canned answers in a dialog: type a few letters of shortcut, title or text, Enter takes the first.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { label, t } from "../i18n.js";
import { cardOf } from "../model.js";
import { showDialog } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { insert } from "./aids.js";
import { Alert } from "./bits.js";
import { Dialog } from "./dialog.js";
import { fold } from "./picklist.js";

/** @typedef {{id: string, shortcut: string, title: string, text: string, lang: string, latvian: string|null, other?: string}} Canned `other`: further words it is found by */
/** @typedef {{id: string, group_name: string, texts: Record<string, string>}} Phrase */

/** How well a canned answer fits the words: its shortcut first, then its title, then its text; 0 is not at all. @param {Canned} one @param {string} wanted */
function fits(one, wanted) {
  if (!wanted) return 1;
  if (fold(one.shortcut).startsWith(wanted)) return 4;
  if (fold(one.title).includes(wanted)) return 3;
  return fold(one.text).includes(wanted) || fold(one.other ?? "").includes(wanted) || fold(one.shortcut).includes(wanted) ? 2 : 0;
}

/** A phrase in the citizen's language, found by its words in any of the three. @param {Phrase} one @param {string} lang @returns {Canned} */
const asCanned = (one, lang) => ({
  id: `phrase-${one.id}`,
  shortcut: "",
  title: one.group_name,
  text: one.texts[lang] ?? one.texts.lv,
  lang: one.texts[lang] ? lang : "lv",
  latvian: lang === "lv" ? null : one.texts.lv,
  other: Object.values(one.texts).join(" "),
});

/** @param {{id: string}} props */
export function CannedDialog({ id }) {
  const [all, setAll] = useState(/** @type {Canned[]|null} */ (null));
  const [error, setError] = useState("");
  const [search, setSearch] = useState("");
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  /** Enter was pressed before the list was there: its first is taken once it is. */
  const hurried = useRef(false);
  const close = () => showDialog(null);

  useEffect(() => {
    const lang = cardOf(id)?.lang ?? "lv";
    Promise.all([api.get(api.conversationPath(id, "canned")), api.get("phrases")]).then(
      ([answer, book]) => setAll([...answer.canned, ...book.phrases.map((/** @type {Phrase} */ one) => asCanned(one, lang))]),
      (problem) => {
        if (!(problem instanceof api.ApiError)) throw problem;
        setError(reason(problem));
      },
    );
  }, []);

  const wanted = fold(search.trim().replace(/^\//, ""));
  const shown = (all ?? [])
    .map((one) => ({ one, fit: fits(one, wanted) }))
    .filter(({ fit }) => fit > 0)
    .sort((a, b) => b.fit - a.fit)
    .map(({ one }) => one);

  /** @param {Canned} one */
  const take = (one) => {
    close();
    // The dialog gives the focus back first.
    setTimeout(() => insert(id, one.text, one.latvian), 0);
  };
  useEffect(() => {
    if (all && hurried.current && shown[0]) take(shown[0]);
    hurried.current = false;
  }, [all]);
  /** @param {number} step @param {Element} from */
  const move = (step, from) => {
    const buttons = /** @type {HTMLElement[]} */ ([...(list.current?.querySelectorAll("button") ?? [])]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (from));
    const next = at + step;
    if (next < 0) document.getElementById("canned-search")?.focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1, /** @type {Element} */ (event.target));
  };
  const conversationLang = cardOf(id)?.lang;
  return html`
    <${Dialog} title=${t("canned.pick")} onClose=${close} wide onSubmit=${() => {
      if (shown[0]) take(shown[0]);
      else hurried.current = all === null;
    }}>
      <label class="vh" for="canned-search">${t("canned.search")}</label>
      <input id="canned-search" class="input" type="search" value=${search} data-focus="" placeholder=${t("canned.search")} autocomplete="off"
        aria-describedby="canned-hint" onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} onKeyDown=${onKey} />
      <p class="muted" id="canned-hint">${t("canned.hint")}</p>
      <${Alert} text=${error} />
      ${all && html`<p class="vh" role="status">${t("canned.found", { count: shown.length })}</p>`}
      ${all && !shown.length && html`<p class="muted">${t(all.length ? "pick.nothing" : "canned.none")}</p>`}
      <ul class="canned" role="list" ref=${list}>${shown.map((one) => html`
        <li key=${one.id}><button type="button" class="canned__one" onClick=${() => take(one)} onKeyDown=${onKey}>
          <span class="canned__title"><bdi>${one.title}</bdi></span>${one.shortcut && html`<code class="canned__shortcut">/${one.shortcut}</code>`}
          ${one.lang !== conversationLang && html`<span class="badge badge--lang"><span aria-hidden="true">${one.lang.toUpperCase()}</span><span class="vh">${label("language", one.lang)}</span></span>`}
          <span class="canned__text" lang=${one.lang}>${one.text}</span>
          ${one.latvian && html`<span class="canned__latvian" lang="lv">LV: ${one.latvian}</span>`}
        </button></li>`)}</ul>
    </>`;
}
