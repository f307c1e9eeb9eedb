"""One answer of 200 kB, of each kind of block: what its end costs the page against what its beginning did.

The cost is the time of the processor that the page's main thread takes: JupyterLab's own work included, that
of other processes not. A thousand tokens come at 200 a second, the middle as fast as 4,000 a second. A
shorter answer comes before, so that all code has run once.
"""

from itertools import accumulate, takewhile

from tables import table

from live_cell.texts import KINDS, tokens
from live_cell.ways import OURS

SIZE = 200_000
SMOOTH = 100_000
"""Characters up to which no task may take over 50 ms."""
RATE, FAST = 200, 4000
LEAD, COUNTED = 100, 1000
"""Tokens that come before those that are counted, so that the pace is the same all along; and those."""
HEADS = [
    "",
    "first 1,000 tokens, ms",
    "last 1,000, ms",
    "last / first",
    "tasks > 50 ms to 100 kB",
    "longest, ms",
]


def run(lab, far_end):
    rows = [measured(lab, far_end, kind) for kind in KINDS]
    limit = ["limit", "", "", "1.5", "0", "50"]
    return table("An answer of 200 kB, main thread of the page", HEADS, [limit, *rows])


def measured(lab, far_end, kind):
    middle, smooth = middle_of(kind)
    slow = f"{LEAD + COUNTED}x{RATE}"
    warm = OURS.cell.format(f"w-{kind}-2000x1000")
    cell = OURS.cell.format(f"a-{kind}-{slow}-{middle}x{FAST}-{slow}")
    with lab.notebook(OURS.setup, warm, cell, shown=OURS.shown) as notebook:
        for number in (0, 1):
            notebook.run(number)
            notebook.ran(number)
        far_end.ended(1, notebook.until)
        notebook.seen.clear()
        notebook.run(2)
        first = cost(notebook, LEAD)
        last = cost(notebook, LEAD + COUNTED + middle + LEAD)
        sent = far_end.ended(1, notebook.until)["a"]["sent"]
        notebook.ran(2)
        tasks = [took for at, took in notebook.tasks if sent[0] <= at <= sent[smooth]]
        return [
            kind,
            f"{1000 * first:.0f}",
            f"{1000 * last:.0f}",
            f"{last / first:.2f}",
            len(tasks),
            f"{1000 * max(tasks, default=0):.0f}",
        ]


def middle_of(kind):
    """How many tokens come between the first and the last; and of those in `SMOOTH` characters the last."""
    ends = list(takewhile(lambda end: end < SIZE, accumulate(map(len, tokens(kind)))))
    return len(ends) - 2 * (LEAD + COUNTED), sum(end <= SMOOTH for end in ends) - 1


def cost(notebook, begin):
    """Seconds of the main thread for a thousand tokens from this one on."""
    notebook.until(lambda: notebook.shows(begin))
    work, began = notebook.work()
    notebook.until(lambda: notebook.shows(begin + COUNTED - RATE // 2))
    more, ended = notebook.work()
    return (more - work) / (ended - began) * COUNTED / RATE
