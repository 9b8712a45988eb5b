// @ts-check
// What differs between two texts, word by word.

/** Longer texts are compared by lines: the table of a comparison grows with the product of both lengths. */
const MOST_WORDS = 600;
/** Texts that have less than this in common are shown one after the other. */
const LEAST_SAME = 0.35;

/**
 * @param {string} before
 * @param {string} after
 * @returns {{kind: "same"|"gone"|"new", text: string}[]} what both have, what only `before` has, what only `after` has, in order
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
  const same = found.reduce((sum, part) => sum + (part.kind === "same" ? part.text.trim().length : 0), 0);
  if (before && after && same < LEAST_SAME * Math.max(before.length, after.length)) {
    // Another text altogether: a few words in common, woven into each other, are harder to read than the two.
    return [{ kind: "gone", text: before.trimEnd() }, { kind: "same", text: "\n" }, { kind: "new", text: after }];
  }
  return found;
}
