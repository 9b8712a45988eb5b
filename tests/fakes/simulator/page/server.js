// @ts-check
// The simulator's server: what happens on a platform, as it happens, and what is done there.

/** @typedef {import("./types.js").Live} Live */
/** @typedef {import("./types.js").Channel} Channel */

const AGAIN_MS = 1500;

/** @returns {Promise<import("./types.js").About>} */
export async function about() {
  const response = await fetch("/about");
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/**
 * Does something on a platform, as its control API has it.
 * @param {Channel} channel
 * @param {string} what `say`, `edit`, `delete`, `block`, `outside`, `faults`, `weather`
 * @param {object} order
 * @throws {Error} it was refused, or the simulator is gone
 */
export async function order(channel, what, order) {
  const response = await fetch(`/${channel}/_control/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(order),
  });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/**
 * Follows a platform until it is told to stop.
 * @param {Channel} channel
 * @param {(live: Live) => void} tell
 * @param {(there: boolean) => void} reachable
 * @returns {() => void} stops
 */
export function follow(channel, tell, reachable) {
  const ends = new AbortController();
  let seen = "";
  (async () => {
    while (!ends.signal.aborted) {
      try {
        const response = await fetch(`/live/${channel}?seen=${seen}`, { signal: ends.signal });
        if (!response.ok) throw new Error(String(response.status));
        reachable(true);
        if (response.status === 200) {
          const live = /** @type {Live} */ (await response.json());
          seen = live.seen;
          tell(live);
        }
      } catch {
        if (ends.signal.aborted) return;
        reachable(false);
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  })();
  return () => ends.abort();
}
