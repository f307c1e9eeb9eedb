import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { document, rendered } from "./rendered.js";

/** @type {{ class: string, text: string }[]} */
const PAYLOADS = JSON.parse(readFileSync(new URL("../../tests/hostile/payloads.json", import.meta.url), "utf8"));

/** All that may be in the page, and what it may carry. A text can choose among these and add nothing. @type {Record<string, string[]>} */
const ALLOWED = {
  a: ["href", "title", "rel", "target", "role", "aria-label", "data-host", "data-note", "data-back", "hidden"],
  button: ["type", "title"],
  div: ["role", "aria-label", "tabindex"],
  li: ["value", "id"],
  ol: ["start"],
  pre: ["tabindex"],
  section: ["role", "aria-label"],
  span: ["role", "aria-label", "title"],
};
const BARE = "blockquote br code col colgroup del em h1 h2 h3 h4 h5 h6 hr p strong sup table tbody td th thead tr ul".split(" ");
const EVERYWHERE = ["class", "dir"];

/** @param {Element} element */
function harmless(element) {
  const tag = element.localName;
  assert.ok(tag in ALLOWED || BARE.includes(tag), `<${tag}>`);
  for (const { name, value } of [...element.attributes]) {
    assert.ok(EVERYWHERE.includes(name) || ALLOWED[tag]?.includes(name), `<${tag} ${name}="${value}">`);
    if (name === "class") for (const part of value.split(" ")) assert.match(part, /^hs-(md|tok)-[a-z]+$/);
    if (name === "id") assert.match(value, /^hs-md-[a-z0-9]+-\d+$/);
    if (name === "href") assert.match(value, /^(https?:\/\/[^/\s@]+(?:\/|$)|mailto:[^\s]|#(?:hs-md-[a-z0-9]+-\d+)?$)/);
    if (name === "title" || name === "data-host") assert.doesNotMatch(value, /[\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
    if (name === "target") assert.equal(element.getAttribute("rel"), "noopener noreferrer nofollow");
  }
}

test("there are enough payloads, and none twice", () => {
  assert.ok(PAYLOADS.length >= 500);
  assert.equal(new Set(PAYLOADS.map(({ text }) => text)).size, PAYLOADS.length);
});

for (const kind of new Set(PAYLOADS.map((payload) => payload.class))) {
  test(`hostile text can do nothing: ${kind}`, () => {
    for (const { text } of PAYLOADS.filter((payload) => payload.class === kind)) {
      for (const pieces of [[text], text.length < 1000 ? text : text.match(/[^]{1,97}/g) ?? []]) {
        const began = performance.now();
        const element = rendered(pieces);
        document.body.replaceChildren(element);
        try {
          for (const part of element.querySelectorAll("*")) harmless(part);
          assert.ok(performance.now() - began < 2000, "it takes too long");
          assert.equal(/** @type {any} */ (globalThis).hsPwned, undefined);
        } catch (error) {
          throw new Error(`${JSON.stringify(text.slice(0, 200))}\n${element.innerHTML.slice(0, 500)}`, { cause: error });
        }
      }
    }
  });
}

test("a text is shown whole, however hostile: nothing of its letters is lost", () => {
  for (const { text } of PAYLOADS.filter((payload) => payload.class === "script" || payload.class === "frame")) {
    const shown = (rendered([text]).textContent ?? "").replace(/\W/g, "");
    const written = text.replace(/\W/g, "");
    assert.ok(shown.includes(written) || text.includes("]("), JSON.stringify([text, shown]));
  }
});

test("an image is loaded when its button is pressed and not before, from https alone and without a referrer", () => {
  const element = rendered(["![a *b*](https://beacon.invalid/a.png)\n\n![c](http://beacon.invalid/c.png)\n\n![d](data:image/png;base64,AA)"]);
  assert.equal(element.querySelectorAll("img").length, 0);
  const buttons = element.querySelectorAll("button");
  assert.deepEqual([...buttons].map((button) => button.textContent), ["🖼 a b · load from beacon.invalid"]);
  buttons[0]?.click();
  const image = element.querySelector("img");
  assert.equal(image?.getAttribute("src"), "https://beacon.invalid/a.png");
  assert.equal(image?.referrerPolicy, "no-referrer");
  assert.equal(image?.alt, "a b");
});

test("a link says where it really leads", () => {
  const element = rendered(["[https://example.com](https://u:p@beacon.invalid/x) [here](https://beacon.invalid/y 'a title') [beacon.invalid](https://www.beacon.invalid)"]);
  const [lying, plain, near] = element.querySelectorAll("a");
  assert.equal(lying?.getAttribute("href"), "https://beacon.invalid/x");
  assert.equal(lying?.dataset.host, "beacon.invalid");
  assert.equal(plain?.title, "beacon.invalid — a title");
  assert.equal(plain?.dataset.host, undefined);
  assert.equal(near?.dataset.host, undefined);
});
