import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** @param {string} name */
const built = (name) => readFileSync(new URL(`../../hs_notebook/static/${name}`, import.meta.url), "utf8");

test("the built cell weighs 150 kB at most: it goes into every notebook that is open", () => {
  const bytes = ["widget.js", "widget.css"].map((name) => Buffer.byteLength(built(name)));
  assert.ok(bytes.reduce((sum, one) => sum + one) <= 150_000, bytes.join(" + "));
});

test("nothing that is built in, ours or others', makes elements or code from text", () => {
  const ways = /\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\(|new Function\(|srcdoc/g;
  assert.deepEqual(built("widget.js").match(ways), null);
});
