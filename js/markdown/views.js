/**
 * What each kind of block is in the page.
 */

import { element } from "../dom.js";
import { CodeView, HtmlView } from "./code.js";
import { Container } from "./container.js";
import { Flow } from "./flow.js";
import { blockFormula } from "./math.js";
import { patch } from "./patch.js";
import { RowView, TableView } from "./table.js";

/** @typedef {import("commonmark").Node} Block */
/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./flow.js").Stage} Stage */

/** @typedef {import("./container.js").View} View */

const TASK = /^\[([ xX])\](?=\s)/;

/** Paragraphs and headings. */
class Text {
  #page;
  #flow;
  #element;

  /** @param {Page} page @param {HTMLElement} made */
  constructor(page, made) {
    this.#page = page;
    this.#element = this.element = made;
    this.#flow = new Flow(made, page);
  }

  seal() {}

  /** @param {Block} node @param {Stage} stage */
  show(node, stage) {
    const text = node._string_content ?? "";
    const task = node._parent?.type === "item" && node._prev === null && node.type === "paragraph" ? TASK.exec(text) : null;
    this.#flow.show(task ? text.slice(task[0].length) : text, stage, task ? [box(task[1] !== " "), " "] : []);
    if (stage === "open") this.#page.growing = this.#element;
  }

  /** @param {Block} node */
  finish(node) {
    this.show(node, "sealed");
  }
}

class ListView extends Container {
  /** @param {Block} node */
  seal(node) {
    super.seal(node);
    this.#space(node);
  }

  /** @param {Block} node @param {Stage} stage */
  show(node, stage) {
    super.show(node, stage);
    this.#space(node);
  }

  /** @param {Block} node */
  finish(node) {
    super.finish(node);
    this.#space(node);
  }

  /** Whether blank lines stand between its items is one class: no item changes when the first one comes. @param {Block} node */
  #space(node) {
    const name = node._listData.tight ? "hs-md-list hs-md-tight" : "hs-md-list";
    if (this.element.className !== name) this.element.className = name;
  }
}

/** A formula on lines of its own, or a line across. */
class Plain {
  /** @param {HTMLElement} made */
  constructor(made) {
    this.element = made;
  }

  seal() {}

  /** @param {Block} node */
  show(node) {
    if (node._closer) patch(this.element, [blockFormula(node._lines ?? [], node._closer)]);
  }

  /** @param {Block} node */
  finish(node) {
    this.show(node);
  }
}

class NoteView extends Container {
  #page;
  #note;

  /** @param {Page} page @param {Block} node */
  constructor(page, node) {
    const note = page.notes.add(node._label ?? "", node._name ?? "");
    super(page, note.item, /** @type {HTMLElement} */ (note.item.firstElementChild));
    this.#page = page;
    this.#note = note;
  }

  remove() {
    this.#page.notes.remove(this.#note);
  }
}

/** @param {Page} page @param {Block} node @returns {View} */
export function viewOf(page, node) {
  const { document } = page;
  switch (node.type) {
    case "heading":
      return new Text(page, element(document, /** @type {"h1"} */ (`h${node.level}`), "hs-md-heading", { dir: "auto" }));
    case "block_quote":
      return new Container(page, element(document, "blockquote", "hs-md-quote", { dir: "auto" }));
    case "list":
      return new ListView(page, list(document, node));
    case "item":
      return new Container(page, element(document, "li", "hs-md-item", { dir: "auto" }));
    case "code_block":
      return new CodeView(page, node);
    case "html_block":
      return new HtmlView(page);
    case "math_block":
      return new Plain(element(document, "div", "hs-md-math hs-md-display", { dir: "ltr" }));
    case "thematic_break":
      return new Plain(element(document, "hr", "hs-md-rule"));
    case "table":
      return new TableView(page);
    case "table_row":
      return new RowView(page);
    case "footnote":
      return new NoteView(page, node);
    default:
      return new Text(page, element(document, "p", "hs-md-p", { dir: "auto" }));
  }
}

/** @param {Document} document @param {Block} node */
function list(document, node) {
  const { type, start } = node._listData;
  if (type === "bullet") return element(document, "ul", "hs-md-list");
  return element(document, "ol", "hs-md-list", start === 1 || start === null ? {} : { start: String(start) });
}

/** @param {boolean} done @returns {import("./patch.js").Spec} */
function box(done) {
  return { tag: "span", attributes: { class: "hs-md-task", role: "img", "aria-label": done ? "done" : "to do" }, children: [done ? "☑" : "☐"] };
}
