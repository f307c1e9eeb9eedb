/**
 * One view of a cell: its panes, painted at most once a frame, and a status line for people who listen.
 */

import { DifferencesView } from "./differences_view.js";
import { element, mark, say } from "./dom.js";
import * as figures from "./figures.js";
import { keepPlace } from "./focus.js";
import { keepKeys } from "./keys.js";
import { Pane } from "./pane.js";
import { names } from "./ranking.js";
import { Strip } from "./strip.js";

/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./protocol.js").Cell} Cell */
/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */

/** The header's clock moves this often, in milliseconds. */
const TICK = 100;

/** What a frame may spend on new text, in milliseconds; the rest waits for the next. */
const BUDGET = 8;

/** Text is added in slices of so many UTF-16 units, so that the budget can be kept. */
const SLICE = 2_048;

export class View {
  #cell;
  #link;
  #document;
  #window;
  #root;
  #strip;
  #grid;
  #differences;
  #status;
  #giveKeysBack;
  #keepPlace;
  /** @type {Pane[]} */
  #panes = [];
  #frame = 0;
  #ticking = 0;
  #painted = 0;
  #paintedAt = 0;
  /** Which pane is the first to show new text. */
  #turn = 0;
  /** What listeners were told last of each pane. @type {string[]} */
  #told = [];
  /** What they are to be told next. @type {string[]} */
  #news = [];

  /**
   * @param {Cell} cell
   * @param {Link} link
   * @param {HTMLElement} host
   */
  constructor(cell, link, host) {
    const document = host.ownerDocument;
    this.#cell = cell;
    this.#link = link;
    this.#document = document;
    this.#window = /** @type {Window} */ (document.defaultView);
    this.#root = element(document, "div", "hs-cell", { role: "region", "aria-label": "Answers" });
    this.#giveKeysBack = keepKeys(this.#root);
    this.#keepPlace = keepPlace(this.#root);
    const wake = () => this.wake();
    this.#differences = new DifferencesView(document, wake);
    this.#strip = new Strip(document, {
      stop: () => {
        link.press(null, "stop", this.#now);
        wake();
      },
      compare: () => {
        this.#differences.toggle();
        wake();
      },
    });
    this.#grid = element(document, "div", "hs-grid");
    this.#status = element(document, "div", "hs-status hs-unseen", { role: "status", "aria-live": "polite" });
    this.#root.append(this.#strip.element, this.#grid, this.#differences.element, this.#status);
    host.append(this.#root);
    this.wake();
  }

  /** There is news: paint it in the next frame. Cheap, and may be called any number of times. */
  wake() {
    this.#frame ||= this.#window.requestAnimationFrame(() => this.#paint());
  }

  close() {
    this.#window.clearInterval(this.#ticking);
    this.#window.clearTimeout(this.#painted);
    this.#window.cancelAnimationFrame(this.#frame);
    this.#giveKeysBack();
    this.#root.remove();
    this.#keepPlace();
  }

  /** First everything is written, then the page is measured: mixed, each pane would lay the page out again. */
  #paint() {
    this.#frame = 0;
    const { panes } = this.#cell;
    const shown = panes.map((buffer, index) => this.#pane(index, buffer));
    mark(this.#grid, "data-panes", String(panes.length));
    this.#paintTexts(shown);
    const called = names(panes);
    for (const [index, pane] of shown.entries()) {
      pane.paintState(called[index] ?? "");
      pane.tick(this.#now);
    }
    this.#strip.paint(panes, this.#link, this.#differences.shown);
    this.#differences.paint(panes);
    this.#tell();
    for (const pane of shown) pane.follow();
    if (!shown.every((pane) => pane.settled)) this.wake();
    else this.#painted = this.#window.setTimeout(() => this.#link.painted(this.#now)); // when the frame is on the screen
    this.#paintedAt = this.#now;
    this.#ticking ||= this.#window.setInterval(() => this.#tick(), TICK);
  }

  /**
   * All new text, or as much of it as a frame may take: a slice of each pane in turn. Who had no turn is first in
   * the next frame.
   * @param {Pane[]} panes
   */
  #paintTexts(panes) {
    const end = this.#now + BUDGET;
    const waiting = [...panes.slice(this.#turn), ...panes.slice(0, this.#turn)];
    for (let pane = waiting.shift(); pane !== undefined; pane = waiting.shift()) {
      if (pane.paintText(SLICE)) waiting.push(pane);
      this.#turn = Math.max(0, panes.indexOf(/** @type {Pane} */ (waiting[0])));
      if (this.#now >= end) break;
    }
  }

  #tick() {
    if (this.#link.beat(this.#now)) this.wake();
    if (this.#now - this.#paintedAt >= TICK) this.#tickPanes();
    if (this.#link.restless) return;
    this.#window.clearInterval(this.#ticking);
    this.#ticking = 0;
  }

  /** A frame between two of the text would cost as much as they do. */
  #tickPanes() {
    for (const [index, pane] of this.#panes.entries()) if (this.#cell.panes[index]?.live) pane.tick(this.#now);
  }

  /** Tell listeners what has changed, in one sentence a pane: a change of status, not every token. */
  #tell() {
    for (const [index, buffer] of this.#cell.panes.entries()) {
      const sentence = spoken(buffer, this.#link.presses.told(index));
      if (sentence && sentence !== this.#told[index]) this.#news.push(sentence);
      this.#told[index] = sentence || (this.#told[index] ?? "");
    }
    if (this.#news.length > 0) say(this.#status, this.#news.join(". "));
    this.#news = [];
  }

  /**
   * @param {number} index
   * @param {PaneBuffer} buffer
   * @returns {Pane}
   */
  #pane(index, buffer) {
    const there = this.#panes[index];
    if (there !== undefined) return there;
    const pane = new Pane(this.#document, index, buffer, this.#link, {
      wake: () => this.wake(),
      announce: (sentence) => {
        this.#news.push(sentence);
        this.wake();
      },
    });
    this.#panes.push(pane);
    this.#grid.append(pane.element);
    return pane;
  }

  get #now() {
    return this.#window.performance.now();
  }
}

/** What a listener is told of the steps to an answer. @type {Partial<Record<import("./protocol.js").Status, string>>} */
const STEPS = { streaming: "is answering", starting: "is starting", waiting: "is waiting to try again" };

/**
 * One sentence on a pane; "" for what need not be said.
 * @param {PaneBuffer} buffer
 * @param {string} press what became of the last press
 */
function spoken({ state, answer, live }, press) {
  if (state === null) return "";
  if (press) return press;
  if (!live) return `${state.model}: ${state.status}, ${figures.characters(answer.length)}`;
  const step = STEPS[state.status];
  return step ? `${state.model} ${step}` : "";
}
