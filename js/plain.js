/**
 * A text as it comes, line by line, without markup.
 */

import { element } from "./dom.js";

export class PlainText {
  #document;
  /** The line that still grows: the only one that is laid out again. @type {HTMLElement | null} */
  #line = null;

  /**
   * @param {Document} document
   * @param {string} className
   */
  constructor(document, className) {
    this.#document = document;
    this.element = element(document, "div", className);
  }

  /**
   * Add text at the end. Text already there is not touched: a selection in it survives.
   * @param {string} text
   */
  append(text) {
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf("\n", from);
      const end = newline < 0 ? text.length : newline + 1;
      // Each line finds its own direction, so that Arabic and English can take turns.
      this.#line ??= this.element.appendChild(element(this.#document, "div", "hs-line", { dir: "auto" }));
      this.#line.append(this.#document.createTextNode(text.slice(from, end)));
      if (newline >= 0) this.#line = null;
      from = end;
    }
  }

  /** All that was appended is in the page. */
  get settled() {
    return true;
  }

  end() {}

  clear() {
    this.element.replaceChildren();
    this.#line = null;
  }
}
