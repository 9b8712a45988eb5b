// @ts-check
// What a person does with a conversation.
import * as api from "./api.js";
import { t } from "./i18n.js";
import * as keep from "./keep.js";
import { applyCard, applyGone, byWaiting, cardOf, changePending, dropPending, isWaiting, mergeMessages, patchConversation } from "./model.js";
import { conversationHash, go, route } from "./router.js";
import { loadConversation, showDialog, toast, whenOnline } from "./session.js";
import { set, state } from "./store.js";

/** @typedef {import("./types.js").Action} Action */

/** Actions that ask something first; the others are done at once. */
export const ASKING = new Set(["return", "transfer", "level2", "level2_done", "hold", "close", "hide", "assign", "to_queue"]);

/** After these the conversation is somebody else's, and the person may not even see it any longer. */
const LEAVING = new Set(["return", "decline", "to_queue"]);

/**
 * Begin an action: its dialog, or the action itself.
 * @param {Action} action
 * @param {string} id
 */
export function begin(action, id) {
  const card = cardOf(id);
  if (!card?.may.includes(action) || state.busy.has(id)) return;
  if (action === "reply") document.getElementById("composer-text")?.focus();
  else if (ASKING.has(action)) showDialog({ kind: action, id });
  else act(action, id);
}

/**
 * Carry out a change of state. A conflict is told with the winner's name and the card is fetched anew.
 * @param {Exclude<Action, "reply">} action
 * @param {string} id
 * @param {object} [fields]
 * @returns {Promise<{ok: true}|{ok: false, error: string|null}>} `error` is a text for the dialog; null when it was told already
 */
export async function act(action, id, fields = {}) {
  const card = cardOf(id);
  if (!card || state.busy.has(id)) return { ok: false, error: null };
  set({ busy: new Set(state.busy).add(id) });
  try {
    const next = await api.post(api.conversationPath(id, action), { version: card.version, ...fields });
    if (next) applyCard(next, false);
    else applyGone(id);
    // What the router offers is passed on; a colleague is refused.
    toast("ok", t(action === "decline" && card.offer?.routed ? "done.pass" : `done.${action}`));
    after(action, id);
    if (!LEAVING.has(action) && state.conversations.has(id)) loadConversation(id).catch(() => {});
    return { ok: true };
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    return { ok: false, error: await explain(error, action, id) };
  } finally {
    const busy = new Set(state.busy);
    busy.delete(id);
    set({ busy });
  }
}

/** Where the person goes on after an action. @param {Action} action @param {string} id */
function after(action, id) {
  const shown = route();
  if (action === "take" || action === "accept" || action === "resume") {
    if (shown.id !== id || shown.page !== "inbox") go(conversationHash(id));
    // The composer opens with the next drawing.
    setTimeout(() => document.getElementById("composer-text")?.focus(), 60);
  } else if (LEAVING.has(action) && shown.page === "inbox" && shown.id === id) {
    go("#/inbox");
  } else if (shown.id === id) {
    // The button pressed may be gone: focus must not fall back to the top of the page.
    setTimeout(() => {
      if (document.activeElement === document.body) document.getElementById("conversation-title")?.focus();
    }, 60);
  }
}

/**
 * @param {api.ApiError} error
 * @param {Action} action
 * @param {string} id
 * @returns {Promise<string|null>} a text to show in place, or null when it was told by a toast
 */
async function explain(error, action, id) {
  if (error.status === 401) return null;
  if (error.code === "already_asked") {
    const text = reason(error);
    if (!state.dialog) toast("info", text);
    return text;
  }
  if (error.status === 409) {
    await loadConversation(id).catch(() => {});
    // What was filled in is not thrown away while the act is still possible: the person looks and confirms anew.
    const asks = state.dialog?.kind === action || (state.dialog?.kind === "transfer" && action === "to_queue");
    if (asks && cardOf(id)?.may.includes(action)) return error.code === "new_message" ? reason(error) : t("conflict.confirm_again");
    const winner = error.winner ?? cardOf(id)?.holder?.name ?? null;
    const mine = winner !== null && winner === state.me?.name;
    if (error.code === "taken" && winner && !mine) toast("error", t("conflict.taken", { name: winner }));
    else if (winner && !mine) toast("error", t("conflict.changed_by", { name: winner }));
    else toast("error", t("conflict.changed"));
    showDialog(null);
    return null;
  }
  if (error.status === 404) {
    applyGone(id);
    toast("error", t("error.gone"));
    showDialog(null);
    return null;
  }
  const text = reason(error);
  if (!state.dialog) toast("error", text);
  return text;
}

/** @param {api.ApiError} error @returns {string} */
export function reason(error) {
  if (error.status === 0) return t("error.network");
  if (error.status === 403) return error.detail || t("error.forbidden");
  if (error.status === 429) return t("error.too_many", { seconds: Math.max(1, Math.ceil(error.retryAfterS)) });
  if (error.status >= 500) return t("error.server");
  return error.detail || error.title || t("error.server");
}

/**
 * Why something could not be done, for the person; what is no answer of the server is a fault of ours and goes on.
 * @param {unknown} problem @returns {string}
 */
export function told(problem) {
  if (!(problem instanceof api.ApiError)) throw problem;
  return reason(problem);
}

// --- Messages ---------------------------------------------------------------------------------------------------------------

function saveUnsent() {
  if (state.me) keep.writeUnsent(state.me.id, [...state.pending.values()].flat());
}

/** Sending goes one by one within a conversation, so that messages keep their order. @type {Map<string, Promise<void>>} */
const lines = new Map();

/** @param {string} conversation @param {string} text @param {import("./types.js").Mode} [mode] @param {import("./types.js").PendingFile[]} [attachments] */
export function send(conversation, text, mode = "direct", attachments = []) {
  /** @type {import("./types.js").Pending} */
  const one = {
    id: uuid(),
    conversation,
    text,
    mode,
    ...(attachments.length ? { attachments } : {}),
    ts: new Date().toISOString(),
    state: "sending",
    error: null,
    transient: false,
  };
  changePending(conversation, (list) => [...list, one]);
  saveUnsent();
  typing(conversation, false);
  queue(one);
}

/** @param {import("./types.js").Pending} one */
export function retry(one) {
  if (!state.pending.get(one.conversation)?.some((p) => p.id === one.id && p.state === "failed")) return;
  mark(one, { state: "sending", error: null });
  queue(one);
}

/** @param {import("./types.js").Pending} one */
export function discard(one) {
  discardListeners.forEach((fn) => fn(one));
  drop(one);
}

/** @param {import("./types.js").Pending} one */
function drop(one) {
  dropPending(one.conversation, one.id);
  saveUnsent();
}

/** @typedef {(one: import("./types.js").Pending) => void} OnPending */
/** @type {OnPending[]} */
const discardListeners = [];
/** @type {OnPending[]} */
const takeBackListeners = [];
/** @type {((files: import("./types.js").PendingFile[]) => Promise<void>)[]} */
const filesAwaited = [];

/** @param {OnPending} fn called with a message that is thrown away */
export const whenDiscarded = (fn) => void discardListeners.push(fn);
/** @param {OnPending} fn called with a message that goes back into the composer */
export const whenTakenBack = (fn) => void takeBackListeners.push(fn);
/** @param {(files: import("./types.js").PendingFile[]) => Promise<void>} fn waited for before a message with files goes out; what it throws is why it does not */
export const beforeFilesGo = (fn) => void filesAwaited.push(fn);

/** @type {((conversation: string, text: string, after: boolean) => boolean)[]} */
const refillListeners = [];

/** @param {(conversation: string, text: string, after: boolean) => boolean} fn called when a text is to stand in the composer again; tells whether it has taken it @returns {() => void} */
export function whenRefilled(fn) {
  refillListeners.push(fn);
  return () => void refillListeners.splice(refillListeners.indexOf(fn), 1);
}

/** What was refused goes back to where it can be mended: a text too long is neither sent again nor thrown away. @param {import("./types.js").Pending} one */
export function takeBack(one) {
  refill(one.conversation, one.text);
  takeBackListeners.forEach((fn) => fn(one));
  drop(one);
}

/** Two texts as one, with a line between them. @param {string} stands @param {string} added @param {boolean} after */
export const together = (stands, added, after) =>
  !stands.trim() ? added : after ? `${stands.trimEnd()}\n\n${added}` : `${added}\n\n${stands}`;

/** Puts a text into the composer of a conversation, before or after what stands there. @param {string} conversation @param {string} text @param {boolean} [after] */
export function refill(conversation, text, after = false) {
  if (refillListeners.some((fn) => fn(conversation, text, after))) return;
  // No composer is there (a note is being written, or the conversation is another's): its draft gets it.
  const me = state.me?.id ?? "";
  keep.writeDraft(me, conversation, together(keep.readDraft(me, conversation), text, after));
  if (state.noting === conversation) set({ noting: null });
}

/** @param {import("./types.js").Pending} one @param {Partial<import("./types.js").Pending>} patch */
const mark = (one, patch) =>
  changePending(one.conversation, (list) => list.map((p) => (p.id === one.id ? { ...p, ...patch } : p)));

/** @param {import("./types.js").Pending} one */
function queue(one) {
  const before = lines.get(one.conversation) ?? Promise.resolve();
  lines.set(one.conversation, before.then(() => deliver(one)));
}

/** @param {import("./types.js").Pending} one */
async function deliver(one) {
  const { conversation, id, text, mode, attachments = [] } = one;
  // The live message may have come in by another way; a person may have thrown it away.
  if (!state.pending.get(conversation)?.some((p) => p.id === id)) return;
  try {
    if (attachments.length) for (const fn of filesAwaited) await fn(attachments);
    if (!state.pending.get(conversation)?.some((p) => p.id === id)) return;
    const files = attachments.length ? { attachments: attachments.map((file) => file.id) } : {};
    const message = await api.post(api.conversationPath(conversation, "messages"), { id, text, mode: mode ?? "direct", ...files });
    dropPending(conversation, id);
    const held = state.conversations.get(conversation);
    // The live message may have been faster, and may know already what became of it.
    if (held && !held.messages.some((m) => m.seq === message.seq)) {
      patchConversation(conversation, { messages: mergeMessages(held.messages, [message]) });
    }
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    mark(one, { state: "failed", error: reason(error), transient: error.transient });
    if (error.status === 409 || error.status === 403) loadConversation(conversation).catch(() => {});
  }
  saveUnsent();
}

whenOnline(() => {
  for (const list of state.pending.values()) {
    for (const one of list) if (one.state === "failed" && one.transient) retry(one);
  }
});

/** @returns {string} */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain http outside localhost has no randomUUID; getRandomValues is there.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * Decide about a message that failed, or of which nobody knows whether it arrived.
 * @param {string} conversation
 * @param {number} seq
 * @param {"send_again"|"mark_sent"} verb
 * @returns {Promise<string>} what the server said against it; empty when it was done
 */
export async function decide(conversation, seq, verb) {
  try {
    await api.post(api.conversationPath(conversation, `messages/${seq}/${verb}`));
    loadConversation(conversation).catch(() => {});
    return "";
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 409) loadConversation(conversation).catch(() => {});
    return reason(error);
  }
}

/**
 * What a message said before it was edited or deleted. Whoever looks is on record.
 * @param {string} conversation
 * @param {number} seq
 * @returns {Promise<{what: "edited"|"deleted", at: string, text: string}[]>}
 * @throws {api.ApiError}
 */
export const history = (conversation, seq) =>
  api.get(api.conversationPath(conversation, `messages/${seq}/history`)).then((answer) => answer.versions);

// --- Typing and reading -----------------------------------------------------------------------------------------------------

const TYPING_EVERY_MS = 3000;
const TYPING_IDLE_MS = 5000;
/** @type {{conversation: string, at: number, timer: number}|null} */
let typingNow = null;

/** Tell the citizen that somebody writes: seldom, and never what. @param {string} conversation @param {boolean} on */
export function typing(conversation, on) {
  if (typingNow && (typingNow.conversation !== conversation || !on)) {
    clearTimeout(typingNow.timer);
    const former = typingNow.conversation;
    typingNow = null;
    api.post(api.conversationPath(former, "typing"), { on: false }).catch(() => {});
  }
  if (!on) return;
  const now = Date.now();
  if (typingNow) clearTimeout(typingNow.timer);
  const due = !typingNow || now - typingNow.at >= TYPING_EVERY_MS;
  typingNow = {
    conversation,
    at: due ? now : (typingNow?.at ?? now),
    timer: window.setTimeout(() => typing(conversation, false), TYPING_IDLE_MS),
  };
  if (due) api.post(api.conversationPath(conversation, "typing"), { on: true }).catch(() => {});
}

/** @type {Map<string, number>} */
const readUpTo = new Map();

/**
 * Tell the server what has been read. Only he who may answer tells: a supervisor's glance must not look to the citizen like
 * an operator who has read his question.
 * @param {string} id
 */
export function markRead(id) {
  const card = cardOf(id);
  const conversation = state.conversations.get(id);
  const last = conversation?.messages.at(-1)?.seq ?? 0;
  if (!card?.may.includes("reply") || !last || document.visibilityState === "hidden") return;
  if ((readUpTo.get(id) ?? 0) >= last && !card.unread) return;
  readUpTo.set(id, last);
  if (card.unread) applyCard({ ...card, unread: 0 }, false);
  api.post(api.conversationPath(id, "read"), { seq: last }).catch(() => readUpTo.delete(id));
}

/** Tell the server that the notes which call me have been looked at. Not from a window that nobody looks at. @param {string} id */
export function markNotesSeen(id) {
  if (!cardOf(id)?.mentioned || document.visibilityState === "hidden") return;
  api.post(api.conversationPath(id, "notes/seen")).catch(() => {});
}

/** Open the one who has waited longest, other than the one already open. */
export function openNextWaiting() {
  const shown = route();
  const next = [...state.cards.values()].filter((c) => isWaiting(c) && c.id !== shown.id).sort(byWaiting)[0];
  if (next) go(conversationHash(next.id));
  else toast("info", t("list.nobody_waits"));
  return next ?? null;
}
