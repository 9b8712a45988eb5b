// @ts-check
// One immutable state object for the whole console; whoever changes it replaces the parts that changed.
import { useLayoutEffect, useRef, useState } from "./vendor/hooks.js";

/**
 * @typedef {object} Toast
 * @property {number} id
 * @property {"info"|"ok"|"error"} kind
 * @property {string} text
 */

/**
 * @typedef {object} State
 * @property {"loading"|"login"|"password"|"ready"|"failed"} phase
 * @property {import("./types.js").Me|null} me
 * @property {string} lang language of the texts now shown
 * @property {Map<string, import("./types.js").Card>} cards
 * @property {import("./components/views.js").View[]} views saved searches, with their counts
 * @property {Map<string, import("./types.js").Conversation>} conversations those opened in this session
 * @property {Map<string, import("./types.js").Pending[]>} pending by conversation
 * @property {import("./types.js").Colleague[]} colleagues
 * @property {import("./types.js").Named[]} institutions all of them
 * @property {import("./types.js").Named[]} level2Institutions those with a specialist to bring in
 * @property {import("./types.js").Named[]} services
 * @property {import("./types.js").Named[]} topics
 * @property {import("./types.js").Named[]} outcomes those a person may close with
 * @property {import("./types.js").Named[]} caseOutcomes all that a case can have
 * @property {{is_open: boolean, text: string}|null} open
 * @property {{status: "connecting"|"online"|"offline", dataAt: number|null, retryAt: number|null}} net
 * @property {Toast[]} toasts
 * @property {{id: string, text: string, latvian: string}|null} beside what was put into the composer of a conversation in another language, and the same in Latvian
 * @property {{kind: string, id?: string, with?: any}|null} dialog `with`: what else the dialog needs
 * @property {"about"|"knowledge"} detailsTab what the right pane shows
 * @property {Map<string, {id: string, name: string, until: number}[]>} looking colleagues who have a conversation open
 * @property {string|null} noting the conversation in which a private note is being written instead of an answer
 * @property {{id: string, seq: number}|null} correcting the message of mine that is being corrected
 * @property {Set<string>} busy conversations with an action under way
 */

/** @type {State} */
export let state = {
  phase: "loading",
  me: null,
  lang: "lv",
  cards: new Map(),
  views: [],
  conversations: new Map(),
  pending: new Map(),
  colleagues: [],
  institutions: [],
  level2Institutions: [],
  services: [],
  topics: [],
  outcomes: [],
  caseOutcomes: [],
  open: null,
  net: { status: "connecting", dataAt: null, retryAt: null },
  toasts: [],
  dialog: null,
  detailsTab: "about",
  looking: new Map(),
  beside: null,
  noting: null,
  correcting: null,
  busy: new Set(),
};

/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {Partial<State>} patch */
export function set(patch) {
  state = { ...state, ...patch };
  for (const listener of [...listeners]) listener();
}

/** @param {() => void} listener @returns {() => void} */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Part of the state; the component is drawn again only when that part is another object or value.
 * @template T
 * @param {(s: State) => T} select
 * @returns {T}
 */
export function useStore(select) {
  const [, redraw] = useState(0);
  const value = select(state);
  const latest = useRef({ select, value });
  latest.current = { select, value };
  useLayoutEffect(() => {
    const check = () => {
      if (!Object.is(latest.current.select(state), latest.current.value)) redraw((n) => n + 1);
    };
    const off = subscribe(check);
    check(); // the state may have changed between drawing and subscribing
    return off;
  }, []);
  return value;
}

/**
 * A copy of a map with one entry set (or removed, with `undefined`).
 * @template V
 * @param {Map<string, V>} map
 * @param {string} key
 * @param {V|undefined} value
 * @returns {Map<string, V>}
 */
export function withEntry(map, key, value) {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}
