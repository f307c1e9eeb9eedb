/**
 * What each of two texts says that the other does not, word by word.
 *
 * Patience, not minimal edits: first the words that occur once in both are lined up, then what lies between them.
 * It is quick on texts that have little in common, as two models' answers have, where the number of edits is large.
 */

/** A stretch of text; `own`: the other text has it not. @typedef {{ text: string, own: boolean }} Run */

/** A word of `key`, and the white space after it. @typedef {{ key: string, text: string }} Token */

/** From here on texts are not compared: characters. */
export const LONGEST = 100_000;

/** Stretches without a word of their own are compared by table up to so many cells. */
const TABLE = 10_000;

/** Words looked at in all before the rest counts as different: texts made to be slow do not stop the page. */
const EFFORT = 600_000;

const WORD =
  /(\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|[\p{L}\p{M}\p{N}_'’]+|[^\s])\s*|\s+/gu;

/**
 * @param {string} left
 * @param {string} right
 * @returns {{ left: Run[], right: Run[] }} both texts whole, in runs
 */
export function differences(left, right) {
  const [a, b] = [tokens(left), tokens(right)];
  const pairs = withoutCrumbs(align(a, b), a, b);
  return { left: runs(a, new Set(pairs.map(([i]) => i))), right: runs(b, new Set(pairs.map(([, j]) => j))) };
}

/** @param {string} text @returns {Token[]} */
function tokens(text) {
  return Array.from(text.slice(0, LONGEST).matchAll(WORD), ([whole, word]) => ({ key: word ?? "", text: whole }));
}

/**
 * The pairs of equal words, in order.
 * @param {Token[]} a
 * @param {Token[]} b
 * @returns {[number, number][]}
 */
function align(a, b) {
  /** @type {[number, number][]} */
  const pairs = [];
  /** Ranges still to compare, both ends: `a` from, to, `b` from, to. @type {[number, number, number, number][]} */
  const open = [[0, a.length, 0, b.length]];
  for (let effort = 0, range = open.pop(); range !== undefined && effort < EFFORT; range = open.pop()) {
    let [i, iEnd, j, jEnd] = range;
    effort += iEnd - i + jEnd - j;
    while (i < iEnd && j < jEnd && a[i]?.key === b[j]?.key) pairs.push([i++, j++]);
    while (i < iEnd && j < jEnd && a[iEnd - 1]?.key === b[jEnd - 1]?.key) pairs.push([--iEnd, --jEnd]);
    const anchors = unique(a, i, iEnd, b, j, jEnd);
    if (anchors.length === 0) {
      if ((iEnd - i) * (jEnd - j) <= TABLE) pairs.push(...byTable(a, i, iEnd, b, j, jEnd));
      continue;
    }
    for (const [x, y] of [...anchors, /** @type {const} */ ([iEnd, jEnd])]) {
      open.push([i, x, j, y]); // all but the first begin with an anchor: their common beginning
      [i, j] = [x, y];
    }
  }
  return pairs.sort(([x], [y]) => x - y);
}

/**
 * The words that occur once in each range, as many as stand in the same order in both.
 * @param {Token[]} a @param {number} i @param {number} iEnd
 * @param {Token[]} b @param {number} j @param {number} jEnd
 * @returns {[number, number][]}
 */
function unique(a, i, iEnd, b, j, jEnd) {
  const [inA, inB] = [once(a, i, iEnd), once(b, j, jEnd)];
  /** @type {[number, number][]} */
  const both = [];
  for (const [key, x] of inA) {
    const y = inB.get(key) ?? -1;
    if (x >= 0 && y >= 0) both.push([x, y]); // a Map keeps the order of `a`
  }
  return ascending(both);
}

/**
 * Where each word of a range stands; -1 for one that stands in several places.
 * @param {Token[]} all @param {number} from @param {number} to
 */
function once(all, from, to) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (let i = from; i < to; i += 1) {
    const { key } = /** @type {Token} */ (all[i]);
    found.set(key, found.has(key) ? -1 : i);
  }
  return found;
}

/**
 * The longest part of these pairs whose second members ascend (by patience sorting).
 * @param {[number, number][]} pairs
 */
function ascending(pairs) {
  /** The top of each pile, and what lay on top of the pile before it. @type {number[]} */
  const tops = [];
  /** @type {number[]} */
  const before = [];
  const second = (/** @type {number | undefined} */ at) => pairs[at ?? -1]?.[1] ?? -1;
  for (const [at, [, y]] of pairs.entries()) {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (second(tops[middle]) < y) low = middle + 1;
      else high = middle;
    }
    before.push(tops[low - 1] ?? -1);
    tops[low] = at;
  }
  /** @type {[number, number][]} */
  const kept = [];
  for (let at = tops.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) kept.push(/** @type {[number, number]} */ (pairs[at]));
  return kept.reverse();
}

/**
 * The longest common sequence of two short ranges.
 * @param {Token[]} a @param {number} i @param {number} iEnd
 * @param {Token[]} b @param {number} j @param {number} jEnd
 */
function byTable(a, i, iEnd, b, j, jEnd) {
  const [rows, columns] = [iEnd - i, jEnd - j];
  const width = columns + 1;
  const table = new Uint16Array((rows + 1) * width);
  const at = (/** @type {number} */ row, /** @type {number} */ column) => table[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      const equal = a[i + row]?.key === b[j + column]?.key;
      table[row * width + column] = equal ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (a[i + row]?.key === b[j + column]?.key) pairs.push([i + row++, j + column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

/**
 * Without common words that stand alone between longer differences: they make a reader hop, and mean nothing.
 * @param {[number, number][]} pairs
 * @param {Token[]} a @param {Token[]} b
 */
function withoutCrumbs(pairs, a, b) {
  const islands = grouped(pairs);
  for (let dropped = true; dropped; ) {
    dropped = false;
    for (let at = islands.length - 1; at >= 0; at -= 1) {
      const size = islands[at]?.length ?? 0;
      if (size < Math.min(gap(islands, at, a, b), gap(islands, at + 1, a, b))) {
        islands.splice(at, 1);
        dropped = true;
      }
    }
  }
  return islands.flat();
}

/** Pairs that follow each other in both texts, together. @param {[number, number][]} pairs */
function grouped(pairs) {
  /** @type {[number, number][][]} */
  const islands = [];
  for (const pair of pairs) {
    const last = islands.at(-1)?.at(-1);
    if (last && last[0] + 1 === pair[0] && last[1] + 1 === pair[1]) islands.at(-1)?.push(pair);
    else islands.push([pair]);
  }
  return islands;
}

/**
 * How many words differ before an island, in the text where they are more.
 * @param {[number, number][][]} islands @param {number} at
 * @param {Token[]} a @param {Token[]} b
 */
function gap(islands, at, a, b) {
  const [i, j] = islands[at - 1]?.at(-1) ?? [-1, -1];
  const [iNext, jNext] = islands[at]?.[0] ?? [a.length, b.length];
  return Math.max(iNext - i, jNext - j) - 1;
}

/**
 * @param {Token[]} all
 * @param {Set<number>} common
 * @returns {Run[]}
 */
function runs(all, common) {
  /** @type {Run[]} */
  const made = [];
  for (const [i, { text }] of all.entries()) {
    const own = !common.has(i);
    const last = made.at(-1);
    if (last?.own === own) last.text += text;
    else made.push({ text, own });
  }
  return made;
}
