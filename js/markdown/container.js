/**
 * Blocks that hold blocks. A child that is closed gets its last look once (`finish`) and is never asked again; of those
 * that are open, only the last can change (`show`), however much stands before it (`seal`).
 */

import { element } from "../dom.js";

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
 * @property {true} [elsewhere] its element is not among its neighbours'
 */

/**
 * Children that stand directly beside each other: a page lays out each of them when one changes, and paints again all
 * of the part that is in sight. Items and rows are small, and a list or a table is better whole.
 */
const PART = 50;
/** The same of the text itself, whose blocks are larger. Each part costs a little too, wherever it is. */
const ROOT_PART = 30;

export class Container {
  #page;
  #most;
  #first;
  #slot;
  /** Children in the slot that are done with. */
  #filled = 0;
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
    this.#most = outer === page.root ? ROOT_PART : PART;
    this.#first = this.#slot = slot;
  }

  /** @param {Block} node */
  seal(node) {
    let child = this.#next(node);
    for (; child && !child._open; child = this.#next(node)) this.#settle(child);
    // A paragraph has nothing to seal, and may still be shown as the table that it becomes.
    if (child && child.type !== "paragraph") this.#view(child, 0).seal(child);
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
    forget(child);
    if (child._hidden) return;
    this.#view(child, 0).finish(child);
    this.#open.shift();
    if ((this.#filled += 1) === this.#most) this.#drop(0);
  }

  /**
   * A place for the next children, after this one that is full.
   * @param {HTMLElement} slot
   * @returns {HTMLElement}
   */
  more(slot) {
    void slot;
    const part = element(this.#page.document, "div", "hs-md-part");
    this.#into(this.#first, part);
    return part;
  }

  /** @param {HTMLElement} parent @param {HTMLElement} child */
  #into(parent, child) {
    const { element: notes } = this.#page.notes;
    parent.insertBefore(child, notes.parentNode === parent ? notes : null);
  }

  /** The view that is there for this child, or a new one in its place. @param {Block} node @param {number} index */
  #view(node, index) {
    const key = keyOf(node);
    const there = this.#open[index];
    if (there?.key === key) return there.view;
    this.#drop(index);
    const view = this.#page.viewOf(this.#page, node);
    this.#open.push({ key, view });
    if (this.#filled >= this.#most) {
      this.#slot = this.more(this.#slot);
      this.#filled = 0;
    }
    if (!view.elsewhere) this.#into(this.#slot, view.element);
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

/** Let go of what stands before a block that is done with; the one before is still its neighbour. @param {Block} child */
function forget(child) {
  if (!child._prev || !child._parent) return;
  child._prev._prev = null;
  child._parent._firstChild = child._prev;
}

/** What must be the same for a view to go on with another node in the same place. @param {Block} node */
function keyOf(node) {
  const { type, delimiter, bulletChar, start } = node._listData;
  if (node.type === "list") return `list ${type} ${delimiter} ${bulletChar} ${start}`;
  if (node.type === "footnote") return `footnote ${node._label}`;
  return node.type === "heading" ? `h${node.level}` : node.type;
}
