import assert from "node:assert/strict";
import { test } from "node:test";

import { characters, duration, integer, rate, tokens } from "../figures.js";

test("durations", () => {
  /** @type {[number | null, string][]} */
  const rows = [[null, ""], [NaN, ""], [-1, ""], [0, "0.00 s"], [0.312, "0.31 s"], [1, "1.0 s"], [9.99, "9.9 s"], [59.96, "59.9 s"],
    [60, "1 min 00 s"], [125.4, "2 min 05 s"], [3700, "61 min 40 s"]];
  for (const [seconds, shown] of rows) assert.equal(duration(seconds), shown, String(seconds));
});

test("tokens: unknown is nothing, an estimate has its mark", () => {
  assert.equal(tokens(null, null, false), "");
  assert.equal(tokens(15, null, false), "15 tokens in");
  assert.equal(tokens(null, 412, true), "~412 tokens");
  assert.equal(tokens(15, 1412, false), "15 → 1,412 tokens");
  assert.equal(tokens(null, 1, false), "1 token");
  assert.equal(tokens(null, 0, false), "0 tokens");
});

test("rates, integers, lengths", () => {
  assert.equal(rate(null, true), "");
  assert.equal(rate(48.24, false), "48.2 tokens/s");
  assert.equal(rate(48.24, true), "~48.2 tokens/s");
  assert.equal(rate(12345.6, false), "12,346 tokens/s");
  assert.equal(integer(1234567), "1,234,567");
  assert.equal(characters(0), "0 characters");
  assert.equal(characters(1), "1 character");
});
