/**
 * The messages between the kernel and the live cell, and the fold that turns them into what the panes show.
 * The page of record is docs/protocol.md; the kernel's side is hs_notebook/notebook/views/widget.py.
 *
 * No DOM and no clock in here: `now` is handed in, in milliseconds.
 */

import { GrowingText } from "./growing_text.js";

/**
 * What a pane shows beside its text. Unknown is null, never 0.
 * @typedef {object} State
 * @property {string} model the model asked for
 * @property {string | null} model_served the model that answers, as its server names it
 * @property {Status} status
 * @property {number | null} elapsed_s seconds since the cell began, at the moment of sending
 * @property {number | null} ttft_s seconds to the first text
 * @property {number | null} input_tokens
 * @property {number | null} output_tokens
 * @property {boolean} output_estimated the output tokens are our own estimate so far
 * @property {number | null} tokens_per_s
 * @property {number | null} reasoning_tokens of the output tokens
 * @property {string | null} cost ready to show: "$0.01225"
 * @property {number | null} cost_usd the same, for ranking only
 * @property {string | null} finish_reason
 * @property {string | null} message one to three lines the user should read
 * @property {string | null} stop_hint how to stop here without a button: "■ stops"
 * @property {Partial<Record<Action, string>>} actions what can be pressed now, and what that does and costs
 * @property {boolean} chosen the reader picked this answer of several
 */

/** @typedef {"queued" | "starting" | "connecting" | "waiting" | "streaming" | "complete" | "interrupted" | "failed"} Status */

/** @typedef {"stop" | "resume" | "retry" | "pick"} Action */

/**
 * Text that follows what came before in its channel. `offset` counts Unicode code points, as Python's `len` does.
 * @typedef {{ pane: number, channel?: "reasoning", offset: number, text: string }} Delta
 */

/**
 * `states`: all members in a pane's first, then those that changed.
 * @typedef {{ type: "update", seq: number, deltas?: Delta[], states?: ({ pane: number } & Partial<State>)[] }} Update
 */

/** @typedef {{ text: string, reasoning: string } & State} PaneSnapshot */

/** @typedef {{ type: "snapshot", seq: number, panes: PaneSnapshot[] }} Snapshot */

/** The answer to a `hello`. @typedef {{ type: "welcome" }} Welcome */

/**
 * The answer to a `press`, before its work is finished. `pane` null: all panes.
 * @typedef {{ type: "done", pane: number | null, action: Action, ok: boolean, message: string | null }} Done
 */

/** What the kernel sends. @typedef {Update | Snapshot | Welcome | Done} FromKernel */

/** `seq`: the newest update that is painted. @typedef {{ type: "ack", seq: number }} Ack */

/** `pane` null: all panes. @typedef {{ type: "press", pane: number | null, action: Action }} Press */

/** What the front end sends. @typedef {{ type: "hello" } | { type: "sync" } | Ack | Press} ToKernel */

/** What a pane says whose kernel went while its answer came. The kernel keeps answers on disk as they grow. */
const ORPHANED = "The kernel was restarted. Run the cell again to go on from here.";

const LIVE = new Set(["queued", "starting", "connecting", "waiting", "streaming"]);

/**
 * Whether an answer in this status is still under way.
 * @param {Status | undefined} status
 */
export function isLive(status) {
  return status !== undefined && LIVE.has(status);
}

/** Everything known of one pane. Views read it; only `Cell` writes. */
export class PaneBuffer {
  answer = new GrowingText();
  reasoning = new GrowingText();
  /** @type {State | null} */
  state = null;
  /** When `state` arrived, in milliseconds: the header ticks on from there. */
  stateAt = 0;

  /** Whether text is missing. */
  get gap() {
    return this.answer.gap || this.reasoning.gap;
  }

  get live() {
    return isLive(this.state?.status);
  }
}

/** Everything known of one cell: a fold over the kernel's messages. */
export class Cell {
  /** @type {PaneBuffer[]} */
  panes = [];
  /** The `seq` of the newest message taken in. */
  seq = 0;

  /**
   * A message went to the kernel and back while an answer was under way: a press will be heard. Before that,
   * a kernel whose cell blocks may hear nothing until its end.
   */
  roundTrip = false;

  #lostState = false;

  get live() {
    return this.panes.some((pane) => pane.live);
  }

  /** Whether something was lost on the way: ask the kernel for a snapshot. */
  get gap() {
    return this.#lostState || this.panes.some((pane) => pane.gap);
  }

  /**
   * Take one message in. Anything that is not a message of ours is ignored.
   * @param {FromKernel} message
   * @param {number} now
   */
  receive(message, now) {
    if (message?.type === "update") this.#update(message, now);
    else if (message?.type === "snapshot") this.#snapshot(message, now);
    else if (message?.type === "welcome") this.roundTrip ||= this.live;
  }

  /**
   * The kernel that fed this cell is gone: what was under way ends here, at the last the kernel said of it.
   * @param {number} now
   */
  orphan(now) {
    this.roundTrip = false;
    for (const [index, { state }] of this.panes.entries()) {
      if (state === null) continue;
      const ended = isLive(state.status) ? { status: /** @type {const} */ ("interrupted"), message: ORPHANED } : {};
      this.#setState(index, { ...state, ...ended, stop_hint: null, actions: {} }, now);
    }
  }

  /**
   * @param {Update} update
   * @param {number} now
   */
  #update(update, now) {
    const fresh = update.seq > this.seq;
    if (update.seq > this.seq + 1) this.#lostState = true;
    if (fresh) this.seq = update.seq;
    for (const { pane, ...news } of update.states ?? []) {
      if (fresh) this.#changeState(pane, news, now);
    }
    for (const delta of update.deltas ?? []) {
      const pane = this.#pane(delta.pane);
      (delta.channel === "reasoning" ? pane.reasoning : pane.answer).add(delta);
    }
  }

  /**
   * @param {Snapshot} snapshot
   * @param {number} now
   */
  #snapshot(snapshot, now) {
    if (snapshot.seq < this.seq) return; // overtaken by an update on its way
    for (const [index, { text, reasoning, ...state }] of snapshot.panes.entries()) {
      const pane = this.#pane(index);
      pane.answer.adopt(text);
      pane.reasoning.adopt(reasoning);
      this.#setState(index, state, now);
    }
    this.seq = snapshot.seq;
    this.#lostState = false;
  }

  /**
   * @param {number} index
   * @param {Partial<State>} news
   * @param {number} now
   */
  #changeState(index, news, now) {
    const before = this.#pane(index).state;
    if (before !== null) this.#setState(index, { ...before, ...news }, now);
    else if (news.model !== undefined) this.#setState(index, /** @type {State} */ (news), now);
    else this.#lostState = true; // it changes a state that never came
  }

  /**
   * @param {number} index
   * @param {State} state
   * @param {number} now
   */
  #setState(index, state, now) {
    const pane = this.#pane(index);
    pane.state = state;
    pane.stateAt = now;
  }

  /**
   * @param {number} index
   * @returns {PaneBuffer}
   */
  #pane(index) {
    while (this.panes.length <= index) this.panes.push(new PaneBuffer());
    return /** @type {PaneBuffer} */ (this.panes[index]);
  }
}
