"""Rendered Markdown in a real browser: what hostile text can do there, and what a long answer costs.

On the bed (bed.py): no notebook, no kernel, and no HTML from strings allowed. The rest is in
js/tests/markdown_*.
"""

import json
from pathlib import Path

import pytest

PAYLOADS = json.loads((Path(__file__).parents[1] / "hostile" / "payloads.json").read_text())
"""Hostile texts, each with its class."""

AT_ONCE = 13
"""Panes that show a payload each."""

SHOWN = """async (texts) => {
  const [{ panes: [state] }] = live.scene;
  const panes = texts.map((text) => ({ ...state, text: "", reasoning: "" }));
  const seq = (live.used = (live.used ?? 1000) + 10);
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  live.arrive({ type: "snapshot", seq, panes: panes.map((pane, at) => ({ ...pane, text: texts[at] })) });
  await frame();
  for (const part of document.querySelectorAll(".hs-text :not(.hs-md-bar *)")) {
    for (const type of ["pointerenter", "mouseover", "focus"]) part.dispatchEvent(new Event(type));
    if (part.matches("a:not([target])")) part.click();
  }
  const bad = "script, style, link, meta, base, iframe, object, embed, form, input, img, svg, math, video";
  const found = [...document.querySelectorAll(".hs-text :not(.hs-md-bar *)")].filter((part) =>
    part.matches(bad) ||
    [...part.attributes].some(({ name }) => /^on|^style$|^src|^name$|command/.test(name)));
  return found.map((part) => part.outerHTML.slice(0, 200));
}"""

COST = """async ([block, size, head, tokens]) => {
  const [{ panes: [state] }] = live.scene;
  live.arrive({ type: "snapshot", seq: 5000, panes: [{ ...state, text: head, reasoning: "" }] });
  let [offset, seq] = [head.length, 5000];
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const add = (text) => {
    live.arrive({ type: "update", seq: (seq += 1), deltas: [{ pane: 0, offset, text }] });
    offset += text.length;
  };
  globalThis.more = async () => {
    const text = block.repeat(Math.ceil((tokens * 4) / block.length));
    for (let at = 0; at < tokens * 4; at += 40) {
      add(text.slice(at, at + 40));
      await frame();
    }
    add(text.slice(tokens * 4));
  };
  globalThis.fill = async () => {
    add(block.repeat(Math.ceil((size - offset) / block.length)));
    while ((document.querySelector(".hs-text").textContent.length) < size * 0.45) await frame();
    for (let wait = 0; wait < 20; wait += 1) await frame();
  };
  await frame();
}"""

BLOCKS = {
    "blocks": (
        "",
        "## Title\n\nSome *words* and `code` in a [text](https://example.com) that goes on.\n\n- a\n- b\n\n",
    ),
    "one paragraph": ("", "Some *words* and `code` in a **text** that goes on and on. "),
    "one fence": ("```python\n", 'def f(x): return "text" + str(x * 2)  # and so on\n'),
    "one list": ("", "- an item with *some* words and `code` in it\n"),
    "one table": ("| a | b |\n|---|---|\n", "| some words | and more |\n"),
}
"""Of what a long answer is made: how it begins, and what comes again and again."""


def test_no_hostile_text_executes_or_fetches_in_the_live_cell(open_bed):
    bed = open_bed("stopped", width=1400)
    asked: list[str] = []
    bed.page.on("request", lambda request: asked.append(request.url))
    address = bed.page.url
    texts = [payload["text"] for payload in PAYLOADS]
    for at in range(0, len(texts), AT_ONCE):
        batch = texts[at : at + AT_ONCE]
        assert bed.page.evaluate(SHOWN, batch) == [], batch
        assert bed.page.evaluate("globalThis.hsPwned") is None, batch
    assert asked == []
    assert bed.page.url == address
    assert bed.page.locator("#main, [id=document], [name=cookie]").count() == 0


def test_an_image_comes_when_asked_for_and_its_server_learns_no_address(open_bed):
    bed = open_bed("stopped")
    asked: list[str] = []
    bed.page.on("request", lambda request: asked.append(request.url))
    assert bed.page.evaluate(SHOWN, ["![a](https://beacon.invalid/a.png)"]) == []
    assert asked == []
    with bed.page.expect_event("console"):  # the bed's own policy refuses the image: a host's allows it
        bed.page.get_by_role("button", name="load from beacon.invalid").click()
    bed.said.clear()
    image = bed.page.locator("img")
    assert image.get_attribute("referrerpolicy") == "no-referrer"
    assert image.get_attribute("src") == "https://beacon.invalid/a.png"


@pytest.mark.parametrize("kind", BLOCKS)
def test_the_end_of_a_long_answer_costs_what_its_beginning_did(open_bed, kind):
    """By the time of the page's own thread, so that a busy machine does not count."""
    head, block = BLOCKS[kind]
    bed = open_bed("streaming")
    clock = bed.page.context.new_cdp_session(bed.page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        figures = {one["name"]: one["value"] for one in clock.send("Performance.getMetrics")["metrics"]}
        return figures["TaskDuration"]

    def some_tokens():
        before = spent()
        bed.page.evaluate("more()")
        return spent() - before

    bed.page.evaluate(COST, [block, 200_000, head, 500])
    some_tokens()  # so that all code has run once
    first = some_tokens()
    bed.page.evaluate("fill()")
    last = some_tokens()
    print(f"{kind}: 500 tokens cost {first * 1000:.0f} ms at the beginning, {last * 1000:.0f} ms at 200 kB")
    assert last < first * 2.5, "1.0 to 1.4 measured; fifty where everything is laid out anew"
    assert bed.page.evaluate("document.querySelector('.hs-text').textContent.length") > 100_000
