/**
 * Text that stands line by line: code, and HTML that is shown as what it is. A line that is complete enters the page
 * once. The lines come in blocks of some dozens, so that one more does not lay out all of them again.
 */

import { Highlighter } from "./highlight.js";
import { patch } from "./patch.js";

/** @typedef {import("./patch.js").Spec} Spec */

/** Lines in a block, and characters in a box. */
const BLOCK = 40;
const BOX = 1000;
/** A longer line comes in boxes. */
const LONG = 1000;
/** Characters that let code read otherwise than it runs. Source: https://trojansource.codes, 2026-11-22 */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

export class Lines {
  #parent;
  #written;
  #highlighter;
  /** The block that takes the next line. @type {HTMLElement | null} */
  #block = null;
  /** Lines in it for good, and their nodes. */
  #filled = 0;
  #kept = 0;
  #count = 0;

  /** Boxes of a line that grows beyond all measure, and the characters in them. */
  #boxes = 0;
  #boxed = 0;

  /**
   * @param {HTMLElement} parent
   * @param {string} language
   * @param {(line: string, index: number) => string} [written] a line as it is shown, if not as it is
   */
  constructor(parent, language, written = (line) => line) {
    this.#parent = parent;
    this.#written = written;
    this.#highlighter = new Highlighter(language);
  }

  /**
   * Show the first `end` lines; those that do not stand for good, for now only.
   * @param {string[]} lines
   * @param {number} end
   */
  show(lines, end) {
    if (end - this.#count === 1 && (lines[end - 1]?.length ?? 0) > LONG) {
      this.#showLong(this.#written(lines[end - 1] ?? "", end - 1));
      return;
    }
    /** @type {Spec[]} */
    const specs = [];
    for (let index = this.#count; index < end; index += 1) {
      specs.push(...visible(this.#highlighter.unfinished(this.#written(lines[index] ?? "", index))), "\n");
    }
    if (specs.length > 0 || this.#kept > 0) patch(this.#current(), specs, this.#kept);
    else {
      this.#block?.remove();
      this.#block = null;
    }
    this.#boxes = this.#boxed = 0;
  }

  /**
   * Let the lines up to this one stand for good.
   * @param {string[]} lines
   * @param {number} end
   */
  keep(lines, end) {
    for (; this.#count < end; this.#count += 1) {
      const block = this.#current();
      const line = this.#written(lines[this.#count] ?? "", this.#count);
      const specs = this.#highlighter.line(line);
      patch(block, [...(line.length > LONG ? boxes(line) : visible(specs)), "\n"], this.#kept);
      this.#kept = block.childNodes.length;
      this.#boxes = this.#boxed = 0;
      this.#filled += 1;
      if (this.#filled < BLOCK) continue;
      this.#block = null;
      this.#filled = this.#kept = 0;
    }
  }

  /** Of a line that only grows, boxes that are full need not be looked at. @param {string} line */
  #showLong(line) {
    const made = boxes(line.slice(this.#boxed));
    patch(this.#current(), [...made, "\n"], this.#kept + this.#boxes);
    for (const { children } of made.slice(0, -1)) {
      this.#boxes += 1;
      this.#boxed += children?.reduce((sum, part) => sum + (typeof part === "string" ? part.length : 1), 0) ?? 0;
    }
  }

  #current() {
    if (this.#block === null) {
      this.#block = this.#parent.ownerDocument.createElement("div");
      this.#block.className = "hs-md-lines";
      this.#parent.appendChild(this.#block);
    }
    return this.#block;
  }
}

/**
 * A very long line, in boxes side by side: of those only the last is laid out again when it grows.
 * @param {string} line
 * @returns {import("./patch.js").Shape[]}
 */
function boxes(line) {
  const made = [];
  for (let from = 0; from < line.length; ) {
    const to = from + BOX - (/[\ud800-\udbff]/.test(line[from + BOX - 1] ?? "") ? 1 : 0);
    made.push({ tag: "span", attributes: { class: "hs-md-box" }, children: visible([line.slice(from, to)]) });
    from = to;
  }
  return made;
}

/**
 * Code in which a character that turns the direction of what follows is seen by its number.
 * @param {Spec[]} specs
 * @returns {Spec[]}
 */
function visible(specs) {
  return specs.flatMap((spec) => {
    if (typeof spec === "string") return TURNING.test(spec) ? spec.split(/([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/).map(shown) : [spec];
    return "tag" in spec ? [{ ...spec, children: visible(spec.children ?? []) }] : [spec];
  });
}

/** @param {string} text @returns {Spec} */
function shown(text) {
  if (!TURNING.test(text)) return text;
  const code = `U+${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return { tag: "span", attributes: { class: "hs-md-turning", title: "A character that changes the direction of text" }, children: [code] };
}
