import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Window } from "happy-dom";

import widget from "../widget.js";
import { Model } from "./far_end.js";
import { STATE } from "./state.js";

/** @typedef {import("../protocol.js").FromKernel} FromKernel */

/** @type {Window} */
let page;

beforeEach(() => {
  page = new Window({ width: 800, height: 600 });
});

afterEach(() => page.happyDOM.close());

/** @param {Model} model */
function start(model) {
  const made = widget();
  const stop = made.initialize({ model: /** @type {any} */ (model) });
  const show = () => {
    const el = page.document.createElement("div");
    page.document.body.append(el);
    const close = made.render({ el: /** @type {any} */ (el) });
    return { el, close };
  };
  return { stop, show };
}

const frame = () => new Promise((resolve) => page.requestAnimationFrame(resolve));

/** @param {{ querySelector: (selector: string) => { textContent: string } | null }} el @param {string} selector */
const text = (el, selector) => el.querySelector(selector)?.textContent;

/** @param {number} seq @param {number} offset @param {string} added @returns {FromKernel} */
const update = (seq, offset, added, state = {}) => ({
  type: "update",
  seq,
  deltas: [{ pane: 0, offset, text: added }],
  states: [{ pane: 0, ...STATE, ...state }],
});

test("it says hello once, and asks for nothing that it has", () => {
  const model = new Model({ type: "snapshot", seq: 0, panes: [{ text: "", reasoning: "", ...STATE }] });
  start(model);
  model.arrive(update(1, 0, "Hello"));
  assert.deepEqual(model.sent, [{ type: "hello" }]);
});

test("text before the first view, two views, and a view that comes late show the same", async () => {
  const model = new Model();
  const { show } = start(model);
  model.arrive(update(1, 0, "Hello, "));
  const one = show();
  const two = show();
  model.arrive(update(2, 7, "world\nline 2"));
  await frame();
  const three = show();
  await frame();
  for (const { el } of [one, two, three]) assert.equal(text(el, ".hs-text"), "Hello, world\nline 2");
});

test("streaming adds at the end and never touches a block that is finished", async () => {
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, "One *block*.\n\nAnother"));
  await frame();
  const [first] = el.querySelectorAll(".hs-text > *");
  const words = first?.firstChild;
  model.arrive(update(2, 21, " one.\n\nA third"));
  await frame();
  assert.equal(el.querySelector(".hs-text > *"), first);
  assert.equal(first?.firstChild, words);
  assert.equal(text(el, ".hs-text em"), "block");
  assert.equal(el.querySelectorAll(".hs-text > *").length, 3);
});

test("the header says what is known, and nothing for what is not", async () => {
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, "x", { model_served: "gpt-4.1-2025-04-14", output_tokens: 412, output_estimated: true }));
  await frame();
  const figures = [...el.querySelectorAll(".hs-figure")].map((figure) => figure.textContent);
  assert.deepEqual(figures.slice(1), ["~412 tokens", "", "", ""]);
  assert.equal(text(el, ".hs-model"), "gpt-4.1");
  assert.equal(text(el, ".hs-served"), "gpt-4.1-2025-04-14");
  assert.equal(text(el, ".hs-word"), "streaming");
  assert.equal(text(el, ".hs-stop"), "■ stops");
  assert.equal(el.querySelector(".hs-pane")?.getAttribute("aria-busy"), "true");
  model.arrive(
    update(2, 1, "y", { status: "complete", elapsed_s: 8.25, ttft_s: 0.31, input_tokens: 15, output_tokens: 412, tokens_per_s: 51.9, cost: "$0.01225" }),
  );
  await frame();
  const last = [...el.querySelectorAll(".hs-figure")].map((figure) => figure.textContent);
  assert.deepEqual(last, ["8.2 s", "15 → 412 tokens", "51.9 tokens/s", "first token 0.31 s", "$0.01225"]);
  assert.equal(text(el, ".hs-stop"), "");
  assert.equal(el.querySelector(".hs-pane")?.getAttribute("aria-busy"), "false");
});

test("the clock goes on between messages while the answer is under way, and stands still after it", async () => {
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, "", { elapsed_s: 5, status: "connecting" }));
  await frame();
  const shown = () => Number.parseFloat(text(el, ".hs-figure") ?? "");
  assert.ok(shown() < 5.2);
  while (shown() < 5.3) await frame(); // ends by the clock, or by the runner's time limit
  model.arrive(update(2, 0, "", { elapsed_s: 6, status: "complete" }));
  await frame();
  for (let i = 0; i < 15; i += 1) await frame();
  assert.equal(text(el, ".hs-figure"), "6.0 s");
});

test("listeners hear a change of status, not every token", async () => {
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, "one "));
  await frame();
  assert.equal(text(el, "[role=status]"), "gpt-4.1 is answering");
  assert.equal(el.querySelector(".hs-box [aria-live], .hs-text[aria-live]"), null);
  model.arrive(update(2, 4, "two", { status: "interrupted" }));
  await frame();
  assert.equal(text(el, "[role=status]"), "gpt-4.1: interrupted, 7 characters");
});

test("a gap asks once; an answer that leaves a gap asks again", () => {
  const model = new Model();
  start(model);
  model.arrive(update(1, 0, "ab"));
  model.arrive(update(3, 4, "ef"));
  model.arrive(update(4, 6, "gh"));
  assert.deepEqual(model.sent, [{ type: "hello" }, { type: "sync" }]);
  model.arrive({ type: "snapshot", seq: 3, panes: [{ text: "abcdef", reasoning: "", ...STATE }] });
  assert.equal(model.sent.length, 3);
  model.arrive({ type: "snapshot", seq: 4, panes: [{ text: "abcdefgh", reasoning: "", ...STATE }] });
  assert.equal(model.sent.length, 3);
});

test("a replaced text is shown afresh", async () => {
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, "one attempt"));
  await frame();
  model.arrive({ type: "snapshot", seq: 2, panes: [{ text: "another", reasoning: "", ...STATE }] });
  await frame();
  assert.equal(text(el, ".hs-text"), "another");
});

test("hostile text and names stay text", async () => {
  const evil = '<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>\n</div><style>*{display:none}</style>&#60;b&#62;';
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, evil, { model: evil, model_served: `x${evil}`, message: evil, cost: evil, stop_hint: evil }));
  await frame();
  assert.equal(text(el, ".hs-text")?.replaceAll("\n", ""), evil.replaceAll("\n", ""));
  assert.equal(text(el, ".hs-model"), evil);
  assert.equal(text(el, ".hs-message"), evil);
  assert.equal(el.querySelectorAll("img, script, style, b").length, 0);
  assert.equal(/** @type {any} */ (globalThis).pwned, undefined);
});

test("a closed view is gone and paints no more; a closed model hears no more", async () => {
  const model = new Model();
  const { show, stop } = start(model);
  const { el, close } = show();
  model.arrive(update(1, 0, "a"));
  close();
  await frame();
  assert.equal(el.childNodes.length, 0);
  stop();
  model.arrive(update(9, 50, "z"));
  assert.deepEqual(model.sent, [{ type: "hello" }]);
});

test("a thousand messages in one frame are one paint", async () => {
  const model = new Model();
  const { el } = start(model).show();
  await frame();
  let changes = 0;
  const observer = new page.MutationObserver((records) => (changes += records.length));
  observer.observe(/** @type {any} */ (el.querySelector(".hs-cell")), { childList: true, subtree: true });
  for (let i = 0; i < 1000; i += 1) model.arrive(update(i + 1, i, "x"));
  await frame();
  assert.equal(text(el, ".hs-text")?.length, 1000);
  await frame();
  assert.ok(changes < 100, `${changes} changes to the page`);
});

for (const event of ["comm_live_update", "comm:close"]) {
  test(`a kernel that goes in mid-stream ends the answer: ${event}`, async () => {
    const model = new Model();
    const { el } = start(model).show();
    model.arrive(update(1, 0, "Hello", { elapsed_s: 5 }));
    await frame();
    model.trigger(event);
    await frame();
    for (let i = 0; i < 15; i += 1) await frame();
    assert.equal(el.querySelector(".hs-pane")?.getAttribute("data-status"), "interrupted");
    assert.equal(el.querySelector(".hs-pane")?.getAttribute("aria-busy"), "false");
    assert.equal(text(el, ".hs-message"), "The kernel was restarted. Run the cell again to go on from here.");
    assert.equal(text(el, ".hs-stop"), "");
    assert.equal(text(el, ".hs-figure"), "5.0 s");
    assert.equal(text(el, ".hs-text"), "Hello");
  });
}

test("a kernel that goes after the end changes nothing; one that speaks again is believed", async () => {
  const model = new Model();
  const { el } = start(model).show();
  model.arrive(update(1, 0, "Hello", { status: "complete" }));
  model.trigger("comm_live_update");
  await frame();
  assert.equal(text(el, ".hs-word"), "complete");
  assert.equal(text(el, ".hs-message"), "");
  model.arrive(update(2, 5, ", again"));
  model.trigger("comm_live_update");
  model.arrive(update(3, 12, "!"));
  await frame();
  assert.equal(text(el, ".hs-word"), "streaming");
  assert.equal(text(el, ".hs-message"), "");
  assert.equal(text(el, ".hs-stop"), "■ stops");
});
