import assert from "node:assert/strict";
import { test } from "node:test";

import { Link } from "../link.js";
import { Cell } from "../protocol.js";
import { STATE } from "./state.js";

/** @typedef {import("../protocol.js").State} State */

/** A link whose kernel is this test. */
function linked() {
  const cell = new Cell();
  /** @type {object[]} */
  const sent = [];
  const link = new Link(cell, (message) => sent.push(message));
  let seq = 0;
  /** @param {Partial<State>} state @param {number} now @param {number} [pane] */
  const state = (state, now, pane = 0) => {
    seq += 1;
    link.receive({ type: "update", seq, states: [{ pane, ...STATE, ...state }] }, now);
  };
  const of = (/** @type {string} */ type) => sent.filter((message) => /** @type {any} */ (message).type === type);
  return { cell, link, sent, state, of };
}

const STOP = { actions: { stop: "Stops it." } };

test("an unanswered greeting is said again, ever less often, while an answer is under way", () => {
  const { link, state, of } = linked();
  link.greet(0);
  for (let now = 0; now < 60_000; now += 100) link.beat(now);
  assert.equal(of("hello").length, 1, "nothing is under way");
  state({}, 60_000);
  for (let now = 60_000; now < 160_000; now += 100) link.beat(now);
  const greetings = of("hello").length;
  assert.ok(greetings >= 7 && greetings <= 12, `${greetings} in 100 s`);
  link.receive({ type: "welcome" }, 160_000);
  for (let now = 160_000; now < 260_000; now += 100) link.beat(now);
  assert.equal(of("hello").length, greetings);
});

test("a press is heard where a round trip was proven, and where nothing is under way", () => {
  const { link, state } = linked();
  state({}, 0);
  assert.equal(link.heard, false);
  link.receive({ type: "welcome" }, 1);
  assert.equal(link.heard, true);
  link.lost(2);
  assert.equal(link.heard, true);
});

test("what is painted is acknowledged, at most four times a second, and the last at the latest with the next beat", () => {
  const { link, state, sent } = linked();
  state({}, 0);
  link.receive({ type: "welcome" }, 0);
  for (let now = 0; now < 1_000; now += 20) {
    state({}, now);
    link.painted(now);
  }
  assert.deepEqual(sent, [2, 15, 28, 41].map((seq) => ({ type: "ack", seq })));
  assert.equal(link.restless, true);
  link.beat(1_010);
  link.beat(2_000);
  assert.deepEqual(sent.slice(4), [{ type: "ack", seq: 51 }]);
});

test("nothing new, nothing acknowledged", () => {
  const { link, sent } = linked();
  link.painted(0);
  link.painted(9_000);
  link.beat(10_000);
  assert.deepEqual(sent, []);
});

test("a press is sent once, and stands until the state changes", () => {
  const { link, state, of } = linked();
  state(STOP, 0);
  link.press(0, "stop", 10);
  link.press(0, "stop", 20);
  assert.deepEqual(of("press"), [{ type: "press", pane: 0, action: "stop" }]);
  assert.equal(link.presses.isPending(0, "stop"), true);
  assert.equal(link.presses.isPending(1, "stop"), false);
  link.receive({ type: "done", pane: 0, action: "stop", ok: true, message: null }, 30);
  state({ ...STOP, elapsed_s: 2 }, 40);
  assert.equal(link.beat(5_000), false);
  assert.equal(link.presses.isPending(0, "stop"), true, "taken, and not yet done");
  state({ status: "interrupted" }, 5_010);
  assert.equal(link.presses.isPending(0, "stop"), false);
});

test("a press that is refused can be pressed again, and says why until something changes", () => {
  const { link, state, of } = linked();
  state(STOP, 0);
  link.press(0, "stop", 10);
  link.receive({ type: "done", pane: 0, action: "stop", ok: false, message: "It has ended." }, 20);
  assert.equal(link.presses.isPending(0, "stop"), false);
  assert.equal(link.presses.note(0), "It has ended.");
  link.press(0, "stop", 30);
  assert.equal(link.presses.note(0), "");
  assert.equal(of("press").length, 2);
  link.receive({ type: "done", pane: 0, action: "stop", ok: false, message: "Still." }, 40);
  state({ status: "complete" }, 50);
  assert.equal(link.presses.note(0), "");
});

test("a press without an answer is given up after three seconds, and says what to do instead", () => {
  const { link, state } = linked();
  state(STOP, 0);
  link.press(0, "stop", 100);
  assert.equal(link.beat(3_000), false);
  assert.equal(link.presses.isPending(0, "stop"), true);
  assert.equal(link.beat(3_100), true);
  assert.equal(link.presses.isPending(0, "stop"), false);
  assert.equal(link.presses.note(0), "The kernel did not answer. Press ■ in the toolbar to stop.");
  link.receive({ type: "done", pane: 0, action: "stop", ok: true, message: "late" }, 3_200);
  assert.equal(link.presses.isPending(0, "stop"), false);
});

test("what the kernel took but did not do can be pressed again after ten seconds", () => {
  const { link, state } = linked();
  state({ status: "interrupted", actions: { resume: "Goes on." } }, 0);
  link.press(0, "resume", 0);
  link.receive({ type: "done", pane: 0, action: "resume", ok: true, message: null }, 100);
  assert.equal(link.beat(10_000), false);
  assert.equal(link.beat(10_100), true);
  assert.equal(link.presses.isPending(0, "resume"), false);
  assert.equal(link.presses.note(0), "", "it did answer");
  link.press(0, "resume", 20_000);
  link.beat(23_000);
  assert.equal(link.presses.note(0), "The kernel did not answer; it may be busy. Try again later.");
});

test("a press on all panes is pending on each, until none is under way", () => {
  const { link, state, of } = linked();
  state(STOP, 0, 0);
  state(STOP, 0, 1);
  link.press(null, "stop", 10);
  assert.deepEqual(of("press"), [{ type: "press", pane: null, action: "stop" }]);
  assert.equal(link.presses.isPending(1, "stop"), true);
  link.receive({ type: "done", pane: null, action: "stop", ok: true, message: null }, 20);
  state({ status: "interrupted" }, 30, 0);
  assert.equal(link.presses.isPending(null, "stop"), true);
  state({ status: "interrupted" }, 40, 1);
  assert.equal(link.presses.isPending(null, "stop"), false);
});

test("a choice is done when it shows; a restarted kernel answers nothing more", () => {
  const { link, state } = linked();
  const pick = { status: /** @type {const} */ ("complete"), actions: { pick: "Notes it." } };
  state(pick, 0);
  link.press(0, "pick", 0);
  state({ ...pick, chosen: true }, 10);
  assert.equal(link.presses.isPending(0, "pick"), false);
  link.press(0, "retry", 20);
  link.lost(30);
  assert.equal(link.presses.waiting, false);
});
