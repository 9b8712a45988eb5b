// @ts-check
// A citizen waits: title, icon of the tab, sound, notification of the system, words for a screen reader.
import { serverNow } from "./clock.js";
import { label, t } from "./i18n.js";
import { repeatsSound } from "./keep.js";
import { byWaiting, cardOf, isMine, isWaiting, urgency } from "./model.js";
import { pushWorker } from "./push.js";
import { conversationHash, go, route } from "./router.js";
import { settingsOf, toast, whenMessage } from "./session.js";
import { state, subscribe } from "./store.js";

const REPEAT_MS = 30000;
const DEADLINES_MS = 5000;

/** @type {AudioContext|null} */
let audio = null;
/** With several windows open only one of them rings. */
let leader = !("locks" in navigator);
/** And only one tells by the system: that which was looked at last; a restored one need not be touched for it, as for a sound. */
let notifies = !("locks" in navigator);
let inLine = false;

/** @param {boolean} looked whether the person looks at this window: then it takes the turn from another, else it waits for it */
function takeNotices(looked) {
  if (notifies || !("locks" in navigator) || (inLine && !looked)) return;
  if (!looked) inLine = true;
  navigator.locks
    .request("pietura-notices", { steal: looked }, () => {
      if (!looked) inLine = false;
      notifies = true;
      return new Promise(() => {}); // held until the window closes, or another is looked at
    })
    .catch((error) => {
      if (error.name !== "AbortError") return;
      notifies = false;
      takeNotices(false);
    });
}

/** Browsers let a page sound only after the person has touched it. */
function unlock() {
  if (!audio) {
    try {
      audio = new AudioContext();
    } catch {
      return;
    }
    if ("locks" in navigator) {
      navigator.locks.request("pietura-sound", () => {
        leader = true;
        return new Promise(() => {}); // held until the window closes
      });
    }
  }
  if (audio.state === "suspended") audio.resume();
}

/**
 * @param {"new"|"repeat"|"message"} kind
 * @param {boolean} [asked] true when the person tries the sound out
 */
export function ring(kind, asked = false) {
  if (!audio || (!leader && !asked)) return;
  const notes = { new: [659.26, 880], repeat: [659.26], message: [523.25] }[kind];
  const loud = { new: 0.16, repeat: 0.08, message: 0.07 }[kind];
  notes.forEach((pitch, i) => {
    if (!audio) return;
    const start = audio.currentTime + 0.02 + i * 0.16;
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = pitch;
    // Soft edges: a hard start clicks, and this is heard all day.
    gain.gain.setValueAtTime(0.0001, start);
    gain.gain.exponentialRampToValueAtTime(loud, start + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.42);
    tone.connect(gain).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.45);
  });
}

const soundOn = () => settingsOf(state.me).sound && state.me?.availability !== "away";

/** @param {string} title @param {string} body @param {string} id */
function notify(title, body, id) {
  if (!settingsOf(state.me).notify || state.me?.availability === "away" || !notifies) return;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  if (document.visibilityState === "visible" && document.hasFocus()) return;
  // Never the citizen's words: a notification shows on a locked screen too. Where the browser is told by push as well, both
  // come from the worker with the same tag, and the second takes the place of the first.
  const worker = pushWorker();
  if (worker) {
    worker.showNotification(title, { body, tag: `pietura-${id}`, lang: state.lang, data: { conversation: id } }).catch(() => {});
    return;
  }
  let note;
  try {
    note = new Notification(title, { body, tag: `pietura-${id}`, lang: state.lang });
  } catch {
    return; // phones allow notifications only from a service worker; title, sound and icon remain
  }
  note.onclick = () => {
    window.focus();
    go(conversationHash(id));
    note?.close();
  };
}

/** @type {HTMLElement|null} */
let speaker = null;
let speakTimer = 0;

/** Words for a screen reader, and only for it. @param {string} text */
export function announce(text) {
  if (!speaker) return;
  speaker.textContent = "";
  clearTimeout(speakTimer);
  speakTimer = window.setTimeout(() => {
    if (speaker) speaker.textContent = text;
  }, 120);
}

/** @param {number} count */
function drawIcon(count) {
  const link = /** @type {HTMLLinkElement|null} */ (document.querySelector("link[rel=icon]"));
  if (!link) return;
  if (!count) {
    link.type = "image/svg+xml";
    link.href = "/console/static/favicon.svg";
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = "#7d1d3f";
  pen.beginPath();
  pen.roundRect(0, 0, 64, 64, 16);
  pen.fill();
  pen.strokeStyle = "#fff";
  pen.lineWidth = 6;
  pen.lineCap = pen.lineJoin = "round";
  pen.stroke(new Path2D("M18 50V16h11a10 10 0 0 1 0 20H18"));
  pen.fillStyle = "#ffc933";
  pen.beginPath();
  pen.arc(43, 43, 20, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = "#1f1b1d";
  pen.font = `bold ${count > 9 ? 24 : 30}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(count > 99 ? "99" : String(count), 43, 44);
  link.type = "image/png";
  link.href = canvas.toDataURL("image/png");
}

/** @type {Set<string>|null} null until the first picture is there: what waited before the log-in is no news */
let known = null;
let shownIcon = -1;
/** Conversations in which a note calls me. @type {Set<string>|null} */
let called = null;

/** A colleague's note calls me: said wherever I am, with what it is about and never with its words. */
function watchMentions() {
  const before = called;
  const now = [...state.cards.values()].filter((c) => c.mentioned);
  called = new Set(now.map((c) => c.id));
  const fresh = before ? now.filter((c) => !before.has(c.id) && !(route().id === c.id && document.visibilityState === "visible" && document.hasFocus())) : [];
  if (!fresh.length) return;
  const text = t("notes.called", { place: placeOf(fresh[0]) });
  toast("info", text);
  if (soundOn()) ring("message");
  notify(t("notes.called_short"), placeOf(fresh[0]), fresh[0].id);
}

function watch() {
  if (state.phase !== "ready") {
    known = null;
    called = null;
    if (shownIcon !== 0) drawIcon((shownIcon = 0));
    document.title = `${t(state.phase === "login" ? "login.title" : "product")}${state.phase === "login" ? ` – ${t("product")}` : ""}`;
    return;
  }
  if (!known) takeNotices(document.hasFocus());
  watchMentions();
  const waiting = [...state.cards.values()].filter(isWaiting).sort(byWaiting);
  const page = route().page === "cases" ? t("nav.cases") : t("nav.inbox");
  const title = waiting.length ? `(${waiting.length}) ${t("tab.waiting")} – ${t("product")}` : `${page} – ${t("product")}`;
  if (document.title !== title) document.title = title;
  if (shownIcon !== waiting.length) drawIcon((shownIcon = waiting.length));

  const before = known;
  known = new Set(waiting.flatMap((c) => [c.id, asked(c)]));
  const fresh = before ? waiting.filter((c) => !before.has(asked(c))) : [];
  if (!fresh.length) return;
  const card = fresh.find((c) => c.may.includes("accept")) ?? fresh[0];
  const place = placeOf(card);
  const offered = card.may.includes("accept");
  announce(offered ? t("offer.announce", { place, language: label("language", card.lang) }) : t("announce.waiting", { count: waiting.length, place }));
  if (soundOn()) ring("new");
  const what = [place, card.reason ? label("reason", card.reason) : ""].filter(Boolean).join(" · ");
  notify(t(offered ? "offer.notify" : "notify.waiting"), what, card.id);
}

/** What was only waiting is news once it is put to me, and again when it is put to me anew. @param {import("./types.js").Card} card */
const asked = (card) => (card.may.includes("accept") ? `${card.id} ${card.offer?.since}` : card.id);

/** Where somebody wrote or is written to, without his words. @param {import("./types.js").Card} card */
const placeOf = (card) => card.composer?.account.name ?? card.institution?.name ?? t("card.no_institution");

/** A message of mine that did not arrive: told wherever I am by now. @param {string} id @param {import("./types.js").Card} card @param {"failed"|"unknown"} what */
function onTrouble(id, card, what) {
  const text = t(`social.announce.${what}`, { place: placeOf(card) });
  if (route().id === id && document.visibilityState === "visible") announce(text);
  else toast("error", text);
}

/** @param {string} id @param {import("./types.js").Message} message */
function onMessage(id, message) {
  const card = cardOf(id);
  if (!card || !state.me || !isMine(card, state.me.id)) return;
  if (message.delivery === "failed" || message.delivery === "unknown") onTrouble(id, card, message.delivery);
  if (message.author.kind !== "citizen") return;
  if (message.edited || message.deleted) {
    // No new message: nobody is called for it, but whoever listens must hear that what he has read is no longer so.
    announce(t(`social.announce.${message.deleted ? "deleted" : "edited"}`, { place: placeOf(card) }));
    return;
  }
  const looking = route().id === id && document.visibilityState === "visible" && document.hasFocus();
  if (looking) return;
  const place = placeOf(card);
  if (route().id !== id) announce(t("announce.message", { place }));
  if (soundOn()) ring("message");
  notify(t("notify.message"), place, id);
}

const LEVELS = ["calm", "soon", "late", "over"];
/** How pressing each answer that I owe was when looked at last, by card and term. @type {Map<string, number>} */
let pressing = new Map();

/** Half of the time for an answer has gone, or more: said once each, with a sound when it gets serious. */
function watchDeadlines() {
  const me = state.me?.id;
  if (state.phase !== "ready" || !me) return;
  /** @type {Map<string, number>} */
  const now = new Map();
  for (const card of state.cards.values()) {
    if (!card.clock || !isMine(card, me)) continue;
    const key = `${card.id} ${card.due_at}`;
    const level = LEVELS.indexOf(urgency(card, serverNow()));
    now.set(key, level);
    if (level > (pressing.get(key) ?? level)) {
      announce(t(`social.announce.${LEVELS[level]}`, { place: placeOf(card) }));
      if (level > 1 && soundOn()) ring("repeat");
    }
  }
  pressing = now;
}

/** @param {HTMLElement} region an empty polite live region */
export function startAttention(region) {
  speaker = region;
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, unlock, { passive: true });
  subscribe(watch);
  window.addEventListener("hashchange", watch);
  window.addEventListener("focus", () => {
    if (state.phase === "ready") takeNotices(true);
  });
  whenMessage(onMessage);
  watch();
  setInterval(() => {
    if (state.phase !== "ready" || !soundOn() || !repeatsSound()) return;
    if ([...state.cards.values()].some(isWaiting)) ring("repeat");
  }, REPEAT_MS);
  setInterval(watchDeadlines, DEADLINES_MS);
}
