/**
 * What stands within a paragraph, a heading or a cell: commonmark.js, with strikethrough, formulas and footnotes added.
 */

import { Node } from "commonmark";

import { normalised } from "./gfm_blocks.js";
import { formulaAt } from "./math.js";

/** @typedef {import("commonmark").Node} Inline */
/** @typedef {import("commonmark").InlineParser} InlineParser */

/** Text without a meaning of its own. As in commonmark.js, with `~` and `$` besides. */
const PLAIN = /^[^\n`[\]\\!<&*_'"~$]+/;
const NOTE = /^\[\^([^\]\s[]{1,100})\]/;
const TILDE = 126;

/**
 * A mark that nothing has closed yet, outermost first: what would close it.
 * @typedef {{ node: Inline, closer: string }} Open
 */

export class Inlines {
  #parser;
  /** @type {Open[]} */
  #open = [];

  /**
   * @param {InlineParser} parser
   * @param {import("./references.js").References} references
   */
  constructor(parser, references) {
    this.#parser = parser;
    parser.refmap = references.links;
    const theirs = { ...parser };
    parser.parseString = (block) => added(block, parser.match(PLAIN));
    parser.parseInline = (block) => this.#ours(block) || theirs.parseInline.call(parser, block);
    parser.parseBackticks = (block) => {
      const made = theirs.parseBackticks.call(parser, block);
      const last = block._lastChild;
      if (last?.type === "text" && last._literal?.startsWith("`")) this.#open.push({ node: last, closer: last._literal });
      return made;
    };
    parser.processEmphasis = (bottom) => {
      if (bottom === null) this.#noteOpeners();
      theirs.processEmphasis.call(parser, bottom);
    };
  }

  /**
   * The inline nodes of a text, as the children of one node.
   * @param {string} text
   * @returns {Inline}
   */
  parse(text) {
    const root = new Node("paragraph");
    root._string_content = text;
    this.#open = [];
    this.#parser.parse(root);
    strike(root);
    this.#open = this.#open.filter(({ node }) => node._parent === root && node._literal);
    return root;
  }

  /** Whether the last text parsed ends within something that its continuation could close. */
  get isOpen() {
    return this.#open.length > 0;
  }

  /**
   * What would close all that the last text parsed left open, the innermost first.
   * @param {number} reach a mark so many characters before the end is taken for text
   */
  openWithin(reach) {
    const closers = new Map(this.#open.map(({ node, closer }) => [node, closer]));
    /** @type {string[]} */
    const found = [];
    let length = 0;
    for (let node = this.#open[0]?.node._parent?._lastChild; node && length < reach; node = node._prev) {
      const closer = closers.get(node);
      // Of three marks one may have been used; what is left of them is in the text.
      if (closer !== undefined) found.push(/^[*_]/.test(closer) ? (node._literal ?? "") : closer);
      length += node._literal?.length ?? 1;
    }
    return found;
  }

  /** @param {Inline} block */
  #ours(block) {
    const parser = this.#parser;
    const code = parser.peek();
    if (code === TILDE) return this.#tildes(block);
    const sign = String.fromCharCode(code);
    if (sign === "$" || sign === "\\") return this.#formula(block) || (sign === "$" && added(block, parser.match(/^\$+/)));
    if (sign === "[") return this.#note(block);
    return false;
  }

  /** @param {Inline} block */
  #formula(block) {
    const found = formulaAt(this.#parser.subject, this.#parser.pos);
    if (!found) return false;
    this.#parser.pos = found.end;
    const node = new Node("math");
    node._literal = found.written;
    node._display = found.display;
    block.appendChild(node);
    return true;
  }

  /** @param {Inline} block */
  #note(block) {
    const found = NOTE.exec(this.#parser.subject.slice(this.#parser.pos, this.#parser.pos + 104));
    if (!found) return false;
    this.#parser.pos += found[0].length;
    const node = new Node("note_reference");
    node._name = found[1] ?? "";
    node._label = normalised(node._name);
    block.appendChild(node);
    return true;
  }

  /** @param {Inline} block */
  #tildes(block) {
    const run = this.#parser.scanDelims(TILDE);
    const text = this.#parser.match(/^~+/) ?? "";
    added(block, text);
    const node = /** @type {Inline} */ (block._lastChild);
    if (!run || text.length > 2) return true;
    node._tildes = { canOpen: run.can_open, canClose: run.can_close };
    if (run.can_open) this.#open.push({ node, closer: text });
    return true;
  }

  /** At the end of a text: every bracket, and every mark of emphasis that could open and may find no partner. */
  #noteOpeners() {
    for (let entry = this.#parser.delimiters; entry; entry = entry.previous) {
      if (entry.can_open) this.#open.push({ node: entry.node, closer: entry.node._literal ?? "" });
    }
    for (let entry = this.#parser.brackets; entry; entry = entry.previous) {
      if (entry.active) this.#open.push({ node: entry.node, closer: "]" });
    }
  }
}

/** @param {Inline} block @param {string | null} text */
function added(block, text) {
  if (!text) return false;
  const node = new Node("text");
  node._literal = text;
  block.appendChild(node);
  return true;
}

/**
 * Pair the tildes among the children of a node, and of their children: what stands between two equal runs is struck.
 * @param {Inline} parent
 */
function strike(parent) {
  /** @type {Inline[]} */
  const openers = [];
  for (let node = parent._firstChild; node; ) {
    const next = node._next;
    const { _tildes: tildes } = node;
    const opener = tildes?.canClose ? openers.findLastIndex((other) => other._literal === node?._literal) : -1;
    if (opener >= 0) wrap(/** @type {Inline} */ (openers[opener]), node);
    if (opener >= 0) openers.length = opener;
    else if (tildes?.canOpen) openers.push(node);
    else if (node._firstChild) strike(node);
    node = next;
  }
}

/** @param {Inline} opener @param {Inline} closer */
function wrap(opener, closer) {
  const struck = new Node("strike");
  for (let node = opener._next; node && node !== closer; ) {
    const next = node._next;
    struck.appendChild(node);
    node = next;
  }
  opener.insertAfter(struck);
  opener.unlink();
  closer.unlink();
}
