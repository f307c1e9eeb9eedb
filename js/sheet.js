/**
 * A growing text in a box that scrolls by itself, with its end kept in sight.
 */

import { Button } from "./button.js";
import { element } from "./dom.js";
import { Follow } from "./follow.js";
import { Reader } from "./growing_text.js";

/**
 * What shows a text: it is only ever told what is added, and when no more is expected. `settled`: nothing of it was
 * left for later.
 * @typedef {{ element: Element, settled: boolean, append: (text: string) => void, end: () => void, clear: () => void }} Body
 */

export class Sheet {
  #body;
  #reader;
  #follow;
  #ended = false;

  /**
   * @param {Document} document
   * @param {import("./growing_text.js").GrowingText} text
   * @param {Body} body
   */
  constructor(document, text, body) {
    this.#body = body;
    this.#reader = new Reader(text);
    this.box = element(document, "div", "hs-box", { tabindex: "0", role: "group" });
    this.box.append(body.element);
    const latest = new Button(
      document,
      "latest",
      "newest",
      () => {
        this.#follow.jump();
        this.box.focus({ preventScroll: true });
      },
      { className: "hs-latest" },
    );
    latest.says("newest", "Go to the end, and follow it");
    latest.show(false);
    this.#follow = new Follow(this.box, (pinned) => latest.show(!pinned));
    this.element = element(document, "div", "hs-reading");
    this.element.append(this.box, latest.element);
  }

  /**
   * Show more of the text.
   * @param {number} most about how much, in UTF-16 units
   * @param {boolean} live whether more is to come
   * @returns {boolean} whether there is still more
   */
  paint(most, live) {
    if (this.#reader.startsAfresh()) this.#body.clear();
    const more = this.#reader.read(most);
    if (more) {
      this.#body.append(more);
      this.#ended = false;
    }
    if (!live && !this.#ended && !this.#reader.behind) {
      this.#body.end();
      this.#ended = true;
    }
    return this.#reader.behind;
  }

  /** Whether all that has come is in the page. */
  get settled() {
    return !this.#reader.behind && this.#body.settled;
  }

  /** Keep the end in sight. It measures the page: call it when everything is painted. */
  follow() {
    this.#follow.toEnd();
  }
}
