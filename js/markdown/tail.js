/**
 * A text whose end is still to come, completed for the time being: what is open is closed, and marks at the very end
 * that only the next character gives a meaning are held back. So nothing flickers when the rest arrives.
 */

import { PENDING } from "./spans.js";

/** Marks at the end that may become something else. */
const HELD = /(?:[*_~`$]+|\\|!?\[|&#?[A-Za-z0-9]{0,10}|<[A-Za-z/!?]?)$/;
const DESTINATION = /\](?:\((?<to>[^\n]*)|\[[^[\]\n]*)$/;
/** In brackets and no link: a number, a mark of a task. */
const NO_LINK = /^[\d\s,;^–-]*x?$/;
/** A line of a list or of a table may begin with these; on their own they say nothing yet. */
const MARKS = /^[\s>#*+\-=_~`|:.()[\]\\$!^\d]*$/;
const TASK = /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[[ xX]?\]?$/;
const LONGEST = 80;
const LONGEST_ROW = 2000;
/** Farther back than this a mark without a partner is taken for what it is. */
const REACH = 600;

/**
 * @param {string} text
 * @param {import("./inlines.js").Inlines} inlines
 * @returns {import("commonmark").Node}
 */
export function parseOpen(text, inlines) {
  let shown = closedFormula(text.replace(HELD, ""));
  shown = pendingDestination(shown) ?? pendingLabel(shown) ?? shown;
  const parsed = inlines.parse(shown);
  const closers = inlines.openWithin(REACH).map((closer) => (closer === "]" ? closingBracket(shown) : closer)).join("");
  return closers ? inlines.parse(shown.trimEnd() + closers) : parsed;
}

/**
 * Whether a line that is not complete is better not shown yet.
 * @param {string} line
 * @param {import("commonmark").Node} tip the block that is open before it
 */
export function holdsBack(line, tip) {
  if (tip.type === "code_block" && tip._isFenced) {
    const mark = tip._fenceChar ?? "";
    const trimmed = line.trim();
    return trimmed !== "" && trimmed === mark.repeat(trimmed.length);
  }
  if (tip._lines) return false;
  return (line.length <= LONGEST && MARKS.test(line)) || TASK.test(line);
}

/**
 * The row that a block ends with and that may be the first of a table, or null.
 * @param {import("commonmark").Node} tip
 */
export function tableRow(tip) {
  const whole = tip.type === "paragraph" ? (tip._string_content ?? "") : "";
  const text = whole.length < LONGEST_ROW ? whole.trimEnd() : "";
  const row = text.slice(text.lastIndexOf("\n") + 1);
  return row.startsWith("|") && row.length > 1 ? row : null;
}

/** @param {string} text */
function closedFormula(text) {
  const begin = Math.max(text.lastIndexOf("\\("), text.lastIndexOf("\\["));
  if (begin < 0) return text;
  const closer = text[begin + 1] === "(" ? "\\)" : "\\]";
  return text.indexOf(closer, begin) < 0 && text.slice(begin + 2).trim() ? text + closer : text;
}

/** A link up to its text, where its destination is being written. @param {string} text */
function pendingDestination(text) {
  const found = DESTINATION.exec(text);
  const to = found?.groups?.to;
  if (!found || (to !== undefined && !isOpen(to))) return null;
  return `${text.slice(0, found.index)}](${PENDING})`;
}

/** @param {string} destination */
function isOpen(destination) {
  if (!/^<?[^\s<>]*(?:\s+(?:"[^"]*|'[^']*)?)?$/.test(destination)) return false;
  let depth = 0;
  for (const sign of destination) if ((depth += sign === "(" ? 1 : sign === ")" ? -1 : 0) < 0) return false;
  return true;
}

/** A text in brackets at the very end: most likely a link. @param {string} text */
function pendingLabel(text) {
  const found = /\[([^[\]\n]{1,200})\]$/.exec(text);
  return found && !NO_LINK.test(found[1] ?? "") ? `${text}(${PENDING})` : null;
}

/** @param {string} text */
function closingBracket(text) {
  const inner = text.slice(text.lastIndexOf("[") + 1);
  return NO_LINK.test(inner) || inner.length > 200 ? "" : `](${PENDING})`;
}
