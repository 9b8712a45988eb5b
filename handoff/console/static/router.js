// @ts-check
// Hash routes: `#/<page>`, and below a page `#/<page>/<id>`, `#/<page>/<id>/<part>`, `#/<page>?…`. An id may be a word of the
// page's own, such as `new` or `rows`.
import { useEffect, useState } from "./vendor/hooks.js";

const PAGES = /** @type {const} */ ([
  "inbox",
  "search",
  "board",
  "wall",
  "queues",
  "callbacks",
  "cases",
  "settlements",
  "statement",
  "disputes",
  "tariffs",
  "response-times",
  "reports",
  "channels",
  "publications",
  "knowledge",
  "canned",
  "macros",
  "life",
  "plans",
  "training",
  "import",
  "unify",
  "duplicates",
  "hours",
  "shifts",
  "staffing",
  "notices",
  "targets",
  "quality",
  "sites",
  "open-data",
  "people",
  "audit",
  "help",
]);
const KNOWN = new Set(/** @type {readonly string[]} */ (PAGES));

/** @typedef {typeof PAGES[number]} Page */
/** @typedef {{page: Page, id: string|null, part: string|null, params: URLSearchParams}} Route */

/** @returns {Route} */
export function route() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [page, id, part] = path.split("/").map((piece) => {
    try {
      return decodeURIComponent(piece);
    } catch {
      return piece;
    }
  });
  return {
    page: KNOWN.has(page) ? /** @type {Page} */ (page) : "inbox",
    id: id || null,
    part: part || null,
    params: new URLSearchParams(search ?? ""),
  };
}

/** @param {string} hash beginning with `#/` @param {boolean} [replace] true leaves no step in the history */
export function go(hash, replace = false) {
  if (location.hash === hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = hash;
}

/** @param {string} id @param {string} [part] */
export const conversationHash = (id, part) => `#/inbox/${encodeURIComponent(id)}${part ? `/${part}` : ""}`;

/** @returns {Route} */
export function useRoute() {
  const [now, setNow] = useState(route());
  useEffect(() => {
    const change = () => setNow(route());
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return now;
}
