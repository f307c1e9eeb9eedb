/**
 * The messages between the kernel and the live cell, and the fold that turns them into what the panes show.
 * The page of record is docs/protocol.md; the kernel's side is hs_notebook/notebook/views/widget.py.
 *
 * No DOM and no clock in here: `now` is handed in, in milliseconds.
 */

/**
 * What a pane's header shows. Unknown is null, never 0.
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
 * @property {string | null} cost ready to show: "$0.01225"
 * @property {string | null} finish_reason
 * @property {string | null} message one to three lines the user should read
 * @property {string | null} stop_hint how to stop here: "■ stops"
 */

/** @typedef {"queued" | "starting" | "connecting" | "waiting" | "streaming" | "complete" | "interrupted" | "failed"} Status */

/**
 * Text that follows what came before. `offset` counts Unicode code points, as Python's `len` does.
 * @typedef {{ pane: number, offset: number, text: string }} Delta
 */

/** @typedef {{ type: "update", seq: number, deltas?: Delta[], states?: ({ pane: number } & State)[] }} Update */

/** @typedef {{ text: string, reasoning: string } & State} PaneSnapshot */

/** @typedef {{ type: "snapshot", seq: number, panes: PaneSnapshot[] }} Snapshot */

/** What the kernel sends. @typedef {Update | Snapshot} FromKernel */

/** What the front end sends. @typedef {{ type: "hello" } | { type: "sync" }} ToKernel */

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

/**
 * How many Unicode code points a string has (its `length` counts UTF-16 units).
 * @param {string} text
 */
export function codePoints(text) {
  let count = text.length;
  for (let i = 1; i < text.length; i += 1) {
    if (isHigh(text.charCodeAt(i - 1)) && isLow(text.charCodeAt(i))) {
      count -= 1;
      i += 1;
    }
  }
  return count;
}

/**
 * What is left of a string after its first `count` code points.
 * @param {string} text
 * @param {number} count
 */
export function afterCodePoints(text, count) {
  let i = 0;
  for (let left = count; left > 0 && i < text.length; left -= 1) {
    i += isHigh(text.charCodeAt(i)) && isLow(text.charCodeAt(i + 1)) ? 2 : 1;
  }
  return text.slice(i);
}

/** @param {number} unit */
const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff;

/** @param {number} unit */
const isLow = (unit) => unit >= 0xdc00 && unit <= 0xdfff;

/** Everything known of one pane. Views read it; only `Cell` writes. */
export class PaneBuffer {
  /** The text in the order it came. It only grows, unless `epoch` changes. @type {string[]} */
  parts = [];
  /** Changes when the text was replaced: a view that has painted another epoch starts afresh. */
  epoch = 0;
  /** Code points received. */
  length = 0;
  reasoning = "";
  /** @type {State | null} */
  state = null;
  /** When `state` arrived, in milliseconds: the header ticks on from there. */
  stateAt = 0;

  /** Deltas that came before the text they follow. @type {Delta[]} */
  #early = [];

  get text() {
    return this.parts.join("");
  }

  /** Whether text is missing before something already received. */
  get gap() {
    return this.#early.length > 0;
  }

  /** @param {Delta} delta */
  add(delta) {
    if (delta.offset > this.length) {
      this.#early.push(delta);
      return;
    }
    this.#append(afterCodePoints(delta.text, this.length - delta.offset));
  }

  /**
   * Take the kernel's whole text in place of ours, and then what came too early.
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
    for (const delta of early) this.add(delta);
  }

  /** @param {string} text */
  #append(text) {
    if (text === "") return;
    this.parts.push(text);
    this.length += codePoints(text);
  }
}

/** Everything known of one cell: a fold over the kernel's messages. */
export class Cell {
  /** @type {PaneBuffer[]} */
  panes = [];
  /** The `seq` of the newest message taken in. */
  seq = 0;

  #lostState = false;

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
  }

  /**
   * The kernel that fed this cell is gone: what was under way ends here, at the last the kernel said of it.
   * @param {number} now
   */
  orphan(now) {
    for (const [index, { state }] of this.panes.entries()) {
      if (state !== null && isLive(state.status)) {
        this.#setState(index, { ...state, status: "interrupted", message: ORPHANED, stop_hint: null }, now);
      }
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
    for (const { pane, ...state } of update.states ?? []) {
      if (fresh) this.#setState(pane, state, now);
    }
    for (const delta of update.deltas ?? []) this.#pane(delta.pane).add(delta);
  }

  /**
   * @param {Snapshot} snapshot
   * @param {number} now
   */
  #snapshot(snapshot, now) {
    if (snapshot.seq < this.seq) return; // overtaken by an update on its way
    for (const [index, { text, reasoning, ...state }] of snapshot.panes.entries()) {
      const pane = this.#pane(index);
      pane.adopt(text);
      pane.reasoning = reasoning;
      this.#setState(index, state, now);
    }
    this.seq = snapshot.seq;
    this.#lostState = false;
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
