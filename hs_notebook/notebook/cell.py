"""One `%%holysheep` cell from asking to its end, whoever waits for it (see waiting.py).

A cell ends well with complete answers, and where the user stopped one from the page. ■ keeps the text and
raises one line, so that the queue of cells is dropped; an error keeps the text and raises its lines. Whatever
the end, the answers are in their variable.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from hs_notebook.client.stream import stop_line
from hs_notebook.errors import ComparisonError, Interrupted
from hs_notebook.notebook.controls import Controls
from hs_notebook.notebook.figures import AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hs_notebook.answer import Answer
    from hs_notebook.notebook.pane import Pane
    from hs_notebook.notebook.views.base import Shown

__all__ = ["Cell", "Stops"]

CLOSING_S = 1.0
"""Seconds a stopped stream gets to close its connection and write its row."""
BRIEFLY_S = 0.02
"""Seconds between two looks while something ends that takes no time."""


class Stops(Protocol):
    """Says whether the cell as a whole should stop."""

    def __bool__(self) -> bool:
        """Whether it was told to."""


class Cell:
    """One run of a cell.

    Args:
        ask: Starts the streams and gives the panes, one or more.
        keep: Takes the panes for the user's variables; again when an answer was replaced.
        show: Makes the view of the panes and their controls.
        hold: Whether the cell stays open until one is picked.

    Attributes:
        panes: What it asks, once it has.
        shown: Whether its view is there.
    """

    def __init__(
        self,
        ask: Callable[[], list[Pane]],
        keep: Callable[[list[Pane]], None],
        show: Callable[[list[Pane], Controls], Shown],
        *,
        hold: bool = False,
    ) -> None:
        self._ask = ask
        self._keep = keep
        self._show = show
        self._hold = hold
        self.panes: list[Pane] = []
        self.shown = False

    def steps(self, stops: Stops, on_news: Callable[[], None]) -> Iterator[float]:
        """Ask, show what comes, and end; yields seconds to pause, to block for or to await.

        Args:
            stops: Whether to stop all of it.
            on_news: What the panes call, from any thread, when a pause should end early.

        Raises:
            Interrupted: It was told to stop, or other code stopped a stream.
            HolySheepError: An answer did not become whole, or could not be asked for.
        """
        panes = self.panes = self._ask()
        controls = Controls(panes, hold=self._hold)
        try:
            self._keep(panes)
            view = self._show(panes, controls)
            self.shown = True
            for pane in panes:
                pane.tell(on_news)
            yield from self._watch(view, controls, stops)
        finally:
            controls.close()
            for pane in panes:
                pane.cancel()  # changes nothing where it has ended
        until = monotonic() + CLOSING_S
        while any(pane.under_way for pane in panes) and monotonic() < until:
            yield BRIEFLY_S
        view.finish(stopped=bool(stops))
        error = _verdict(panes, stopped=bool(stops))
        if error is not None:
            raise error

    def _watch(self, view: Shown, controls: Controls, stops: Stops) -> Iterator[float]:
        """Show the panes until all are at rest or it should stop."""
        kept = [pane.answer for pane in self.panes]
        while not (stops or controls.close_when_done(heard=view.may_press)):
            now = [pane.answer for pane in self.panes]
            if now != kept:
                self._keep(self.panes)
                kept = now
            yield view.show()


def _verdict(panes: list[Pane], *, stopped: bool) -> BaseException | None:
    """How the cell ends: None is well."""
    answers = [pane.answer for pane in panes]
    failed = [pane.answer for pane in panes if not (pane.whole or (pane.stopped and not pane.answer.error))]
    if stopped or (failed and all(answer.error is None for answer in failed)):  # or stopped by other code
        line = stop_line(answers)
        text = any(answer.text for answer in answers)
        return Interrupted(f"{line} {AGAIN[0].upper()}{AGAIN[1:]}." if text else line, answers[0])
    if not failed:
        return None
    if len(answers) > 1:
        return _several(answers, failed)
    error = failed[0].error
    return None if error is None else error.with_traceback(None)  # without frames: they hold headers


def _several(answers: list[Answer], failed: list[Answer]) -> ComparisonError:
    first = next(answer for answer in failed if answer.error is not None)
    names = ", ".join(dict.fromkeys(answer.model for answer in failed))
    line = "" if first.error is None else f"{first.model}: {first.error.lines[0]}"
    whole = len(failed) < len(answers)
    return ComparisonError(
        f"{len(failed)} of {len(answers)} models gave no whole answer: {names}.",
        answers=answers,
        means=line,
        remedy=f"Run the cell again to ask {'these alone' if whole else 'them again'}; all text is kept.",
    )
