import assert from "node:assert/strict";
import { test } from "node:test";

import { Cell } from "../protocol.js";
import { STATE } from "./state.js";

/** @typedef {import("../protocol.js").Update} Update */

/**
 * What a kernel would send for these pieces of one pane's text.
 * @param {string[]} pieces
 * @returns {Update[]}
 */
function updates(pieces) {
  let offset = 0;
  return pieces.map((text, i) => {
    const delta = { pane: 0, offset, text };
    offset += [...text].length;
    return { type: "update", seq: i + 1, deltas: [delta], states: [{ pane: 0, ...STATE, elapsed_s: i + 1 }] };
  });
}

/** @param {Cell} cell @param {import("../protocol.js").FromKernel[]} messages */
const feed = (cell, messages) => messages.forEach((message, i) => cell.receive(message, i));

/** Numbers that only look random. @param {number} seed */
function numbers(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

test("updates in order make the text, and the last state stands", () => {
  const cell = new Cell();
  feed(cell, updates(["Hello ", "😀 wor", "ld", "\n"]));
  const [pane] = cell.panes;
  assert.equal(pane?.answer.text, "Hello 😀 world\n");
  assert.equal(pane?.answer.length, 14);
  assert.equal(pane?.state?.elapsed_s, 4);
  assert.equal(pane?.stateAt, 3);
  assert.equal(pane?.answer.epoch, 0);
  assert.equal(cell.gap, false);
});

test("a lost delta is a gap; the snapshot closes it without replacing what was shown", () => {
  const cell = new Cell();
  const [first, , third, fourth] = /** @type {[Update, Update, Update, Update]} */ (updates(["ab😀", "cd", "ef", "gh"]));
  feed(cell, [first, third]);
  assert.equal(cell.gap, true);
  assert.equal(cell.panes[0]?.answer.text, "ab😀");
  cell.receive({ type: "snapshot", seq: 3, panes: [{ text: "ab😀cdef", reasoning: "", ...STATE }] }, 9);
  assert.equal(cell.gap, false);
  assert.equal(cell.panes[0]?.answer.text, "ab😀cdef");
  assert.equal(cell.panes[0]?.answer.epoch, 0);
  cell.receive(fourth, 10);
  assert.equal(cell.panes[0]?.answer.text, "ab😀cdefgh");
  assert.equal(cell.gap, false);
});

test("a lost state without text is a gap too", () => {
  const cell = new Cell();
  cell.receive({ type: "update", seq: 2, states: [{ pane: 0, ...STATE }] }, 0);
  assert.equal(cell.gap, true);
});

test("a snapshot that an update has overtaken is ignored, and the gap remains", () => {
  const cell = new Cell();
  const all = updates(["ab", "cd", "ef"]);
  feed(cell, [/** @type {Update} */ (all[0]), /** @type {Update} */ (all[2])]);
  cell.receive({ type: "snapshot", seq: 2, panes: [{ text: "abcd", reasoning: "", ...STATE }] }, 9);
  assert.equal(cell.gap, true);
});

test("a snapshot with other text replaces ours and says so by its epoch", () => {
  const cell = new Cell();
  feed(cell, updates(["one attempt"]));
  cell.receive({ type: "snapshot", seq: 2, panes: [{ text: "another", reasoning: "why", ...STATE }] }, 9);
  assert.equal(cell.panes[0]?.answer.text, "another");
  assert.equal(cell.panes[0]?.answer.length, 7);
  assert.equal(cell.panes[0]?.answer.epoch, 1);
  assert.equal(cell.panes[0]?.reasoning.text, "why");
});

test("an older state never overwrites a newer one", () => {
  const cell = new Cell();
  const [first, second] = /** @type {[Update, Update]} */ (updates(["a", "b"]));
  feed(cell, [second, first]);
  assert.equal(cell.panes[0]?.state?.elapsed_s, 2);
  assert.equal(cell.panes[0]?.answer.text, "a"); // "b" waits: the kernel has not been heard in order
  assert.equal(cell.gap, true);
});

test("panes are apart, and may begin in any order", () => {
  const cell = new Cell();
  cell.receive({ type: "update", seq: 1, deltas: [{ pane: 2, offset: 0, text: "c" }] }, 0);
  cell.receive({ type: "update", seq: 2, deltas: [{ pane: 0, offset: 0, text: "a" }] }, 0);
  assert.deepEqual(cell.panes.map((pane) => pane.answer.text), ["a", "", "c"]);
});

test("what is not ours is ignored", () => {
  const cell = new Cell();
  for (const odd of [null, undefined, 7, "update", {}, { type: "innerHTML" }]) cell.receive(/** @type {any} */ (odd), 0);
  assert.equal(cell.panes.length, 0);
});

test("messages lost, doubled and swapped: after one snapshot the text is whole", () => {
  const alphabet = ["a", "é", "日", "😀", "👩‍👩‍👧", "\n", " "];
  for (let seed = 1; seed <= 300; seed += 1) {
    const below = numbers(seed);
    const pieces = Array.from({ length: 30 }, () =>
      Array.from({ length: 1 + below(4) }, () => alphabet[below(alphabet.length)]).join(""),
    );
    const whole = pieces.join("");
    const sent = updates(pieces);
    const got = sent.filter(() => below(10) > 0).flatMap((m) => (below(10) === 0 ? [m, m] : [m]));
    for (let i = 1; i < got.length; i += 1) {
      if (below(5) === 0) [got[i - 1], got[i]] = [/** @type {Update} */ (got[i]), /** @type {Update} */ (got[i - 1])];
    }
    const cell = new Cell();
    for (const message of got) {
      cell.receive(message, 0);
      assert.ok(whole.startsWith(cell.panes[0]?.answer.text ?? ""), `seed ${seed}: a true prefix at all times`);
    }
    const missing = cell.panes[0]?.answer.text !== whole;
    if (missing && got.at(-1)?.seq === 30) assert.ok(cell.gap, `seed ${seed}: the loss is noticed`);
    cell.receive({ type: "snapshot", seq: 30, panes: [{ text: whole, reasoning: "", ...STATE }] }, 0);
    assert.equal(cell.panes[0]?.answer.text, whole, `seed ${seed}`);
    assert.equal(cell.panes[0]?.answer.length, [...whole].length);
    assert.equal(cell.panes[0]?.answer.epoch, 0);
    assert.equal(cell.gap, false);
  }
});

test("the reasoning is a channel of its own, with offsets of its own", () => {
  const cell = new Cell();
  cell.receive({ type: "update", seq: 1, deltas: [{ pane: 0, channel: "reasoning", offset: 0, text: "Hmm 😀" }] }, 0);
  cell.receive({ type: "update", seq: 2, deltas: [{ pane: 0, channel: "reasoning", offset: 5, text: "…" }, { pane: 0, offset: 0, text: "So" }] }, 0);
  assert.equal(cell.panes[0]?.reasoning.text, "Hmm 😀…");
  assert.equal(cell.panes[0]?.answer.text, "So");
  assert.equal(cell.gap, false);
  cell.receive({ type: "update", seq: 3, deltas: [{ pane: 0, channel: "reasoning", offset: 8, text: "late" }] }, 0);
  assert.equal(cell.gap, true);
  cell.receive({ type: "snapshot", seq: 3, panes: [{ text: "So", reasoning: "Hmm 😀…..late", ...STATE }] }, 0);
  assert.equal(cell.panes[0]?.reasoning.text, "Hmm 😀…..late");
  assert.equal(cell.panes[0]?.reasoning.epoch, 0);
  assert.equal(cell.gap, false);
});

test("a welcome proves a round trip only while an answer is under way, and no longer than the kernel lives", () => {
  const cell = new Cell();
  cell.receive({ type: "welcome" }, 0);
  assert.equal(cell.roundTrip, false);
  cell.receive({ type: "update", seq: 1, states: [{ pane: 0, ...STATE, status: "complete" }] }, 0);
  cell.receive({ type: "welcome" }, 0);
  assert.equal(cell.roundTrip, false);
  cell.receive({ type: "update", seq: 2, states: [{ pane: 0, ...STATE }] }, 0);
  cell.receive({ type: "welcome" }, 0);
  assert.equal(cell.roundTrip, true);
  cell.orphan(0);
  assert.equal(cell.roundTrip, false);
  assert.equal(cell.panes[0]?.state?.status, "interrupted");
});

test("a kernel that goes takes its actions with it, also of answers that were whole", () => {
  const cell = new Cell();
  const actions = { retry: "Asks again." };
  cell.receive({ type: "update", seq: 1, states: [{ pane: 0, ...STATE, status: "complete", actions }, { pane: 1, ...STATE, actions }] }, 0);
  cell.orphan(1);
  assert.deepEqual(cell.panes.map(({ state }) => [state?.status, state?.actions]), [["complete", {}], ["interrupted", {}]]);
});

test("a state is told once, and then what changes of it", () => {
  const cell = new Cell();
  cell.receive({ type: "update", seq: 1, states: [{ pane: 0, ...STATE, actions: { stop: "Stops it." } }] }, 1);
  cell.receive({ type: "update", seq: 2, states: [{ pane: 0, elapsed_s: 7, cost: "$1.00" }] }, 2);
  assert.deepEqual(cell.panes[0]?.state, { ...STATE, actions: { stop: "Stops it." }, elapsed_s: 7, cost: "$1.00" });
  assert.equal(cell.panes[0]?.stateAt, 2);
  cell.receive({ type: "update", seq: 3, states: [{ pane: 0, cost: null, actions: {} }] }, 3);
  assert.deepEqual(cell.panes[0]?.state, { ...STATE, elapsed_s: 7 });
  assert.equal(cell.gap, false);
});

test("a change to a state that never came is a gap", () => {
  const cell = new Cell();
  cell.receive({ type: "update", seq: 1, states: [{ pane: 0, elapsed_s: 7 }] }, 0);
  assert.equal(cell.panes[0]?.state, null);
  assert.equal(cell.gap, true);
});
