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
/** So much of an open text is parsed again each time, or twice that. */
const TAIL = 512;

export class Flow {
  #element;
  #page;
  /** @type {Spec[]} */
  #before = [];
  /** @type {Stage} */
  #stage = "open";
  #text = "";
  /** So much of the text, and so many nodes, are done with. */
  #from = 0;
  #kept = 0;
  /** So much is done with until the text is whole. */
  #safe = 0;
  #safeKept = 0;

  /**
   * @param {HTMLElement} element
   * @param {Page} page
   */
  constructor(element, page) {
    this.#element = element;
    this.#page = page;
  }

  /**
   * @param {string} text
   * @param {Stage} stage
   * @param {Spec[]} before what stands before the text
   */
  show(text, stage, before) {
    this.#text = text.trim();
    this.#stage = stage;
    this.#before = before;
    this.#fill();
  }

  #fill() {
    const { references } = this.#page.blocks;
    const missed = references.missedBy(() => {
      if (this.#stage !== "open") this.#unsettle();
      this.#freeze();
      if (this.#stage === "open") this.#settle();
      this.#put(this.#parsed(this.#text.slice(this.#safe), this.#stage), this.#safeKept);
    });
    if (missed.size > 0 && (this.#stage === "sealed" || this.#safe > 0)) references.await(missed, this.#again);
  }

  /** A name has been defined that this text uses. */
  #again = () => {
    this.#from = this.#kept = this.#safe = this.#safeKept = 0;
    this.#element.normalize();
    this.#fill();
  };

  /** Be done for good with pieces of a text beyond all measure. */
  #freeze() {
    for (let cut = this.#cut(); cut > 0; cut = this.#cut()) {
      this.#unsettle();
      // In a box of its own: a page lays out all of a paragraph when its end changes.
      const children = this.#piece(this.#from, cut);
      this.#put([{ tag: "span", attributes: { class: "hs-md-piece" }, children }], this.#kept);
      this.#safe = this.#from = this.#endOf(cut);
      this.#safeKept = this.#kept = this.#element.childNodes.length;
    }
  }

  /** Be done for now with what nothing that follows is likely to change. */
  #settle() {
    if (this.#text.length - this.#safe < 2 * TAIL) return;
    const cut = breakBefore(this.#text, this.#text.length - TAIL / 4, this.#text.length - TAIL);
    if (cut === 0 || !this.#closedBefore(this.#safe, cut)) return;
    this.#put(this.#piece(this.#safe, cut), this.#safeKept);
    this.#safe = this.#endOf(cut);
    this.#safeKept = this.#element.childNodes.length;
  }

  #unsettle() {
    if (this.#safe > this.#from) this.#element.normalize();
    this.#safe = this.#from;
    this.#safeKept = this.#kept;
  }

  /** @param {number} from @param {number} cut */
  #piece(from, cut) {
    return [...this.#parsed(this.#text.slice(from, cut), "sealed"), this.#text.slice(cut, this.#endOf(cut))];
  }

  /** A piece takes the white space behind it along. @param {number} cut */
  #endOf(cut) {
    return /\s/.test(this.#text[cut] ?? "") ? cut + 1 : cut;
  }

  /** @param {Spec[]} specs @param {number} kept */
  #put(specs, kept) {
    patch(this.#element, kept === 0 ? [...this.#before, ...specs] : specs, kept);
  }

  /** @param {string} text @param {Stage} stage */
  #parsed(text, stage) {
    const { inlines } = this.#page.blocks;
    return spans(stage === "open" ? parseOpen(text, inlines) : inlines.parse(text), this.#page.around(stage === "sealed"));
  }

  /** Where the next piece ends, at a white space if there is any; 0 if the end is not known yet. */
  #cut() {
    const from = this.#from;
    if (this.#text.length - from <= LIMIT) return 0;
    let last = 0;
    for (let goal = from + PIECE; goal < from + LIMIT; goal += STEP) {
      const at = breakBefore(this.#text, goal, goal - STEP);
      if (at === 0) continue;
      last = at;
      if (this.#closedBefore(from, at)) return at;
    }
    return last || from + LIMIT - (/[\ud800-\udbff]/.test(this.#text[from + LIMIT - 1] ?? "") ? 1 : 0);
  }

  /** @param {number} from @param {number} at */
  #closedBefore(from, at) {
    const { inlines } = this.#page.blocks;
    inlines.parse(this.#text.slice(from, at));
    return !inlines.isOpen;
  }
}

/**
 * The last single white space between two places of a text, behind a sentence if there is one; 0 if there is none.
 * @param {string} text
 * @param {number} end
 * @param {number} from
 */
function breakBefore(text, end, from) {
  let any = 0;
  for (let at = end; at > from; at -= 1) {
    if (!/[^\s\\][ \n]\S/.test(text.slice(at - 1, at + 2))) continue;
    if (text[at] === "\n" || /[.!?:]/.test(text[at - 1] ?? "")) return at;
    any ||= at;
  }
  return any;
}
