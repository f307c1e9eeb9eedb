/**
 * A button that says what it does, and at once that it was pressed.
 */

import { element, mark, say } from "./dom.js";
import { Shape } from "./shapes.js";

/** @typedef {import("./shapes.js").Control} Control */

/** How long a button tells of what it has done, in milliseconds. */
const TELLING = 1_600;

export class Button {
  #label;
  #shape;
  #telling = 0;

  /**
   * @param {Document} document
   * @param {Control} shape
   * @param {string} label
   * @param {(event: Event) => void} press
   * @param {{ quiet?: boolean, className?: string }} [looks] `quiet`: a shape alone; its label is for listeners
   */
  constructor(document, shape, label, press, { quiet = false, className = "" } = {}) {
    this.element = element(document, "button", `hs-button ${quiet ? "hs-quiet" : ""} ${className}`.trim(), { type: "button" });
    this.#shape = new Shape(document, shape);
    this.#label = element(document, "span", "hs-label");
    this.element.append(this.#shape.element, this.#label);
    this.element.addEventListener("click", (event) => {
      if (this.element.getAttribute("aria-disabled") !== "true") press(event);
    });
    say(this.#label, label);
  }

  /** @param {string} label @param {string} title what it does and costs */
  says(label, title) {
    if (this.#telling) return;
    say(this.#label, label);
    mark(this.element, "title", title || null);
  }

  /** @param {Control} shape */
  looks(shape) {
    if (!this.#telling) this.#shape.show(shape);
  }

  /**
   * Not to be pressed now. It keeps the focus: a `disabled` button would lose it, in VS Code to the window.
   * @param {boolean} busy
   */
  busy(busy) {
    mark(this.element, "aria-disabled", busy ? "true" : null);
  }

  /** @param {boolean} shown */
  show(shown) {
    if (this.element.hidden === shown) this.element.hidden = !shown;
  }

  /**
   * Tell for a moment what was done.
   * @param {string} done
   * @param {Control} shape
   */
  tell(done, shape) {
    const window = /** @type {Window} */ (this.element.ownerDocument.defaultView);
    const [label, looks] = [this.#label.textContent ?? "", this.#shape.name];
    if (this.#telling) return;
    say(this.#label, done);
    this.#shape.show(shape);
    this.#telling = window.setTimeout(() => {
      this.#telling = 0;
      say(this.#label, label);
      this.#shape.show(looks);
    }, TELLING);
  }
}
