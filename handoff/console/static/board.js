// @ts-check
// What the board and the wallboard share: figures that keep themselves true, and say when they are old.
import { useNow } from "./clock.js";
import { usePolled } from "./polling.js";
import { whenBoard } from "./session.js";
import { useStore } from "./store.js";
import { useEffect } from "./vendor/hooks.js";

/** Without any word from the live line figures are fetched anew this often. */
const POLL_MS = 10_000;
/** Older than this is said aloud: three looks in vain. */
const OLD_MS = 35_000;

/** @typedef {{part: number, whole: number, met: boolean|null}} Share */

/**
 * @returns {{board: any, error: any, old: boolean, ageS: number, reload: () => void}} `old`: the figures may no longer be so
 */
export function useBoard() {
  const lang = useStore((s) => s.lang);
  const polled = usePolled("board", POLL_MS, lang);
  const now = useNow();
  useEffect(() => whenBoard(() => {
    if (document.visibilityState === "visible") polled.reload();
  }), []);
  const ageS = polled.at ? Math.max(0, (now - polled.at) / 1000) : 0;
  return { board: polled.data, error: polled.error, old: Boolean(polled.data) && ageS * 1000 > OLD_MS, ageS, reload: polled.reload };
}

/** Link to the rows behind a figure. @param {string} figure @param {string} window @param {Record<string, string>} [more] */
export const rowsHash = (figure, window, more = {}) => `#/board/rows?${new URLSearchParams({ figure, window, ...more })}`;
