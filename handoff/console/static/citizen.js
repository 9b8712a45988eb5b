// @ts-check
// The citizen behind a conversation: fetched when it is looked at, and again when something has happened to it.
import * as api from "./api.js";
import { patchConversation } from "./model.js";
import { state } from "./store.js";

/** @typedef {import("./types.js").Citizen} Citizen */

/** Each look is on record: a talk of a hundred messages is not a hundred looks. */
const AGAIN_MS = 10000;
/** @type {Map<string, number>} when a citizen's card was fetched last, by conversation */
const fetched = new Map();

/** @param {string} id */
export async function loadCitizen(id) {
  if (!state.conversations.has(id)) return;
  fetched.set(id, Date.now());
  try {
    keep(id, await api.get(api.conversationPath(id, "citizen")));
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (state.conversations.has(id)) patchConversation(id, { citizen: state.conversations.get(id)?.citizen ?? "failed" });
  }
}

/** @param {string} id @param {Citizen} citizen */
function keep(id, citizen) {
  if (state.conversations.has(id)) patchConversation(id, { citizen });
}

/** In how many milliseconds a card may be fetched again. @param {string} id @returns {number} */
export const restsFor = (id) => Math.max(0, (fetched.get(id) ?? 0) + AGAIN_MS - Date.now());

/**
 * Do something about the citizen; the answer is his card as it is then.
 * @param {string} id
 * @param {"link"|"unlink"|`suggestions/${string}/${"accept"|"dismiss"}`} verb
 * @param {object} [body]
 * @throws {api.ApiError}
 */
export async function about(id, verb, body = {}) {
  keep(id, await api.post(api.conversationPath(id, verb), body));
}

/**
 * A code that the citizen is to write on another channel; it is shown this once.
 * @param {string} id
 * @param {"chat"|"email"} by
 * @returns {Promise<{shown: string, expires_at: string, say: string}>}
 * @throws {api.ApiError}
 */
export const newCode = (id, by) => api.post(api.conversationPath(id, "code"), { by });

/**
 * A link by which the citizen goes on in a messenger; it proves who he is, and is shown this once.
 * @param {string} id
 * @param {string} account where it leads
 * @returns {Promise<{shown: string, expires_at: string, say: string}>}
 * @throws {api.ApiError}
 */
export const newDeepLink = (id, account) => api.post(api.conversationPath(id, "deep_link"), { account_id: account });
