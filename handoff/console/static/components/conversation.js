// @ts-check
// The middle pane: who it is, what may be done, everything that was said, the composer.
import { begin, markNotesSeen, markRead } from "../actions.js";
import { cx, html } from "../html.js";
import { useCorrectable } from "../correcting.js";
import { dayKey, dayName, label, t } from "../i18n.js";
import { isMine } from "../model.js";
import { conversationHash } from "../router.js";
import { loadConversation, settingsOf } from "../session.js";
import { KEY_OF } from "../shortcuts.js";
import { useStore } from "../store.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { Button, LangBadge, StateChip } from "./bits.js";
import { SuggestionNote } from "./citizen.js";
import { Composer } from "./composer.js";
import { PlanProgress } from "./guides.js";
import { useDecides } from "./delivery.js";
import { Icon } from "./icons.js";
import { Level2Due } from "./level2clock.js";
import { authorName, MessageView, PendingView } from "./message.js";
import { NoteView } from "./notes.js";
import { PlaceNotes } from "./placenotes.js";
import { OwnClock } from "./serviceclock.js";
import { From, nameOfTalk, placeName, writerName } from "./social.js";
import { ThreadView } from "./thread.js";

/** @typedef {import("../types.js").Action} Action */
/** @typedef {import("../types.js").Card} Card */

/** Order of the buttons, with their icons. `reply` has none: the composer itself is its button. @type {[Action, string][]} */
const ACTIONS = [
  ["take", "take"],
  ["accept", "check"],
  ["decline", "close"],
  ["resume", "play"],
  ["level2_done", "check"],
  ["close", "done"],
  ["hold", "pause"],
  ["transfer", "swap"],
  ["to_queue", "swap"],
  ["assign", "people"],
  ["level2", "expert"],
  ["hide", "hide"],
  ["unhide", "show"],
  ["return", "undo"],
];
const GROUP_MS = 3 * 60 * 1000;
const NEAR_BOTTOM_PX = 80;
/** @type {{name: string}[]} */
const NOBODY = [];

/** @param {{card: Card}} props */
function Actions({ card }) {
  const me = useStore((s) => s.me);
  const busy = useStore((s) => s.busy.has(card.id));
  const menu = useRef(/** @type {HTMLElement|null} */ (null));
  // One button hands on, to whomever is allowed: its dialog asks to whom.
  const allowed = ACTIONS.filter(([action]) => card.may.includes(action) && !(action === "to_queue" && card.may.includes("transfer")));
  const hints = settingsOf(me).shortcuts;
  if (!allowed.length) return null;
  // When it is mine, ending it is the button in colour; else whatever makes it mine.
  const strong = new Set(["take", "accept", "resume", "level2_done", ...(card.may.includes("level2_done") ? [] : ["close"])]);
  /** @param {[Action, string]} item @param {number} i */
  const button = ([action, icon], i) => html`
    <${Button} key=${action} icon=${icon} kind=${i === 0 && strong.has(action) ? "primary" : ""} busy=${busy}
      hint=${hints ? KEY_OF[action] : undefined} aria-keyshortcuts=${hints && KEY_OF[action] ? KEY_OF[action] : undefined}
      onClick=${() => { menu.current?.hidePopover(); begin(action, card.id); }}>${t(`action.${action}`)}</>`;
  return html`
    <div class="actions" role="group" aria-label=${t("conversation.actions")}>
      ${allowed.slice(0, 2).map(button)}
      <div class="actions__rest">${allowed.slice(2).map((item) => button(item, 9))}</div>
      ${allowed.length > 2 && html`
        <button type="button" class="button actions__more" popovertarget="actions-menu"><${Icon} name="more" /><span>${t("action.more")}</span></button>
        <div id="actions-menu" popover="auto" class="menu menu--actions" ref=${menu} role="group" aria-label=${t("conversation.actions")}>
          ${allowed.slice(2).map(([action, icon]) => html`<button type="button" key=${action} class="menu__item"
            onClick=${() => { menu.current?.hidePopover(); begin(action, card.id); }}><${Icon} name=${icon} />${t(`action.${action}`)}</button>`)}
        </div>`}
    </div>`;
}

/** @param {{id: string}} props */
function Messages({ id }) {
  const conversation = useStore((s) => s.conversations.get(id));
  const pending = useStore((s) => s.pending.get(id));
  const me = useStore((s) => s.me);
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const end = useRef(/** @type {HTMLElement|null} */ (null));
  const atBottom = useRef(true);
  const decides = useDecides(id);
  const correctable = useCorrectable(id);
  const writer = useStore((s) => writerName((s.cards.get(id) ?? s.conversations.get(id)?.card)?.author));
  const counted = useRef(0);
  const [fresh, setFresh] = useState(0);
  const messages = conversation?.messages ?? [];
  const notes = conversation?.notes ?? [];
  const total = messages.length + notes.length + (pending?.length ?? 0);

  const thread = conversation?.thread?.kind === "comment" ? conversation.thread : null;

  // Of a comment the last words stand in the midst of what others have written: there the end of the talk is kept in sight.
  const toBottom = () => {
    const element = box.current;
    if (!element) return;
    if (thread) end.current?.scrollIntoView({ block: "nearest" });
    else element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => {
    const before = counted.current;
    counted.current = total;
    if (atBottom.current || before === 0 || pending?.at(-1)?.state === "sending") {
      toBottom();
      setFresh(0);
    } else if (total > before) setFresh((n) => n + total - before);
  }, [total]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    // Neither a growing composer nor a line added under a message may hide the last words.
    const watcher = new ResizeObserver(() => atBottom.current && toBottom());
    watcher.observe(element);
    if (list.current) watcher.observe(list.current);
    return () => watcher.disconnect();
  }, [Boolean(thread)]);
  useLayoutEffect(() => {
    if (!thread || !box.current) return;
    // First of all the comment itself is to be seen, with as much of its surroundings as there is room for.
    box.current.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    toBottom();
  }, [Boolean(thread)]);
  useEffect(() => {
    const read = () => {
      markRead(id);
      markNotesSeen(id);
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [total, conversation?.card?.unread, conversation?.card?.mentioned, conversation?.card?.may]);

  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const below = thread && end.current ? end.current.getBoundingClientRect().bottom - element.getBoundingClientRect().bottom : element.scrollHeight - element.scrollTop - element.clientHeight;
    atBottom.current = below < NEAR_BOTTOM_PX;
    if (atBottom.current && fresh) setFresh(0);
  };

  /** @type {any[]} */
  const rows = [];
  let day = "";
  let noted = 0;
  /** The day before the first thing of that day. @param {string} ts @returns {boolean} whether it is the day of what stands before */
  const sameDayAs = (ts) => {
    const key = dayKey(ts);
    if (key === day) return true;
    rows.push(html`<li class="day" key=${`day-${key}`}><span>${dayName(ts)}</span></li>`);
    day = key;
    return false;
  };
  // Notes stand where they were written, between the messages.
  const notesUntil = (/** @type {number} */ until) => {
    while (noted < notes.length && Date.parse(notes[noted].ts) < until) {
      const note = notes[noted++];
      sameDayAs(note.ts);
      rows.push(html`<${NoteView} key=${note.id} note=${note} me=${me?.id ?? ""} />`);
    }
  };
  messages.forEach((message, i) => {
    const notedBefore = noted;
    notesUntil(Date.parse(message.ts));
    const before = messages[i - 1];
    const sameDay = sameDayAs(message.ts);
    const grouped = Boolean(sameDay && noted === notedBefore && before && before.author.kind === message.author.kind && before.author.name === message.author.name &&
      Date.parse(message.ts) - Date.parse(before.ts) < GROUP_MS);
    const own = message.author.kind === "operator" || message.author.kind === "specialist";
    rows.push(html`<${MessageView} key=${message.id} message=${message} mine=${own && message.author.name === me?.name}
      grouped=${grouped} seen=${(conversation?.seen ?? 0) >= message.seq} conversation=${id} writer=${writer} decides=${decides} url=${thread?.url ?? null} correctable=${correctable === message.seq} />`);
  });

  notesUntil(Infinity);

  const typing = conversation?.typing;
  const log = html`
    <ol class="msgs" role="list" ref=${list}>
      ${rows}${pending?.map((one) => html`<${PendingView} key=${one.id} one=${one} />`)}
    </ol><span class="msgs__end" ref=${end}></span>`;
  // What is heard is the talk itself, not what strangers write around it.
  const live = { role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": t("conversation.messages") };
  return html`
    <div class="talk">
      <div class="talk__scroll" ref=${box} onScroll=${onScroll} tabindex="0" ...${thread ? { role: "region", "aria-label": t("social.thread") } : live}>
        ${conversation?.status === "loading" && !messages.length && html`<p class="talk__note" role="status">${t("conversation.loading")}</p>`}
        ${conversation?.status === "failed" && html`<div class="talk__note"><p role="alert">${t("conversation.failed")}</p>
          <${Button} icon="refresh" onClick=${() => loadConversation(id).catch(() => {})}>${t("action.try_again")}</></div>`}
        ${thread ? html`<${ThreadView} thread=${thread}><div ...${live}>${log}</div></>` : log}
      </div>
      ${fresh > 0 && html`<button type="button" class="talk__fresh" onClick=${() => { atBottom.current = true; toBottom(); setFresh(0); }}>
        <${Icon} name="down" size=${14} />${t("conversation.fresh", { count: fresh })}</button>`}
      <p class="talk__typing" aria-live="off">${typing && html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${t("conversation.typing", { name: authorName(typing.author) })}`}</p>
    </div>`;
}

/** Whose matter it is: of a municipality's page nobody is named but the page. @param {Card} card */
const subPlace = (card) => card.institution?.name ?? (card.composer ? (card.municipality?.name ?? placeName(card)) : t("card.no_institution"));

/** Colleagues who have the same open: before two of them answer. @param {{id: string}} props */
function Looking({ id }) {
  const names = useStore((s) => (s.looking.get(id) ?? NOBODY).map((one) => one.name).join(", "));
  return names ? html`<span class="looking" role="status"><${Icon} name="show" size=${14} />${t("conversation.looking", { names })}</span>` : null;
}

/** @param {{id: string}} props */
export function ConversationPane({ id }) {
  const conversation = useStore((s) => s.conversations.get(id));
  const listed = useStore((s) => s.cards.get(id));
  const topics = useStore((s) => s.topics);
  const me = useStore((s) => s.me?.id ?? "");
  const card = listed ?? conversation?.card ?? null;
  const status = conversation?.status;

  useEffect(() => {
    if (status !== "ready") loadConversation(id).catch(() => {});
  }, [id]);
  useEffect(() => {
    // Opened from the list: keyboard and screen reader go along. Not while somebody searches.
    if (!/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) document.getElementById("conversation-title")?.focus();
  }, [id]);

  if (status === "missing" || (!card && status === "failed")) {
    return html`<section class="conversation conversation--none" aria-labelledby="conversation-title">
      <div class="empty"><${Icon} name="info" size=${28} /><h2 id="conversation-title" tabindex="-1">${t(status === "missing" ? "conversation.missing" : "conversation.failed")}</h2>
      <a href="#/inbox">${t("conversation.to_list")}</a></div></section>`;
  }
  const person = card ? (writerName(card.author) || card.contact?.name) : "";
  const subject = card ? (card.service?.title ?? topics.find((one) => one.id === card.topic)?.name ?? card.topic ?? (card.composer ? nameOfTalk(card) : t("card.no_service"))) : t("conversation.loading");
  return html`
    <section class="conversation" aria-labelledby="conversation-title">
      <header class=${cx("conversation__head", card && isMine(card, me) && "conversation__head--mine")}>
        <a class="icon-button only-narrow" href="#/inbox" aria-label=${t("conversation.to_list")}><${Icon} name="back" /></a>
        <div class="conversation__what">
          <h2 id="conversation-title" tabindex="-1"><bdi>${subject}</bdi></h2>
          <p class="conversation__sub"><bdi>${card ? subPlace(card) : ""}</bdi>${person && html`<span> · <bdi>${person}</bdi></span>`}</p>
          ${card && html`<p class="conversation__from"><${From} card=${card} /><${Looking} id=${id} /></p>`}
        </div>
        ${card && html`<p class="conversation__marks"><${OwnClock} card=${card} /><${Level2Due} card=${card} /><${LangBadge} lang=${card.lang} /><${StateChip} card=${card} /></p>`}
        <a class="icon-button only-no-details" href=${conversationHash(id, "details")} aria-label=${t("conversation.to_details")}><${Icon} name="info" /></a>
      </header>
      ${card && html`<${Actions} card=${card} />`}
      ${card?.summary && html`<p class="conversation__why"><strong>${card.reason ? label("reason", card.reason) : t("details.summary")}:</strong> <bdi>${card.summary}</bdi></p>`}
      <${PlanProgress} plan=${card?.plan} />
      <${SuggestionNote} id=${id} />
      ${card?.composer && html`<${PlaceNotes} card=${card} thread=${conversation?.thread ?? null} />`}
      <${Messages} key=${id} id=${id} />
      ${card && html`<${Composer} card=${card} />`}
    </section>`;
}
