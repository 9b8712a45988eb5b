// @ts-check
// Signing in and out, the first picture of everything, and keeping it true by the live socket.
import * as api from "./api.js";
import { t, useLanguage } from "./i18n.js";
import * as keep from "./keep.js";
import { Live } from "./live.js";
import {
  applyCard,
  applyGone,
  applyLooking,
  applyMessage,
  applySeen,
  applySnapshot,
  applyTyping,
  mergeMessages,
  patchConversation,
} from "./model.js";
import { followPush } from "./push.js";
import { route } from "./router.js";
import { set, state } from "./store.js";

const REFRESH_MS = 5 * 60 * 1000;
const DETAIL_DELAY_MS = 300;
const THREAD_DELAY_MS = 700;
const UNSENT_KEPT_MS = 24 * 3600 * 1000;

/** @type {any[]|null} frames that came while the snapshot was on its way */
let held = null;
let refreshTimer = 0;
let connectedBefore = false;
/** @type {(() => void)[]} */
const onlineListeners = [];
/** @type {((conversation: string, message: import("./types.js").Message) => void)[]} */
const messageListeners = [];

/** @type {Set<() => void>} */
const boardListeners = new Set();
/** @param {() => void} fn called when the board's figures may have changed @returns {() => void} stops it */
export function whenBoard(fn) {
  boardListeners.add(fn);
  return () => boardListeners.delete(fn);
}
/** @param {() => void} fn called each time the line is back */
export const whenOnline = (fn) => onlineListeners.push(fn);
/** @param {(conversation: string, message: import("./types.js").Message) => void} fn called for each live message */
export const whenMessage = (fn) => messageListeners.push(fn);

export const live = new Live({
  frame: receive,
  status(status, retryAt) {
    set({ net: { status, retryAt, dataAt: status === "online" ? Date.now() : state.net.dataAt } });
    if (status !== "online") return;
    // The line may have broken between two frames of one change: after a break the whole picture is fetched as well.
    if (connectedBefore) resync().catch(() => {});
    connectedBefore = true;
    onlineListeners.forEach((fn) => fn());
  },
  alive: () => set({ net: { ...state.net, dataAt: Date.now() } }),
  signedOut,
  looking: () => {
    const open = route();
    return open.page === "inbox" && document.visibilityState === "visible" ? open.id : null;
  },
  refused() {
    // A refused hand-shake does not tell why; `me` does, and an ended session leads to the log-in.
    api.get("me").catch((error) => {
      if (error.status === 401) signedOut();
    });
  },
});

// Colleagues see at once which conversation is open, and not only with the next ping.
window.addEventListener("hashchange", () => live.ping());
// Whoever has the console before his eyes is not told by his browser besides.
for (const kind of ["focus", "blur"]) window.addEventListener(kind, () => live.ping());

/** @param {any} frame */
function receive(frame) {
  if (frame.kind === "resync") {
    resync().catch(() => live.drop());
    return;
  }
  if (held) {
    held.push(frame);
    return;
  }
  // Several frames may carry the same `seq` (a message and its card), and some are told twice: the cursor only says where to
  // go on from, and taking the same frame in again changes nothing.
  if (typeof frame.seq === "number") live.cursor = Math.max(live.cursor, frame.seq);
  switch (frame.kind) {
    case "card":
      for (const one of fetches) if (one.id === frame.card.id) one.card = frame.card;
      if (applyCard(frame.card, true)) refetchSoon(frame.card.id);
      noteNews(frame.card.id);
      lookAroundSoon(frame.card);
      break;
    case "gone":
      applyGone(frame.id);
      break;
    case "message":
      for (const one of fetches) if (one.id === frame.conversation) one.messages.push(frame.message);
      if (!applyMessage(frame.conversation, frame.message)) refetchSoon(frame.conversation);
      if (!frame.again) messageListeners.forEach((fn) => fn(frame.conversation, frame.message));
      break;
    case "typing":
      applyTyping(frame.conversation, frame.author, frame.on);
      break;
    case "looking":
      applyLooking(frame.conversation, { id: frame.by, name: frame.name }, frame.on);
      break;
    case "seen":
      applySeen(frame.conversation, frame.seq_read);
      break;
    case "board":
      boardListeners.forEach((fn) => fn());
      break;
    case "colleagues":
      set({ colleagues: frame.colleagues });
      noteMyself(frame.colleagues);
      break;
  }
}

/** The server may have set me to away, and a supervisor may have changed my capacity. @param {import("./types.js").Colleague[]} colleagues */
function noteMyself(colleagues) {
  const { me } = state;
  const told = colleagues.find((one) => one.id === me?.id);
  if (!me || !told) return;
  const { availability, away_reason, capacity } = told;
  if (me.availability === availability && me.away_reason === away_reason && me.capacity === capacity) return;
  set({ me: { ...me, availability, away_reason, capacity } });
}

/**
 * Fetch the whole picture again. Frames that arrive meanwhile wait, and those newer than the snapshot are applied after it.
 * @throws {api.ApiError}
 */
export async function resync() {
  if (held) return;
  /** @type {any[]} */
  held = [];
  try {
    const snapshot = await api.get("snapshot");
    applySnapshot(snapshot);
    live.cursor = Math.max(live.cursor, snapshot.cursor);
    // Cards older than the snapshot would turn it back; messages are not in it, they are always taken in.
    held = held.filter((frame) => frame.kind === "message" || !(frame.seq <= snapshot.cursor));
  } finally {
    const waiting = held;
    held = null;
    waiting.forEach(receive);
  }
  const open = route();
  if (open.page === "inbox" && open.id && state.conversations.has(open.id)) refetchSoon(open.id);
}

/** @type {Map<string, number>} */
const refetches = new Map();

/** The open conversation's timeline has no frames of its own: fetch it after a change, several changes at once. @param {string} id */
function refetchSoon(id) {
  if (state.conversations.get(id)?.status !== "ready") return;
  const open = route();
  if (open.page !== "inbox" || open.id !== id) {
    // Not looked at: what is held may be stale, it is fetched anew when opened.
    patchConversation(id, { status: "loading" });
    return;
  }
  clearTimeout(refetches.get(id));
  refetches.set(
    id,
    window.setTimeout(() => {
      refetches.delete(id);
      loadConversation(id).catch(() => {});
    }, DETAIL_DELAY_MS),
  );
}

/** @param {string} id */
function noteNews(id) {
  const held = state.conversations.get(id);
  if (held) patchConversation(id, { news: held.news + 1 });
}

let lookTimer = 0;

/**
 * Something happened under the post whose comment is open: its thread is fetched again. At most every so often: under a post that
 * is much talked about there are hundreds of comments a minute.
 * @param {import("./types.js").Card} card
 */
function lookAroundSoon(card) {
  const open = route();
  const thread = open.page === "inbox" && open.id ? state.conversations.get(open.id)?.thread : null;
  if (!thread || !card.composer || card.composer.account.id !== thread.account.id || lookTimer) return;
  if (card.id !== open.id && (!card.post || card.post.ref !== thread.post?.ref)) return;
  lookTimer = window.setTimeout(async () => {
    lookTimer = 0;
    const id = route().id;
    if (!id || id !== open.id || !state.conversations.has(id)) return;
    try {
      const answer = await api.get(api.conversationPath(id, "thread"));
      if (state.conversations.get(id)?.status === "ready") patchConversation(id, { thread: answer.thread });
    } catch {
      // The next thing that happens, or opening it again, fetches it.
    }
  }, THREAD_DELAY_MS);
}

/**
 * Fetches of conversations under way, each with what came live in the meantime: an answer may be older than that.
 * @type {Set<{id: string, messages: import("./types.js").Message[], card: import("./types.js").Card|null}>}
 */
const fetches = new Set();

/**
 * @param {string} id
 * @throws {api.ApiError}
 */
export async function loadConversation(id) {
  if (!state.conversations.has(id)) patchConversation(id, { status: "loading" });
  const meanwhile = { id, messages: /** @type {import("./types.js").Message[]} */ ([]), card: /** @type {import("./types.js").Card|null} */ (null) };
  fetches.add(meanwhile);
  try {
    const answer = await api.get(api.conversationPath(id));
    const now = state.conversations.get(id);
    const messages = mergeMessages(mergeMessages(now?.messages ?? [], answer.messages), meanwhile.messages);
    const stored = new Set(messages.map((m) => m.client_id));
    patchConversation(id, {
      status: "ready",
      messages,
      timeline: answer.timeline,
      seen: answer.seen ?? 0,
      card: now?.card ?? answer.card,
      thread: answer.thread ?? null,
      notes: answer.notes,
      mentionable: answer.mentionable,
      mayNote: answer.may_note,
    });
    applyCard(meanwhile.card && meanwhile.card.version >= answer.card.version ? meanwhile.card : answer.card, false);
    const pending = state.pending.get(id);
    if (pending?.some((p) => stored.has(p.id))) {
      const left = pending.filter((p) => !stored.has(p.id));
      const map = new Map(state.pending);
      if (left.length) map.set(id, left);
      else map.delete(id);
      set({ pending: map });
    }
  } catch (error) {
    const status = error instanceof api.ApiError ? error.status : 0;
    if (status === 404 || status === 403) applyGone(id);
    else if (state.conversations.get(id)?.messages.length === 0) patchConversation(id, { status: "failed" });
    throw error;
  } finally {
    fetches.delete(meanwhile);
  }
}

/** Find out whether somebody is signed in, and show what fits. */
export async function boot() {
  set({ phase: "loading" });
  let me;
  try {
    me = await api.get("me");
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 401) set({ phase: "login" });
    else set({ phase: "failed" });
    return;
  }
  await enter(me);
}

/** @param {import("./types.js").Me} me */
async function enter(me) {
  api.setCsrf(me.csrf);
  await useLanguage(me.lang).catch(() => {});
  applyTheme(settingsOf(me).theme);
  set({ me, lang: document.documentElement.lang });
  if (me.must_change_password) {
    set({ phase: "password" });
    return;
  }
  try {
    const snapshot = await api.get("snapshot");
    applySnapshot(snapshot);
    restoreUnsent(me.id);
    set({ phase: "ready" });
    connectedBefore = false;
    live.start(snapshot.cursor);
    followPush();
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 401) signedOut();
    else set({ phase: "failed" });
    return;
  }
  clearInterval(refreshTimer);
  // Working hours open and close without a frame: a quiet look every few minutes.
  refreshTimer = window.setInterval(() => {
    if (state.net.status === "online" && document.visibilityState === "visible") resync().catch(() => {});
  }, REFRESH_MS);
}

/** @param {string} user */
function restoreUnsent(user) {
  /** @type {Map<string, import("./types.js").Pending[]>} */
  const pending = new Map();
  for (const one of keep.readUnsent(user)) {
    if (Date.now() - Date.parse(one.ts) > UNSENT_KEPT_MS) continue;
    const list = pending.get(one.conversation) ?? [];
    // Whether it had arrived before the page went away is not known; a repeat with the same id doubles nothing.
    list.push({ ...one, state: "failed", error: null, transient: true });
    pending.set(one.conversation, list);
  }
  set({ pending });
}

/** @param {string} email @param {string} password @throws {api.ApiError} */
export async function signIn(email, password) {
  await enter(await api.post("login", { email, password }));
}

/** @throws {api.ApiError} when the server was not told: the session would go on living */
export async function signOut() {
  const me = state.me;
  try {
    await api.post("logout");
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status !== 401) throw error; // 401: the session had ended already
  }
  signedOut();
  // After the pages are gone: on their way out they keep what is typed.
  if (me) setTimeout(() => keep.forgetAll(me.id), 0);
}

/** The session is over, by the person's will or the server's: nothing of it stays on the screen. */
export function signedOut() {
  live.stop();
  clearInterval(refreshTimer);
  api.setCsrf("");
  if (state.phase === "login") return;
  set({
    phase: "login",
    me: null,
    cards: new Map(),
    views: [],
    conversations: new Map(),
    pending: new Map(),
    colleagues: [],
    toasts: [],
    dialog: null,
    busy: new Set(),
    looking: new Map(),
    noting: null,
    correcting: null,
    detailsTab: "about",
  });
}
api.whenSignedOut(signedOut);

/** @param {import("./types.js").Me|null} me @returns {import("./types.js").Settings} */
export const settingsOf = (me) => ({
  sound: true,
  notify: false,
  shortcuts: true,
  enter_sends: true,
  theme: "auto",
  level2_mail: true,
  push_waiting: true,
  push_offers: true,
  push_messages: true,
  push_level2: true,
  push_mentions: true,
  ...(me?.settings ?? {}),
});

/** @param {string} theme */
export function applyTheme(theme) {
  const fixed = theme === "light" || theme === "dark";
  if (fixed) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  keep.write("pietura.theme", fixed ? theme : null);
}

/**
 * Change availability, language or settings; shown at once, put back if the server refuses.
 * @param {{availability?: "available"|"away", lang?: string, settings?: Partial<import("./types.js").Settings>}} patch
 */
export async function changeMe(patch) {
  const before = state.me;
  if (!before) return;
  const settings = patch.settings ? { ...settingsOf(before), ...patch.settings } : settingsOf(before);
  set({ me: { ...before, ...patch, settings } });
  if (patch.settings?.theme) applyTheme(settings.theme);
  try {
    if (patch.lang) await changeLanguage(patch.lang);
    const me = await api.put("me", patch.settings ? { ...patch, settings } : patch);
    if (me.csrf) api.setCsrf(me.csrf);
    set({ me });
    if (patch.lang) await resync(); // names of topics and outcomes come in the person's language
  } catch (error) {
    if (state.me) set({ me: before });
    applyTheme(settingsOf(before).theme);
    toast("error", t("error.not_saved"));
  }
}

/** @param {string} code */
export async function changeLanguage(code) {
  await useLanguage(code);
  set({ lang: code });
}

let toastId = 0;

/** @param {"info"|"ok"|"error"} kind @param {string} text */
export function toast(kind, text) {
  toastId += 1;
  const id = toastId;
  set({ toasts: [...state.toasts.filter((one) => one.text !== text).slice(-2), { id, kind, text }] });
  // An error stays until it is put away: it may need reading twice.
  if (kind !== "error") setTimeout(() => dropToast(id), 7000);
}

/** @param {number} id */
export const dropToast = (id) => set({ toasts: state.toasts.filter((one) => one.id !== id) });

/** @param {import("./store.js").State["dialog"]} dialog */
export const showDialog = (dialog) => set({ dialog });
