/**
 * Tables: the row of names, and a row for each line. A row that is complete is not touched by the next.
 */

import { element } from "../dom.js";
import { Container } from "./container.js";
import { cells } from "./gfm_blocks.js";
import { patch } from "./patch.js";
import { spans } from "./spans.js";

/** @typedef {import("commonmark").Node} Block */
/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./flow.js").Stage} Stage */

/** Of a row of names: it is shown for good. */
const SEALED = "sealed";

export class TableView extends Container {
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

  /** @param {Block} node */
  seal(node) {
    this.#title(node, "sealed");
    super.seal(node);
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

  /**
   * A long table goes on in another with columns as wide as those there are: else each row would measure all others.
   * @param {HTMLElement} before
   */
  more(before) {
    const first = this.#head.closest("table");
    const widths = [...this.#head.children].map((cell) => cell.getBoundingClientRect().width);
    const next = element(before.ownerDocument, "table", "hs-md-grid");
    const body = element(before.ownerDocument, "tbody", "hs-md-body");
    if (first && !first.style.tableLayout) fix(first, widths);
    fix(next, widths);
    const part = element(before.ownerDocument, "div", "hs-md-part");
    next.append(body);
    part.append(next);
    this.element.append(part);
    return body;
  }

  /** @param {Block} node @param {Stage} stage */
  #title(node, stage) {
    if (this.#shown === SEALED) return;
    const now = stage === "sealed" ? SEALED : JSON.stringify([node._cells, node._aligns]);
    if (now !== this.#shown) fillRow(this.#page, this.#head, "th", node._cells ?? [], node, stage);
    this.#shown = now;
  }
}

/** @param {HTMLTableElement} table @param {number[]} widths */
function fix(table, widths) {
  const group = element(table.ownerDocument, "colgroup", "hs-md-columns");
  for (const width of widths) {
    const column = element(table.ownerDocument, "col", "hs-md-column");
    column.style.width = `${width}px`;
    group.append(column);
  }
  table.style.tableLayout = "fixed";
  table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
  table.prepend(group);
}

export class RowView {
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
