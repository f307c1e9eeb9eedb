/**
 * One pane: a quiet line of facts over the text of one model's answer.
 */

import { element, mark, say } from "./dom.js";
import * as figures from "./figures.js";
import { Follow } from "./follow.js";
import { PlainText } from "./plain.js";
import { isLive } from "./protocol.js";
import { Shape } from "./shapes.js";

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
  #document;
  #body;
  #follow;
  #epoch = 0;
  #painted = 0;

  /** @param {Document} document */
  constructor(document) {
    this.#document = document;
    this.element = element(document, "section", "hs-pane", { role: "group", "aria-busy": "true" });
    this.shape = new Shape(document);
    this.model = element(document, "span", "hs-model", { dir: "auto" });
    this.served = element(document, "span", "hs-served", { dir: "auto" });
    this.word = element(document, "span", "hs-word");
    this.figures = element(document, "span", "hs-figures");
    this.elapsed = this.#figure("elapsed");
    this.tokens = this.#figure("tokens, in → out; ~ is an estimate");
    this.rate = this.#figure("output tokens per second");
    this.first = this.#figure("time to the first token");
    this.cost = this.#figure("cost, in US dollars");
    this.stop = element(document, "span", "hs-stop");
    const head = element(document, "header", "hs-head");
    head.append(this.shape.element, this.model, this.served, this.word, this.figures, this.stop);

    this.#body = new PlainText(document);
    this.hint = element(document, "div", "hs-hint");
    this.box = element(document, "div", "hs-box", { tabindex: "0", role: "group" });
    this.box.append(this.#body.element, this.hint);
    keepScrollKeys(this.box);

    this.latest = element(document, "button", "hs-latest", { type: "button" });
    this.latest.textContent = "↓ Jump to latest";
    this.latest.hidden = true;
    this.latest.addEventListener("click", () => {
      this.#follow.jump();
      this.box.focus({ preventScroll: true });
    });
    this.#follow = new Follow(this.box, (pinned) => {
      this.latest.hidden = pinned;
    });
    const reading = element(document, "div", "hs-reading");
    reading.append(this.box, this.latest);

    this.message = element(document, "div", "hs-message", { dir: "auto" });
    this.element.append(head, reading, this.message);
  }

  /**
   * Show what has come since the last time.
   * @param {PaneBuffer} buffer
   * @param {number} now
   */
  paint(buffer, now) {
    this.#paintText(buffer);
    this.#paintState(buffer);
    this.tick(buffer, now);
  }

  /**
   * Let the elapsed time go on, between two messages.
   * @param {PaneBuffer} buffer
   * @param {number} now
   */
  tick({ state, stateAt }, now) {
    if (state === null) return;
    const silent = now - stateAt;
    const live = isLive(state.status);
    const lost = live && silent > SILENCE;
    const since = live && !lost ? silent / 1000 : 0;
    say(this.elapsed, figures.duration(state.elapsed_s === null ? null : state.elapsed_s + since));
    say(this.word, lost ? `${state.status}? no word from the kernel` : state.status);
    mark(this.element, "data-lost", lost ? "" : null);
  }

  /** @param {PaneBuffer} buffer */
  #paintText(buffer) {
    if (buffer.epoch !== this.#epoch) {
      this.#body.clear();
      this.#epoch = buffer.epoch;
      this.#painted = 0;
    }
    if (buffer.parts.length === this.#painted) return;
    this.#body.append(buffer.parts.slice(this.#painted).join(""));
    this.#painted = buffer.parts.length;
    this.#follow.toEnd();
  }

  /** @param {PaneBuffer} buffer */
  #paintState({ state, length }) {
    if (state === null) return;
    const live = isLive(state.status);
    mark(this.element, "data-status", state.status);
    mark(this.element, "aria-busy", String(live));
    mark(this.element, "aria-label", `Answer of ${state.model}`);
    mark(this.box, "aria-label", `Text of ${state.model}`);
    mark(this.figures, "aria-hidden", live ? "true" : null); // they would be read out at every tick
    this.shape.show(state.status);
    say(this.model, state.model);
    say(this.served, state.model_served === null || state.model_served === state.model ? "" : state.model_served);
    say(this.tokens, figures.tokens(state.input_tokens, state.output_tokens, state.output_estimated));
    say(this.rate, figures.rate(state.tokens_per_s, state.output_estimated));
    say(this.first, state.ttft_s === null ? "" : `first token ${figures.duration(state.ttft_s)}`);
    say(this.cost, state.cost ?? "");
    say(this.stop, live ? (state.stop_hint ?? "") : "");
    say(this.message, state.message ?? "");
    say(this.hint, length === 0 && live && !state.message ? (HINTS[state.status] ?? "") : "");
  }

  /** @param {string} title */
  #figure(title) {
    const figure = element(this.#document, "span", "hs-figure", { title });
    this.figures.append(figure);
    return figure;
  }
}

/**
 * A box reached by keyboard scrolls by its keys; JupyterLab would take them for its own. Reached by mouse it
 * leaves Lab's shortcuts alone: whoever clicks into a text and presses Ctrl+S means the notebook.
 * @param {HTMLElement} box
 */
function keepScrollKeys(box) {
  box.addEventListener("focus", () => {
    if (box.matches(":focus-visible")) box.setAttribute("data-lm-suppress-shortcuts", "true");
  });
  box.addEventListener("blur", () => box.removeAttribute("data-lm-suppress-shortcuts"));
}
