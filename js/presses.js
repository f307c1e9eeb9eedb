/**
 * What was pressed, from the press until the kernel has answered and the answer shows. No DOM and no clock in
 * here: `now` is handed in, in milliseconds.
 */

import { isLive } from "./protocol.js";

/** @typedef {import("./protocol.js").Action} Action */
/** @typedef {import("./protocol.js").Cell} Cell */
/** @typedef {import("./protocol.js").Done} Done */

/** A press that the kernel has not answered for so long counts as not heard, in milliseconds. */
export const UNHEARD = 3_000;

/** A press that the kernel took, but that changed nothing for so long, can be pressed again. Milliseconds. */
const FRUITLESS = 10_000;

/**
 * `before`: what its panes were when it was pressed; `taken`: the kernel has said that it will do it.
 * @typedef {{ pane: number | null, action: Action, until: number, before: string, taken: boolean }} Pending
 */

export class Presses {
  #cell;
  /** @type {Map<string, Pending>} */
  #pending = new Map();
  /** What the kernel answered, or that it did not, by pane. @type {Map<number | null, { text: string, ok: boolean, before: string }>} */
  #notes = new Map();

  /** @param {Cell} cell */
  constructor(cell) {
    this.#cell = cell;
  }

  /** Whether something waits for the kernel. */
  get waiting() {
    return this.#pending.size > 0;
  }

  /**
   * @param {number | null} pane null for all
   * @param {Action} action
   * @param {number} now
   * @returns {boolean} false: it was pressed already, and the kernel is still to answer
   */
  press(pane, action, now) {
    if (this.isPending(pane, action)) return false;
    this.#notes.delete(pane);
    const before = this.#standing(pane);
    this.#pending.set(key(pane, action), { pane, action, until: now + UNHEARD, before, taken: false });
    return true;
  }

  /**
   * The kernel has answered.
   * @param {Done} done
   * @param {number} now
   */
  done({ pane, action, ok, message }, now) {
    const pending = this.#pending.get(key(pane, action));
    if (pending === undefined) return; // another page's, or too late
    if (ok) Object.assign(pending, { until: now + FRUITLESS, taken: true });
    else this.#pending.delete(key(pane, action));
    if (message) this.#notes.set(pane, { text: message, ok, before: this.#standing(pane) });
  }

  /** States have come: what they changed is no longer pending. */
  settle() {
    for (const [name, { pane, before }] of this.#pending) if (this.#standing(pane) !== before) this.#pending.delete(name);
    for (const [pane, { before }] of this.#notes) if (this.#standing(pane) !== before) this.#notes.delete(pane);
  }

  /**
   * Give up on presses that were never answered.
   * @param {number} now
   * @returns {boolean} whether one was given up
   */
  expire(now) {
    let gaveUp = false;
    for (const [name, { pane, until, before, taken }] of this.#pending) {
      if (now < until) continue;
      this.#pending.delete(name);
      gaveUp = true;
      if (!taken) this.#notes.set(pane, { text: this.#unheard(pane), ok: false, before });
    }
    return gaveUp;
  }

  /** The kernel is gone: nothing will be answered. */
  forget() {
    this.#pending.clear();
    this.#notes.clear();
  }

  /**
   * Whether a button was pressed, for this pane or for all, and has not had its effect.
   * @param {number | null} pane
   * @param {Action} action
   */
  isPending(pane, action) {
    return this.#pending.has(key(pane, action)) || this.#pending.has(key(null, action));
  }

  /**
   * Why the last press came to nothing.
   * @param {number | null} pane
   */
  note(pane) {
    const note = this.#notes.get(pane);
    return note && !note.ok ? note.text : "";
  }

  /**
   * What became of the last press, for people who do not see it.
   * @param {number | null} pane
   */
  told(pane) {
    return this.#notes.get(pane)?.text ?? "";
  }

  /** @param {number | null} pane */
  #unheard(pane) {
    const live = pane === null ? this.#cell.live : this.#cell.panes[pane]?.live;
    return live ? "The kernel did not answer. Press ■ in the toolbar to stop." : "The kernel did not answer; it may be busy. Try again later.";
  }

  /** What a press would change: the status, the choice. @param {number | null} pane */
  #standing(pane) {
    const panes = pane === null ? this.#cell.panes : [this.#cell.panes[pane]];
    const states = panes.map((one) => one?.state);
    if (pane === null) return states.some((state) => isLive(state?.status)) ? "under way" : "at rest";
    return `${states[0]?.status} ${states[0]?.chosen}`;
  }
}

/** @param {number | null} pane @param {Action} action */
const key = (pane, action) => `${action} ${pane ?? "all"}`;
