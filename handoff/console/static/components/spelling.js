// @ts-check
// Words of a Latvian answer that may be misspelt, under the composer: what may have been meant is one press away. Never in the way
// of sending.
import * as api from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

/** Whoever is typing is left alone until he pauses. */
const PAUSE_MS = 900;
const MOST_SHOWN = 5;
/** Words that the person has called right, until the page is loaded anew. @type {Set<string>} */
const right = new Set();

/** @typedef {{word: string, at: number}} Doubt */

/** @param {{text: string, lang: string, onReplace: (text: string) => void}} props */
export function Spelling({ text, lang, onReplace }) {
  const [doubts, setDoubts] = useState(/** @type {Doubt[]} */ ([]));
  const [open, setOpen] = useState("");
  const [meant, setMeant] = useState(/** @type {string[]|null} */ (null));
  const [failed, setFailed] = useState(false);
  const latest = useRef(text);
  const first = useRef(/** @type {HTMLButtonElement|null} */ (null));
  latest.current = text;

  useEffect(() => {
    if (lang !== "lv" || text.trim().length < 3) {
      setDoubts([]);
      return;
    }
    const timer = setTimeout(async () => {
      try {
        const got = await api.post("spelling", { text });
        if (latest.current === text) setDoubts(got.words);
      } catch {
        // An aid that is not there is no reason to disturb whoever writes.
        setDoubts([]);
      }
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, lang]);
  useEffect(() => {
    setMeant(null);
    setFailed(false);
    if (!open) return;
    let asked = true;
    api.post("spelling/suggestions", { word: open }).then((got) => asked && setMeant(got.suggestions), () => asked && setFailed(true));
    return () => {
      asked = false;
    };
  }, [open]);
  useEffect(() => {
    if (meant?.length) first.current?.focus();
  }, [meant]);

  const shown = doubts.filter((one) => !right.has(one.word) && text.includes(one.word)).slice(0, MOST_SHOWN);
  useEffect(() => {
    if (open && !shown.some((one) => one.word === open)) setOpen("");
  });
  if (!shown.length) return null;

  const field = () => document.getElementById("composer-text")?.focus();
  /** Where it stood when it was looked up, or where it stands now. @param {Doubt} doubt @param {string} other */
  const replace = (doubt, other) => {
    const at = text.startsWith(doubt.word, doubt.at) ? doubt.at : text.indexOf(doubt.word);
    if (at >= 0) onReplace(text.slice(0, at) + other + text.slice(at + doubt.word.length));
    setOpen("");
    field();
  };
  const asked = shown.find((one) => one.word === open);
  return html`
    <div class="spelling" role="group" aria-label=${t("spelling.title")} lang="lv"
      onKeyDown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === "Escape") { e.stopPropagation(); setOpen(""); field(); } }}>
      <p class="spelling__words"><span class="spelling__title"><${Icon} name="question" size=${14} />${t("spelling.title")}</span>
        <span class="vh" role="status">${t("spelling.count", { count: shown.length })}</span>
        ${shown.map((one) => html`<button type="button" key=${one.word} class="spelling__word" aria-expanded=${open === one.word ? "true" : "false"}
          onClick=${() => setOpen(open === one.word ? "" : one.word)}>${one.word}</button>`)}</p>
      ${asked && html`<p class="spelling__meant">
        ${meant?.map((other, i) => html`<button type="button" key=${other} class="chip" ref=${i === 0 ? first : undefined} onClick=${() => replace(asked, other)}>${other}</button>`)}
        <span class="muted" role="status">${failed ? t("spelling.failed") : meant === null ? t("spelling.looking") : meant.length ? "" : t("spelling.none")}</span>
        <button type="button" class="button button--quiet button--small" onClick=${() => { right.add(asked.word); setOpen(""); setDoubts(doubts.filter((one) => one !== asked)); field(); }}>${t("spelling.right")}</button></p>`}
    </div>`;
}
