/**
 * What each kind of block is in the page.
 */

import { element, mark } from "../dom.js";
import { CodeView, LinesView } from "./code.js";
import { Container } from "./container.js";
import { Flow } from "./flow.js";
import { blockFormulaLine } from "./math.js";
import { RowView, TableView } from "./table.js";

/** @typedef {import("commonmark").Node} Block */
/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./flow.js").Stage} Stage */

/** @typedef {import("./container.js").View} View */

/** The first letter is one of a script that is written from right to left. */
const READS_LEFTWARDS = /^\P{L}*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
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
    const first = node._parent?.type === "item" && node._prev === null;
    const task = first && node.type === "paragraph" ? TASK.exec(text) : null;
    if (first) this.#element.parentElement?.classList.toggle("hs-md-todo", task !== null);
    this.#flow.show(task ? text.slice(task[0].length) : text, stage, task ? [box(task[1] !== " "), " "] : []);
    if (stage === "open") this.#page.growing = this.#element;
    turn(this.#element, text, this.#page.root);
  }

  /** @param {Block} node */
  finish(node) {
    this.show(node, "sealed");
  }
}

class ListView extends Container {
  #elements;
  #name = "";
  #type;
  #start;

  /** @param {Page} page @param {Block} node */
  constructor(page, node) {
    const { type, start } = node._listData;
    const made = list(page.document, type, start ?? 1);
    super(page, made);
    this.#type = type;
    this.#start = start ?? 1;
    this.#elements = [made];
  }

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

  remove() {
    for (const made of this.#elements) made.remove();
  }

  /** A long list goes on in another. @param {HTMLElement} before */
  more(before) {
    const items = this.#elements.reduce((sum, one) => sum + one.children.length, 0);
    const made = list(before.ownerDocument, this.#type, this.#start + items);
    made.className = `${this.#name} hs-md-more`;
    before.after(made);
    this.#elements.push(made);
    return made;
  }

  /** Whether blank lines stand between its items is one class: no item changes when the first one comes. @param {Block} node */
  #space(node) {
    const name = node._listData.tight ? "hs-md-list hs-md-tight" : "hs-md-list";
    if (name === this.#name) return;
    this.#name = name;
    for (const [index, made] of this.#elements.entries()) made.className = index > 0 ? `${name} hs-md-more` : name;
  }
}

/** A line across. */
class Rule {
  /** @param {Document} document */
  constructor(document) {
    this.element = element(document, "hr", "hs-md-rule");
  }

  seal() {}

  show() {}

  finish() {}
}

class NoteView extends Container {
  elsewhere = /** @type {const} */ (true);
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
      return new Container(page, element(document, "blockquote", "hs-md-quote"));
    case "list":
      return new ListView(page, node);
    case "item":
      return new Container(page, element(document, "li", "hs-md-item"));
    case "code_block":
      return new CodeView(page);
    case "html_block":
      return new LinesView(element(document, "div", "hs-md-html", { dir: "auto" }));
    case "math_block":
      return new LinesView(element(document, "div", "hs-md-math hs-md-display", { dir: "ltr" }), blockFormulaLine);
    case "thematic_break":
      return new Rule(document);
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

/**
 * A list or a quote reads from the side from which its first words do. (`dir=auto` would read all of it at each change.)
 * @param {Element} element
 * @param {string} text
 * @param {Element} root
 */
function turn(element, text, root) {
  if (element.previousElementSibling !== null) return;
  const turned = READS_LEFTWARDS.test(text.slice(0, 200));
  for (let child = element; child.previousElementSibling === null && child.parentElement && child.parentElement !== root; child = child.parentElement) {
    mark(child.parentElement, "dir", turned ? "rtl" : null);
  }
}

/** @param {Document} document @param {"bullet" | "ordered" | null} type @param {number} start */
function list(document, type, start) {
  if (type === "bullet") return element(document, "ul", "hs-md-list");
  return element(document, "ol", "hs-md-list", start === 1 ? {} : { start: String(start) });
}

/** @param {boolean} done @returns {import("./patch.js").Spec} */
function box(done) {
  return { tag: "span", attributes: { class: "hs-md-task", role: "img", "aria-label": done ? "done" : "to do" }, children: [done ? "☑" : "☐"] };
}
