/**
 * Markdown as it streams. What is finished enters the page once and is never touched again; only the end of the text,
 * which the next words may still change, is parsed and shown anew.
 */

import { Container } from "./container.js";
import { Page } from "./page.js";
import { holdsBack } from "./tail.js";
import { viewOf } from "./views.js";

/** @typedef {import("./page.js").Options} Options */

/** Milliseconds; a frame has 16. */
const BUDGET = 12;
/** Lines taken between two looks at the clock. */
const BATCH = 40;

export class StreamedMarkdown {
  #element;
  #options;
  /** @type {Page} */
  #page;
  /** @type {Container} */
  #body;
  /** Whole lines not yet taken, from `#next` on. @type {string[]} */
  #lines = [];
  #next = 0;
  /** What stands after the last line feed. */
  #rest = "";
  #ended = false;
  #timer = 0;

  /**
   * @param {HTMLElement} element its children are this object's own from now on
   * @param {Options} [options]
   */
  constructor(element, options = {}) {
    this.#element = element;
    this.#options = options;
    element.classList.add("hs-md");
    this.#page = new Page(element, options, viewOf);
    this.#body = new Container(this.#page, element);
  }

  /**
   * Add text at the end. What does not fit into the time of a frame is painted in the next ones.
   * @param {string} text
   */
  append(text) {
    this.#ended = false;
    this.#take(text);
    this.#work();
  }

  /**
   * Begin again with this text.
   * @param {string} text
   */
  replace(text) {
    this.#element.ownerDocument.defaultView?.clearTimeout(this.#timer);
    this.#page.notes.close();
    this.#element.replaceChildren();
    this.#lines = [];
    this.#next = this.#timer = 0;
    this.#rest = "";
    this.#page = new Page(this.#element, this.#options, viewOf);
    this.#body = new Container(this.#page, this.#element);
    this.append(text);
  }

  /** No more is expected: nothing is held back or completed any longer. More may come all the same. */
  end() {
    this.#ended = true;
    this.#work();
  }

  /** Whether all that was appended is in the page. */
  get settled() {
    return this.#next >= this.#lines.length;
  }

  /** @param {string} text */
  #take(text) {
    let from = 0;
    if (this.#rest.endsWith("\r")) {
      this.#rest = this.#rest.slice(0, -1);
      text = `\r${text}`;
    }
    for (const end of text.matchAll(/\r\n?|\n/g)) {
      if (end[0] === "\r" && end.index + 1 === text.length) break; // its line feed may be on its way
      this.#lines.push(this.#rest + text.slice(from, end.index));
      this.#rest = "";
      from = end.index + end[0].length;
    }
    this.#rest += text.slice(from);
  }

  #work = () => {
    const view = this.#element.ownerDocument.defaultView;
    const until = performance.now() + (this.#options.budget ?? BUDGET);
    const late = this.#timer !== 0;
    view?.clearTimeout(this.#timer);
    this.#timer = 0;
    do {
      const end = Math.min(this.#next + BATCH, this.#lines.length);
      for (; this.#next < end; this.#next += 1) this.#page.blocks.line(this.#lines[this.#next] ?? "");
      this.#page.blocks.settle();
      this.#body.seal(this.#page.blocks.document);
      this.#page.blocks.references.tell();
    } while (this.#next < this.#lines.length && performance.now() < until);
    if (this.#next < this.#lines.length) this.#timer = view?.setTimeout(this.#work, 0) ?? 0;
    else {
      this.#lines = [];
      this.#next = 0;
      this.#showRest();
    }
    if (late) this.#options.onPaint?.();
  };

  /** The open end: as if the text ended here. */
  #showRest() {
    const { blocks, notes } = this.#page;
    const before = this.#page.growing;
    this.#page.growing = null;
    notes.begin();
    blocks.peek(this.#restShown(), !this.#ended, () => {
      this.#body.show(blocks.document, this.#ended ? "ended" : "open");
      if (this.#ended) blocks.references.tellAside();
    });
    notes.arrange();
    mark(before, this.#page.growing);
  }

  #restShown() {
    // A carriage return waits for its line feed, and half of a character for its other half.
    const waits = this.#ended ? /\r/ : /[\r\ud800-\udbff]/;
    const line = waits.test(this.#rest.at(-1) ?? "") ? this.#rest.slice(0, -1) : this.#rest;
    if (this.#ended) return this.#rest === "" ? null : line;
    return line === "" || holdsBack(line, this.#page.blocks.tip) ? null : line;
  }
}

/** Move the sign of what grows. @param {HTMLElement | null} from @param {HTMLElement | null} to */
function mark(from, to) {
  if (from === to) return;
  from?.classList.remove("hs-md-growing");
  to?.classList.add("hs-md-growing");
}
