/**
 * One pane: a quiet line of facts over the text of one model's answer, and what can be done with it.
 */

import { copy } from "./clipboard.js";
import { Controls } from "./controls.js";
import { element, mark, say } from "./dom.js";
import * as figures from "./figures.js";
import { MarkdownText } from "./markdown_text.js";
import { Reasoning } from "./reasoning.js";
import { Shape } from "./shapes.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("./button.js").Button} Button */
/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */
/** @typedef {import("./protocol.js").State} State */
/** @typedef {import("./protocol.js").Status} Status */

/** What stands in the body until the first text. @type {Partial<Record<Status, string>>} */
const HINTS = {
  queued: "Waiting for a free place…",
  starting: "Starting the embedded gateway…",
  connecting: "Connecting…",
  waiting: "Waiting to try again…",
  streaming: "Waiting for the first words…",
};

/** Without a word from the kernel for so long, the header stops ticking and says so. Milliseconds. */
const SILENCE = 20_000;

export class Pane {
  #buffer;
  #link;
  #index;
  #announce;
  #document;
  #controls;
  #reasoning;
  #sheet;
  #folded = false;
  #followed = false;

  /**
   * @param {Document} document
   * @param {number} index
   * @param {PaneBuffer} buffer
   * @param {Link} link
   * @param {{ wake: () => void, announce: (sentence: string) => void }} view
   */
  constructor(document, index, buffer, link, { wake, announce }) {
    this.#buffer = buffer;
    this.#link = link;
    this.#index = index;
    this.#announce = announce;
    this.#document = document;
    this.element = element(document, "section", "hs-pane", { role: "group", "aria-busy": "true" });
    this.shape = new Shape(document, "queued");
    this.model = element(document, "span", "hs-model", { dir: "auto" });
    this.served = element(document, "span", "hs-served", { dir: "auto" });
    this.word = element(document, "span", "hs-word");
    this.figures = element(document, "span", "hs-figures");
    this.elapsed = this.#figure("Time since the cell began");
    this.tokens = this.#figure("Tokens, in → out; ~ is an estimate");
    this.rate = this.#figure("Output tokens per second; ~ is an estimate");
    this.first = this.#figure("Time to the first token");
    this.cost = this.#figure("Cost, in US dollars");

    this.#reasoning = new Reasoning(document, buffer);
    this.#sheet = new Sheet(document, buffer.answer, new MarkdownText(document, "hs-text", announce));
    this.hint = element(document, "div", "hs-hint");
    this.#sheet.box.append(this.hint);
    this.message = element(document, "div", "hs-message", { dir: "auto" });

    const press = (/** @type {import("./protocol.js").Action} */ action) => {
      link.press(index, action, this.#now());
      wake();
    };
    const fold = () => {
      this.#folded = !this.#folded;
      wake();
    };
    this.#controls = new Controls(document, { press, fold, copy: (button) => this.#copy(button) }, this.#sheet.box);
    const facts = element(document, "div", "hs-facts");
    facts.append(this.word, this.served, this.figures);
    const head = element(document, "header", "hs-head");
    head.append(this.shape.element, this.model, facts, this.#controls.tools);
    this.end = element(document, "div", "hs-end");
    this.end.append(this.message, this.#controls.foot);
    const body = element(document, "div", "hs-body");
    body.append(this.#reasoning.element, this.#sheet.element, this.end);
    this.element.append(head, body);
  }

  /**
   * Show more of what has come.
   * @param {number} most about how much text, in UTF-16 units
   * @returns {boolean} whether there is still more
   */
  paintText(most) {
    const { live } = this.#buffer;
    const reasoning = this.#reasoning.sheet.paint(most, live);
    const answer = this.#sheet.paint(most, live);
    return reasoning || answer;
  }

  /** Whether all text that has come is in the page. */
  get settled() {
    return this.#reasoning.sheet.settled && this.#sheet.settled;
  }

  /**
   * Show where the answer stands.
   * @param {string} name what to call it among the others
   */
  paintState(name) {
    const { state, answer, live } = this.#buffer;
    if (state === null) return;
    mark(this.element, "data-status", state.status);
    mark(this.element, "data-chosen", state.chosen ? "" : null);
    mark(this.element, "data-folded", this.#folded ? "" : null);
    mark(this.element, "aria-busy", String(live));
    mark(this.element, "aria-label", `Answer of ${name}`);
    mark(this.#sheet.box, "aria-label", `Text of ${name}`);
    mark(this.figures, "aria-hidden", live ? "true" : null); // they would be read out at every tick
    this.shape.show(state.status);
    say(this.model, name);
    say(this.served, state.model_served === null || state.model_served === state.model ? "" : state.model_served);
    say(this.tokens, figures.tokens(state.input_tokens, state.output_tokens, state.output_estimated));
    say(this.rate, figures.rate(state.tokens_per_s, state.output_estimated));
    say(this.first, state.ttft_s === null ? "" : `first token ${figures.duration(state.ttft_s)}`);
    say(this.cost, state.cost ?? "");
    say(this.message, state.message ?? "");
    const wordless = answer.length === 0 && this.#buffer.reasoning.length === 0;
    say(this.hint, wordless && live && !state.message ? (HINTS[state.status] ?? "") : "");
    this.#reasoning.paint(this.#buffer, name);
    const { presses, heard } = this.#link;
    this.#controls.paint(state, {
      live,
      heard,
      empty: answer.length === 0,
      note: presses.note(this.#index),
      isPending: (action) => presses.isPending(this.#index, action),
      folded: this.#folded,
    });
    this.end.hidden = !state.message && this.#controls.foot.hidden;
  }

  /**
   * Let the elapsed time go on, between two messages.
   * @param {number} now
   */
  tick(now) {
    const { state, stateAt, live } = this.#buffer;
    if (state === null) return;
    const silent = now - stateAt;
    const lost = live && silent > SILENCE;
    const since = live && !lost ? silent / 1000 : 0;
    say(this.elapsed, figures.duration(state.elapsed_s === null ? null : state.elapsed_s + since));
    say(this.word, lost ? `${state.status}? no word from the kernel` : state.status);
    mark(this.element, "data-lost", lost ? "" : null);
  }

  /** Keep the end in sight as it moves. It measures the page: call it when every pane is painted. */
  follow() {
    this.#followed ||= this.#buffer.live;
    if (!this.#followed) return; // whoever opens a finished answer reads it from its beginning
    this.#reasoning.sheet.follow();
    this.#sheet.follow();
  }

  /** @param {Button} button */
  async #copy(button) {
    const { answer, state } = this.#buffer;
    if (await copy(this.#document, answer.text)) {
      button.tell("Copied", "copied");
      this.#announce(`Copied the answer of ${state?.model}`);
    } else {
      this.#document.getSelection()?.selectAllChildren(this.#sheet.box);
      this.#announce("Copying is not allowed here. The answer is selected: press Ctrl+C.");
    }
  }

  /** @param {string} title */
  #figure(title) {
    const figure = element(this.#document, "span", "hs-figure", { title, dir: "ltr" });
    this.figures.append(figure);
    return figure;
  }

  #now() {
    return /** @type {Window} */ (this.#document.defaultView).performance.now();
  }
}
