/**
 * The page's end of the wire: what it sends to the kernel, and when. No DOM and no clock in here: `now` is handed
 * in, in milliseconds.
 */

import { Presses } from "./presses.js";

/** @typedef {import("./protocol.js").Action} Action */
/** @typedef {import("./protocol.js").Cell} Cell */
/** @typedef {import("./protocol.js").FromKernel} FromKernel */
/** @typedef {import("./protocol.js").ToKernel} ToKernel */

/** Unanswered, ask again for what was lost only after this long, in milliseconds: a busy kernel answers late. */
const ASK_AGAIN = 5_000;

/** The first pause between two greetings, and the longest, in milliseconds: each is twice the one before. */
const GREET_AGAIN = [1_000, 16_000];

/** Acks are at least so far apart, in milliseconds. */
const ACK_EVERY = 250;

export class Link {
  #cell;
  #post;
  #asked = -Infinity;
  #greeted = -Infinity;
  #pause = /** @type {number} */ (GREET_AGAIN[0]);
  /** The newest update that is painted, and that the kernel knows to be. */
  #painted = 0;
  #acked = 0;
  #ackedAt = -Infinity;

  /**
   * @param {Cell} cell
   * @param {(message: ToKernel) => void} post
   */
  constructor(cell, post) {
    this.#cell = cell;
    this.#post = post;
    this.presses = new Presses(cell);
  }

  /** Whether `beat` may have something to do soon. */
  get restless() {
    return this.#cell.live || this.presses.waiting || this.#painted > this.#acked;
  }

  /** Whether a press would be heard now: in a cell that blocks it is heard at the end only. */
  get heard() {
    return this.#cell.roundTrip || !this.#cell.live;
  }

  /** @param {number} now */
  greet(now) {
    this.#greeted = now;
    this.#post({ type: "hello" });
  }

  /**
   * @param {FromKernel} message
   * @param {number} now
   */
  receive(message, now) {
    this.#cell.receive(message, now);
    if (message?.type === "snapshot") this.#asked = -Infinity;
    if (message?.type === "done") this.presses.done(message, now);
    this.presses.settle();
    if (this.#cell.gap && now - this.#asked > ASK_AGAIN) {
      this.#asked = now;
      this.#post({ type: "sync" });
    }
  }

  /**
   * @param {number | null} pane null for all
   * @param {Action} action
   * @param {number} now
   */
  press(pane, action, now) {
    if (this.presses.press(pane, action, now)) this.#post({ type: "press", pane, action });
  }

  /**
   * All that had come is on the screen.
   * @param {number} now
   */
  painted(now) {
    this.#painted = this.#cell.seq;
    this.#ack(now);
  }

  /**
   * Call some times a second while `restless`.
   * @param {number} now
   * @returns {boolean} whether there is news to paint
   */
  beat(now) {
    this.#ack(now);
    // The first greeting may wait in the queue of a busy kernel; a later one may take a way that is open by then.
    if (this.#cell.live && !this.#cell.roundTrip && now - this.#greeted >= this.#pause) {
      this.#pause = Math.min(2 * this.#pause, /** @type {number} */ (GREET_AGAIN[1]));
      this.greet(now);
    }
    return this.presses.expire(now);
  }

  /**
   * The kernel is gone.
   * @param {number} now
   */
  lost(now) {
    this.#cell.orphan(now);
    this.presses.forget();
  }

  /** @param {number} now */
  #ack(now) {
    if (this.#painted <= this.#acked || now - this.#ackedAt < ACK_EVERY) return;
    this.#acked = this.#painted;
    this.#ackedAt = now;
    this.#post({ type: "ack", seq: this.#painted });
  }
}
