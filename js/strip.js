/**
 * The line over several answers: which came first, fastest, cheapest, longest; and what is done to all.
 */

import { Button } from "./button.js";
import { element, mark, say } from "./dom.js";
import { names, ranks } from "./ranking.js";

/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */

export class Strip {
  #document;
  #list;
  /** Its entries, by what they rank. @type {Map<string, [HTMLElement, HTMLElement]>} */
  #ranks = new Map();
  #note;
  #stop;
  #compare;

  /**
   * @param {Document} document
   * @param {{ stop: () => void, compare: () => void }} does
   */
  constructor(document, does) {
    this.#document = document;
    this.element = element(document, "div", "hs-strip", { role: "group", "aria-label": "Comparison" });
    this.element.hidden = true;
    this.#list = element(document, "div", "hs-ranks", { role: "list" });
    this.#note = element(document, "span", "hs-note");
    this.#compare = new Button(document, "differences", "Differences", does.compare);
    this.#compare.says("Differences", "Show two answers side by side, their own words underlined");
    this.#stop = new Button(document, "stop", "Stop all", does.stop);
    const tools = element(document, "span", "hs-tools");
    tools.append(this.#note, this.#compare.element, this.#stop.element);
    this.element.append(this.#list, tools);
  }

  /**
   * @param {PaneBuffer[]} panes
   * @param {Link} link
   * @param {boolean} comparing
   */
  paint(panes, { heard, presses }, comparing) {
    this.element.hidden = panes.length < 2;
    if (panes.length < 2) return;
    this.#paintRanks(panes);
    const stoppable = panes.filter((pane) => pane.state?.actions.stop !== undefined).length;
    const stopping = presses.isPending(null, "stop");
    this.#stop.show(heard && stoppable > 1);
    this.#stop.busy(stopping);
    this.#stop.says(stopping ? "stopping…" : "Stop all", "Stop every answer that is under way; what came is kept");
    this.#compare.show(panes.filter((pane) => pane.answer.length > 0).length > 1);
    mark(this.#compare.element, "aria-pressed", String(comparing));
    say(this.#note, presses.note(null));
  }

  /** @param {PaneBuffer[]} panes */
  #paintRanks(panes) {
    const called = names(panes);
    for (const { what, panes: best, value } of ranks(panes)) {
      const [name, figure] = this.#entry(what);
      say(name, best.map((i) => called[i]).join(", "));
      say(figure, value);
    }
  }

  /** @param {string} what @returns {[HTMLElement, HTMLElement]} where the names and the figure stand */
  #entry(what) {
    const there = this.#ranks.get(what);
    if (there !== undefined) return there;
    const [name, figure] = [element(this.#document, "span", "hs-rank-name", { dir: "auto" }), element(this.#document, "span", "hs-rank-value", { dir: "ltr" })];
    const entry = element(this.#document, "div", "hs-rank", { role: "listitem" });
    entry.append(`${what} `, name, " ", figure);
    this.#list.append(entry);
    this.#ranks.set(what, /** @type {[HTMLElement, HTMLElement]} */ ([name, figure]));
    return [name, figure];
  }
}
