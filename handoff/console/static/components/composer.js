// @ts-check
// Where the answer is written, or the reason why it cannot be.
import { begin, send, together, typing, whenRefilled } from "../actions.js";
import { lengthOn } from "../count.js";
import { cx, html } from "../html.js";
import { t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { settingsOf, showDialog } from "../session.js";
import { useStore } from "../store.js";
import { attach, take, useChosen } from "../attaching.js";
import { beginCorrecting } from "../correcting.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { AttachButton, Chosen } from "./attach.js";
import { CorrectionWriter } from "./correction.js";
import { AidButtons, Aids, Beside, openGap } from "./aids.js";
import { Button } from "./bits.js";
import { Icon } from "./icons.js";
import { GuideButton } from "./guides.js";
import { MacroButton } from "./macros.js";
import { NoteSwitch, NoteWriter } from "./notes.js";
import { Spelling } from "./spelling.js";
import { takeAid } from "../shortcuts.js";
import { Facts, isConfirmed, Modes, useWays } from "./ways.js";

/** @typedef {import("../types.js").Card} Card */

/** What the service takes in one message; platforms may take less. */
const MOST = 4000;
/** From when on the characters left are shown: in the last eighth, and at least this many before the end. */
const WARN_CHARACTERS = 120;
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
      if (card.offered_to?.id !== me) return t("locked.offered", { name: card.offered_to?.name ?? "–" });
      return t(card.offer?.routed ? "locked.routed_me" : "locked.offered_me");
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
  const noting = useStore((s) => s.noting === card.id);
  const mayNote = useStore((s) => s.conversations.get(card.id)?.mayNote ?? false);
  const corrected = useStore((s) => (s.correcting?.id === card.id && s.conversations.get(card.id)?.messages.find((one) => one.seq === s.correcting?.seq)) || null);
  if (corrected && card.may.includes("reply")) return html`<${CorrectionWriter} key=${corrected.id} card=${card} message=${corrected} />`;
  if (noting && mayNote) return html`<${NoteWriter} key=${card.id} card=${card} me=${me} />`;
  if (card.may.includes("reply")) return html`<${Writer} key=${card.id} card=${card} me=${me} />`;
  const ways = WAYS_ON.filter((action) => card.may.includes(action)).slice(0, 2);
  return html`
    <div class="composer composer--locked">
      <p><${Icon} name="quiet" />${lockedBecause(card, me)}</p>
      ${mayNote && html`<${NoteSwitch} id=${card.id} />`}
      ${ways.length > 0 && html`<div class="composer__ways">${ways.map((action, i) => html`
        <${Button} key=${action} kind=${i === 0 ? "primary" : ""} busy=${busy} onClick=${() => begin(action, card.id)}>${t(`action.${action}`)}</>`)}</div>`}
    </div>`;
}

/** @param {{card: Card, me: string}} props */
function Writer({ card, me }) {
  const id = card.id;
  const [text, setText] = useState(() => readDraft(me, id));
  const [problem, setProblem] = useState("");
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const latest = useRef(text);
  latest.current = text;
  const enterSends = useStore((s) => settingsOf(s.me).enter_sends);
  const { ways, way, choose } = useWays(card, me);
  const place = card.composer;
  const files = useChosen(id);
  const [dropping, setDropping] = useState(false);
  const takesFiles = !place;

  useEffect(() => {
    const timer = setTimeout(() => writeDraft(me, id, text), DRAFT_DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const keepNow = () => writeDraft(me, id, latest.current);
    window.addEventListener("pagehide", keepNow);
    const off = whenRefilled((conversation, added, after) => {
      if (conversation !== id) return false;
      setText(together(latest.current, added, after));
      field.current?.focus();
      return true;
    });
    return () => {
      off();
      window.removeEventListener("pagehide", keepNow);
      keepNow();
      typing(id, false);
    };
  }, []);
  useEffect(() => setProblem(""), [text, way?.mode, way?.allowed]);

  const mode = way?.mode ?? "direct";
  // What goes out in parts is limited by the service only.
  const limit = way && place && !place.splits ? Math.min(MOST, way.text_limit) : MOST;
  const length = lengthOn(card.channel, mode, text);
  const tooLong = length > limit;
  const parts = place?.splits && way && lengthOn(card.channel, mode, text.trim()) > way.text_limit;
  const shown = text && (length > limit - Math.max(WARN_CHARACTERS, limit / 8) || (!place?.splits && place && limit < 1000 && length > limit / 2));
  const closed = Boolean(place) && !way?.allowed;

  const goOut = (/** @type {string} */ said) => {
    send(id, said, mode, takesFiles ? take(id) : []);
    setText("");
    writeDraft(me, id, "");
    field.current?.focus();
  };
  const submit = () => {
    const said = text.trim();
    if (!said && !files.length) return;
    const broken = files.find((one) => one.state === "failed");
    if (broken) {
      setProblem(t("files.failed", { name: broken.name }));
      return;
    }
    if (closed) {
      setProblem(ways.some((one) => one.allowed) ? t("social.mode.choose") : t("social.mode.none"));
      return;
    }
    const gap = openGap(said);
    if (gap) {
      setProblem(t("composer.gap", { gap }));
      const at = text.indexOf(gap);
      field.current?.focus();
      field.current?.setSelectionRange(at, at + gap.length);
      return;
    }
    if (tooLong) {
      setProblem(t("social.too_long", { count: length - limit }));
      return;
    }
    // Everybody will read it, for ever: asked once in each conversation.
    if (mode === "public" && !isConfirmed(me, id)) showDialog({ kind: "public", id, with: { text: said, then: () => goOut(said) } });
    else goOut(said);
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.isComposing) return;
    const aid = event.altKey && !event.ctrlKey && /^Digit([1-3])$/.exec(event.code)?.[1];
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      document.getElementById("conversation-title")?.focus();
    } else if (event.key === "ArrowUp" && !text && !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey && beginCorrecting(id)) {
      event.preventDefault();
    } else if (event.key === "/" && !text && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      showDialog({ kind: "canned", id });
    } else if (aid) {
      event.preventDefault();
      takeAid(aid);
    } else if (event.key === "Enter") {
      const asked = event.ctrlKey || event.metaKey;
      if (asked || (enterSends && !event.shiftKey && !event.altKey)) {
        event.preventDefault();
        // A key held down must not answer the question that it has raised.
        if (!event.repeat) submit();
      }
    }
  };
  /** @param {Iterable<File>} list */
  const add = async (list) => setProblem(await attach(id, list));
  /** @param {any} event */
  const carriesFiles = (event) => takesFiles && Boolean(event.dataTransfer?.types.includes("Files"));
  const described = ["composer-hint", place && "composer-facts", problem && "composer-problem"].filter(Boolean).join(" ");
  return html`
    <form class=${cx("composer", mode === "public" && !closed && "composer--public", dropping && "composer--drop")}
      onDragOver=${(/** @type {any} */ e) => { if (carriesFiles(e)) { e.preventDefault(); setDropping(true); } }}
      onDragLeave=${(/** @type {any} */ e) => { if (!e.currentTarget.contains(e.relatedTarget)) setDropping(false); }}
      onDrop=${(/** @type {any} */ e) => { setDropping(false); if (carriesFiles(e)) { e.preventDefault(); add(e.dataTransfer.files); } }}
      onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <${Aids} id=${id} lang=${card.lang} />
      ${place && html`<${Modes} ways=${ways} way=${way} place=${place} onChoose=${choose} />`}
      ${place && html`<${Facts} id="composer-facts" place=${place} way=${way} parts=${Boolean(parts)} />`}
      <${Beside} id=${id} text=${text} />
      <label class="vh" for="composer-text">${t(mode === "public" ? "social.composer_public" : "composer.label")}</label>
      <textarea id="composer-text" ref=${field} class="input composer__text" rows="2" value=${text} lang=${card.lang} spellcheck
        placeholder=${t(mode === "public" && !closed ? "social.placeholder_public" : "composer.placeholder")} aria-describedby=${described} aria-invalid=${tooLong || problem ? "true" : undefined}
        onInput=${(/** @type {any} */ e) => {
          setText(e.target.value);
          typing(id, e.target.value.trim() !== "");
        }}
        onPaste=${(/** @type {any} */ e) => { if (takesFiles && e.clipboardData?.files.length) { e.preventDefault(); add(e.clipboardData.files); } }}
        onKeyDown=${onKey}></textarea>
      <${Spelling} text=${text} lang=${card.lang} onReplace=${setText} />
      <${Chosen} id=${id} />
      ${problem && html`<p class="field__error" id="composer-problem" role="alert">${problem}</p>`}
      <div class="composer__foot">
        <${AttachButton} id=${id} here=${takesFiles} onProblem=${setProblem} />
        <${AidButtons} id=${id} />
        <${MacroButton} id=${id} />
        <${GuideButton} id=${id} />
        <${NoteSwitch} id=${id} />
        <p id="composer-hint" class="composer__hint">${t(enterSends ? "composer.hint_enter" : "composer.hint_ctrl")}</p>
        ${shown && html`<p class=${tooLong ? "composer__count composer__count--over" : "composer__count"} role="status">${t("composer.left", { count: limit - length })}</p>`}
        <${Button} type="submit" kind="primary" icon="send" busy=${(!text.trim() && !files.length) || tooLong || closed}>${t(mode === "public" && !closed ? "social.send_public" : mode === "private" && !closed ? "social.send_private" : "composer.send")}</>
      </div>
    </form>`;
}
