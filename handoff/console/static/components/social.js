// @ts-check
// What is particular to platforms: which channel and account, who wrote, until when he is owed an answer.
import { useNow } from "../clock.js";
import { cx, html, pure } from "../html.js";
import { duration, label, t, timeOrDate } from "../i18n.js";
import { urgency } from "../model.js";
import { Waiting } from "./bits.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("../types.js").WayToAnswer} WayToAnswer */

const CHANNEL_ICONS = new Set(["facebook", "x", "telegram", "webchat"]);
/** Beyond this the clock time says more than a countdown: people go home in between. */
const COUNTED_MS = 2 * 3600 * 1000;

/** The channel's sign; its name is there for a screen reader, and in `title` for the pointer. @param {{channel: string, size?: number}} props */
export const ChannelIcon = ({ channel, size = 15 }) => html`
  <span class="channel-icon" title=${label("channel", channel)}><${Icon} name=${CHANNEL_ICONS.has(channel) ? channel : "talk"} size=${size} /><span class="vh">${label("channel", channel)}</span></span>`;

/** @param {import("../types.js").Writer|null|undefined} author @returns {string} */
export const writerName = (author) => author?.name || (author?.handle ? `@${author.handle.replace(/^@/, "")}` : "");

/** Of which account and what it is: the one line that tells twenty pages apart. @param {Card} card */
export const placeName = (card) => card.composer?.account.name ?? card.site;

/** What a conversation is called while nobody knows what it is about. @param {Card} card */
export function nameOfTalk(card) {
  const who = writerName(card.author);
  const kind = card.composer?.kind ?? "direct";
  return who ? t(`social.subject.${kind}`, { name: who }) : t(`social.subject_nameless.${kind}`);
}

/** Where a card comes from: channel, account, and the post that a comment stands under. Either part may be cut, not the whole of one. */
export const From = pure(
  /** @param {{card: Card}} props */
  ({ card }) => html`<span class="from"><${ChannelIcon} channel=${card.channel} /><bdi class="from__account" title=${placeName(card)}>${placeName(card)}</bdi>${card.composer &&
    html`<span class="from__what" title=${card.post?.text || undefined}>· ${!card.post ? t(`social.kind.${card.composer.kind}`) : card.post.text ? html`${t("social.under")} <bdi>„${card.post.text}”</bdi>` : t("social.under_unknown")}</span>`}</span>`,
);

/** How long an answer may still take: ticking, in words and in colour. @param {{card: Card}} props */
function DueClock({ card }) {
  const now = useNow();
  const due = Date.parse(card.due_at ?? "");
  const level = urgency(card, now);
  const left = due - now;
  const text =
    level === "over"
      ? t("social.due.over", { time: duration(-left / 1000) })
      : t(`social.due.${level}`, { time: left > COUNTED_MS ? t("social.due.by", { time: timeOrDate(due) }) : t("social.due.left", { time: duration(left / 1000) }) });
  return html`<span class=${`wait wait--due wait--${level}`} title=${t("social.due.title", { time: timeOrDate(due) })}>
    <${Icon} name=${level === "calm" ? "clock" : "warn"} size=${14} /><span class="vh">${t("social.due.what")} </span>${text}</span>`;
}

/** The clock that counts: of an answer owed on a platform (none, when it has been given), of a citizen who waits in the chat. @param {{card: Card}} props */
export function AnswerClock({ card }) {
  if (!card.composer) return html`<${Waiting} card=${card} />`;
  return card.clock && card.due_at ? html`<${DueClock} card=${card} />` : html`<span class="wait wait--none" aria-hidden="true">–</span>`;
}

/** Why something cannot be said this way now, in words. @param {WayToAnswer} way */
export function refusalText(way) {
  const time = way.closes_at ? timeOrDate(way.closes_at) : "–";
  if (way.refusal === "window_closed") return t(way.mode === "private" ? "social.refusal.window_closed_private" : "social.refusal.window_closed", { time });
  const text = label("social.refusal", way.refusal);
  // A code that this page does not know yet says nothing to a person.
  return text && text !== way.refusal ? text : t("social.refusal.other");
}

/** @param {{icon: string, kind?: string, children?: any, id?: string}} props a line that tells something about the place, above the composer */
export const PlaceNote = ({ icon, kind = "", children, id }) => html`
  <div class=${cx("place-note", kind && `place-note--${kind}`)} id=${id}><${Icon} name=${icon} size=${16} /><div class="place-note__body">${children}</div></div>`;
