"""What docs/front-ends.md promises of a page: run again after ■, under a strict policy, made by nbconvert."""

import json
import re

import nbformat
from nbconvert import HTMLExporter

from hs_notebook.gateway import demo

from .conftest import ARTIFACTS

LOAD = "%load_ext hs_notebook"
STRICT = "script-src 'self' 'unsafe-inline' 'unsafe-eval'; object-src 'none'"
"""What JupyterLab itself needs, and no `blob:`, from which anywidget would load the live cell."""


def ask(model="demo", **script):
    return f"%%holysheep model={model} extra.demo={json.dumps(script)}\nWhat is this?"


def letters(text):
    return re.sub("[^A-Za-z]", "", text)


def test_stopped_and_run_again_it_goes_on_from_its_text(open_notebook):
    notebook = open_notebook(LOAD, ask(tokens=3000, tokens_per_s=40))
    notebook.run_all()
    notebook.until(lambda: len(notebook.text()) > 300, "text comes")
    notebook.interrupt()
    notebook.ended(1)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.screenshot("stopped-to-be-taken-up")
    kept = letters(notebook.saved().cells[1].outputs[0].data["text/plain"].partition("\n\ndemo-script")[0])

    notebook.command("notebook:run-cell")
    notebook.until(lambda: letters(notebook.text()).startswith(kept), "the kept text is back")
    notebook.until(lambda: len(letters(notebook.text())) > len(kept) + 30, "it goes on")
    notebook.screenshot("resumed-live")
    notebook.interrupt()
    notebook.ended(1)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.screenshot("resumed")
    rest, _ = notebook.saved().cells[1].outputs
    whole = letters(demo.SCRIPT)
    assert letters(rest.data["text/plain"])[: len(whole)].startswith(whole[: len(kept) + 30])
    assert "the prompt was billed again" in rest.data["text/plain"]


def test_under_a_policy_without_blobs_it_shows_finished_blocks(open_notebook):
    """The live cell cannot load: no page says hello, and Markdown shows instead."""
    notebook = open_notebook(LOAD, ask(tokens=3000, tokens_per_s=40), policy=STRICT)
    refused = []
    notebook.page.on("console", lambda line: refused.append(line.text) if "blob:" in line.text else None)
    notebook.run_all()
    output = notebook.output(1)
    notebook.until(lambda: output.locator("h2").count() == 1, "the first blocks show")
    assert notebook.prompt(1) == "[*]:"
    assert "■ stops" in output.inner_text()
    assert notebook.live().count() == 0
    assert [line for line in refused if "Content Security Policy" in line]
    notebook.screenshot("strict-policy")
    notebook.interrupt()
    notebook.ended(1)
    text, _ = notebook.saved().cells[1].outputs
    assert sorted(text.data) == ["text/markdown", "text/plain"]
    assert "run the cell again to go on from here" in output.inner_text()


def test_nbconvert_makes_a_page_that_reads_without_us(open_notebook, browser, tmp_path):
    notebook = open_notebook(LOAD, ask(tokens_per_s=0), ask("demo,demo", tokens_per_s=0))
    notebook.run_all()
    notebook.ended(2)
    notebook.until(lambda: notebook.live().count() == 0, "it rests")
    notebook.saved()
    page, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook.path, 4))
    file = tmp_path / "page.html"
    file.write_text(page, "utf-8")

    reader = browser.new_context(viewport={"width": 1000, "height": 1500}).new_page()
    reader.route("http*://**", lambda route: route.abort())  # nbconvert's own scripts, from elsewhere
    reader.goto(file.as_uri())
    assert reader.locator("h2", has_text="What you are seeing").count() >= 2
    assert reader.locator("table").count() >= 2
    assert reader.locator("text=demo-script").count() >= 1
    assert "widget-view" not in page
    ARTIFACTS.mkdir(exist_ok=True)
    reader.screenshot(path=ARTIFACTS / "nbconvert.png", full_page=True)
    reader.context.close()
