import assert from "node:assert/strict";
import { test } from "node:test";

import { LONGEST, differences } from "../differences.js";

/** @typedef {import("../differences.js").Run} Run */

/** @param {Run[]} runs */
const shown = (runs) => runs.map(({ text, own }) => (own ? `[${text}]` : text)).join("");

/** @param {Run[]} runs */
const whole = (runs) => runs.map(({ text }) => text).join("");

/** @param {Run[]} runs The words that both have. */
const common = (runs) => runs.filter(({ own }) => !own).flatMap(({ text }) => text.split(/\s+/u).filter(Boolean));

/** Numbers that only look random. @param {number} seed */
function numbers(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

test("what each has for itself is marked", () => {
  /** @type {[string, string, string, string][]} */
  const rows = [
    ["", "", "", ""],
    ["same words", "same words", "same words", "same words"],
    ["same  words\n", "same words", "same  words\n", "same words"],
    ["only here", "", "[only here]", ""],
    ["the quick fox jumps", "the slow fox jumps", "the [quick ]fox jumps", "the [slow ]fox jumps"],
    ["one, two.", "one, two!", "one, two[.]", "one, two[!]"],
    ["東京は首都です。", "東京は大都市です。", "東京は[首]都です。", "東京は[大]都[市]です。"],
    ["a b c d e f", "d e f a b c", "[a b c ]d e f", "d e f [a b c]"],
  ];
  for (const [a, b, left, right] of rows) {
    const found = differences(a, b);
    assert.equal(shown(found.left), left);
    assert.equal(shown(found.right), right);
  }
});

test("one common word between long differences is no landmark", () => {
  const found = differences("red green blue and white black grey", "one two three and four five six");
  assert.equal(shown(found.left), "[red green blue and white black grey]");
});

test("whatever the texts: both stay whole, and what is common is the same on both sides", () => {
  const words = ["a", "b", "c", "the", "of", "😀", "日", "x\n", " ", "**bold**"];
  for (let seed = 1; seed <= 400; seed += 1) {
    const below = numbers(seed);
    const make = () => Array.from({ length: below(40) }, () => words[below(words.length)]).join(" ");
    const [a, b] = [make(), make()];
    const { left, right } = differences(a, b);
    assert.equal(whole(left), a, `seed ${seed}`);
    assert.equal(whole(right), b, `seed ${seed}`);
    assert.deepEqual(common(left).join(""), common(right).join(""), `seed ${seed}`);
  }
});

test("texts made to be slow are answered in time, and long ones in part", () => {
  const rows = [
    ["a b ".repeat(25_000), `${"b a ".repeat(25_000)}c`],
    ["x".repeat(200_000), "y ".repeat(100_000)],
    [Array.from({ length: 20_000 }, (_, i) => `w${i}`).join(" "), Array.from({ length: 20_000 }, (_, i) => `w${20_000 - i}`).join(" ")],
    ["\u0301".repeat(100_000), " ".repeat(100_000)],
  ];
  for (const [a = "", b = ""] of rows) {
    const began = performance.now();
    const { left } = differences(a, b);
    assert.ok(performance.now() - began < 1_000, "hangs"); // 20 to 40 ms here; a slow machine is no failure
    assert.equal(whole(left), a.slice(0, LONGEST));
  }
});
