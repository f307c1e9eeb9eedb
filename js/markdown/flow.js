/**
 * The text of one paragraph, heading or cell in its element.
 *
 * A text beyond all measure is parsed in pieces, cut where nothing is open: what stands before a cut is done with.
 * Where the cuts fall depends on the text alone, not on how it came.
 */

import { patch } from "./patch.js";
import { spans } from "./spans.js";
import { parseOpen } from "./tail.js";

/** @typedef {import("./patch.js").Spec} Spec */
/** @typedef {import("./page.js").Page} Page */
/**
 * open: more may come, so what is begun is completed for the time being. ended: as it stands, but more may come.
 * sealed: nothing comes any more.
 * @typedef {"open" | "ended" | "sealed"} Stage
 */

const PIECE = 4096;
const LIMIT = 2 * PIECE;
/** Cuts tried, so far apart. */
const STEP = PIECE / 4;

export class Flow {
  #element;
  #page;
  #before;
  #text = "";
  /** So much of the text, and so many nodes, are done with. */
  #from = 0;
  #kept = 0;

  /**
   * @param {HTMLElement} element
   * @param {Page} page
   * @param {Spec[]} [before] what stands before the text
   */
  constructor(element, page, before = []) {
    this.#element = element;
    this.#page = page;
    this.#before = before;
  }

  /**
   * @param {string} text
   * @param {Stage} stage
   * @param {Spec[]} [before]
   */
  show(text, stage, before = this.#before) {
    this.#text = text.trim();
    this.#before = before;
    this.#fill(stage);
  }

  /** @param {Stage} stage */
  #fill(stage) {
    const { references } = this.#page.blocks;
    const missed = references.missedBy(() => {
      for (let cut = this.#cut(); cut > 0; cut = this.#cut()) {
        const piece = this.#text.slice(this.#from, cut);
        this.#put([...this.#parsed(piece, "sealed"), this.#text[cut] ?? ""]);
        this.#kept = this.#element.childNodes.length;
        this.#from = cut + 1;
      }
      this.#put(this.#parsed(this.#text.slice(this.#from), stage));
    });
    if (missed.size > 0 && (stage === "sealed" || this.#kept > 0)) references.await(missed, () => this.#again(stage));
  }

  /** A name has been defined that this text uses. @param {Stage} stage */
  #again(stage) {
    this.#from = this.#kept = 0;
    this.#fill(stage);
  }

  /** @param {Spec[]} specs */
  #put(specs) {
    patch(this.#element, this.#kept === 0 ? [...this.#before, ...specs] : specs, this.#kept);
  }

  /** @param {string} text @param {Stage} stage */
  #parsed(text, stage) {
    const { inlines } = this.#page.blocks;
    return spans(stage === "open" ? parseOpen(text, inlines) : inlines.parse(text), this.#page.around(stage === "sealed"));
  }

  /** The white space at which the next piece ends; 0 if there is none yet. */
  #cut() {
    const from = this.#from;
    if (this.#text.length - from <= LIMIT) return 0;
    let last = 0;
    for (let goal = from + PIECE; goal < from + LIMIT; goal += STEP) {
      const at = breakBefore(this.#text, goal, goal - STEP);
      if (at === 0) continue;
      last = at;
      this.#page.blocks.inlines.parse(this.#text.slice(from, at));
      if (!this.#page.blocks.inlines.isOpen) return at;
    }
    return last;
  }
}

/**
 * The last single white space between two places of a text, or 0.
 * @param {string} text
 * @param {number} end
 * @param {number} from
 */
function breakBefore(text, end, from) {
  for (let at = end; at > from; at -= 1) {
    if (/[ \n]/.test(text[at] ?? "") && /[^\s\\]/.test(text[at - 1] ?? "") && /\S/.test(text[at + 1] ?? "")) return at;
  }
  return 0;
}
