/**
 * One view of a cell: its panes, painted at most once a frame, and a status line for people who listen.
 */

import { element, say } from "./dom.js";
import * as figures from "./figures.js";
import { Pane } from "./pane.js";
import { isLive } from "./protocol.js";

/** @typedef {import("./protocol.js").Cell} Cell */
/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */

/** The header's clock moves this often, in milliseconds. */
const TICK = 100;

export class View {
  #cell;
  #host;
  #window;
  #root;
  #status;
  /** @type {Pane[]} */
  #panes = [];
  #frame = 0;
  #ticking;

  /**
   * @param {Cell} cell
   * @param {HTMLElement} host
   */
  constructor(cell, host) {
    const document = host.ownerDocument;
    this.#cell = cell;
    this.#host = host;
    this.#window = /** @type {Window} */ (document.defaultView);
    this.#root = element(document, "div", "hs-cell");
    this.#status = element(document, "div", "hs-status", { role: "status", "aria-live": "polite" });
    this.#root.append(this.#status);
    host.append(this.#root);
    this.#ticking = this.#window.setInterval(() => this.#tick(), TICK);
    this.wake();
  }

  /** There is news: paint it in the next frame. Cheap, and may be called any number of times. */
  wake() {
    this.#frame ||= this.#window.requestAnimationFrame(() => this.#paint());
  }

  close() {
    this.#window.clearInterval(this.#ticking);
    this.#window.cancelAnimationFrame(this.#frame);
    this.#root.remove();
  }

  #paint() {
    this.#frame = 0;
    const now = this.#window.performance.now();
    for (const [index, buffer] of this.#cell.panes.entries()) this.#pane(index).paint(buffer, now);
    say(this.#status, this.#cell.panes.map(spoken).filter(Boolean).join(". "));
  }

  #tick() {
    const now = this.#window.performance.now();
    for (const [index, pane] of this.#panes.entries()) {
      const buffer = this.#cell.panes[index];
      if (buffer && isLive(buffer.state?.status)) pane.tick(buffer, now);
    }
  }

  /**
   * @param {number} index
   * @returns {Pane}
   */
  #pane(index) {
    while (this.#panes.length <= index) {
      const pane = new Pane(this.#host.ownerDocument);
      this.#panes.push(pane);
      this.#root.insertBefore(pane.element, this.#status);
    }
    return /** @type {Pane} */ (this.#panes[index]);
  }
}

/**
 * One sentence on a pane, which changes with its status only: a listener is not told every token.
 * @param {PaneBuffer} buffer
 */
function spoken(buffer) {
  const state = buffer.state;
  if (state === null) return "";
  if (!isLive(state.status)) return `${state.model}: ${state.status}, ${figures.words(buffer.text)}`;
  return `${state.model} is ${state.status === "streaming" ? "answering" : state.status}`;
}
