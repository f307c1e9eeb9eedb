/**
 * Text that stands line by line: code, and HTML that is shown as what it is. A line that is complete enters the page
 * once. The lines come in blocks of some dozens, so that one more does not lay out all of them again.
 */

import { Highlighter } from "./highlight.js";
import { patch } from "./patch.js";

/** @typedef {import("./patch.js").Spec} Spec */

const BLOCK = 40;
/** Characters that let code read otherwise than it runs. Source: https://trojansource.codes, 2026-11-22 */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

export class Lines {
  #parent;
  #highlighter;
  /** The block that takes the next line. @type {HTMLElement | null} */
  #block = null;
  /** Lines in it for good, and their nodes. */
  #filled = 0;
  #kept = 0;
  #count = 0;

  /**
   * @param {HTMLElement} parent
   * @param {string} language
   */
  constructor(parent, language) {
    this.#parent = parent;
    this.#highlighter = new Highlighter(language);
  }

  /** How many lines stand for good. */
  get count() {
    return this.#count;
  }

  /**
   * Show the first `end` lines; those from `count` on for now only.
   * @param {string[]} lines
   * @param {number} end
   */
  show(lines, end) {
    /** @type {Spec[]} */
    const specs = [];
    for (const line of lines.slice(this.#count, end)) specs.push(...visible(this.#highlighter.unfinished(line)), "\n");
    if (specs.length > 0 || this.#kept > 0) patch(this.#current(), specs, this.#kept);
    else {
      this.#block?.remove();
      this.#block = null;
    }
  }

  /**
   * Let the lines up to this one stand for good.
   * @param {string[]} lines
   * @param {number} end
   */
  keep(lines, end) {
    for (; this.#count < end; this.#count += 1) {
      const block = this.#current();
      patch(block, [...visible(this.#highlighter.line(lines[this.#count] ?? "")), "\n"], this.#kept);
      this.#kept = block.childNodes.length;
      this.#filled += 1;
      if (this.#filled < BLOCK) continue;
      this.#block = null;
      this.#filled = this.#kept = 0;
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
