/**
 * Two answers side by side with what each has for itself marked, as a reading copy: the panes stay as they are.
 */

import { LONGEST, differences } from "./differences.js";
import { element, mark, say } from "./dom.js";
import { names } from "./ranking.js";

/** @typedef {import("./differences.js").Run} Run */
/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */

const SPACE_AFTER = /\s*$/u;

export class DifferencesView {
  #left;
  #right;
  #choice;
  #note;
  /** The panes compared, and what they were then. */
  #shown = "";
  /** Whether it was opened since it was last painted. */
  #opened = false;

  /**
   * @param {Document} document
   * @param {() => void} wake called when other answers are chosen
   */
  constructor(document, wake) {
    this.element = element(document, "section", "hs-differences", { role: "group", "aria-label": "Differences between two answers" });
    this.element.hidden = true;
    this.#left = new Side(document, "del", 0, wake);
    this.#right = new Side(document, "ins", 1, wake);
    this.#choice = element(document, "span", "hs-choice");
    this.#choice.append(this.#left.select, "and", this.#right.select);
    this.#note = element(document, "span", "hs-note");
    const head = element(document, "div", "hs-differences-head");
    head.append(this.#choice, this.#note);
    const columns = element(document, "div", "hs-columns");
    columns.append(this.#left.element, this.#right.element);
    this.element.append(head, columns);
  }

  get shown() {
    return !this.element.hidden;
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    this.#shown = "";
    this.#opened = this.shown;
  }

  /**
   * Compare afresh when opened, when others are chosen, and when one of the two has ended; not as they grow, for
   * a reader of the comparison would lose the place.
   * @param {PaneBuffer[]} panes
   */
  paint(panes) {
    if (!this.shown) return;
    const called = names(panes);
    this.#choice.hidden = panes.length < 3;
    this.#left.offer(called, this.#right.pane);
    this.#right.offer(called, this.#left.pane);
    const [a, b] = [panes[this.#left.pane], panes[this.#right.pane]];
    if (a === undefined || b === undefined) return;
    const moment = [this.#left.pane, this.#right.pane, fingerprint(a), fingerprint(b)].join();
    if (moment === this.#shown) return;
    this.#shown = moment;
    const found = differences(a.answer.text, b.answer.text);
    this.#left.paint(called, found.left);
    this.#right.paint(called, found.right);
    say(this.#note, note(a, b));
    if (this.#opened) this.element.scrollIntoView({ block: "nearest" }); // it opens below the answers
    this.#opened = false;
  }
}

/** One of the two texts. */
class Side {
  #document;
  #mark;
  #name;
  #text;

  /**
   * @param {Document} document
   * @param {"del" | "ins"} mark how its own words are marked
   * @param {number} pane which one to begin with
   * @param {() => void} wake
   */
  constructor(document, mark, pane, wake) {
    this.#document = document;
    this.#mark = mark;
    this.pane = pane;
    this.select = element(document, "select", "hs-select", { "aria-label": pane === 0 ? "Compare" : "with" });
    this.select.addEventListener("change", () => {
      this.pane = Number(this.select.value);
      wake();
    });
    this.#name = element(document, "div", "hs-side-name", { dir: "auto" });
    this.#text = element(document, "div", "hs-side-text", { tabindex: "0", role: "group", dir: "auto" });
    this.element = element(document, "div", "hs-side");
    this.element.append(this.#name, this.#text);
  }

  /**
   * @param {string[]} called the panes' names
   * @param {number} other the pane on the other side
   */
  offer(called, other) {
    for (const [i, name] of called.entries()) {
      const option = this.select.options[i] ?? this.select.appendChild(element(this.#document, "option", "", { value: String(i) }));
      say(option, name);
      option.disabled = i === other;
    }
    this.select.value = String(this.pane);
  }

  /**
   * @param {string[]} called
   * @param {Run[]} runs
   */
  paint(called, runs) {
    const name = called[this.pane] ?? "";
    say(this.#name, name);
    mark(this.#text, "aria-label", `Text of ${name}, its own words marked`);
    this.#text.replaceChildren(...runs.flatMap((run) => this.#drawn(run)));
  }

  /** @param {Run} run @returns {(Node | string)[]} */
  #drawn({ text, own }) {
    if (!own) return [text];
    const end = text.search(SPACE_AFTER); // a line under nothing would look like a word
    const marked = element(this.#document, this.#mark, "hs-own");
    marked.textContent = text.slice(0, end);
    return [marked, text.slice(end)];
  }
}

/** Changes when there is something new to compare. @param {PaneBuffer} pane */
function fingerprint({ live, answer }) {
  return live ? "live" : `${answer.epoch}:${answer.length}`;
}

/** @param {PaneBuffer} a @param {PaneBuffer} b */
function note(a, b) {
  const said = ["Underlined: words that only this answer has."];
  if (a.live || b.live) said.push("As of now; compared again when an answer ends.");
  if (Math.max(a.answer.length, b.answer.length) > LONGEST) said.push(`Only the first ${LONGEST / 1000} thousand characters are compared.`);
  return said.join(" ");
}
