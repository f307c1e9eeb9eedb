/**
 * What a model thought before its answer: open while there is nothing else to read, folded when the answer
 * begins, and then as the reader left it.
 */

import { element, mark, say } from "./dom.js";
import * as figures from "./figures.js";
import { PlainText } from "./plain.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */

export class Reasoning {
  #amount;
  #byHand = false;
  /** Put in when there is something to read: most models do not think aloud. */
  #parts;

  /**
   * @param {Document} document
   * @param {PaneBuffer} buffer
   */
  constructor(document, buffer) {
    this.sheet = new Sheet(document, buffer.reasoning, new PlainText(document, "hs-thought"));
    this.element = element(document, "details", "hs-reasoning");
    this.element.hidden = true;
    const summary = element(document, "summary", "hs-summary", { title: "What the model wrote before its answer" });
    summary.addEventListener("click", () => {
      this.#byHand = true;
    });
    this.#amount = element(document, "bdi", "hs-amount");
    summary.append("Reasoning", this.#amount);
    this.#parts = [summary, this.sheet.element];
  }

  /**
   * @param {PaneBuffer} buffer
   * @param {string} name what the pane is called
   */
  paint({ reasoning, answer, state, live }, name) {
    if (reasoning.length === 0 && this.element.hidden) return;
    if (this.element.childElementCount === 0) this.element.append(...this.#parts);
    this.element.hidden = reasoning.length === 0;
    const thinking = live && answer.length === 0;
    if (!this.#byHand && this.element.open !== thinking) this.element.open = thinking;
    mark(this.sheet.box, "aria-label", `Reasoning of ${name}`);
    say(this.#amount, amount(reasoning.length, state?.reasoning_tokens ?? null));
  }
}

/**
 * @param {number} characters
 * @param {number | null} tokens
 */
function amount(characters, tokens) {
  return tokens === null ? figures.characters(characters) : `${figures.integer(tokens)} tokens`;
}
