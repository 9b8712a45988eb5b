// @ts-check
// The server's clock, and one tick a second for everything that counts. A desk computer's clock may be minutes off, and a
// waiting time counted by it would be wrong by as much.
import { useEffect, useState } from "./vendor/hooks.js";

let skewMs = 0;

/**
 * Learn the difference from the `Date` header of an answer. The header has whole seconds: differences under 2 s say nothing.
 * @param {string|null} header
 * @param {number} sentMs
 * @param {number} receivedMs
 */
export function learnClock(header, sentMs, receivedMs) {
  if (!header || receivedMs - sentMs > 5000) return;
  const server = Date.parse(header);
  if (Number.isNaN(server)) return;
  const difference = server + 500 - (sentMs + receivedMs) / 2;
  skewMs = Math.abs(difference) < 2000 ? 0 : difference;
}

/** @returns {number} milliseconds since the epoch by the server's clock */
export const serverNow = () => Date.now() + skewMs;

/** @type {Set<() => void>} */
const watchers = new Set();
let timer = 0;

/** @returns {number} the server's time, drawn anew every second */
export function useNow() {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const tick = () => setNow(serverNow());
    watchers.add(tick);
    if (!timer) timer = window.setInterval(() => watchers.forEach((watcher) => watcher()), 1000);
    return () => {
      watchers.delete(tick);
      if (!watchers.size) {
        clearInterval(timer);
        timer = 0;
      }
    };
  }, []);
  return now;
}
