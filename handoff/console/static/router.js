// @ts-check
// Hash routes: `#/inbox`, `#/inbox/<id>`, `#/inbox/<id>/details`, `#/cases?…`, `#/cases/<no>`, `#/channels`,
// `#/response-times?…`, `#/response-times/rows?…`, `#/channels/<id>|new|events|sends`, `#/publications?…`, `#/publications/<id>|new|comment`, `#/publications/<id>/edit`, `#/knowledge?…`, `#/knowledge/<service>|changes?…`, `#/canned`, `#/canned/<id>|new`, `#/help`.
import { useEffect, useState } from "./vendor/hooks.js";

/** @typedef {"inbox"|"cases"|"response-times"|"channels"|"publications"|"knowledge"|"canned"|"help"} Page */
/** @typedef {{page: Page, id: string|null, part: string|null, params: URLSearchParams}} Route */

/** @type {Set<string>} */
const PAGES = new Set(["cases", "response-times", "channels", "publications", "knowledge", "canned", "help"]);

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
    page: PAGES.has(page) ? /** @type {Page} */ (page) : "inbox",
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
