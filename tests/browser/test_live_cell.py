"""The live cell in JupyterLab, as a person meets it: what streams, what stays, what ■ does."""

import json
import re
from pathlib import Path

import hs_notebook
from hs_notebook.gateway import demo

from ..notebook.far_end import DONE, FINISH, Shown, text  # noqa: TID252 - tests are no package with a name
from .conftest import KERNEL_READY

LOAD = "%load_ext hs_notebook"
AT_REST = ("display_data", ["text/markdown", "text/plain"])
"""The one output that stays of an answer: its type, and the MIME types of its data."""

FRONT_END = sum(file.stat().st_size for file in Path(hs_notebook.__file__).parent.glob("static/widget.*"))
"""Bytes of the built live cell, which each cell's widget begins with."""

CONTRASTS = """() => {
  const rgba = (css) => {
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const light = (rgb) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = rgba(getComputedStyle(document.querySelector(".hs-pane")).backgroundColor).rgb;
  const contrast = (css) => {
    const { rgb, alpha } = rgba(css);
    const [a, b] = [light(rgb.map((c, i) => c * alpha + ground[i] * (1 - alpha))), light(ground)].sort();
    return (b + 0.05) / (a + 0.05);
  };
  const poor = [];
  for (const part of ["model", "served", "word", "figure", "text", "latest", "shape"]) {
    const style = getComputedStyle(document.querySelector(`.hs-${part}`));
    const [got, least] = part === "shape" ? [contrast(style.stroke), 3] : [contrast(style.color), 4.5];
    if (!(got >= least)) poor.push(`${part}: ${got}`);
  }
  return poor;
}"""
"""The parts of the pane whose contrast with its ground is less than WCAG 2 asks (1.4.3, 1.4.11)."""


def ask(prompt="What is this?", **script):
    """A cell that asks the scripted model for this."""
    return f"%%holysheep model=demo extra.demo={json.dumps(script)}\n{prompt}"


def letters(text):
    """The letters of an answer, which are the same in Markdown, on the page, and in a file."""
    return re.sub("[^A-Za-z]", "", text.replace("Copy code", ""))


def select_first_paragraph(notebook):
    notebook.page.evaluate("getSelection().selectAllChildren(document.querySelector('.hs-text > *'))")


def selected(notebook):
    return notebook.page.evaluate("getSelection().toString()")


def outputs(book, index):
    return [(output.output_type, sorted(output.get("data", ()))) for output in book.cells[index].outputs]


def press_lab_keys_in_a_control(notebook):
    """Keys that would change the notebook in its command mode must not, with a button of ours in focus."""
    before = notebook.page.locator(".jp-Notebook .jp-Cell .jp-InputArea").all_inner_texts()
    notebook.page.get_by_role("button", name="Copy answer").click()
    for keys in ("b", "x", "dd"):  # insert below, cut, delete
        notebook.page.keyboard.type(keys)
        assert notebook.page.locator(".jp-Notebook .jp-Cell .jp-InputArea").all_inner_texts() == before
    assert notebook.page.evaluate("document.activeElement.className").startswith("hs-button")


def test_an_answer_streams_and_then_rests_as_markdown(open_notebook, lab):
    notebook = open_notebook(LOAD, ask(tokens_per_s=20), "after = 1")
    notebook.run_all()

    notebook.until(lambda: "What you are" in notebook.text(), "the first paragraph is finished")
    select_first_paragraph(notebook)
    before = selected(notebook)
    notebook.until(lambda: len(notebook.text()) > 450, "it goes on")
    notebook.screenshot("streaming")

    pane = notebook.live()
    assert pane.locator(".hs-box").evaluate("box => getComputedStyle(box).overflowY") == "auto"
    assert pane.get_attribute("data-status") == "streaming"
    assert pane.get_attribute("aria-busy") == "true"
    assert pane.locator(".hs-model").inner_text() == "demo"
    assert pane.locator(".hs-served").inner_text() == "demo-script"
    figures = " ".join(pane.locator(".hs-figure").all_inner_texts())
    assert "~" in figures
    assert "tokens/s" in figures
    assert "first token" in figures
    assert notebook.page.get_by_role("button", name="Stop", exact=True).is_visible()
    assert before.startswith("This is a script")
    assert selected(notebook).startswith(before.rstrip())

    notebook.ended(2)
    rest = notebook.output(1)
    assert notebook.live().count() == 0
    assert rest.locator("h2").inner_text().startswith("What you are seeing")
    assert rest.locator("table").count() == 1
    assert "demo-script" in rest.locator("em").last.inner_text()
    notebook.screenshot("at-rest")

    book = notebook.saved()
    assert outputs(book, 1) == [AT_REST]
    assert "widgets" not in book.metadata
    assert "widget" not in json.dumps(book.cells[1].outputs)

    notebook.page.close()
    lab.end_kernels()
    alone = open_notebook(path=notebook.path, kernel=False)
    alone.output(1).locator("h2").wait_for()
    assert alone.page.locator("text=Error displaying widget").count() == 0
    assert "demo-script" in alone.output(1).inner_text()
    alone.screenshot("reopened-without-a-kernel")


def test_the_kernels_stop_button_keeps_the_text_and_drops_the_queue(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens=3000, tokens_per_s=30), "after = 1")
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 150, "text comes")
    kept = notebook.text()
    notebook.interrupt()
    notebook.ended(1)

    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.until(lambda: notebook.prompt(2) == "[ ]:", "the next cell was dropped")
    notebook.screenshot("stopped")
    book = notebook.saved()
    assert outputs(book, 1) == [AT_REST, ("error", [])]
    text, error = book.cells[1].outputs
    assert letters(text.data["text/plain"]).startswith(letters(kept))
    assert len(error.traceback) == 1
    assert "\n" not in error.traceback[0]
    assert "kept" in error.traceback[0]
    assert book.cells[2].execution_count is None


def test_our_stop_button_keeps_the_text_and_ends_the_cell_well(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens=3000, tokens_per_s=30), "after = 1")
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 150, "text comes")
    button = notebook.page.get_by_role("button", name="Stop", exact=True)
    assert "stays" in button.get_attribute("title")
    kept = notebook.text()
    button.click()
    notebook.ended(2)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.screenshot("stopped-by-button")
    book = notebook.saved()
    assert outputs(book, 1) == [AT_REST]
    assert letters(book.cells[1].outputs[0].data["text/plain"]).startswith(letters(kept))
    assert book.cells[2].execution_count is not None

    notebook.page.keyboard.press("b")  # "insert below" is heard: the focus did not go with the button
    notebook.until(lambda: notebook.page.locator(".jp-Notebook .jp-Cell").count() == 4, "a cell more")


def test_notebook_7_shows_the_same_and_keeps_its_keys_from_our_buttons(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens=3000, tokens_per_s=30), where="notebooks")
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 150, "text comes")
    press_lab_keys_in_a_control(notebook)
    notebook.screenshot("notebook-7")
    notebook.interrupt()
    notebook.ended(1)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")


def test_a_failed_answer_keeps_its_text_and_says_why(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens_per_s=200, fault="error", fail_after=30), "after = 1")
    notebook.run_all()
    notebook.ended(1)

    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.until(lambda: notebook.prompt(2) == "[ ]:", "the next cell was dropped")
    notebook.screenshot("failed")
    book = notebook.saved()
    assert outputs(book, 1) == [AT_REST, ("error", [])]
    text, error = book.cells[1].outputs
    assert text.data["text/plain"].startswith("**This is a script")
    assert 1 <= len("\n".join(error.traceback).splitlines()) <= 3


def test_a_long_answer_costs_few_bytes(open_notebook):
    notebook = open_notebook(LOAD, ask(text="abc ", tokens=5000, tokens_per_s=1000))
    notebook.run_all()
    notebook.ended(0)
    before, began = sum(notebook.received), len(notebook.received)
    notebook.until(lambda: notebook.live().count() == 1, "it streams")
    notebook.ended(1)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    received, messages = sum(notebook.received) - before - FRONT_END, len(notebook.received) - began

    print(f"20,000 characters: {received:,} bytes in {messages} messages")
    assert received < 50_000 + 2_000 * messages  # with the whole text in each it would be five times as much


def test_the_end_is_followed_until_the_reader_scrolls_up_in_every_theme(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens=50_000, tokens_per_s=200))
    notebook.run_all()
    box = notebook.page.locator(".hs-box")
    from_end = "box => box.scrollHeight - box.clientHeight - box.scrollTop"
    overflow = "box => box.scrollHeight > box.clientHeight + 500"
    notebook.until(lambda: notebook.text() and box.evaluate(overflow), "it overflows")
    assert box.evaluate(from_end) <= 1
    assert notebook.page.locator(".hs-latest").is_hidden()

    box.hover()
    notebook.page.mouse.wheel(0, -400)
    notebook.page.locator(".hs-latest").wait_for()
    place, length = box.evaluate("box => box.scrollTop"), len(notebook.text())
    notebook.until(lambda: len(notebook.text()) > length + 100, "it goes on")
    assert box.evaluate("box => box.scrollTop") == place

    for theme in ("JupyterLab Dark High Contrast", "JupyterLab Dark", "JupyterLab Light"):
        notebook.theme(theme)
        assert notebook.page.evaluate(CONTRASTS) == []
        notebook.screenshot(theme.removeprefix("JupyterLab ").lower().replace(" ", "-"))

    notebook.page.locator(".hs-latest").click()
    notebook.page.locator(".hs-latest").wait_for(state="hidden")
    press_lab_keys_in_a_control(notebook)
    notebook.page.set_viewport_size({"width": 620, "height": 760})
    length = len(notebook.text())
    notebook.until(lambda: len(notebook.text()) > length + 100, "it goes on")
    notebook.until(lambda: box.evaluate(from_end) <= 1, "the end is followed again, narrow too")
    notebook.screenshot("narrow")
    notebook.interrupt()
    notebook.ended(1)


def test_a_page_loaded_in_mid_stream_gets_the_whole_text(open_notebook, far):
    beginning, end = demo.SCRIPT[:300], demo.SCRIPT[300:]
    far.plan = [text(beginning), Shown("the page is back"), text(end), FINISH, DONE]
    where = f"HOLYSHEEP_BASE_URL={far.url!r}, HOLYSHEEP_API_KEY='x'"
    notebook = open_notebook(f"import os; os.environ.update({where})\n{LOAD}", "%%holysheep model=far-1\nGo")
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 100, "text comes")
    assert "application/vnd.jupyter.widget-view+json" in notebook.saved().cells[1].outputs[0].data
    notebook.page.reload()

    notebook.page.locator(".hs-pane[data-status='streaming']").wait_for()
    notebook.until(lambda: letters(notebook.text()) == letters(beginning), "what had come is back")
    far.show("the page is back")
    notebook.page.locator(".hs-pane[data-status='complete']").wait_for()
    notebook.until(lambda: letters(notebook.text()) == letters(demo.SCRIPT), "the rest comes")
    notebook.screenshot("reloaded")


def test_a_kernel_restarted_in_mid_stream_is_told_at_once(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens=3000, tokens_per_s=30))
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 150, "text comes")
    notebook.command("notebook:restart-kernel")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()

    pane = notebook.live()
    notebook.until(lambda: pane.get_attribute("data-status") == "interrupted", "the answer has ended")
    assert pane.locator(".hs-message").inner_text() == (
        "The kernel was restarted. Run the cell again to go on from here."
    )
    assert pane.locator(".hs-word").inner_text() == "interrupted"
    assert pane.locator(".hs-stop").text_content() == ""
    assert pane.get_attribute("aria-busy") == "false"
    assert len(notebook.text()) > 150
    stood = pane.locator(".hs-figure").first.inner_text()
    notebook.page.wait_for_function(KERNEL_READY)
    assert pane.locator(".hs-figure").first.inner_text() == stood
    notebook.screenshot("kernel-restarted")

    notebook.run_all()
    notebook.until(lambda: notebook.live().get_attribute("data-status") == "streaming", "it goes on")
    notebook.interrupt()
    notebook.ended(1)


HOSTILE = """<img src=x onerror="window.hit='img'"> <script>window.hit='script'</script>
<details open ontoggle="window.hit='details'"><summary>x</summary></details>
[click](javascript:window.hit='link') <a href="javascript:window.hit='a'">a</a> ![](https://example.invalid/pixel.png)
</div></div><style>body{display:none}</style><iframe srcdoc="<script>parent.hit='frame'</script>"></iframe>
"""

ACTIVE = "img, script, iframe, style, details, object, embed, form, input:not([type=checkbox])"


def bad_links(where):
    targets = [link.get_attribute("href") or "" for link in where.locator("a").all()]
    return [target for target in targets if target.lower().startswith(("javascript:", "data:", "vbscript:"))]


def test_hostile_text_is_text_live_and_at_rest(open_notebook):
    notebook = open_notebook(LOAD, ask(text=HOSTILE, tokens=3000, tokens_per_s=60))
    asked = []
    notebook.page.on("request", lambda request: asked.append(request.url))
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 3 * len(HOSTILE) / 2, "it streams")
    assert "<script>window.hit='script'</script>" in notebook.text()
    assert notebook.page.locator(".hs-text").locator(ACTIVE).count() == 0
    assert bad_links(notebook.page.locator(".hs-text")) == []
    notebook.page.get_by_role("button", name="Stop", exact=True).click()
    notebook.ended(1)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.page.locator(".jp-RenderedMarkdown").wait_for()
    assert bad_links(notebook.output(1)) == []
    assert notebook.output(1).locator(ACTIVE).count() == 0
    assert notebook.page.evaluate("window.hit") is None
    assert not [url for url in asked if "example.invalid" in url]
