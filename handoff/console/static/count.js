// @ts-check
// How long a text is to the platform it is for. The server and the connectors count the same way; tests hold the two together.

/** What every link counts on X, whatever its length. */
const LINK_LENGTH = 23;
/** Code points that count one on X; all others count two (docs.x.com, fundamentals, counting characters). @type {[number, number][]} */
const SINGLE = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];

const ENDINGS = "com|org|net|info|gov|edu|int|biz|app|dev|online|site|cloud|[a-z]{2}";
const LABEL = "[a-z0-9\\u00c0-\\u024f](?:[a-z0-9\\u00c0-\\u024f-]*[a-z0-9\\u00c0-\\u024f])?";
const LINK = new RegExp(
  `(?<![\\p{L}\\p{N}_@#$./-])(?:https?://[^\\s]+|(?:${LABEL}\\.)+(?:${ENDINGS})(?![\\p{L}\\p{N}_@-])(?:/[^\\s]*)?)`,
  "giu",
);
const AFTER_A_LINK = /[.,;:!?…)\]}»"'”]+$/u;

const PICTURE = "[\\u00a9\\u00ae\\u203c-\\u3299\\u{1f000}-\\u{1faff}]";
const TONE = "[\\ufe0f\\u{1f3fb}-\\u{1f3ff}]*";
const EMOJI = new RegExp(
  `[\\u{1f1e6}-\\u{1f1ff}]{2}|[0-9#*]\\ufe0f?\\u20e3|${PICTURE}${TONE}(?:\\u200d${PICTURE}${TONE})*`,
  "gu",
);

/** @param {string} sign one code point */
function isSingle(sign) {
  const point = /** @type {number} */ (sign.codePointAt(0));
  return SINGLE.some(([first, last]) => point >= first && point <= last);
}

/** Signs such as © are counted as the letters they are. @param {string} emoji */
const isHeavy = (emoji) => [...emoji].length > 1 || !isSingle(emoji);

/** Code points, as Python counts: an emoji is not two. @param {string} text */
export const characters = (text) => [...text].length;

/** How much of a post on X the text takes. @param {string} text */
export function weighted(text) {
  let left = text.normalize("NFC");
  let length = 0;
  for (const [found] of [...left.matchAll(LINK)]) {
    left = left.replace(found.replace(AFTER_A_LINK, ""), () => "");
    length += LINK_LENGTH;
  }
  left = left.replace(EMOJI, (emoji) => {
    if (!isHeavy(emoji)) return emoji;
    length += 2;
    return "";
  });
  for (const sign of left) length += isSingle(sign) ? 1 : 2;
  return length;
}

/**
 * What a text counts against the limit of `composer.modes`. For a post on X both counts must fit: the server counts characters
 * before it takes the text, X counts in its own way when it gets it.
 * @param {string} channel
 * @param {import("./types.js").Mode} mode
 * @param {string} text
 */
export const lengthOn = (channel, mode, text) =>
  channel === "x" && mode === "public" ? Math.max(characters(text), weighted(text)) : characters(text);
