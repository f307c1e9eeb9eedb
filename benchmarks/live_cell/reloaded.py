"""The page loaded anew in mid-stream: how soon it shows all that had come by then, and whether all comes."""

import statistics
import time

from tables import table

from live_cell.texts import word
from live_cell.ways import OURS

COUNT = 6000
CELL = OURS.cell.format(f"a-mixed-{COUNT}x200")


def run(lab, far_end, rounds):
    seconds = [measured(lab, far_end) for _ in range(rounds)]
    rows = [
        [name, *(f"{value:.1f}" for value in (statistics.median(each), max(each)))]
        for name, each in zip(
            ("from the request of the page", "from when JupyterLab showed the notebook"),
            zip(*seconds, strict=True),
            strict=True,
        )
    ]
    title = f"The page reloaded in mid-stream, until the text so far is on it, {rounds} times"
    return table(title, ["", "median, s", "slowest, s"], [["limit", "5", "5"], *rows])


def measured(lab, far_end):
    """Seconds from the page's request, and from when Lab showed the notebook."""
    with lab.notebook(OURS.setup, CELL, shown=OURS.shown) as notebook:
        notebook.run(0)
        notebook.ran(0)
        notebook.run(1)
        notebook.until(lambda: notebook.shows(1000))
        notebook.save()
        notebook.seen.clear()
        notebook.page.reload(wait_until="commit")
        notebook.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        there = time.time()
        notebook.until(lambda: notebook.seen[0])
        notebook.page.get_by_role("button", name="Stop", exact=True).click()
        sent = far_end.ended(1, notebook.until)["a"]["sent"]
        asked = notebook.loads[-1]
        so_far = sum(at < asked for at in sent)
        notebook.until(lambda: notebook.shows(so_far - 1))
        whole = notebook.page.locator(f".{OURS.shown}").text_content()
    missing = [number for number in range(so_far) if word(number) not in whole]
    if missing:
        raise AssertionError(f"{len(missing)} words are missing after the reload")
    shown = next(at for number, at in notebook.seen[0] if number >= so_far - 1)
    return shown - asked, shown - there
