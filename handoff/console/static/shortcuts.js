// @ts-check
// Single-key shortcuts. They can be turned off, and never act while somebody types or a dialog is open (WCAG 2.1.4).
import { begin, openNextWaiting } from "./actions.js";
import { answerOffer } from "./components/offer.js";
import { cardOf } from "./model.js";
import { conversationHash, go, route } from "./router.js";
import { settingsOf, showDialog } from "./session.js";
import { set, state } from "./store.js";

/** @typedef {import("./types.js").Action} Action */

/** For the help overlay and the hints on buttons. @type {[string, string][]} */
export const KEYS = [
  ["j", "next_card"],
  ["k", "previous_card"],
  ["n", "next_waiting"],
  ["/", "search"],
  ["a", "offer_accept"],
  ["d", "offer_pass"],
  ["t", "take"],
  ["r", "reply"],
  ["1–3", "aid"],
  ["p", "canned"],
  ["m", "macro"],
  ["z", "knowledge"],
  ["i", "note"],
  ["h", "hold"],
  ["b", "return"],
  ["o", "transfer"],
  ["s", "level2"],
  ["e", "close"],
  ["?", "help"],
];

/** @type {Record<string, string>} */
export const KEY_OF = { take: "T", accept: "T", reply: "R", hold: "H", resume: "H", return: "B", transfer: "O", to_queue: "O", level2: "S", close: "E" };

/** @param {EventTarget|null} target */
const isField = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/**
 * Letter of the key whatever the keyboard's layout: with a Russian layout on, the key of `t` gives `е`.
 * @param {KeyboardEvent} event
 */
function letter(event) {
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  if (event.key.length === 1 && !/[\x20-\x7f]/.test(event.key)) return /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() ?? "";
  return event.key;
}

/** Move through the list of conversations. @param {number} step */
export function moveInList(step) {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".list [data-card]")]);
  if (!links.length) return;
  let at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (at < 0) at = links.findIndex((link) => link.getAttribute("aria-current") === "true");
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step));
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
}

/** Put the suggested answer with this number into the composer, if there is one. @param {string} number */
export function takeAid(number) {
  /** @type {HTMLElement|null} */ (document.querySelector(`[data-aid="${number}"]`))?.click();
}

/** The search of the knowledge base; where one pane is shown at a time, its pane comes first. @param {string} id */
export function openKnowledge(id) {
  set({ detailsTab: "knowledge" });
  const field = () => document.getElementById("knowledge-search");
  if (!field()?.offsetParent) go(conversationHash(id, "details"));
  setTimeout(() => field()?.focus(), 60);
}

/** The macros of the conversation in sight, if it is mine to act in. @returns {boolean} whether there are any to open */
function openMacros() {
  const { page, id } = route();
  const card = page === "inbox" && id ? cardOf(id) : null;
  if (!card || card.holder?.id !== state.me?.id || !["reply", "close"].some((act) => card.may.includes(/** @type {Action} */ (act)))) return false;
  showDialog({ kind: "macro", id: card.id });
  return true;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  // While writing as well: with Control it is no letter (WCAG 2.1.4 speaks of keys alone).
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && letter(event) === "k" && state.phase === "ready" && !document.querySelector("dialog[open]")) {
    if (openMacros()) event.preventDefault();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (state.phase !== "ready" || !settingsOf(state.me).shortcuts) return;
  if (isField(event.target) || document.querySelector("dialog[open], [popover]:popover-open")) return;
  const key = letter(event);
  const { page, id } = route();
  const inbox = page === "inbox";
  if (key === "?") {
    event.preventDefault();
    showDialog({ kind: "help" });
    return;
  }
  // An offer is answered wherever one is.
  if ((key === "a" || key === "d") && answerOffer(key === "a" ? "accept" : "decline")) {
    event.preventDefault();
    return;
  }
  if (!inbox) return;
  /** @param {Action[]} actions the first one allowed is begun */
  const first = (...actions) => {
    const may = id ? (cardOf(id)?.may ?? []) : [];
    const found = actions.find((action) => may.includes(action));
    if (id && found) begin(found, id);
  };
  switch (key) {
    case "j":
      moveInList(1);
      break;
    case "k":
      moveInList(-1);
      break;
    case "n":
      openNextWaiting();
      break;
    case "/":
      document.getElementById("list-search")?.focus();
      break;
    case "t":
      first("take", "accept");
      break;
    case "r":
      first("reply");
      break;
    case "h":
      first("hold", "resume");
      break;
    case "b":
      first("return");
      break;
    case "o":
      first("transfer", "to_queue");
      break;
    case "s":
      first("level2");
      break;
    case "e":
      first("close");
      break;
    case "1":
    case "2":
    case "3":
      takeAid(key);
      break;
    case "p":
      if (!id || !cardOf(id)?.may.includes("reply")) return;
      showDialog({ kind: "canned", id });
      break;
    case "m":
      if (!openMacros()) return;
      break;
    case "i":
      if (!id || !state.conversations.get(id)?.mayNote) return;
      set({ noting: id });
      break;
    case "z":
      if (!id) return;
      openKnowledge(id);
      break;
    case "Escape":
      if (!id) return;
      go("#/inbox");
      break;
    default:
      return;
  }
  event.preventDefault();
}

export function startShortcuts() {
  window.addEventListener("keydown", onKey);
}
