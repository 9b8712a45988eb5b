// @ts-check
// How the state changes when the server says something; and what follows from it (who waits, whose a conversation is).
import { serverNow } from "./clock.js";
import { set, state, withEntry } from "./store.js";

/** @typedef {import("./types.js").Card} Card */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Conversation} Conversation */

const TYPING_MS = 6000;
const KEPT_CONVERSATIONS = 30;
const OVER = new Set(["closed", "abandoned"]);

/** @param {Card} card */
export const isOver = (card) => OVER.has(card.state);

/**
 * Somebody waits here and nobody has taken it: in the queue, offered to me, or at level 2 (handed up to a specialist and not taken
 * yet; left by its operator).
 * @param {Card} card
 */
export const isWaiting = (card) =>
  card.state === "queued" || card.may.includes("accept") || (card.state === "level2" && card.may.includes("take"));

/** The last message that this page has of a conversation. @param {string} id */
export const lastSeq = (id) => state.conversations.get(id)?.messages.at(-1)?.seq ?? state.cards.get(id)?.seq ?? 0;

/** @param {Card} card @param {string} me */
export const isMine = (card, me) => !isOver(card) && (card.holder?.id === me || card.specialist?.id === me);

/** Until when something is owed here: a beginning in the chat, an answer on a platform. @param {Card} card */
const owed = (card) => {
  // On a platform nothing is owed once an answer is there, whoever gave it.
  const until = card.composer ? card.clock && card.due_at : card.waiting_since && (card.due_at ?? card.waiting_since);
  return until ? Date.parse(until) : Infinity;
};

/**
 * What is due first stands first (in the chat that is who has waited longest), then the latest spoken in; ended ones last.
 * @param {Card} a
 * @param {Card} b
 */
export function byWaiting(a, b) {
  if (isOver(a) !== isOver(b)) return isOver(a) ? 1 : -1;
  const left = owed(a);
  const right = owed(b);
  if (left !== right) return left - right;
  return Date.parse(b.last?.ts ?? b.opened_at) - Date.parse(a.last?.ts ?? a.opened_at);
}

/**
 * How pressing a wait is: by the share of the promised time that has gone. On platforms the server tells the marks, since the
 * time runs in working hours only.
 * @param {Card} card
 * @param {number} now
 * @returns {"calm"|"soon"|"late"|"over"}
 */
export function urgency(card, now) {
  if (card.service_clock?.kind === "waiting") return clockUrgency(card.service_clock, now);
  if (card.clock && card.due_at) {
    if (now >= Date.parse(card.due_at)) return "over";
    if (now >= Date.parse(card.clock.late_at)) return "late";
    return now >= Date.parse(card.clock.soon_at) ? "soon" : "calm";
  }
  if (!card.waiting_since || !card.due_at) return "calm";
  const since = Date.parse(card.waiting_since);
  const due = Date.parse(card.due_at);
  if (now >= due) return "over";
  const gone = (now - since) / Math.max(1, due - since);
  if (gone >= 0.8) return "late";
  return gone >= 0.5 ? "soon" : "calm";
}

/** How far a clock has got, by the marks that the server tells. @param {import("./types.js").ServiceClock} clock @param {number} now @returns {"calm"|"soon"|"late"|"over"} */
export function clockUrgency(clock, now) {
  if (clock.due_at && now > Date.parse(clock.due_at)) return "over";
  if (clock.late_at && now >= Date.parse(clock.late_at)) return "late";
  return clock.soon_at && now >= Date.parse(clock.soon_at) ? "soon" : "calm";
}

/** @param {string} id @returns {Card|null} */
export const cardOf = (id) => state.cards.get(id) ?? state.conversations.get(id)?.card ?? null;

/** @param {any} value a name, or an object with one @returns {string} */
export function nameOf(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") return String(value.name ?? value.title ?? value.id ?? "");
  return String(value);
}

/**
 * Take in a card from the socket or an answer; an older version than the one held is let go.
 * @param {Card} card
 * @param {boolean} listed true when the card belongs in the person's list (from the socket), false for one opened by link
 * @returns {boolean} true when the version moved on
 */
export function applyCard(card, listed) {
  const before = cardOf(card.id);
  if (before && before.version > card.version) return false;
  /** @type {Partial<import("./store.js").State>} */
  const patch = {};
  if (listed || state.cards.has(card.id)) patch.cards = withEntry(state.cards, card.id, card);
  const conversation = state.conversations.get(card.id);
  if (conversation) patch.conversations = withEntry(state.conversations, card.id, { ...conversation, card });
  set(patch);
  return !before || before.version < card.version || before.notes !== card.notes;
}

/** @param {string} id the person may no longer see it */
export function applyGone(id) {
  const conversation = state.conversations.get(id);
  set({
    cards: withEntry(state.cards, id, undefined),
    conversations: conversation
      ? withEntry(state.conversations, id, { ...conversation, status: "missing", card: null, messages: [], timeline: [] })
      : state.conversations,
  });
}

/**
 * Both lists together, each message once, in order.
 * @param {Message[]} held
 * @param {Message[]} more
 * @returns {Message[]}
 */
export function mergeMessages(held, more) {
  /** @type {Map<number, Message>} */
  const bySeq = new Map();
  for (const message of held) bySeq.set(message.seq, message);
  for (const message of more) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** @param {Message[]} messages ordered @returns {boolean} true when one in between is missing */
export const hasGap = (messages) => messages.some((m, i) => i > 0 && m.seq !== messages[i - 1].seq + 1);

/**
 * @param {string} id
 * @param {Message} message
 * @returns {boolean} false when the conversation is not held here, or is held with a gap and must be fetched anew
 */
export function applyMessage(id, message) {
  dropPending(id, message.client_id);
  const conversation = state.conversations.get(id);
  if (!conversation) return true;
  const messages = mergeMessages(conversation.messages, [message]);
  const spoke = conversation.typing && conversation.typing.author.kind === message.author.kind;
  set({
    conversations: withEntry(state.conversations, id, {
      ...conversation,
      messages,
      typing: spoke ? null : conversation.typing,
    }),
  });
  return conversation.status !== "ready" || !hasGap(messages);
}

/** @param {string} id @param {import("./types.js").Author} author @param {boolean} on */
export function applyTyping(id, author, on) {
  const conversation = state.conversations.get(id);
  if (!conversation) return;
  const until = serverNow() + TYPING_MS;
  set({
    conversations: withEntry(state.conversations, id, { ...conversation, typing: on ? { author, until } : null }),
  });
  if (!on) return;
  setTimeout(() => {
    const now = state.conversations.get(id);
    if (now?.typing && now.typing.until <= serverNow() + 50) {
      set({ conversations: withEntry(state.conversations, id, { ...now, typing: null }) });
    }
  }, TYPING_MS + 20);
}

/** How long a colleague counts as looking after he was last heard of: two pings and a little. */
const LOOKING_MS = 45000;

/**
 * A colleague has a conversation open, or no longer.
 * @param {string} id
 * @param {import("./types.js").Named} who
 * @param {boolean} on
 */
export function applyLooking(id, who, on) {
  const others = (state.looking.get(id) ?? []).filter((one) => one.id !== who.id && one.until > Date.now());
  if (on) others.push({ ...who, until: Date.now() + LOOKING_MS });
  set({ looking: withEntry(state.looking, id, others.length ? others : undefined) });
  if (on) {
    setTimeout(() => {
      const now = state.looking.get(id);
      const left = now?.filter((one) => one.until > Date.now());
      if (now && left && left.length < now.length) set({ looking: withEntry(state.looking, id, left.length ? left : undefined) });
    }, LOOKING_MS + 50);
  }
}

/** @param {string} id @param {number} seq */
export function applySeen(id, seq) {
  const conversation = state.conversations.get(id);
  if (!conversation || conversation.seen >= seq) return;
  set({ conversations: withEntry(state.conversations, id, { ...conversation, seen: seq }) });
}

/** @param {string} id @param {Partial<Conversation>} patch */
export function patchConversation(id, patch) {
  /** @type {Conversation} */
  const empty = { status: "loading", card: null, messages: [], timeline: [], typing: null, seen: 0, thread: null, notes: [], mentionable: [], mayNote: false, citizen: null, news: 0 };
  let conversations = withEntry(state.conversations, id, { ...(state.conversations.get(id) ?? empty), ...patch });
  // A shift is eight hours: the oldest opened ones go, they are fetched again when needed.
  for (const key of conversations.keys()) {
    if (conversations.size <= KEPT_CONVERSATIONS) break;
    if (key !== id) conversations.delete(key);
  }
  set({ conversations });
}

/** @param {string} id @param {(list: import("./types.js").Pending[]) => import("./types.js").Pending[]} change */
export function changePending(id, change) {
  const next = change(state.pending.get(id) ?? []);
  set({ pending: withEntry(state.pending, id, next.length ? next : undefined) });
}

/** @param {string} id @param {string|null} clientId */
export function dropPending(id, clientId) {
  if (!clientId || !state.pending.get(id)?.some((p) => p.id === clientId)) return;
  changePending(id, (list) => list.filter((p) => p.id !== clientId));
}

/** @param {any} answer of `snapshot` */
export function applySnapshot(answer) {
  /** @type {Map<string, Card>} */
  const cards = new Map();
  for (const card of answer.conversations ?? []) cards.set(card.id, card);
  set({
    cards,
    colleagues: answer.colleagues ?? [],
    institutions: answer.institutions ?? [],
    level2Institutions: answer.level2_institutions ?? [],
    services: answer.services ?? [],
    topics: answer.topics ?? [],
    outcomes: answer.outcomes ?? [],
    caseOutcomes: answer.case_outcomes ?? [],
    open: answer.open ?? null,
  });
}
