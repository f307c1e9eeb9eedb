"""Where an answer shows: a live cell, a terminal, or one output at the end. `choose` says which.

A view is shown the stream again and again, and finished once. It never decides how a cell ends.
"""

from __future__ import annotations

import sys
import uuid
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from hs_notebook.notebook import figures, place
from hs_notebook.notebook.resting import bundle as resting
from hs_notebook.notebook.views.tail import Tail

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from IPython.core.interactiveshell import InteractiveShell

    from hs_notebook.client.stream import Stream
    from hs_notebook.notebook.figures import Figures
    from hs_notebook.notebook.views.widget import AnswerWidget

__all__ = ["HeadlessView", "TerminalView", "View", "WidgetView", "choose"]

SLICE_S = 1 / 20
"""Seconds between two looks at a stream: how late ■ is felt, and how far a page is behind."""
LONG_SLICE_S = 1 / 15
"""The same once an answer takes longer than `LONG_S`: a message costs some 0.6 kB whatever it says."""
LONG_S = 5.0
STATES_S = 0.25
"""Seconds between two sets of figures while text comes."""
IDLE_S = 5.0
"""Seconds between two while none does: the page's clock ticks by itself."""


class View(Protocol):
    """What shows one cell's stream."""

    def show(self) -> float:
        """Show what is new; the seconds until it should be called again."""

    def finish(self, *, stopped: bool) -> None:
        """Show the end and leave what stays. `stopped`: the user pressed ■."""


def choose(
    shell: InteractiveShell,
    stream: Stream,
    filled: tuple[str, ...],
    widgets: MutableMapping[str, AnswerWidget],
) -> View:
    """The view for the front end that runs this cell.

    Args:
        shell: Whose cell it is.
        stream: What to show.
        filled: What was put into the prompt, one phrase each.
        widgets: The live cells of this kernel by cell id; a cell's earlier one is closed and its new one
        kept.
    """
    if not hasattr(shell, "kernel"):
        return TerminalView(stream, filled)
    cell = place.cell_id(shell)
    if cell is None:  # nbclient and papermill keep every widget's state in the file, and show none
        return HeadlessView(stream, filled)
    if cell in widgets:
        widgets.pop(cell).close()
    try:
        view = WidgetView(stream, filled)
    except (ImportError, OSError):  # anywidget or our front end is not installed as it should be
        return HeadlessView(stream, filled)
    widgets[cell] = view.widget
    return view


class _Base:
    def __init__(self, stream: Stream, filled: tuple[str, ...]) -> None:
        self.stream = stream
        self.filled = filled
        self.run = f"hs-{uuid.uuid4().hex}"
        self._text = Tail()
        self._thoughts = Tail()

    def figures(self, *, stopped: bool = False) -> Figures:
        """The figures now; counts each part of the answer once."""
        self._text.read(self.stream.answer.parts)
        self._thoughts.read(self.stream.answer.reasoning_parts)
        return figures.read(self.stream, self._text.length + self._thoughts.length, stopped=stopped)

    def at_rest(self, *, stopped: bool) -> dict[str, str]:
        """What stays in the notebook."""
        return resting.bundle(self.stream.answer, self.figures(stopped=stopped), self.filled)

    @property
    def metadata(self) -> dict[str, dict[str, str]]:
        """The output's metadata, the same from first to last: VS Code drops all outputs where it changes."""
        return {"hs_notebook": {"run": self.run}}


class HeadlessView(_Base):
    """One output at the end, and nothing else in the file."""

    def show(self) -> float:
        """Show nothing yet."""
        return SLICE_S

    def finish(self, *, stopped: bool) -> None:
        """Show the resting copy."""
        from IPython.display import display

        display(self.at_rest(stopped=stopped), raw=True, metadata=self.metadata)  # type: ignore[no-untyped-call]


class TerminalView(_Base):
    """Text on standard output as it comes, then the line of figures."""

    def __init__(self, stream: Stream, filled: tuple[str, ...]) -> None:
        super().__init__(stream, filled)
        self._printed = Tail()

    def show(self) -> float:
        """Print the text that is new."""
        new, replaces = self._printed.read(self.stream.answer.parts)
        new = resting.harmless(new)
        if replaces:
            new = f"\n\n[What stands above counts no more; it starts over.]\n\n{new}"
        if new:
            _print(new)
        return SLICE_S

    def finish(self, *, stopped: bool) -> None:
        """Print the rest and the figures."""
        self.show()
        answer = self.stream.answer
        beyond = resting.harmless(resting.whole(answer)[len(answer.text) :])
        known, limit = self.figures(stopped=stopped), answer.request.max_tokens
        line = resting.harmless(figures.footer(known, self.filled, max_tokens=limit))
        _print(f"{beyond}\n\n{line}\n" if self._printed.length or beyond else f"{line}\n")


def _print(text: str) -> None:
    """Write to standard output what its encoding has, and ? for the rest: not every terminal is UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


class WidgetView(_Base):
    """A live cell; at the end its output becomes the resting copy, and its model stays for a page reload."""

    def __init__(self, stream: Stream, filled: tuple[str, ...]) -> None:
        super().__init__(stream, filled)
        from IPython.display import display

        from hs_notebook.notebook.views.widget import AnswerWidget

        self._last = self.figures()
        self._last_at = monotonic()
        self.widget = AnswerWidget([stream.answer], [self._last])
        live = {"version_major": 2, "version_minor": 1, "model_id": self.widget.model_id}
        shown = {"application/vnd.jupyter.widget-view+json": live, **resting.placeholder(stream.answer.model)}
        display(shown, raw=True, metadata=self.metadata, display_id=self.run)  # type: ignore[no-untyped-call]

    def show(self) -> float:
        """Send the text that is new, and figures where they are due."""
        self.widget.feed([self._figures_due()])
        return SLICE_S if (self._last.elapsed_s or 0) < LONG_S else LONG_SLICE_S

    def _figures_due(self) -> Figures | None:
        now, new, old = monotonic(), self.figures(), self._last
        age = now - self._last_at
        changed = new.status != old.status or (new.ttft_s is None) != (old.ttft_s is None)
        moved = (new.output_tokens, new.message) != (old.output_tokens, old.message)
        if not changed and age < (STATES_S if moved else IDLE_S):
            return None
        self._last, self._last_at = new, now
        return new

    def finish(self, *, stopped: bool) -> None:
        """Send the end to the live cell, then put the resting copy in its place."""
        from IPython.display import update_display

        self.widget.feed([self.figures(stopped=stopped)])
        update_display(  # type: ignore[no-untyped-call]
            self.at_rest(stopped=stopped), raw=True, metadata=self.metadata, display_id=self.run
        )
