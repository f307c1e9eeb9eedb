/**
 * The blocks that CommonMark lacks: tables, footnotes, and formulas on lines of their own.
 *
 * Source: https://github.github.com/gfm/#tables-extension-, 2026-11-22. Footnotes as GitHub has them. For formulas see math.js.
 */

import { Node } from "commonmark";

import { closerOf, opensMath } from "./math.js";

/** @typedef {import("commonmark").Node} Block */
/** @typedef {import("commonmark").BlockStart} BlockStart */

const DELIMITERS = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const FOOTNOTE = /^\[\^([^\]\s[]{1,100})\]:[ \t]*/;
/** Columns of the text in a footnote's further paragraphs. */
const NOTE_INDENT = 4;

const leaf = { finalize: () => {}, canContain: () => false, acceptsLines: true };

/** @type {Record<string, import("commonmark").BlockRules>} */
export const GFM_BLOCKS = {
  table: {
    continue: (parser) => (parser.blank ? 1 : 0),
    finalize: () => {},
    canContain: (type) => type === "table_row",
    acceptsLines: false,
  },
  table_row: { ...leaf, continue: () => 1 },
  footnote: {
    continue(parser, block) {
      if (parser.indent >= NOTE_INDENT) parser.advanceOffset(NOTE_INDENT, true);
      else if (parser.blank && block._firstChild) parser.advanceNextNonspace();
      else return 1;
      return 0;
    },
    finalize: () => {},
    canContain: (type) => type !== "item",
    acceptsLines: false,
  },
  math_block: {
    ...leaf,
    continue(parser, block) {
      const last = block._lines?.at(-1) ?? "";
      const closed = closes(block, last, (block._lines?.length ?? 0) < 2 ? opensMath(last)?.length ?? 0 : 0);
      return parser.blank || closed ? 1 : 0;
    },
  },
};

/** Each gives 0 for no match, 1 for a container, 2 for a block that takes the rest of the line. @type {Record<"table" | "row" | "footnote" | "math", BlockStart>} */
export const GFM_STARTS = {
  table(parser, container) {
    if (parser.indented || container.type !== "paragraph") return 0;
    const line = parser.currentLine.slice(parser.nextNonspace);
    if (!DELIMITERS.test(line) || !/[|:]/.test(line)) return 0;
    const lines = (container._string_content ?? "").trimEnd().split("\n");
    const names = cells(lines.pop() ?? "");
    const marks = cells(line);
    if (names.length !== marks.length) return 0;
    parser.closeUnmatchedBlocks();
    const table = new Node("table", [[parser.lineNumber - 1, 1], [0, 0]]);
    table._cells = names;
    table._aligns = marks.map(alignment);
    container.insertAfter(table);
    if (lines.length === 0) container.unlink();
    else {
      container._string_content = `${lines.join("\n")}\n`;
      parser.finalize(container, parser.lineNumber - 2);
    }
    parser.tip = table;
    parser.advanceOffset(parser.currentLine.length - parser.offset, false);
    return 2;
  },

  row(parser, container) {
    if (container.type !== "table" || parser.blank) return 0;
    parser.closeUnmatchedBlocks();
    parser.advanceNextNonspace();
    parser.addChild("table_row", parser.offset)._string_content = "";
    return 2;
  },

  footnote(parser) {
    const found = parser.indented ? null : FOOTNOTE.exec(parser.currentLine.slice(parser.nextNonspace));
    if (!found) return 0;
    parser.advanceNextNonspace();
    parser.advanceOffset(found[0].length, false);
    parser.closeUnmatchedBlocks();
    const note = parser.addChild("footnote", parser.nextNonspace);
    note._name = found[1] ?? "";
    note._label = normalised(note._name);
    const known = `^${note._label}`;
    if (!parser.refmap[known]) parser.refmap[known] = { destination: "", title: "" };
    return 1;
  },

  math(parser) {
    const line = parser.currentLine.slice(parser.nextNonspace);
    const opener = parser.indented ? null : opensMath(line);
    if (!opener) return 0;
    const closer = closerOf(opener);
    const end = line.indexOf(closer, opener.length);
    const inner = line.slice(opener.length, end < 0 ? line.length : end).trim();
    // Closed within the line and text after it: that is a formula in a paragraph. `\\[` may be an escaped bracket.
    if (end < 0 ? opener === "\\[" && inner : !inner || line.slice(end + closer.length).trim()) return 0;
    parser.advanceNextNonspace();
    parser.closeUnmatchedBlocks();
    parser.addChild("math_block", parser.nextNonspace)._closer = closer;
    return 2;
  },
};

/**
 * The cells of a row as they are written, without the bars.
 * @param {string} line
 * @returns {string[]}
 */
export function cells(line) {
  const row = line.trim().replace(/^\|/, "");
  /** @type {string[]} */
  const found = [];
  let from = 0;
  for (let at = 0; at < row.length; at += 1) {
    if (row[at] === "\\") at += 1;
    else if (row[at] === "|") {
      found.push(row.slice(from, at));
      from = at + 1;
    }
  }
  if (row.slice(from).trim() || found.length === 0) found.push(row.slice(from));
  return found.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/**
 * The name of a footnote, as names are compared.
 * @param {string} name
 */
export function normalised(name) {
  return name.toLowerCase().toUpperCase();
}

/** @param {string} mark */
function alignment(mark) {
  const [left, right] = [mark.startsWith(":"), mark.endsWith(":")];
  if (left && right) return "center";
  return right ? "right" : left ? "left" : null;
}

/** @param {Block} block @param {string} line @param {number} from */
function closes(block, line, from) {
  return line.indexOf(block._closer ?? "", from) >= 0;
}
