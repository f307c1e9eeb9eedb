"""Several models in one cell, in JupyterLab: side by side, taken up alone, compared, chosen from."""

from .test_live_cell import LOAD, ask


def test_three_answers_side_by_side(open_notebook):
    cell = ask(tokens_per_s=25, tokens=200).replace("model=demo", "model=demo,demo,demo pick")
    notebook = open_notebook(LOAD, cell, "import hs_notebook as hs; print(list(hs.picks().model))")
    notebook.run_all()
    panes = notebook.page.locator(".hs-pane")
    texts = notebook.page.locator(".hs-text")
    notebook.until(
        lambda: panes.count() == 3 and min(map(len, texts.all_text_contents())) > 200, "they stream"
    )
    assert len({pane.bounding_box()["y"] for pane in panes.all()}) == 1
    notebook.screenshot("three-models")

    first = panes.first
    first.get_by_role("button", name="Stop", exact=True).click()
    notebook.until(lambda: first.get_attribute("data-status") == "interrupted", "the first has stopped")
    assert {pane.get_attribute("data-status") for pane in panes.all()[1:]} == {"streaming"}
    notebook.screenshot("three-models-one-stopped")
    first.get_by_role("button", name="Resume").click()
    notebook.until(lambda: first.get_attribute("data-status") == "streaming", "it goes on")
    assert len(texts.first.inner_text()) > 200

    status = "panes => panes.map((pane) => pane.dataset.status)"
    notebook.until(lambda: panes.evaluate_all(status) == ["complete"] * 3, "all are whole")
    assert notebook.page.locator(".hs-rank").first.inner_text().startswith("First word")
    assert notebook.page.locator(".hs-model").all_inner_texts() == ["demo (1)", "demo (2)", "demo (3)"]
    notebook.page.get_by_role("button", name="Differences").click()
    notebook.page.locator(".hs-side-text").first.wait_for()
    notebook.screenshot("three-models-compared")
    panes.nth(1).get_by_role("button", name="Choose").click()
    notebook.ended(2)
    notebook.until(lambda: panes.count() == 0, "it rests")
    notebook.screenshot("three-models-at-rest")
    assert notebook.output(2).inner_text().strip() == "['demo']"
    (rest,) = notebook.saved().cells[1].outputs
    assert sorted(rest.data) == ["text/html", "text/markdown", "text/plain"]
