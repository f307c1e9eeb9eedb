"""The live cell as it is used: a real JupyterLab in a real Chromium, a real kernel, a far end that streams.

How late words are on the screen, with four answers in one cell, beside the usual ways to show an answer; what
the end of a long answer costs; how soon Stop closes the connection; how soon a page that is loaded anew shows
all. Every time is by the clock of this one machine, which has all of it to run at once.
"""

from live_cell import long_answer, pressed, reloaded, together
from live_cell.far_end import FarEnd
from live_cell.lab import Lab
from live_cell.ways import MARKDOWN, OURS, WIDGET


def run(options):
    with FarEnd() as far_end, Lab(far_end) as lab:
        return "\n\n".join(
            (
                together.run(lab, far_end, (OURS, MARKDOWN, WIDGET), options.live_seconds),
                long_answer.run(lab, far_end),
                pressed.run(lab, far_end, options.rounds),
                reloaded.run(lab, far_end, options.rounds),
            )
        )
