/**
 * A block of code: its language and a place for the chrome's button above, its lines below.
 */

import { decodeHTMLStrict } from "entities";

import { element, say } from "../dom.js";
import { filled } from "./blocks.js";
import { Lines } from "./lines.js";

/** @typedef {import("commonmark").Node} Block */

const ENTITY_OR_ESCAPE = /\\([!-/:-@[-`{-~])|&(?:#x[a-f0-9]{1,6}|#[0-9]{1,7}|[a-z][a-z0-9]{1,31});/gi;

export class CodeView {
  #lines = /** @type {Lines | null} */ (null);
  #code;
  #language;
  /** What is shown, also of a line that is not whole. @type {string[]} */
  #shown = [];

  /** @param {import("./page.js").Page} page */
  constructor(page) {
    const { document } = page;
    this.element = element(document, "div", "hs-md-code");
    const bar = element(document, "div", "hs-md-bar");
    this.#language = element(document, "span", "hs-md-language");
    bar.append(this.#language);
    const pre = element(document, "pre", "hs-md-pre", { dir: "ltr", tabindex: "0" });
    this.#code = element(document, "code", "hs-md-text");
    pre.append(this.#code);
    this.element.append(bar, pre);
    page.options.onCode?.(pre, () => this.#shown.join("\n"), bar);
  }

  /** @param {Block} node */
  seal(node) {
    this.#known(node)?.keep(node._lines ?? [], this.#take(node));
  }

  /** @param {Block} node */
  show(node) {
    say(this.#language, language(node));
    this.#known(node)?.show(node._lines ?? [], this.#take(node));
  }

  /** @param {Block} node */
  finish(node) {
    say(this.#language, language(node));
    this.seal(node);
    this.#lines?.show([], 0);
  }

  /** Remember what is shown now; gives the number of lines. @param {Block} node */
  #take(node) {
    this.#shown = (node._lines ?? []).slice(0, shownLines(node));
    return this.#shown.length;
  }

  /** The lines, once the language is known for good: a line stands below it. @param {Block} node */
  #known(node) {
    if (node._lines?.length) this.#lines ??= new Lines(this.#code, language(node));
    return this.#lines;
  }
}

/** Lines without colours: HTML, which is shown and never becomes what it says, and formulas. */
export class LinesView {
  #lines;

  /**
   * @param {HTMLElement} made
   * @param {(line: string, index: number) => string} [written]
   */
  constructor(made, written) {
    this.element = made;
    this.#lines = new Lines(made, "", written);
  }

  /** @param {Block} node */
  seal(node) {
    this.#lines.keep(node._lines ?? [], filled(node._lines ?? []));
  }

  /** @param {Block} node */
  show(node) {
    this.#lines.show(node._lines ?? [], filled(node._lines ?? []));
  }

  /** @param {Block} node */
  finish(node) {
    this.seal(node);
    this.#lines.show([], 0);
  }
}

/** Blank lines at the end of indented code are part of it only if more code comes. @param {Block} node */
function shownLines(node) {
  const lines = node._lines ?? [];
  return node._isFenced ? lines.length : filled(lines);
}

/** The first word behind the fence. @param {Block} node */
function language(node) {
  const text = (node._info ?? "").trim().replace(ENTITY_OR_ESCAPE, (found, escaped) => escaped ?? decodeHTMLStrict(found));
  return (text.split(/\s/)[0] ?? "").slice(0, 40);
}
