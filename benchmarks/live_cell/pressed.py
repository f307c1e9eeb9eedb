"""Stop pressed in the page while a cell runs: how soon the far end sees the connection close."""

import statistics

from tables import table

from live_cell.ways import OURS

MODEL = "a-mixed-12000x200"
CELLS = {
    "in a cell that blocks the kernel (%%time above)": f"%%time\n{OURS.cell.format(MODEL)}",
    "in a cell that awaits": OURS.cell.format(MODEL),
}


def run(lab, far_end, rounds):
    limit = ["limit", "200", "200"]
    rows = [[name, *figures(lab, far_end, cell, rounds)] for name, cell in CELLS.items()]
    title = f"Stop pressed, until the far end sees the connection close, {rounds} times each"
    return table(title, ["", "median, ms", "slowest, ms"], [limit, *rows])


def figures(lab, far_end, cell, rounds):
    with lab.notebook(OURS.setup, cell, shown=OURS.shown) as notebook:
        notebook.run(0)
        notebook.ran(0)
        seconds = [pressed(notebook, far_end) for _ in range(rounds)]
    return [f"{1000 * value:.0f}" for value in (statistics.median(seconds), max(seconds))]


def pressed(notebook, far_end):
    notebook.seen.clear()
    notebook.clicks.clear()
    notebook.run(1)
    notebook.until(lambda: notebook.shows(400))
    notebook.page.get_by_role("button", name="Stop", exact=True).click()
    closed = far_end.ended(1, notebook.until)["a"]["closed"]
    notebook.until(lambda: notebook.clicks)
    notebook.ran(1)
    return closed - notebook.clicks[0]
