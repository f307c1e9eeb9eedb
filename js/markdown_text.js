/**
 * The body of a pane as rendered Markdown, with a button to copy on each block of code.
 */

import { Button } from "./button.js";
import { copy } from "./clipboard.js";
import { element } from "./dom.js";
import { StreamedMarkdown } from "./markdown/stream.js";

/** What one piece of text may take of a frame, in milliseconds: there may be several answers in one cell. */
const BUDGET = 4;

export class MarkdownText {
  #markdown;
  #announce;

  /**
   * @param {Document} document
   * @param {string} className
   * @param {(sentence: string) => void} announce
   */
  constructor(document, className, announce) {
    this.#announce = announce;
    this.element = element(document, "div", className);
    this.#markdown = new StreamedMarkdown(this.element, { budget: BUDGET, onCode: (_, text, bar) => bar.append(this.#copier(text)) });
  }

  /** Whether all that was appended is in the page. */
  get settled() {
    return this.#markdown.settled;
  }

  /** @param {string} text */
  append(text) {
    this.#markdown.append(text);
  }

  clear() {
    this.#markdown.replace("");
  }

  end() {
    this.#markdown.end();
  }

  /** @param {() => string} text the code, as it is when the button is pressed */
  #copier(text) {
    const { ownerDocument: document } = this.element;
    const press = async () => {
      const copied = await copy(document, text());
      if (copied) button.tell("Copied", "copied");
      this.#announce(copied ? "Copied the code" : "Copying is not allowed here. Select the code and press Ctrl+C.");
    };
    const button = new Button(document, "copy", "Copy code", press, { quiet: true });
    button.says("Copy code", "Copy this block of code");
    return button.element;
  }
}
