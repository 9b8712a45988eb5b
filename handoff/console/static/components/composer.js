// @ts-check
// Where the answer is written, or the reason why it cannot be.
import { begin, send, typing } from "../actions.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { settingsOf } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Button } from "./bits.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Card} Card */

const MOST = 4000;
const WARN_FROM = 3500;
const DRAFT_DELAY_MS = 250;

/** @param {Card} card @param {string} me @returns {string} why the person may not write now */
function lockedBecause(card, me) {
  const name = card.holder?.name ?? "";
  switch (card.state) {
    case "bot":
      return t("locked.bot");
    case "queued":
      return t("locked.queued");
    case "offered":
      return card.offered_to?.id === me ? t("locked.offered_me") : t("locked.offered", { name: card.offered_to?.name ?? "–" });
    case "active":
      return card.holder && card.holder.id !== me ? t("locked.active", { name }) : t("locked.not_allowed");
    case "on_hold":
      return card.holder?.id === me ? t("locked.on_hold_mine") : t("locked.on_hold", { name });
    case "level2":
      return card.specialist ? t("locked.level2_with", { name: card.specialist.name }) : t("locked.level2", { name: card.level2_institution?.name ?? "" });
    case "wrap_up":
      return card.holder && card.holder.id !== me ? t("locked.wrap_up_other", { name }) : t("locked.wrap_up");
    default:
      return t("locked.closed");
  }
}

/** The one or two things that lead on from here. @type {import("../types.js").Action[]} */
const WAYS_ON = ["accept", "decline", "take", "resume", "level2_done", "close"];

/** @param {{card: Card}} props */
export function Composer({ card }) {
  const me = useStore((s) => s.me?.id ?? "");
  const busy = useStore((s) => s.busy.has(card.id));
  if (card.may.includes("reply")) return html`<${Writer} key=${card.id} id=${card.id} me=${me} lang=${card.lang} />`;
  const ways = WAYS_ON.filter((action) => card.may.includes(action)).slice(0, 2);
  return html`
    <div class="composer composer--locked">
      <p><${Icon} name="quiet" />${lockedBecause(card, me)}</p>
      ${ways.length > 0 && html`<div class="composer__ways">${ways.map((action, i) => html`
        <${Button} key=${action} kind=${i === 0 ? "primary" : ""} busy=${busy} onClick=${() => begin(action, card.id)}>${t(`action.${action}`)}</>`)}</div>`}
    </div>`;
}

/** @param {{id: string, me: string, lang: string}} props */
function Writer({ id, me, lang }) {
  const [text, setText] = useState(() => readDraft(me, id));
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const latest = useRef(text);
  latest.current = text;
  const enterSends = useStore((s) => settingsOf(s.me).enter_sends);

  useEffect(() => {
    const timer = setTimeout(() => writeDraft(me, id, text), DRAFT_DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const keepNow = () => writeDraft(me, id, latest.current);
    window.addEventListener("pagehide", keepNow);
    return () => {
      window.removeEventListener("pagehide", keepNow);
      keepNow();
      typing(id, false);
    };
  }, []);

  const tooLong = text.length > MOST;
  const submit = () => {
    const said = text.trim();
    if (!said || said.length > MOST) return;
    send(id, said);
    setText("");
    writeDraft(me, id, "");
    field.current?.focus();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      document.getElementById("conversation-title")?.focus();
    } else if (event.key === "Enter") {
      const asked = event.ctrlKey || event.metaKey;
      if (asked || (enterSends && !event.shiftKey && !event.altKey)) {
        event.preventDefault();
        submit();
      }
    }
  };
  return html`
    <form class="composer" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <label class="vh" for="composer-text">${t("composer.label")}</label>
      <textarea id="composer-text" ref=${field} class="input composer__text" rows="2" value=${text} lang=${lang} spellcheck
        placeholder=${t("composer.placeholder")} aria-describedby="composer-hint" aria-invalid=${tooLong ? "true" : undefined}
        onInput=${(/** @type {any} */ e) => {
          setText(e.target.value);
          typing(id, e.target.value.trim() !== "");
        }}
        onKeyDown=${onKey}></textarea>
      <div class="composer__foot">
        <p id="composer-hint" class="composer__hint">${t(enterSends ? "composer.hint_enter" : "composer.hint_ctrl")}</p>
        ${text.length > WARN_FROM && html`<p class=${tooLong ? "composer__count composer__count--over" : "composer__count"} role="status">${t("composer.left", { count: MOST - text.length })}</p>`}
        <${Button} type="submit" kind="primary" icon="send" busy=${!text.trim() || tooLong}>${t("composer.send")}</>
      </div>
    </form>`;
}
