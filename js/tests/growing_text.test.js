import assert from "node:assert/strict";
import { test } from "node:test";

import { afterCodePoints, codePoints, cut } from "../code_points.js";
import { GrowingText, Reader } from "../growing_text.js";

test("code points are counted as Python counts them", () => {
  for (const text of ["", "abc", "é", "日本語", "😀", "a😀b👩‍👩‍👧c", "\ud83d", "\ude00\ud83d", "x\ud83dy"]) {
    assert.equal(codePoints(text), [...text].length, JSON.stringify(text));
    for (let i = 0; i <= [...text].length; i += 1) {
      assert.equal(afterCodePoints(text, i), [...text].slice(i).join(""), `${JSON.stringify(text)} after ${i}`);
    }
  }
});

test("no cut parts the halves of a character", () => {
  assert.equal(cut("a😀b", 1), 1);
  assert.equal(cut("a😀b", 2), 3);
  assert.equal(cut("a😀b", 3), 3);
  assert.equal(cut("", 0), 0);
});

test("a reader gets all text once, whatever the slices", () => {
  const pieces = ["Hello ", "😀😀😀 wor", "l", "", "d, a longer piece than the slice 😀"];
  for (const most of [1, 2, 3, 5, 8, 1000]) {
    const text = new GrowingText();
    const reader = new Reader(text);
    let read = "";
    for (const piece of pieces) {
      text.add({ offset: text.length, text: piece });
      for (let limit = 0; reader.behind && limit < 3; limit += 1) read += slice(reader, most);
    }
    while (reader.behind) read += slice(reader, most);
    assert.equal(read, pieces.join(""), `in slices of ${most}`);
    assert.equal(reader.startsAfresh(), false);
    assert.equal(reader.read(most), "");
  }
});

/** @param {Reader} reader @param {number} most */
function slice(reader, most) {
  const text = reader.read(most);
  assert.ok(text.length <= most + 1, `${text.length} of ${most}`);
  assert.doesNotMatch(text, /\p{Surrogate}/u);
  return text;
}

test("a replaced text is read afresh, once", () => {
  const text = new GrowingText();
  const reader = new Reader(text);
  text.add({ offset: 0, text: "one attempt" });
  assert.equal(reader.read(3), "one");
  text.adopt("another");
  assert.equal(reader.behind, true);
  assert.equal(reader.startsAfresh(), true);
  assert.equal(reader.startsAfresh(), false);
  assert.equal(reader.read(100), "another");
  assert.equal(reader.behind, false);
});
