/**
 * Formulas. They are not typeset while an answer streams: they stay readable, in one way of writing.
 *
 * The rule, outside code:
 *
 * - `\( … \)` and `$…$` are formulas in a line, written `$…$`. After `$` comes no space, before the closing `$` none
 *   either, and no digit behind it: "$5 and $10" is money. Neither holds a blank line or more than 1,000 characters.
 * - `\[ … \]` and `$$ … $$` stand on their own, written `$$…$$`: within a paragraph when closed in it, or as a block when
 *   a line begins with the opening mark. Such a block ends with the line that has the closing mark, or before a blank line.
 * - Spaces just inside the marks of `\( … \)` go away. Nothing else within a formula is changed or read as Markdown.
 * - A mark that finds no partner, or nothing between the two, is text.
 */

/** @type {Record<string, string>} */
const CLOSERS = { "\\[": "\\]", "$$": "$$", "\\(": "\\)", "$": "$" };
const LONGEST = 1000;

/**
 * The mark with which a formula on lines of its own begins, or null.
 * @param {string} line
 */
export function opensMath(line) {
  return line.startsWith("$$") ? "$$" : line.startsWith("\\[") ? "\\[" : null;
}

/** @param {string} opener */
export function closerOf(opener) {
  return CLOSERS[opener] ?? "";
}

/**
 * The formula at this place of a text, or null.
 * @param {string} text
 * @param {number} at
 * @returns {{ end: number, written: string, display: boolean } | null}
 */
export function formulaAt(text, at) {
  const opener = opensMath(text.slice(at, at + 2)) ?? (text[at] === "$" ? "$" : text.startsWith("\\(", at) ? "\\(" : null);
  if (opener === null) return null;
  const closer = closerOf(opener);
  const from = at + opener.length;
  const window = text.slice(from, from + LONGEST);
  const length = opener === "$" ? singleEnd(window) : window.indexOf(closer);
  const inner = length > 0 ? window.slice(0, length) : "";
  if (!inner.trim() || /\n[ \t]*\n/.test(inner)) return null;
  const display = opener === "$$" || opener === "\\[";
  const mark = display ? "$$" : "$";
  return { end: from + length + closer.length, written: `${mark}${opener === "\\(" ? inner.trim() : inner}${mark}`, display };
}

/**
 * A line of a formula that stands on its own, as it is shown.
 * @param {string} line
 * @param {number} index
 */
export function blockFormulaLine(line, index) {
  return (index === 0 ? line.replace(/^\\\[/, "$$$$") : line).replace("\\]", "$$$$");
}

/** Where the single dollar is that ends a formula, or -1. @param {string} text */
function singleEnd(text) {
  if (!text || /^\s/.test(text)) return -1;
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", at + 1)) {
    if (text[at - 1] === "\\") continue;
    if (at > 0 && !/\s/.test(text[at - 1] ?? "") && !/\d/.test(text[at + 1] ?? "")) return at;
    return -1;
  }
  return -1;
}
