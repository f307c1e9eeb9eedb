"""Four answers at once in one cell: how late their words are on the screen, and what that takes."""

import time
from dataclasses import dataclass
from itertools import islice

from tables import table

from live_cell.texts import tokens
from live_cell.ways import Way
from live_cell.wire import Iopub, Message

PANES = "abcd"
RATE = 200
"""Tokens a second of each."""
GRACE_S = 10
"""Seconds from the end of the answers within which a page must show a word, or it counts as not shown."""
END_S = 1
"""Seconds from the last word to the end of its answer."""
HEADS = [
    "",
    "wire to pixel p50, ms",
    "p95, ms",
    "worst, ms",
    "words not shown",
    "tasks > 50 ms",
    "longest, ms",
    "main thread",
    "messages/s",
    "iopub, MB",
    "once a cell, MB",
]
NOTE = f"""\
From the far end's writing of a word until the frame that shows it was painted. Words not shown were not on
the page {GRACE_S} s after the answers; they count as that late. iopub: what brings the text; the limit is
twice the text and 10 kB/s. Once a cell: all else, which is the front end, and what stays in the notebook."""


@dataclass
class Measured:
    """What was measured of one way; times in seconds by the machine's clock.

    Attributes:
        sent: When each word was written, by pane.
        delays: Of each word that was painted, seconds since then, by pane.
        looked: When we ceased to look.
        tasks: The tasks of the page's main thread over 50 ms: when, and seconds.
        busy: The part of the time in which that thread worked.
        messages: The kernel's.
    """

    way: Way
    sent: list[list[float]]
    delays: list[list[float]]
    looked: float
    tasks: list[tuple[float, float]]
    busy: float
    messages: list[Message]

    @property
    def row(self):
        late = [self.looked - at for pane in self._panes for at in pane[0][len(pane[1]) :]]
        delays = sorted(sum(self.delays, late))
        at_least = "≥ " if late else ""
        last = max(map(max, self.sent))
        tasks = [took for at, took in self.tasks if at <= last]
        streamed = [one.size for one in self.messages if one.kind == self.way.sent]
        return [
            self.way.name,
            *(f"{at_least}{1000 * delays[int((len(delays) - 1) * part)]:,.0f}" for part in (0.5, 0.95, 1)),
            f"{len(late):,} of {len(delays):,}",
            len(tasks),
            f"{1000 * max(tasks, default=0):,.0f}",
            f"{self.busy:.0%}",
            f"{len(streamed) / (last + END_S - min(map(min, self.sent))):.1f}",
            f"{sum(streamed) / 1e6:.2f}",
            f"{sum(one.size for one in self.messages if one.kind != self.way.sent) / 1e6:.2f}",
        ]

    @property
    def _panes(self):
        return zip(self.sent, self.delays, strict=True)


def run(lab, far_end, ways, seconds):
    rows = [measured(lab, far_end, way, seconds).row for way in ways]
    text = len(PANES) * sum(map(len, islice(tokens("mixed"), RATE * seconds)))
    allowed = f"{(2 * text + 10_000 * seconds) / 1e6:.2f}"
    limit = ["limit", "", "100", "", "0", "0", "50", "", "20", allowed, ""]
    title = f"{len(PANES)} answers of {RATE} tokens/s each in one cell, {seconds} s, {text / 1000:.0f} kB"
    return f"{table(title, HEADS, [limit, *rows])}\n\n{NOTE}"


def measured(lab, far_end, way, seconds):
    count = RATE * seconds
    panes = range(len(PANES))
    cell = way.cell.format(",".join(f"{pane}-mixed-{count}x{RATE}" for pane in PANES))
    with lab.notebook(way.setup, cell, shown=way.shown) as notebook:
        notebook.run(0)
        notebook.ran(0)
        with Iopub(lab.connection_file(), cell.splitlines()[0]) as iopub:
            notebook.run(1)
            notebook.until(lambda: notebook.shows(0, panes))
            notebook.tasks.clear()  # of making the cell
            before, began = notebook.work()
            answers = far_end.ended(len(PANES), notebook.until, seconds + 30)
            notebook.until(lambda: notebook.shows(count - 1, panes), GRACE_S)
            notebook.until(iopub.ended.is_set)
            after, ended = notebook.work()
    sent = [answers[pane]["sent"] for pane in PANES]
    delays = [notebook.delays(pane, sent[pane]) for pane in panes]
    busy = (after - before) / (ended - began)
    return Measured(way, sent, delays, time.time(), notebook.tasks, busy, iopub.messages)
