// @ts-check
// Suggested answers over the composer: the likeliest three for the citizen's last question, each with a key.
import * as api from "../api.js";
import { refill } from "../actions.js";
import { html } from "../html.js";
import { label, t } from "../i18n.js";
import { showDialog } from "../session.js";
import { set, useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").KnownAnswer} KnownAnswer */

/** What the citizen writes in several messages at once is looked up once. */
const GATHER_MS = 350;

/** What a gap in a canned answer looks like: `[vārds]`. */
const GAP = /\[[^[\]\n]{1,40}\]/g;
/** Gaps that came with canned answers: whatever else stands in brackets is the person's own. @type {Set<string>} */
const gaps = new Set();

/** The first gap that still stands in a text: nobody is to be greeted as "[vārds]". @param {string} text @returns {string|null} */
export const openGap = (text) => text.match(GAP)?.find((gap) => gaps.has(gap)) ?? null;

/**
 * Put a text into the composer, and select its first gap so that typing fills it.
 * @param {string} conversation
 * @param {string} text
 * @param {string|null} [latvian] the same in Latvian: shown beside it as long as it stands in the composer
 */
export function insert(conversation, text, latvian = null) {
  set({ beside: latvian ? { id: conversation, text, latvian } : null });
  for (const gap of text.match(GAP) ?? []) gaps.add(gap);
  refill(conversation, text, true);
  setTimeout(() => {
    const field = /** @type {HTMLTextAreaElement|null} */ (document.getElementById("composer-text"));
    if (!field) return;
    field.focus();
    const begins = Math.max(0, field.value.lastIndexOf(text));
    const gap = openGap(field.value.slice(begins));
    const at = gap ? field.value.indexOf(gap, begins) : field.value.length;
    field.setSelectionRange(at, at + (gap?.length ?? 0));
    field.scrollTop = 0;
  }, 0);
}

/** What was inserted, in Latvian: who sends it knows what it says. @param {{id: string, text: string}} props `text`: of the composer */
export function Beside({ id, text }) {
  const beside = useStore((s) => s.beside);
  // A gap that was filled in changes the text: its first words are enough to know it by.
  if (!beside || beside.id !== id || !text.includes(beside.text.split("[")[0].slice(0, 40).trim())) return null;
  return html`<p class="beside" role="note"><span class="badge badge--lang" aria-hidden="true">LV</span><span class="vh">${t("beside.latvian")}</span><span lang="lv">${beside.latvian}</span></p>`;
}

/** @param {number} probability */
const percent = (probability) => t("response.percent", { value: Math.round(probability * 100) });

/**
 * Up to which of the citizen's messages nobody has answered; 0 when the last word was a person's.
 * @param {import("../types.js").Message[]} messages
 */
function openQuestion(messages) {
  for (let i = messages.length - 1; i >= 0; i--) {
    const kind = messages[i].author.kind;
    if (kind === "citizen") return messages[i].seq;
    if (kind === "operator" || kind === "specialist") return 0;
  }
  return 0;
}

/** @param {{id: string, lang: string}} props `lang`: of the conversation */
export function Aids({ id, lang }) {
  const asked = useStore((s) => openQuestion(s.conversations.get(id)?.messages ?? []));
  const ready = useStore((s) => s.conversations.get(id)?.status === "ready");
  const [found, setFound] = useState(/** @type {{question: {text: string}|null, answers: KnownAnswer[]}|null} */ (null));
  const [failed, setFailed] = useState(false);
  const [again, setAgain] = useState(0);
  const [open, setOpen] = useState(true);

  useEffect(() => {
    setFailed(false);
    if (!asked || !ready) {
      setFound(null);
      return undefined;
    }
    let wanted = true;
    const timer = setTimeout(async () => {
      try {
        const answer = await api.get(api.conversationPath(id, "suggested_answers"));
        if (wanted) setFound(answer);
      } catch (error) {
        if (!(error instanceof api.ApiError)) throw error;
        if (wanted) setFailed(true);
      }
    }, GATHER_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [id, asked, ready, again]);

  if (failed) {
    return html`<p class="aids__note" role="status">${t("aids.failed")} <button type="button" class="link-button" onClick=${() => setAgain(again + 1)}>${t("action.try_again")}</button></p>`;
  }
  if (!found?.question || !found.answers.length) return null;
  return html`
    <section class="aids" aria-label=${t("aids.title")}>
      <button type="button" class="aids__head" aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)}>
        <${Icon} name=${open ? "down" : "right"} size=${14} /><span class="aids__title">${t("aids.title")}</span>
        <bdi class="aids__question">„${found.question.text}”</bdi>
      </button>
      ${open && html`<ol class="aids__list" role="list">${found.answers.map((answer, i) => html`
        <li key=${`${answer.service.id}-${answer.aspect}`}>
          <button type="button" class="aid" data-aid=${i + 1} title=${answer.text} aria-keyshortcuts=${`${i + 1} Alt+${i + 1}`} onClick=${() => insert(id, answer.text, answer.latvian)}>
            <kbd aria-hidden="true">${i + 1}</kbd>
            <span class="aid__what"><bdi>${answer.service.title}</bdi> · ${answer.aspect_name}</span>
            ${answer.lang !== lang && html`<span class="badge badge--lang"><span aria-hidden="true">${answer.lang.toUpperCase()}</span><span class="vh">${label("language", answer.lang)}</span></span>`}
            <span class="aid__chance">${answer.probability !== null && percent(answer.probability)}</span>
            <span class="aid__text" lang=${answer.lang}>${answer.text}</span>
            ${answer.latvian && html`<span class="aid__latvian" lang="lv">${answer.latvian}</span>`}
          </button>
        </li>`)}</ol>`}
    </section>`;
}

/** Buttons beside the composer's hint. @param {{id: string}} props */
export const AidButtons = ({ id }) => html`
  <button type="button" class="button button--quiet" onClick=${() => showDialog({ kind: "canned", id })} aria-keyshortcuts="/">
    <${Icon} name="copy" /><span>${t("canned.open")}</span><kbd aria-hidden="true">/</kbd></button>`;
