// @ts-check
/**
 * From plain text to page content. Text stays text: it goes into the page as text nodes only, a link only when its
 * address has passed `safeUrl`.
 *
 * @typedef {{kind: 'paragraph', lines: string[]} | {kind: 'list', items: string[]}} Block
 * @typedef {{text: string, href: string|null}} Piece
 */

import { h, icon } from './dom.js';

// Characters that can reorder what surrounds them; in names and titles they have no honest use.
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const SAFE = new Set(['https:', 'http:', 'tel:', 'mailto:']);
const FOUND =
  /\b(?:https?:\/\/|www\.)[^\s<>"'`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;
const PAIRS = /** @type {Record<string, string>} */ ({ ')': '(', ']': '[', '}': '{' });

/**
 * @param {string} text
 * @returns {string} without characters that steer the direction of writing
 */
export function plain(text) {
  return text.replace(BIDI, '');
}

/**
 * @param {string} text
 * @returns {string|null} the address to link to, or null when it must not become a link
 */
export function safeUrl(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (!SAFE.has(url.protocol)) return null;
  // https://latvija.gov.lv@example.org looks like one site and leads to another.
  if (url.username || url.password) return null;
  return url.href;
}

/**
 * Paragraphs and lists of a text: lines that begin with "- " are a list, an empty line parts paragraphs.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocks(text) {
  /** @type {Block[]} */
  const out = [];
  let parted = true;
  for (const raw of text.replace(/\r\n?/g, '\n').split('\n')) {
    const line = raw.trimEnd();
    const last = out[out.length - 1];
    if (!line.trim()) {
      parted = true;
    } else if (/^\s*[-–•]\s+\S/.test(line)) {
      const item = line.replace(/^\s*[-–•]\s+/, '');
      if (last?.kind === 'list') last.items.push(item);
      else out.push({ kind: 'list', items: [item] });
      parted = false;
    } else {
      if (last?.kind === 'paragraph' && !parted) last.lines.push(line);
      else out.push({ kind: 'paragraph', lines: [line] });
      parted = false;
    }
  }
  return out;
}

/**
 * Cut a found address from the punctuation of the sentence around it; a bracket that the address itself opened stays.
 * @param {string} found
 * @returns {string}
 */
function trimmed(found) {
  let text = found;
  for (;;) {
    const last = text.slice(-1);
    const open = PAIRS[last];
    if (open !== undefined) {
      if (text.split(open).length >= text.split(last).length) return text;
    } else if (!/[.,;:!?…»”’*_-]/.test(last)) {
      return text;
    }
    text = text.slice(0, -1);
  }
}

/**
 * A line of text, with the web and e-mail addresses in it.
 * @param {string} line
 * @returns {Piece[]}
 */
export function pieces(line) {
  /** @type {Piece[]} */
  const out = [];
  let from = 0;
  for (const match of line.matchAll(FOUND)) {
    const text = trimmed(match[0]);
    const href = safeUrl(
      /^https?:/i.test(text) ? text : /^www\./i.test(text) ? `https://${text}` : `mailto:${text}`,
    );
    if (!href || match.index < from) continue;
    if (match.index > from) out.push({ text: line.slice(from, match.index), href: null });
    // An address in look-alike letters is shown in the form that gives it away.
    const honest = /^https?:\/\/(?:[^/]*\.)?xn--/.test(href) ? href : text;
    out.push({ text: honest, href });
    from = match.index + text.length;
  }
  if (from < line.length) out.push({ text: line.slice(from), href: null });
  return out;
}

/**
 * A link that cannot reach back into the page, or its bare title when the address is not a safe one.
 * @param {string} title
 * @param {string} address
 * @param {string} newWindow what a screen reader says about the new tab
 * @param {{class?: string, icon?: boolean}} [look]
 * @returns {HTMLElement}
 */
export function anchor(title, address, newWindow, look = {}) {
  const href = safeUrl(address);
  const text = h('bdi', {}, plain(title));
  if (!href) return h('span', { class: look.class }, text);
  if (!/^https?:/.test(href)) return h('a', { class: look.class, href }, text);
  return h(
    'a',
    { class: look.class, href, target: '_blank', rel: 'noopener noreferrer' },
    text,
    look.icon ? icon('external') : null,
    h('span', { class: 'sr' }, ` ${newWindow}`),
  );
}

/**
 * The body of a message by the assistant or a person who serves.
 * @param {string} text
 * @param {string} newWindow
 * @returns {HTMLElement[]}
 */
export function rich(text, newWindow) {
  const inline = (/** @type {string} */ line) =>
    h(
      'bdi',
      {},
      ...pieces(line).map((piece) => (piece.href ? anchor(piece.text, piece.href, newWindow) : piece.text)),
    );
  return blocks(text).map((block) =>
    block.kind === 'list'
      ? h('ul', {}, ...block.items.map((item) => h('li', {}, inline(item))))
      : h('p', {}, ...block.lines.flatMap((line, index) => (index ? [h('br'), inline(line)] : [inline(line)]))),
  );
}

/**
 * The body of the citizen's own message: exactly what was written, never a link.
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function verbatim(text) {
  return [h('p', { class: 'verbatim', dir: 'auto' }, h('bdi', {}, text))];
}
