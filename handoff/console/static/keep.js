// @ts-check
// What this browser keeps for the person: drafts, unsent messages, preferences of this desk. Storage may be forbidden or
// full; then things live only as long as the page.

/** @param {string} key @returns {string|null} */
export function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string|null} value */
export function write(key, value) {
  try {
    if (value === null || value === "") localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // nothing to do: the caller keeps its own copy in memory
  }
}

/** @param {string} user @param {string} conversation */
const draftKey = (user, conversation) => `pietura.draft.${user}.${conversation}`;
/** @param {string} user */
const unsentKey = (user) => `pietura.unsent.${user}`;

/** @param {string} user @param {string} conversation */
export const readDraft = (user, conversation) => read(draftKey(user, conversation)) ?? "";
/** @param {string} user @param {string} conversation @param {string} text */
export const writeDraft = (user, conversation, text) => write(draftKey(user, conversation), text.trim() ? text : null);

/** @param {string} user @param {string} conversation */
const modeKey = (user, conversation) => `pietura.mode.${user}.${conversation}`;
/** How the draft was to be sent: what was begun privately must not go out in public after a reload. @param {string} user @param {string} conversation */
export const readMode = (user, conversation) => read(modeKey(user, conversation));
/** @param {string} user @param {string} conversation @param {string|null} mode */
export const writeMode = (user, conversation, mode) => write(modeKey(user, conversation), mode);

/** @param {string} user @returns {string[]} keys of what the person has begun and not sent */
const draftKeys = (user) => keysOf(`pietura.draft.${user}.`);

/** @param {string} prefix */
function keysOf(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

/** @param {string} user @returns {number} drafts and unsent messages */
export const countUnsent = (user) => draftKeys(user).length + readUnsent(user).length;

/** Leave nothing of a citizen's matter on a shared desk. @param {string} user */
export function forgetAll(user) {
  for (const key of [...draftKeys(user), ...keysOf(`pietura.mode.${user}.`)]) write(key, null);
  write(unsentKey(user), null);
}

/** @param {string} user @returns {import("./types.js").Pending[]} */
export function readUnsent(user) {
  try {
    const list = JSON.parse(read(unsentKey(user)) ?? "[]");
    return Array.isArray(list) ? list.filter((p) => p && typeof p.id === "string" && typeof p.text === "string") : [];
  } catch {
    return [];
  }
}

/** @param {string} user @param {import("./types.js").Pending[]} list */
export const writeUnsent = (user, list) => write(unsentKey(user), list.length ? JSON.stringify(list) : null);

// Whether the sound repeats belongs to the desk, not to the person: it is not kept on the server.

export const repeatsSound = () => read("pietura.repeat_sound") !== "no";
/** @param {boolean} on */
export const setRepeatsSound = (on) => write("pietura.repeat_sound", on ? "yes" : "no");
