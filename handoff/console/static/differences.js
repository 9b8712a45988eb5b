// @ts-check
// What differs between two texts, word by word.

/** Longer texts are compared by lines: the table of a comparison grows with the product of both lengths. */
const MOST_WORDS = 600;

/**
 * @param {string} before
 * @param {string} after
 * @returns {{kind: "same"|"gone"|"new", text: string}[]} put together without the `new` ones it is `before`, without the `gone` ones `after`
 */
export function differences(before, after) {
  const split = (/** @type {string} */ text) => text.split(/(?<=\s)(?=\S)|(?<=\S)(?=\s)/u).filter(Boolean);
  let a = split(before);
  let b = split(after);
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) {
    a = before.split(/(?<=\n)/u);
    b = after.split(/(?<=\n)/u);
  }
  // Longest common subsequence, from the end, so that it can be walked from the beginning.
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  /** @type {{kind: "same"|"gone"|"new", text: string}[]} */
  const found = [];
  const add = (/** @type {"same"|"gone"|"new"} */ kind, /** @type {string} */ text) => {
    const last = found.at(-1);
    if (last?.kind === kind) last.text += text;
    else found.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add("same", a[i]);
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || length[i + 1][j] >= length[i][j + 1])) add("gone", a[i++]);
    else add("new", b[j++]);
  }
  return found;
}
