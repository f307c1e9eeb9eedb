/**
 * The blocks in the page. A block that is closed gets its last look once (`finish`) and is never asked again; of those
 * that are open, only the last child can change (`show`), however much stands before it (`seal`).
 */

import { element } from "../dom.js";
import { CodeView, HtmlView } from "./code.js";
import { Flow } from "./flow.js";
import { cells } from "./gfm_blocks.js";
import { blockFormula } from "./math.js";
import { patch } from "./patch.js";
import { spans } from "./spans.js";

/** @typedef {import("commonmark").Node} Block */
/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./flow.js").Stage} Stage */

/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {(node: Block) => void} seal show for good what can no longer change in a block that is open
 * @property {(node: Block, stage: Stage) => void} show show the rest, for now
 * @property {(node: Block) => void} finish show all of a block that is closed, for good
 * @property {() => void} [remove] instead of taking the element out of the page
 */

const TASK = /^\[([ xX])\](?=\s)/;

/** Blocks that hold blocks. */
export class Container {
  #page;
  #slot;
  /** The last child that is done with. @type {Block | null} */
  #last = null;
  /** The views of the children after it. @type {{ key: string, view: View }[]} */
  #open = [];

  /**
   * @param {Page} page
   * @param {HTMLElement} outer
   * @param {HTMLElement} [slot] where the children go, if not there
   */
  constructor(page, outer, slot = outer) {
    this.element = outer;
    this.#page = page;
    this.#slot = slot;
  }

  /** @param {Block} node */
  seal(node) {
    let child = this.#next(node);
    for (; child && !child._open; child = this.#next(node)) this.#settle(child);
    if (child) this.#view(child, 0).seal(child);
  }

  /** @param {Block} node @param {Stage} stage */
  show(node, stage) {
    let count = 0;
    for (let child = this.#next(node); child; child = child._next) {
      if (!child._hidden) this.#view(child, count++).show(child, stage);
    }
    this.#drop(count);
  }

  /** @param {Block} node */
  finish(node) {
    for (let child = this.#next(node); child; child = this.#next(node)) this.#settle(child);
    this.#drop(0);
  }

  /** @param {Block} node */
  #next(node) {
    return this.#last ? this.#last._next : node._firstChild;
  }

  /** @param {Block} child */
  #settle(child) {
    this.#last = child;
    if (child._hidden) return;
    this.#view(child, 0).finish(child);
    this.#open.shift();
  }

  /** The view that is there for this child, or a new one in its place. @param {Block} node @param {number} index */
  #view(node, index) {
    const key = keyOf(node);
    const there = this.#open[index];
    if (there?.key === key) return there.view;
    this.#drop(index);
    const view = viewOf(this.#page, node);
    this.#open.push({ key, view });
    if (!view.remove) this.#slot.insertBefore(view.element, this.#page.notes.element.parentNode === this.#slot ? this.#page.notes.element : null);
    return view;
  }

  /** @param {number} count so many views stay */
  #drop(count) {
    for (const { view } of this.#open.splice(count)) {
      if (view.remove) view.remove();
      else view.element.remove();
    }
  }
}

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

class TableView extends Container {
  #page;
  #head;
  #shown = "";

  /** @param {Page} page */
  constructor(page) {
    const { document } = page;
    const outer = element(document, "div", "hs-md-table", { tabindex: "0", role: "group", "aria-label": "Table" });
    const table = element(document, "table", "hs-md-grid");
    const head = element(document, "thead", "hs-md-head");
    const body = element(document, "tbody", "hs-md-body");
    const row = element(document, "tr", "hs-md-row");
    head.append(row);
    table.append(head, body);
    outer.append(table);
    super(page, outer, body);
    this.#page = page;
    this.#head = row;
  }

  /** @param {Block} node @param {Stage} stage */
  show(node, stage) {
    this.#title(node, stage);
    super.show(node, stage);
  }

  /** @param {Block} node */
  finish(node) {
    this.#title(node, "sealed");
    super.finish(node);
  }

  /** @param {Block} node @param {Stage} stage */
  #title(node, stage) {
    const now = JSON.stringify([node._cells, node._aligns, stage === "sealed"]);
    if (now !== this.#shown) fillRow(this.#page, this.#head, "th", node._cells ?? [], node, stage);
    this.#shown = now;
  }
}

class RowView {
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.element = element(page.document, "tr", "hs-md-row");
  }

  seal() {}

  /** @param {Block} node @param {Stage} stage */
  show(node, stage) {
    if (node._parent) fillRow(this.#page, this.element, "td", cells(node._string_content ?? ""), node._parent, stage);
    if (stage === "open") this.#page.growing = null;
  }

  /** @param {Block} node */
  finish(node) {
    this.show(node, "sealed");
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

/** What must be the same for a view to go on with another node in the same place. @param {Block} node */
function keyOf(node) {
  const { type, delimiter, bulletChar, start } = node._listData;
  if (node.type === "list") return `list ${type} ${delimiter} ${bulletChar} ${start}`;
  if (node.type === "footnote") return `footnote ${node._label}`;
  return node.type === "heading" ? `h${node.level}` : node.type;
}

/** @param {Page} page @param {Block} node @returns {View} */
function viewOf(page, node) {
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

/**
 * @param {Page} page
 * @param {HTMLElement} row
 * @param {"th" | "td"} tag
 * @param {string[]} texts
 * @param {Block} table
 * @param {Stage} stage
 */
function fillRow(page, row, tag, texts, table, stage) {
  const { references, inlines } = page.blocks;
  const fill = () => {
    const made = (table._aligns ?? []).map((align, index) => {
      /** @type {Record<string, string>} */
      const attributes = { dir: "auto" };
      if (align) attributes.class = `hs-md-${align}`;
      return { tag, attributes, children: spans(inlines.parse(texts[index] ?? ""), page.around(stage === "sealed")) };
    });
    patch(row, made);
  };
  const missed = references.missedBy(fill);
  if (stage === "sealed" && missed.size > 0) references.await(missed, fill);
}
