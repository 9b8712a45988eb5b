// @ts-check
// Correcting one's own last message in the web chat: which one it is, and for how long.
import * as api from "./api.js";
import { serverNow } from "./clock.js";
import { cardOf, mergeMessages, patchConversation } from "./model.js";
import { set, state, useStore } from "./store.js";
import { useEffect, useState } from "./vendor/hooks.js";

/** As the server has it (handoff/corrections/service.py), less what a click takes. */
const CORRECTABLE_MS = 5 * 60 * 1000 - 3000;

/**
 * The message that I may correct now: the last thing that was said here, if I said it a short while ago.
 * @param {string} id
 * @returns {import("./types.js").Message|null}
 */
export function correctable(id) {
  const card = cardOf(id);
  // On a platform a message has gone out of our hands.
  if (!card || card.composer || card.channel !== "webchat" || !card.may.includes("reply")) return null;
  const last = state.conversations.get(id)?.messages.findLast((message) => message.author.kind !== "system");
  const mine = last && (last.author.kind === "operator" || last.author.kind === "specialist") && last.author.name === state.me?.name;
  return mine && serverNow() - Date.parse(last.ts) < CORRECTABLE_MS ? last : null;
}

/** The number of that message, drawn anew when its time is over; 0 when there is none. @param {string} id @returns {number} */
export function useCorrectable(id) {
  const [, redraw] = useState(0);
  const seq = useStore(() => correctable(id)?.seq ?? 0);
  useEffect(() => {
    const message = correctable(id);
    if (!message) return undefined;
    const timer = setTimeout(() => redraw((n) => n + 1), Date.parse(message.ts) + CORRECTABLE_MS - serverNow() + 100);
    return () => clearTimeout(timer);
  }, [id, seq]);
  return seq;
}

/** Begin to correct; the composer turns into the message's. @param {string} id @returns {boolean} false when there is nothing to correct */
export function beginCorrecting(id) {
  const message = correctable(id);
  if (!message) return false;
  set({ correcting: { id, seq: message.seq }, noting: null });
  return true;
}

export const endCorrecting = () => set({ correcting: null });

/**
 * @param {string} id
 * @param {number} seq
 * @param {string} text
 * @param {string} before what the message said when it was begun
 * @throws {api.ApiError}
 */
export async function correct(id, seq, text, before) {
  const message = await api.put(api.conversationPath(id, `messages/${seq}`), { text, before });
  const held = state.conversations.get(id);
  if (held) patchConversation(id, { messages: mergeMessages(held.messages, [message]) });
}
