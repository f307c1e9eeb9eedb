/**
 * What the parts of one rendered text share: its parser, its footnotes, what its owner asked for, and what is open.
 */

import { Blocks } from "./blocks.js";
import { Notes } from "./notes.js";

/**
 * @typedef {object} Options
 * @property {(pre: HTMLPreElement, text: () => string, bar: HTMLElement) => void} [onCode] called once for each block of
 *   code when it appears: its element, what gives its text as it is then, and the bar above it, for a button
 * @property {() => void} [onPaint] called after text has been painted that `append` left for later
 * @property {number} [budget] milliseconds that may go by before the rest is left for later; 12 unless told
 */

export class Page {
  /** The element of the text that still grows. @type {HTMLElement | null} */
  growing = null;

  /**
   * @param {HTMLElement} root
   * @param {Options} options
   * @param {(page: Page, node: import("commonmark").Node) => import("./container.js").View} viewOf what a block is in the page
   */
  constructor(root, options, viewOf) {
    this.root = root;
    this.document = root.ownerDocument;
    this.options = options;
    this.viewOf = viewOf;
    this.blocks = new Blocks();
    this.notes = new Notes(root);
  }

  /**
   * What a text asks about the rest.
   * @param {boolean} sealed
   * @returns {import("./spans.js").Surroundings}
   */
  around(sealed) {
    return {
      note: (label) => {
        const number = this.notes.number(label, sealed);
        return this.blocks.references.links[`^${label}`] ? { number, id: this.notes.id(number) } : null;
      },
    };
  }
}
