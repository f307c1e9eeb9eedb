import assert from "node:assert/strict";
import { test } from "node:test";

import { PaneBuffer } from "../protocol.js";
import { names, ranks } from "../ranking.js";
import { STATE } from "./state.js";

/** @param {Partial<import("../protocol.js").State>} state @param {string} [text] */
function pane(state, text = "") {
  const made = new PaneBuffer();
  made.state = { ...STATE, ...state };
  made.answer.add({ offset: 0, text });
  return made;
}

const DONE = { status: /** @type {const} */ ("complete") };

test("nothing known, nothing ranked", () => {
  assert.deepEqual(ranks([]), []);
  assert.deepEqual(ranks([pane({}), pane({})]), []);
  assert.deepEqual(ranks([new PaneBuffer(), pane({})]), []);
});

test("who was first is told as soon as there is one; the rest between answers that are whole", () => {
  const panes = [pane({ ttft_s: 0.5, tokens_per_s: 90 }), pane({ ...DONE, tokens_per_s: 40, cost_usd: 1, cost: "$1.00" }, "abc")];
  assert.deepEqual(ranks(panes), [{ what: "First word", panes: [0], value: "0.50 s" }]);
});

test("the best of each, and a draw is a draw", () => {
  const panes = [
    pane({ ...DONE, ttft_s: 0.3, tokens_per_s: 40, cost_usd: 0.002, cost: "$0.002" }, "日本"),
    pane({ ...DONE, ttft_s: 0.4, tokens_per_s: 52.4, cost_usd: 0.001, cost: "$0.001" }, "abcd"),
    pane({ ...DONE, ttft_s: 0.3, tokens_per_s: null, cost_usd: null }, "x😀"),
    pane({ status: "failed", ttft_s: null, tokens_per_s: 99, cost_usd: 0.0001, cost: "$0.0001" }, "failed, and long"),
  ];
  assert.deepEqual(ranks(panes), [
    { what: "First word", panes: [0, 2], value: "0.30 s" },
    { what: "Fastest", panes: [1], value: "52.4 tokens/s" },
    { what: "Cheapest", panes: [1], value: "$0.001" },
    { what: "Longest", panes: [1], value: "4 characters" },
  ]);
});

test("what may have cost more is not called the cheapest, nor does it keep another from it that cost less", () => {
  const least = pane({ ...DONE, cost_usd: 0.001, cost: "≥ $0.001" });
  const known = (/** @type {number} */ usd) => pane({ ...DONE, cost_usd: usd, cost: `~$${usd}` });
  const said = (/** @type {PaneBuffer[]} */ panes) => ranks(panes).map((one) => `${one.what} ${one.panes} ${one.value}`);
  assert.deepEqual(said([least, known(0.002)]), []);
  assert.deepEqual(said([least, known(0.001), known(0.002)]), []);
  assert.deepEqual(said([least, known(0.0005)]), ["Cheapest 1 ~$0.0005"]);
});

test("where all are level there is nothing to tell", () => {
  const same = () => pane({ ...DONE, ttft_s: 0.5, tokens_per_s: 40 }, "abc");
  assert.deepEqual(ranks([same(), same()]), []);
});

test("one model that answers twice has two names", () => {
  assert.deepEqual(names([pane({ model: "a" }), pane({ model: "b" }), pane({ model: "a" })]), ["a (1)", "b", "a (2)"]);
});
