"""What hostile text can do in the copies that stay: in a trusted notebook in JupyterLab, in nbconvert's page.

The live cell meets the same texts in test_markdown.py, and js/tests/markdown_hostile.test.js.
"""

import json
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from nbconvert import HTMLExporter

from hs_notebook.notebook.resting.bundle import harmless
from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.grid import Cell, table
from hs_notebook.notebook.resting.inert import inert

from .conftest import until

PAYLOADS = Path(__file__).parents[1] / "hostile" / "payloads.json"
"""Hostile texts, each with its class; those that get to execute set `hsPwned`."""

A_CELL = 24
"""Texts shown by one cell, twice each: Lab shows 50 outputs of a cell and hides the rest."""

SHOW = """\
import json
from IPython.display import display
from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.grid import Cell, table
from hs_notebook.notebook.resting.inert import inert
for payload in json.load(open({path!r}))[{first}:{last}]:
    text = payload["text"].encode("utf-8", "replace").decode()
    display({{"text/markdown": inert(dollars(text)) + "\\n\\n*end*"}}, raw=True)
    display({{"text/html": table([Cell("model", text, "end")])}}, raw=True)
"""
"""A cell that leaves the resting copies of some texts, as Markdown and as the table of a comparison."""

PROVOKE = """(outputs) => {
  const all = [...document.querySelectorAll(outputs)];
  const parts = all.flatMap((output) => [...output.querySelectorAll("*")]);
  for (const part of parts) {
    for (const type of ["pointerenter", "mouseover", "mouseenter", "focus", "toggle", "animationend"])
      part.dispatchEvent(new Event(type));
  }
  const acts = "script, style, link, meta, base, iframe, frame, object, embed, form, "
    + "button, textarea, select, input:not([type=checkbox][disabled]), img, video, audio, source, use";
  const handler = /^on|^srcdoc$|^formaction$|^ping$|^background$|^popover|^command/;
  const address = /^(href|xlink:href|src|action)$/;
  const bad = (part, { name, value }) => handler.test(name)
    || (address.test(name) && /^[^/?#]*:/.test(value.trim()) && !/^(https?|mailto|ftp):/i.test(value.trim()))
    || (name === "style" && !part.closest("mjx-container") && /url\\(|position|@import/i.test(value));
  const harmful = (part) => part.matches(acts) || [...part.attributes].some((one) => bad(part, one));
  return parts.filter(harmful).map((part) => part.outerHTML.slice(0, 150));
}"""
"""Moves over everything in the outputs; gives back the elements that could act, load, or go elsewhere."""

RENDERED = """(outputs) => {
  const rendered = (output) => output.textContent.trim() !== "";
  return [...document.querySelectorAll(outputs)].filter(rendered).length;
}"""
"""How many outputs are rendered; none is empty."""


def texts():
    """As they come out of the wire: half characters are replaced there."""
    payloads = json.loads(PAYLOADS.read_text())
    return [payload["text"].encode("utf-8", "replace").decode() for payload in payloads]


def elsewhere(addresses):
    """The addresses that are not on this machine."""
    own = {"127.0.0.1", "localhost", None}
    return [address for address in addresses if urlsplit(address).hostname not in own]


def test_there_are_enough_hostile_texts_and_of_many_classes():
    payloads = json.loads(PAYLOADS.read_text())
    assert len({payload["text"] for payload in payloads}) >= 300
    assert len({payload["class"] for payload in payloads}) >= 12


def test_nothing_executes_or_fetches_in_a_trusted_notebook(open_notebook):
    count = len(texts())
    cells = [
        SHOW.format(path=str(PAYLOADS), first=first, last=first + A_CELL) for first in range(0, count, A_CELL)
    ]
    notebook = open_notebook(*cells)
    asked = []
    notebook.page.on("request", lambda request: asked.append(request.url))
    notebook.run_all()
    shown = ".jp-OutputArea-output.jp-RenderedMarkdown, .jp-OutputArea-output.jp-RenderedHTML"
    until(
        lambda: notebook.page.evaluate(RENDERED, shown) == 2 * count, "all copies are shown", patience_s=150
    )
    assert notebook.page.evaluate(PROVOKE, shown) == []
    assert notebook.page.evaluate("globalThis.hsPwned") is None
    assert elsewhere(asked) == []


def test_nothing_executes_or_fetches_in_a_page_by_nbconvert(browser, tmp_path):
    outputs = [
        nbformat.v4.new_output("display_data", data=data)
        for text in texts()
        for data in (
            {"text/markdown": inert(dollars(text)) + "\n\n*end*", "text/plain": harmless(text)},
            {"text/html": table([Cell("model", text, "end")]), "text/plain": harmless(text)},
        )
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=outputs)])
    page_of_all = tmp_path / "answers.html"
    page_of_all.write_text(HTMLExporter(template_name="basic").from_notebook_node(book)[0], "utf-8")
    with browser.new_context() as context:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_of_all.as_uri())
        assert page.locator("body").inner_text().count("end") >= len(outputs)
        assert page.evaluate(PROVOKE, "body") == []
        assert page.evaluate("globalThis.hsPwned") is None
        assert elsewhere(asked) == []


@pytest.mark.parametrize("text", ["<img src=x onerror=hsPwned=1>", "<script>hsPwned=1</script>"])
def test_the_page_would_show_it(browser, text):
    """That what these tests look for is seen where nothing is done against it."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(f"<div class=output>{text}</div>")
        until(lambda: page.evaluate("globalThis.hsPwned"), "it executes")
        assert page.evaluate(PROVOKE, ".output") != []
