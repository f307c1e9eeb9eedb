import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Window } from "happy-dom";

import widget from "../widget.js";
import { Model } from "./far_end.js";
import { STATE } from "./state.js";

/** @typedef {import("../protocol.js").PaneSnapshot} PaneSnapshot */

/** @type {Window} */
let page;

beforeEach(() => {
  page = new Window({ width: 800, height: 600 });
});

afterEach(() => page.happyDOM.close());

const STOP = { actions: { stop: "Stops it; what came is kept." } };
const RESTING = { status: /** @type {const} */ ("interrupted"), actions: { resume: "Goes on, about $0.001.", retry: "Asks again." } };

/** A live cell on a page, whose kernel is the test. */
function live() {
  const model = new Model();
  const made = widget();
  made.initialize({ model: /** @type {any} */ (model) });
  const el = page.document.createElement("div");
  page.document.body.append(el);
  made.render({ el: /** @type {any} */ (el) });
  let seq = 0;
  /** @param {Partial<PaneSnapshot>[]} panes */
  const show = async (...panes) => {
    seq += 1;
    model.arrive({ type: "snapshot", seq, panes: panes.map((pane) => ({ text: "", reasoning: "", ...STATE, ...pane })) });
    await frame();
  };
  /** The visible buttons by their words. @param {string} [pane] */
  const buttons = (pane = ".hs-cell") =>
    [...el.querySelectorAll(`${pane} button`)]
      .filter((button) => button.closest("[hidden]") === null)
      .map((button) => button.textContent);
  /** @param {string} words */
  const button = (words) => {
    const found = [...el.querySelectorAll("button")].find((one) => one.textContent === words && one.closest("[hidden]") === null);
    assert.ok(found, `${words} among ${buttons()}`);
    return found;
  };
  const pressed = () => model.sent.filter((message) => /** @type {any} */ (message).type === "press");
  const text = (/** @type {string} */ selector) => el.querySelector(selector)?.textContent;
  return { model, el, show, buttons, button, pressed, text };
}

const frame = () => new Promise((resolve) => page.requestAnimationFrame(resolve));

test("Stop is a button after a round trip only; before it, a hint", async () => {
  const { model, show, buttons, button, text } = live();
  await show({ text: "Hello", ...STOP });
  assert.deepEqual(buttons(), ["Copy answer", "Collapse"]);
  assert.equal(text(".hs-stop"), "■ stops");
  model.arrive({ type: "welcome" });
  await frame();
  assert.deepEqual(buttons(), ["Stop", "Copy answer", "Collapse"]);
  assert.equal(button("Stop").title, "Stops it; what came is kept.");
  assert.equal(text(".hs-stop"), "");
});

test("a press shows at once; pressed again it does nothing more; the state ends it", async () => {
  const { model, show, button, buttons, pressed, text } = live();
  await show({ text: "Hello", ...STOP });
  model.arrive({ type: "welcome" });
  await frame();
  button("Stop").click();
  await frame();
  const stopping = button("stopping…");
  assert.equal(stopping.getAttribute("aria-disabled"), "true");
  stopping.click();
  assert.deepEqual(pressed(), [{ type: "press", pane: 0, action: "stop" }]);
  await show({ text: "Hello", status: "interrupted", message: "Stopped.", stop_hint: null });
  assert.deepEqual(buttons(), ["Copy answer", "Collapse"]);
  assert.equal(text(".hs-message"), "Stopped.");
});

test("what the kernel refuses is a button again, and the reason is told", async () => {
  const { model, show, button, text } = live();
  await show({ text: "Hello", ...RESTING });
  button("Retry").click();
  await frame();
  model.arrive({ type: "done", pane: 0, action: "retry", ok: false, message: "The budget is spent." });
  await frame();
  assert.equal(button("Retry").getAttribute("aria-disabled"), null);
  assert.equal(text(".hs-foot .hs-note"), "The budget is spent.");
  assert.equal(text("[role=status]"), "The budget is spent.");
  button("Resume").click();
  model.arrive({ type: "done", pane: 0, action: "resume", ok: true, message: "Going on with gpt-4.1." });
  await frame();
  assert.equal(text(".hs-foot .hs-note"), "");
  assert.equal(text("[role=status]"), "Going on with gpt-4.1.");
});

test("after an interruption each way on says what it costs, beside the button", async () => {
  const { show, el, buttons, button } = live();
  await show({ text: "Hello", ...RESTING });
  assert.deepEqual(buttons(".hs-foot"), ["Resume", "Retry"]);
  const captions = [...el.querySelectorAll(".hs-caption")].map((caption) => caption.textContent);
  assert.deepEqual(captions, ["Goes on, about $0.001.", "Asks again.", ""]);
  const described = page.document.getElementById(button("Resume").getAttribute("aria-describedby") ?? "");
  assert.equal(described?.textContent, "Goes on, about $0.001.");
});

test("a pane folds to its header and back, and nothing is sent", async () => {
  const { show, el, button, pressed } = live();
  await show({ text: "Hello" });
  button("Collapse").click();
  await frame();
  assert.equal(button("Expand").getAttribute("aria-expanded"), "false");
  assert.ok(el.querySelector(".hs-pane")?.hasAttribute("data-folded"));
  button("Expand").click();
  await frame();
  assert.equal(button("Collapse").getAttribute("aria-expanded"), "true");
  assert.deepEqual(pressed(), []);
});

test("reasoning is open while it is all there is, folds when the answer begins, and then obeys the reader", async () => {
  const { show, el, text } = live();
  await show({});
  assert.equal(el.querySelector("details")?.hidden, true);
  await show({ reasoning: "Let me think 😀" });
  const details = /** @type {any} */ (el.querySelector("details"));
  assert.equal(details.open, true);
  assert.equal(text("summary"), "Reasoning14 characters");
  assert.equal(text(".hs-thought"), "Let me think 😀");
  assert.equal(text(".hs-hint"), "");
  await show({ reasoning: "Let me think 😀", text: "So", reasoning_tokens: 5 });
  assert.equal(details.open, false);
  assert.equal(text("summary"), "Reasoning5 tokens");
  details.querySelector("summary").click();
  details.open = true; // as a browser would
  await show({ reasoning: "Let me think 😀", text: "So it is", reasoning_tokens: 5 });
  assert.equal(details.open, true);
});

test("one answer has no strip; several have, and a Stop for all where more than one runs", async () => {
  const { model, show, el, buttons, button, pressed } = live();
  await show({ text: "a", ...STOP });
  model.arrive({ type: "welcome" });
  assert.equal(el.querySelector(".hs-strip")?.hasAttribute("hidden"), true);
  await show({ text: "a", ttft_s: 0.5, ...STOP }, { text: "b", model: "b", ttft_s: 0.25, ...STOP });
  assert.deepEqual(buttons(".hs-strip"), ["Differences", "Stop all"]);
  assert.equal(el.querySelector(".hs-ranks")?.textContent, "First word b 0.25 s");
  button("Stop all").click();
  await frame();
  assert.deepEqual(buttons(".hs-pane"), ["stopping…", "Copy answer", "Collapse", "stopping…", "Copy answer", "Collapse"]);
  assert.deepEqual(pressed(), [{ type: "press", pane: null, action: "stop" }]);
  await show({ text: "a", ...RESTING }, { text: "b", model: "b", ...STOP });
  assert.deepEqual(buttons(".hs-strip"), ["Differences"]);
});

test("the differences are a reading copy beside panes that nobody touched", async () => {
  const { show, el, button, text } = live();
  const done = { status: /** @type {const} */ ("complete") };
  await show({ ...done, text: "the quick fox" }, { ...done, model: "b", text: "the slow fox" });
  const before = el.querySelector(".hs-text .hs-line")?.firstChild;
  button("Differences").click();
  await frame();
  assert.equal(button("Differences").getAttribute("aria-pressed"), "true");
  assert.deepEqual([text("del"), text("ins")], ["quick", "slow"]);
  assert.deepEqual([...el.querySelectorAll(".hs-side-text")].map((side) => side.textContent), ["the quick fox", "the slow fox"]);
  assert.equal(el.querySelector(".hs-text .hs-line")?.firstChild, before);
  await show({ ...done, text: "the quick fox" }, { ...done, model: "b", text: "the slow fox" }, { ...done, model: "c", text: "a dog" });
  const other = /** @type {any} */ (el.querySelectorAll(".hs-select")[1]);
  other.value = "2";
  other.dispatchEvent(new page.Event("change"));
  await frame();
  assert.deepEqual([...el.querySelectorAll(".hs-side-name")].map((name) => name.textContent), ["gpt-4.1", "c"]);
  assert.equal(text("ins"), "a dog");
});

test("an answer can be chosen, and shows it", async () => {
  const { show, el, buttons, button, pressed } = live();
  const done = { text: "x", status: /** @type {const} */ ("complete"), actions: { pick: "Notes it." } };
  await show(done, { ...done, model: "b" });
  assert.deepEqual(buttons(".hs-foot"), ["Choose", "Choose"]);
  button("Choose").click();
  assert.deepEqual(pressed(), [{ type: "press", pane: 0, action: "pick" }]);
  await show({ ...done, chosen: true }, { ...done, model: "b" });
  assert.deepEqual(buttons(".hs-foot"), ["Choose"]);
  assert.equal(el.querySelectorAll(".hs-pane[data-chosen]").length, 1);
});

test("listeners hear the steps that matter, each once", async () => {
  const { show, text } = live();
  await show({ status: "queued" }, { status: "queued", model: "b" });
  assert.equal(text("[role=status]"), "");
  await show({ text: "x" }, { status: "connecting", model: "b" });
  assert.equal(text("[role=status]"), "gpt-4.1 is answering");
  await show({ text: "x y" }, { model: "b", text: "z" });
  assert.equal(text("[role=status]"), "b is answering");
  await show({ text: "x y", status: "complete" }, { model: "b", text: "z", status: "failed" });
  assert.equal(text("[role=status]"), "gpt-4.1: complete, 3 characters. b: failed, 1 character");
});

test("what is painted is acknowledged", async () => {
  const { model, show } = live();
  await show({ text: "x" });
  const acked = () => model.sent.filter((message) => /** @type {any} */ (message).type === "ack");
  while (acked().length === 0) await frame();
  assert.deepEqual(acked(), [{ type: "ack", seq: 1 }]);
});

test("a kernel that goes takes its buttons with it", async () => {
  const { model, show, buttons } = live();
  await show({ text: "x", ...STOP });
  model.arrive({ type: "welcome" });
  model.trigger("comm_live_update");
  await frame();
  assert.deepEqual(buttons(), ["Copy answer", "Collapse"]);
});

test("each block of code has its button, which gives the code as it is then", async () => {
  const { show, buttons, button, el } = live();
  /** @type {string[]} */
  const copied = [];
  Object.defineProperty(page.navigator, "clipboard", { value: { writeText: async (/** @type {string} */ code) => void copied.push(code) } });
  await show({ text: "```python\nprint(1)" });
  assert.deepEqual(buttons(".hs-text"), ["Copy code"]);
  button("Copy code").click();
  await show({ text: "```python\nprint(1)\nprint(2)\n```\n\nand\n\n```\nother\n```\n" });
  assert.deepEqual(buttons(".hs-text").length, 2);
  const [first, second] = el.querySelectorAll(".hs-text button");
  /** @type {any} */ (first).click();
  /** @type {any} */ (second).click();
  await frame();
  assert.deepEqual(copied, ["print(1)", "print(1)\nprint(2)", "other"]);
});

test("two pages show the same, and the press of one is no press of the other", async () => {
  const [one, two] = [live(), live()];
  /** @param {import("../protocol.js").FromKernel[]} messages */
  const both = async (...messages) => {
    for (const { model } of [one, two]) model.arrive(...messages);
    await frame();
  };
  await both({ type: "update", seq: 1, deltas: [{ pane: 0, offset: 0, text: "Hello" }], states: [{ pane: 0, ...STATE, ...STOP }] }, { type: "welcome" });
  one.button("Stop").click();
  await both({ type: "done", pane: 0, action: "stop", ok: true, message: "Stopping." });
  assert.deepEqual([one.buttons()[0], two.buttons()[0]], ["stopping…", "Stop"]);
  await both({ type: "update", seq: 2, states: [{ pane: 0, ...RESTING, stop_hint: null }] });
  assert.deepEqual(one.buttons(), two.buttons());
  assert.equal(one.text(".hs-word"), "interrupted");
  assert.equal(two.text(".hs-text"), one.text(".hs-text"));
  assert.deepEqual([one.pressed().length, two.pressed().length], [1, 0]);
});
