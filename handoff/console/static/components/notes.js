// @ts-check
// Private notes: between the messages, unlike any of them, and written in a field that cannot be taken for the composer.
import * as api from "../api.js";
import { reason, uuid } from "../actions.js";
import { html } from "../html.js";
import { clock, t, time } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { loadConversation, toast } from "../session.js";
import { set, state, useStore } from "../store.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { Button } from "./bits.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Note} Note */
/** @typedef {import("../types.js").Card} Card */

const MOST = 4000;
const DRAFT_DELAY_MS = 250;
/** @type {import("../types.js").Named[]} */
const NOBODY = [];

/** @param {{note: Note, me: string}} props */
export const NoteView = ({ note, me }) => html`
  <li class="msg msg--note" id=${`note-${note.id}`}>
    <p class="msg__meta"><${Icon} name="note" size=${14} /><bdi class="msg__author">${note.author.id === me ? t("author.me") : note.author.name}</bdi><span class="msg__kind">${t("notes.kind")}</span></p>
    <div class="msg__bubble"><bdi class="msg__text">${note.text}</bdi>
      ${note.mentions.length > 0 && html`<p class="note__called">${t("notes.mentions")}: <bdi>${note.mentions.map((one) => one.name).join(", ")}</bdi></p>`}</div>
    <p class="msg__foot"><time datetime=${note.ts} title=${clock(note.ts)}>${time(note.ts)}</time></p>
  </li>`;

/** The way from answering to noting. @param {{id: string}} props */
export const NoteSwitch = ({ id }) => html`
  <button type="button" class="button button--quiet" onClick=${() => set({ noting: id })} aria-keyshortcuts="I">
    <${Icon} name="note" /><span>${t("notes.write")}</span></button>`;

/** Under which name the draft is kept: apart from the answer's. @param {string} id */
const draftOf = (id) => `${id}.note`;

/** Whether a text calls somebody by his whole name: "@Anna Bērziņa-Kalniņa" does not call Anna Bērziņa. @param {string} text @param {string} name */
const names = (text, name) => new RegExp(`@${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}-])`, "u").test(text);

/** @param {{card: Card, me: string}} props */
export function NoteWriter({ card, me }) {
  const id = card.id;
  const mentionable = useStore((s) => s.conversations.get(id)?.mentionable ?? NOBODY);
  const [text, setText] = useState(() => readDraft(me, draftOf(id)));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  // A repeat after a lost answer is the same note; a text that was changed in between is another one.
  const attempt = useRef({ id: uuid(), text: "" });
  const latest = useRef(text);
  latest.current = text;

  // Before anything is drawn: whoever presses the key goes on typing.
  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => {
    const timer = setTimeout(() => writeDraft(me, draftOf(id), text), DRAFT_DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const keepNow = () => writeDraft(me, draftOf(id), latest.current);
    window.addEventListener("pagehide", keepNow);
    return () => {
      window.removeEventListener("pagehide", keepNow);
      keepNow();
    };
  }, []);

  const leave = () => {
    if (state.noting === id) set({ noting: null });
    setTimeout(() => (document.getElementById("composer-text") ?? document.getElementById("conversation-title"))?.focus(), 30);
  };
  const called = mentionable.filter((one) => names(text, one.name));
  const save = async () => {
    if (busy || !text.trim()) return;
    setBusy(true);
    setError("");
    if (attempt.current.text !== text.trim()) attempt.current = { id: uuid(), text: text.trim() };
    try {
      await api.post(api.conversationPath(id, "notes"), { ...attempt.current, mentions: called.map((one) => one.id) });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      setBusy(false);
      return;
    }
    latest.current = "";
    setText("");
    writeDraft(me, draftOf(id), "");
    loadConversation(id).catch(() => {});
    toast("ok", t("notes.saved"));
    leave();
  };
  /** @param {string} name */
  const mention = (name) => {
    if (!name) return;
    const element = field.current;
    const at = element?.selectionStart ?? text.length;
    const before = text.slice(0, at);
    const added = `${before && !/\s$/.test(before) ? " " : ""}@${name} `;
    setText(before + added + text.slice(element?.selectionEnd ?? at));
    setTimeout(() => {
      element?.focus();
      element?.setSelectionRange(at + added.length, at + added.length);
    }, 0);
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      leave();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    }
  };
  return html`
    <form class="composer composer--note" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); save(); }}>
      <p class="composer__note"><${Icon} name="note" /><strong>${t("notes.title")}</strong> ${t("notes.lead")}</p>
      <label class="vh" for="note-text">${t("notes.label")}</label>
      <textarea id="note-text" ref=${field} class="input composer__text" rows="2" value=${text} maxLength=${MOST} spellcheck placeholder=${t("notes.placeholder")}
        aria-describedby=${error ? "note-error" : "note-hint"} aria-invalid=${error ? "true" : undefined}
        onInput=${(/** @type {any} */ e) => setText(e.target.value)} onKeyDown=${onKey}></textarea>
      ${error && html`<p class="field__error" id="note-error" role="alert">${error}</p>`}
      <div class="composer__foot">
        ${mentionable.length > 0 && html`
          <label class="vh" for="note-mention">${t("notes.mention")}</label>
          <select id="note-mention" class="input note__mention" value="" onChange=${(/** @type {any} */ e) => { mention(e.target.value); e.target.value = ""; }}>
            <option value="">${t("notes.mention")}</option>
            ${mentionable.map((one) => html`<option key=${one.id} value=${one.name}>${one.name}</option>`)}
          </select>`}
        <p id="note-hint" class="composer__hint">${called.length ? t("notes.will_call", { names: called.map((one) => one.name).join(", ") }) : t("notes.hint")}</p>
        <${Button} onClick=${leave}>${t("action.cancel")}</>
        <${Button} type="submit" kind="primary" icon="note" busy=${busy || !text.trim()}>${t("notes.save")}</>
      </div>
    </form>`;
}
