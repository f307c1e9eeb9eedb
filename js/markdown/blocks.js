/**
 * The blocks of a text that is still coming: one pass over its lines, each looked at once.
 *
 * commonmark.js knows the rules of each block; the walk over a line is ours, because its own reads whole documents
 * and knows no tables. What stands after the last line feed is not lost on the reader: `peek` takes it for a line,
 * lets the caller look at the tree as if the text ended there, and puts everything back as it was.
 */

import { Node, Parser } from "commonmark";

import { cells, GFM_BLOCKS, GFM_STARTS } from "./gfm_blocks.js";
import { Inlines } from "./inlines.js";
import { settle } from "./lists.js";
import { References } from "./references.js";
import { tableRow } from "./tail.js";

/** @typedef {import("commonmark").Node} Block */

/** Quotes and items within each other; beyond, their marks are text. A page cannot lay out thousands. */
const DEEPEST = 48;

/** What ends an HTML block of the kinds 1 to 5. Source: https://spec.commonmark.org/0.31.2/#html-blocks, 2026-11-22 */
const HTML_ENDS = [/$^/, /<\/(?:script|pre|textarea|style)>/i, /-->/, /\?>/, />/, /\]\]>/];

export class Blocks {
  #parser = new Parser();
  #depth = 0;

  constructor() {
    const parser = this.#parser;
    this.references = new References();
    this.inlines = new Inlines(parser.inlineParser, this.references);
    parser.doc = new Node("document", [[1, 1], [0, 0]]);
    parser.tip = parser.oldtip = parser.lastMatchedContainer = parser.doc;
    parser.refmap = this.references.links;
    parser.blocks = { ...parser.blocks, ...ourBlocks(parser.blocks) };
    parser.blockStarts = this.#starts(parser.blockStarts);
    const addChild = parser.addChild;
    parser.addChild = (type, offset) => keepLines(addChild.call(parser, type, offset));
    const addLine = parser.addLine;
    parser.addLine = () => (parser.tip._lines ? addToLines(parser, parser.tip) : addLine.call(parser));
  }

  get document() {
    return this.#parser.doc;
  }

  /** The innermost block that is still open. */
  get tip() {
    return this.#parser.tip;
  }

  /**
   * Take one whole line, without its line feed.
   * @param {string} text
   */
  line(text) {
    const parser = this.#parser;
    Object.assign(parser, { oldtip: parser.tip, offset: 0, column: 0, blank: false, partiallyConsumedTab: false });
    parser.lineNumber += 1;
    parser.currentLine = text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
    const matched = this.#matched();
    if (matched !== null) {
      parser.allClosed = matched === parser.oldtip;
      parser.lastMatchedContainer = matched;
      this.#rest(this.#begun(matched));
    }
    parser.lastLineLength = text.length;
  }

  /**
   * What `look` gives while the text ends with this line and every block is closed; then all is as before.
   * @template Result
   * @param {string | null} line null: there is none
   * @param {boolean} hopeful take a row with bars for the first of a table
   * @param {() => Result} look
   * @returns {Result}
   */
  peek(line, hopeful, look) {
    const parser = this.#parser;
    this.settle();
    const restore = remember(parser);
    return this.references.aside(() => {
      try {
        if (line !== null) this.line(line);
        if (hopeful) this.#hopeForTable();
        for (let tip = parser.tip; tip; tip = parser.tip) parser.finalize(tip, parser.lineNumber);
        return look();
      } finally {
        restore();
      }
    });
  }

  /** Have looked at all lines for what decides how lists are spaced. */
  settle() {
    settle(this.#parser.tip);
  }

  #hopeForTable() {
    const parser = this.#parser;
    const row = tableRow(parser.tip);
    if (row === null) return;
    const marks = `|${"-|".repeat(cells(row).length)}`;
    Object.assign(parser, { currentLine: marks, offset: 0, nextNonspace: 0, indented: false, allClosed: true });
    GFM_STARTS.table(parser, parser.tip);
  }

  /** The innermost open block that goes on in this line; null if the line closed one and is used up. */
  #matched() {
    const parser = this.#parser;
    let container = parser.doc;
    this.#depth = 0;
    for (let child = container._lastChild; child?._open; child = container._lastChild) {
      parser.findNextNonspace();
      const verdict = rules(parser, child).continue(parser, child);
      if (verdict === 2) return null;
      if (verdict === 1) break;
      container = child;
      this.#depth += 1;
    }
    return container;
  }

  /**
   * Begin the blocks that this line begins; the innermost one that takes the rest of it.
   * @param {Block} container
   */
  #begun(container) {
    const parser = this.#parser;
    let verdict = container.type !== "paragraph" && rules(parser, container).acceptsLines ? 2 : 1;
    while (verdict !== 2) {
      parser.findNextNonspace();
      verdict = 0;
      for (const start of parser.blockStarts) if ((verdict = start(parser, container))) break;
      if (verdict === 0) {
        parser.advanceNextNonspace();
        break;
      }
      container = parser.tip;
      this.#depth += 1;
    }
    return container;
  }

  /**
   * The rest of the line is text: for the open paragraph, for this block, or for a new paragraph.
   * @param {Block} container
   */
  #rest(container) {
    const parser = this.#parser;
    if (!parser.allClosed && !parser.blank && parser.tip.type === "paragraph") {
      parser.addLine();
      return;
    }
    parser.closeUnmatchedBlocks();
    if (rules(parser, container).acceptsLines) {
      parser.addLine();
      const rest = parser.currentLine.slice(parser.offset);
      if (container.type === "html_block" && HTML_ENDS[container._htmlBlockType ?? 0]?.test(rest)) {
        parser.finalize(container, parser.lineNumber);
      }
    } else if (parser.offset < parser.currentLine.length && !parser.blank) {
      parser.addChild("paragraph", parser.offset);
      parser.advanceNextNonspace();
      parser.addLine();
    }
  }

  /** @param {import("commonmark").BlockStart[]} starts */
  #starts([quote, heading, fence, html, setext, rule, item, indented]) {
    /** @param {import("commonmark").BlockStart | undefined} start @returns {import("commonmark").BlockStart} */
    const shallow = (start) => (parser, container) =>
      this.#depth < DEEPEST && start ? start(parser, container) : 0;
    const { table, row, footnote, math } = GFM_STARTS;
    const all = [shallow(quote), table, heading, fence, math, shallow(footnote), html, setext, rule, shallow(item), indented, row];
    return all.filter((start) => start !== undefined);
  }
}

/** @param {Parser} parser @param {Block} block */
function rules(parser, block) {
  return /** @type {import("commonmark").BlockRules} */ (parser.blocks[block.type]);
}

/**
 * The rules that differ here: no block costs more at its end than it holds new, so that any may be peeked at often.
 * @param {Record<string, import("commonmark").BlockRules>} theirs
 */
function ourBlocks(theirs) {
  /** @param {string} name @param {import("commonmark").BlockRules["finalize"]} finalize */
  const ending = (name, finalize) => [name, { .../** @type {any} */ (theirs)[name], finalize }];
  return {
    ...GFM_BLOCKS,
    ...Object.fromEntries([
      ending("document", () => {}),
      ending("html_block", () => {}),
      ending("code_block", (_, block) => {
        if (!block._isFenced) block.sourcepos[1][0] = block.sourcepos[0][0] + filled(block._lines ?? []) - 1;
      }),
      ending("list", (_, block) => {
        settle(block);
        if (block._lastChild) block.sourcepos[1] = block._lastChild.sourcepos[1];
      }),
      ending("paragraph", (parser, block) => {
        takeDefinitions(parser, block);
        block._hidden = !(block._string_content ?? "").trim();
      }),
    ]),
  };
}

/**
 * How many of the lines are left without the blank ones at the end.
 * @param {string[]} lines
 */
export function filled(lines) {
  let count = lines.length;
  while (count > 0 && !lines[count - 1]?.trim()) count -= 1;
  return count;
}

/** @param {Parser} parser @param {Block} block */
function takeDefinitions(parser, block) {
  for (;;) {
    const text = block._string_content ?? "";
    const length = text.startsWith("[") ? parser.inlineParser.parseReference(text, parser.refmap) : 0;
    if (length === 0) return;
    block._string_content = text.slice(length);
  }
}

const LINED = new Set(["code_block", "html_block", "math_block"]);

/** @param {Block} block */
function keepLines(block) {
  if (LINED.has(block.type)) block._lines = [];
  return block;
}

/** @param {Parser} parser @param {Block} block */
function addToLines(parser, block) {
  const spaces = parser.partiallyConsumedTab ? " ".repeat(4 - (parser.column % 4)) : "";
  const line = spaces + parser.currentLine.slice(parser.offset + (spaces ? 1 : 0));
  if (block._isFenced && block._info === null) block._info = line;
  else block._lines?.push(line);
}

/**
 * Keep all that a line can change: the parser, the open blocks, and the last child of the innermost.
 * @param {Parser} parser
 * @returns {() => void} puts it back
 */
function remember(parser) {
  /** @type {(() => void)[]} */
  const undo = [];
  for (let block = /** @type {Block | null} */ (parser.tip); block; block = block._parent) {
    for (const near of [block, block._prev, block._lastChild]) if (near) undo.push(copyOf(near));
  }
  undo.push(copyOf(parser));
  return () => {
    for (const step of undo) step();
  };
}

/** @param {any} target */
function copyOf(target) {
  const fields = { ...target };
  const data = target._listData && { ...target._listData };
  const length = target._lines?.length;
  const end = target.sourcepos && [...target.sourcepos[1]];
  return () => {
    for (const name of Object.keys(target)) if (!(name in fields)) delete target[name];
    Object.assign(target, fields);
    if (data) Object.assign(target._listData, data);
    if (target._lines) target._lines.length = length;
    if (end) target.sourcepos[1] = end;
  };
}
