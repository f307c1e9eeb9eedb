/**
 * A text that arrives in pieces, some of which may be lost, doubled or late; and how far a view has read it.
 */

import { afterCodePoints, codePoints, cut } from "./code_points.js";

/** A piece of text. `offset`: how many code points come before it. @typedef {{ offset: number, text: string }} Piece */

export class GrowingText {
  /** The text in the order it came. It only grows, unless `epoch` changes. @type {string[]} */
  parts = [];
  /** Changes when the text was replaced: a reader of another epoch starts afresh. */
  epoch = 0;
  /** Code points received. */
  length = 0;

  /** Pieces that came before the text they follow. @type {Piece[]} */
  #early = [];

  get text() {
    return this.parts.join("");
  }

  /** Whether text is missing before something already received. */
  get gap() {
    return this.#early.length > 0;
  }

  /** @param {Piece} piece */
  add(piece) {
    if (piece.offset > this.length) this.#early.push(piece);
    else this.#append(afterCodePoints(piece.text, this.length - piece.offset));
  }

  /**
   * Take a whole text in place of ours, and then what came too early.
   * @param {string} text
   */
  adopt(text) {
    const mine = this.text;
    if (text.startsWith(mine)) {
      this.#append(text.slice(mine.length));
    } else {
      this.parts = [text];
      this.length = codePoints(text);
      this.epoch += 1;
    }
    const early = this.#early.sort((a, b) => a.offset - b.offset);
    this.#early = [];
    for (const piece of early) this.add(piece);
  }

  /** @param {string} text */
  #append(text) {
    if (text === "") return;
    this.parts.push(text);
    this.length += codePoints(text);
  }
}

/** How far one view has read one text. */
export class Reader {
  #growing;
  #epoch = 0;
  #part = 0;
  /** UTF-16 units read of that part. */
  #at = 0;

  /** @param {GrowingText} growing */
  constructor(growing) {
    this.#growing = growing;
  }

  /** Whether there is more to read. */
  get behind() {
    return this.#part < this.#growing.parts.length || this.#epoch !== this.#growing.epoch;
  }

  /** Whether what was read counts no more; true once. */
  startsAfresh() {
    if (this.#epoch === this.#growing.epoch) return false;
    this.#epoch = this.#growing.epoch;
    this.#part = 0;
    this.#at = 0;
    return true;
  }

  /**
   * The text that follows what was read.
   * @param {number} most about how much, in UTF-16 units
   */
  read(most) {
    let text = "";
    while (text.length < most && this.#part < this.#growing.parts.length) {
      const part = /** @type {string} */ (this.#growing.parts[this.#part]);
      const end = cut(part, Math.min(part.length, this.#at + most - text.length));
      text += part.slice(this.#at, end);
      this.#at = end;
      if (end >= part.length) {
        this.#part += 1;
        this.#at = 0;
      }
    }
    return text;
  }
}
