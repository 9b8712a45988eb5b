// @ts-check
// Plain text of messages as what is put on the page: lines, lists, addresses. Nothing is ever read as HTML.

/** @typedef {{kind: "text", lines: string[]}|{kind: "list", items: string[]}} Block */

/**
 * Lines that begin with "- " are list items; the rest are lines of text.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocks(text) {
  /** @type {Block[]} */
  const found = [];
  for (const line of text.split("\n")) {
    const last = found.at(-1);
    if (line.startsWith("- ")) {
      if (last?.kind === "list") last.items.push(line.slice(2));
      else found.push({ kind: "list", items: [line.slice(2)] });
    } else if (last?.kind === "text") last.lines.push(line);
    else found.push({ kind: "text", lines: [line] });
  }
  return found;
}

const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

/**
 * @param {string} text
 * @returns {(string|{url: string})[]}
 */
export function pieces(text) {
  /** @type {(string|{url: string})[]} */
  const out = [];
  let at = 0;
  for (const hit of text.matchAll(ADDRESS)) {
    if (hit.index > at) out.push(text.slice(at, hit.index));
    out.push({ url: hit[0] });
    at = hit.index + hit[0].length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}

/** An address that may become a link, or null. @param {string|null|undefined} url */
export function safeUrl(url) {
  if (!url) return null;
  try {
    return ["http:", "https:", "mailto:", "tel:"].includes(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}
