"""What only a browser shows of the live cell: its looks, and what becomes of keys, focus and scrolling.

Without a notebook and without a kernel (bed.py); what needs those is in test_live_cell.py.
"""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from .bed import FRAMES
from .conftest import ARTIFACTS, until

AXE = Axe()

SCENES = {
    "waiting": (1000, 300),
    "streaming": (1000, 560),
    "thinking": (1000, 400),
    "stopped": (1000, 680),
    "resumed": (1000, 620),
    "failed": (1000, 560),
    "refused": (1000, 340),
    "complete": (1000, 680),
    "comparing": (1100, 700),
    "compared": (1100, 760),
    "one of three failed": (1100, 700),
    "four": (1400, 700),
    "scripts": (800, 500),
}
"""Moments worth looking at, and the size of the window."""


def violations(bed, *rules):
    """What axe finds wrong. `rules`: only by these."""
    options = {"runOnly": list(rules)} if rules else None
    found = AXE.run(bed.page, options=options).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def picture(bed, name):
    ARTIFACTS.mkdir(exist_ok=True)
    bed.page.screenshot(path=ARTIFACTS / f"pane-{name.replace(' ', '-')}.png")


@pytest.mark.parametrize("scene", SCENES)
def test_every_moment_is_accessible_and_worth_a_picture(open_bed, scene):
    width, height = SCENES[scene]
    bed = open_bed(scene, width=width, height=height)
    picture(bed, scene)
    assert bed.page.locator(".hs-cell [hidden]:visible").count() == 0
    assert violations(bed) == []


@pytest.mark.parametrize(("theme", "width"), [("dark", 1100), ("contrast", 1100), ("light", 420)])
@pytest.mark.parametrize("scene", ["comparing", "compared", "stopped"])
def test_other_themes_and_widths_are_too(open_bed, scene, theme, width):
    bed = open_bed(scene, theme, width=width, height=760)
    if scene == "compared":
        bed.button("Differences").click()
        bed.page.evaluate(FRAMES)
    picture(bed, f"{scene}-{theme}-{width}")
    assert violations(bed, "color-contrast") == []


CODE_CONTRASTS = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const painted = (...colours) => {
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
  };
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = getComputedStyle(document.querySelector(".hs-md-code")).backgroundColor;
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const names = new Set(rules.flatMap((rule) => rule.selectorText?.match(/hs-tok-\\w+/g) ?? []));
  const token = document.querySelector(".hs-md-text").appendChild(document.createElement("span"));
  return Object.fromEntries([...names].map((name) => {
    token.className = name;
    const [a, b] = [light(painted(ground)), light(painted(ground, getComputedStyle(token).color))].sort();
    return [name, (b + 0.05) / (a + 0.05)];
  }));
}"""


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_every_colour_of_code_can_be_read(open_bed, theme):
    contrasts = open_bed("complete", theme).page.evaluate(CODE_CONTRASTS)
    assert len(contrasts) > 10
    assert [name for name, contrast in contrasts.items() if contrast < 4.5] == []


def test_forced_colours_and_a_page_from_right_to_left(open_bed):
    bed = open_bed("compared", forced_colors="active", reduced_motion="reduce")
    picture(bed, "compared-forced-colours")
    assert violations(bed) == []
    moves = "() => document.getAnimations().length"
    assert bed.page.evaluate(moves) == 0
    bed = open_bed("comparing", "dark", width=1100, rtl="1")
    picture(bed, "comparing-rtl")
    assert bed.page.evaluate(moves) > 0
    model, tools = (bed.page.locator(name).first.bounding_box() for name in (".hs-model", ".hs-tools"))
    assert model["x"] > tools["x"]
    directions = "figures => new Set(figures.map((figure) => getComputedStyle(figure).direction)).size"
    figures = bed.page.locator(".hs-figure, .hs-rank-value")
    assert figures.first.evaluate("figure => getComputedStyle(figure).direction") == "ltr"
    assert figures.evaluate_all(directions) == 1  # "6.2 s", not "s 6.2"


def test_panes_stand_side_by_side_and_below_each_other_where_the_cell_is_narrow(open_bed):
    bed = open_bed("comparing", width=1100)
    boxes = [pane.bounding_box() for pane in bed.page.locator(".hs-pane").all()]
    assert len({box["y"] for box in boxes}) == 1
    assert len({box["height"] for box in boxes}) == 1
    bed.page.set_viewport_size({"width": 420, "height": 700})
    boxes = [pane.bounding_box() for pane in bed.page.locator(".hs-pane").all()]
    assert len({box["x"] for box in boxes}) == 1
    bed.page.set_viewport_size({"width": 1100, "height": 700})
    bed.page.evaluate(
        "document.getElementById('output').style.width = '400px'"
    )  # the cell decides, not the window
    assert len({pane.bounding_box()["x"] for pane in bed.page.locator(".hs-pane").all()}) == 1


def test_nothing_is_wider_than_the_cell(open_bed):
    for scene, width in (("scripts", 420), ("compared", 420), ("four", 640), ("streaming", 300)):
        bed = open_bed(scene, width=width)
        assert bed.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), scene


def test_the_differences_come_into_sight_when_they_are_opened(open_bed):
    bed = open_bed("compared", height=420)
    in_sight = "element => element.getBoundingClientRect().top < innerHeight"
    bed.page.get_by_role("button", name="Differences").click()
    bed.page.wait_for_function(f"({in_sight})(document.querySelector('.hs-side-text'))")


CONTROLS = {"Differences", "Copy answer", "Collapse", "Copy code", "Choose"}


def test_the_keyboard_reaches_every_control_in_the_order_of_the_eye(open_bed):
    bed = open_bed("compared")
    words = []
    for _ in range(40):
        bed.page.keyboard.press("Tab")
        words.append(bed.focused())
        ring = bed.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if words.count("Differences") == 2 or bed.page.evaluate("document.activeElement === document.body"):
            break  # once round
        assert ring == "solid", words[-1]
    shown = [re.sub(r"\d.*", "", word) for word in words]
    assert [word for word in shown[:8] if word in CONTROLS] == [
        "Differences",
        "Copy answer",
        "Collapse",
        "Copy code",
        "Choose",
    ]
    assert shown.count("Copy answer") == 3
    assert shown.count("Copy code") == 2
    assert shown.count("Choose") == 2


LISTEN = """() => {
  window.heard = [];
  window.early = [];
  const name = (event) => (event.ctrlKey ? "Ctrl+" : "") + event.key;
  document.addEventListener("keydown", (event) => heard.push(name(event)));
  const suppressed = (event) => event.target.hasAttribute("data-lm-suppress-shortcuts");
  const lumino = (event) => suppressed(event) || early.push(name(event));
  document.addEventListener("keydown", lumino, true);
}"""
"""Hear keys as JupyterLab does: after us; and as Notebook 7: first, but not from a suppressed element."""


def test_keys_in_our_controls_are_ours_and_keys_with_ctrl_are_the_hosts(open_bed):
    bed = open_bed("compared")
    bed.page.evaluate(LISTEN)
    for name in ("Copy answer", "Differences", "Choose"):
        bed.button(name).focus()
        for key in ("d", "d", "x", "b", "ArrowDown", "Escape", "Shift+X", "Control+y"):
            bed.page.keyboard.press(key)
    bed.page.locator("summary").focus()
    bed.page.keyboard.press("x")
    bed.page.locator(".hs-box").nth(1).evaluate("box => box.focus({ focusVisible: true })")
    bed.page.keyboard.press("ArrowDown")
    ours = {"d", "x", "b", "X", "ArrowDown", "Escape"}
    heard, early = bed.page.evaluate("[heard, early]")
    assert not ours & set(heard)
    assert not ours & set(early)
    assert heard.count("Ctrl+y") == early.count("Ctrl+y") == 3
    bed.page.locator("h1").click()
    bed.page.keyboard.press("x")
    assert bed.page.evaluate("heard.at(-1)") == "x"


def test_a_text_reached_by_mouse_leaves_the_keys_to_the_host(open_bed):
    bed = open_bed("complete")
    bed.page.evaluate(
        "() => { window.heard = []; document.addEventListener('keydown', (e) => heard.push(e.key)); }"
    )
    bed.page.locator(".hs-text").click()
    bed.page.keyboard.press("b")
    assert bed.page.evaluate("heard") == ["b"]


def test_a_press_is_seen_at_once_and_taken_back_when_nobody_answers(open_bed):
    bed = open_bed("streaming")
    bed.button("Stop").focus()
    bed.page.keyboard.press("Enter")
    bed.page.evaluate(FRAMES)
    assert bed.focused() == "stopping…"  # it keeps the focus
    bed.page.keyboard.press("Enter")
    assert bed.sent("press") == [{"type": "press", "pane": 0, "action": "stop"}]
    bed.button("Stop").wait_for()
    assert "did not answer" in bed.page.locator(".hs-foot .hs-note").inner_text()


def test_the_focus_of_a_button_that_goes_away_stays_in_its_pane(open_bed):
    bed = open_bed("streaming")
    bed.button("Stop").click()
    bed.states(2, {"status": "interrupted", "actions": {}, "stop_hint": None})
    assert bed.page.evaluate("document.activeElement.className") == "hs-box"


@pytest.mark.parametrize("way", ["allowed", "refused", "missing"])
def test_the_answer_is_copied_with_and_without_permission(open_bed, way):
    permissions = ["clipboard-read", "clipboard-write"] if way == "allowed" else ["clipboard-read"]
    bed = open_bed("complete", permissions=permissions)
    if way == "refused":
        bed.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    if way == "missing":
        bed.page.evaluate("navigator.clipboard.writeText = undefined")
    bed.page.evaluate("getSelection().selectAllChildren(document.querySelector('.hs-text > *'))")
    selected = bed.page.evaluate("getSelection().toString()")
    bed.button("Copy answer").click()
    bed.button("Copied").wait_for()
    text = bed.page.evaluate("live.scene[0].panes[0].text")
    assert bed.page.evaluate("navigator.clipboard.readText()") == text
    assert bed.page.evaluate("getSelection().toString()") == selected
    assert bed.page.locator("textarea").count() == 0
    assert bed.page.get_by_role("status").inner_text() == "Copied the answer of gpt-4.1"
    bed.button("Copy answer").wait_for()


def test_where_nothing_can_be_copied_the_answer_is_selected(open_bed):
    bed = open_bed("complete")
    bed.page.evaluate(
        "() => { navigator.clipboard.writeText = undefined; document.execCommand = () => false; }"
    )
    bed.button("Copy answer").click()
    until(lambda: "press Ctrl+C" in bed.page.get_by_role("status").inner_text(), "it is said")
    assert bed.page.evaluate("getSelection().toString()").startswith("Reading a stream")


def grow(bed, seq, lines=30):
    """More text in the first pane, which makes it overflow."""
    text = "".join(f"\n\nline {seq}.{i}" for i in range(lines))
    bed.page.evaluate(
        """([seq, text]) => {
             live.length ??= [...live.scene[0].panes[0].text].length;
             live.arrive({ type: "update", seq, deltas: [{ pane: 0, offset: live.length, text }] });
             live.length += text.length;
           }""",
        [seq, text],
    )
    bed.page.evaluate(FRAMES)


FROM_END = "box => box.scrollHeight - box.clientHeight - box.scrollTop"


def test_the_end_is_followed_until_the_reader_scrolls_up_and_the_page_never_moves(open_bed):
    bed = open_bed("streaming", height=420)
    box = bed.page.locator(".hs-body > .hs-reading > .hs-box")
    bed.page.mouse.move(10, 10)
    for seq in (2, 3):
        grow(bed, seq)
        assert box.evaluate(FROM_END) <= 1
    assert not bed.button("newest").is_visible()
    box.hover()
    bed.page.mouse.wheel(0, -200)
    bed.button("newest").wait_for()
    picture(bed, "scrolled-up")
    place = box.evaluate("box => box.scrollTop")
    grow(bed, 4)
    assert box.evaluate("box => box.scrollTop") == place
    assert bed.page.evaluate("scrollY") == 0
    bed.button("newest").focus()
    bed.page.keyboard.press("Enter")
    assert box.evaluate(FROM_END) <= 1
    assert bed.page.evaluate("document.activeElement.className") == "hs-box"
    grow(bed, 5)
    assert box.evaluate(FROM_END) <= 1
    assert bed.page.evaluate("scrollY") == 0


def test_a_selection_survives_the_stream_and_finished_answers_open_at_their_beginning(open_bed):
    bed = open_bed("streaming", height=420)
    bed.page.evaluate("getSelection().selectAllChildren(document.querySelector('.hs-text > *'))")
    selected = bed.page.evaluate("getSelection().toString()")
    grow(bed, 2)
    grow(bed, 3)
    assert selected == "Reading a stream line by line"
    assert bed.page.evaluate("getSelection().toString()") == selected
    bed = open_bed("complete", height=420)
    assert bed.page.locator(".hs-box").evaluate("box => box.scrollHeight - box.clientHeight") > 50
    assert bed.page.locator(".hs-box").evaluate("box => box.scrollTop") == 0


def test_all_text_is_there_to_be_found_and_printed(open_bed):
    bed = open_bed("compared", height=500)
    assert bed.page.evaluate("find('aiter_lines')")
    bed.button("Collapse").click()
    bed.page.emulate_media(media="print")
    bed.page.evaluate(FRAMES)
    assert bed.page.get_by_role("button").count() == 0
    for box in bed.page.locator(".hs-box").all():
        assert box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")
        assert box.is_visible()
    bed.page.screenshot(path=ARTIFACTS / "pane-printed.png", full_page=True)


STREAM = """async () => {
  const text = ("Some *words* and `code` ".repeat(4) + "end.\\n\\n").repeat(4);
  const offsets = live.scene[0].panes.map(({ text }) => [...text].length);
  for (let seq = 2; seq < 66; seq += 1) {
    live.arrive({ type: "update", seq, deltas: offsets.map((offset, pane) => ({ pane, offset, text })) });
    offsets.forEach((offset, pane) => (offsets[pane] = offset + text.length));
    await new Promise((done) => setTimeout(done, 25));
  }
  while (live.sent.findLast(({ type }) => type === "ack")?.seq !== 65) {
    await new Promise((done) => setTimeout(done, 25));
  }
}"""


def test_a_hundred_kilobytes_in_four_panes_never_hold_the_page_up(open_bed, browser):
    bed = open_bed("four", width=1400)
    browser.start_tracing(page=bed.page, categories=["toplevel"])
    bed.page.evaluate(STREAM)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    main = [e for e in events if names.get((e["pid"], e["tid"])) == "CrRendererMain"]
    ran = [e for e in main if e["name"] == "ThreadControllerImpl::RunTask"]
    tasks = sorted(e["tdur"] / 1000 for e in ran if "tdur" in e)  # without: those under way at either end
    print(
        f"100 kB into four panes: {tasks[-1]:.1f} of {sum(tasks):.0f} ms in the longest of {len(tasks)} tasks"
    )
    assert len(tasks) > 100
    assert len(bed.page.locator(".hs-text").first.text_content()) > 25_000
    assert tasks[-1] < sum(tasks) / 10, "two hundredths measured; all in one where nothing is put off"
