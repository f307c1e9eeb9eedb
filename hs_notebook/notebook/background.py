"""Cells that have returned while their answers come on, each shown from a thread of its own.

■ is for the cell that runs, and does not touch them; Stop in the page and `%holysheep stop` do. What ends
badly cannot fail a cell any more: the error shows in its output.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hs_notebook.errors import HolySheepError, Interrupted, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hs_notebook.notebook.cell import Cell

__all__ = ["Background", "Backgrounds"]

ENDING_S = 5.0
"""Seconds that one which is stopped gets for its end to be shown and written."""


@dataclass(slots=True, eq=False)
class Background:
    """One cell that streams on.

    Attributes:
        number: What the user calls it by.
        cell_id: Where it stands; None in a terminal.
    """

    number: int
    cell: Cell
    cell_id: str | None
    _stopped: bool = False
    _news: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __bool__(self) -> bool:
        """Whether it was told to stop (what `Cell.steps` looks at)."""
        return self._stopped

    def start(self) -> None:
        """Ask and show on this thread, whose output it is; then go on in one that counts as the same cell's.

        Raises:
            HolySheepError: It could not be asked.
        """
        steps = self.cell.steps(self, self._news.set)
        if next(steps, None) is not None:
            work = contextvars.copy_context()
            self._thread = threading.Thread(
                target=work.run,
                args=(self._go_on, steps),
                name=f"hs_notebook-cell-{self.number}",
                daemon=True,
            )
            self._thread.start()

    def _go_on(self, steps: Iterator[float]) -> None:
        with contextlib.suppress(HolySheepError, Interrupted):  # it shows in the output
            for pause in steps:
                self._news.wait(pause)
                self._news.clear()

    @property
    def running(self) -> bool:
        """Whether it streams on."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Stop it, keep its text, and wait until that is shown."""
        self._stopped = True
        self._news.set()
        if self._thread is not None:
            self._thread.join(ENDING_S)

    def __str__(self) -> str:
        return ", ".join(f"{pane.answer.model} ({pane.answer.status})" for pane in self.cell.panes)


class Backgrounds:
    """Those of one kernel."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._all: list[Background] = []

    def start(self, cell: Cell, cell_id: str | None) -> Background:
        """Let a cell go on in the background.

        Raises:
            HolySheepError: It could not be asked.
        """
        one = Background(next(self._numbers), cell, cell_id)
        one.start()
        self._all = [*self.running, one]
        return one

    @property
    def running(self) -> list[Background]:
        """Those that stream on, the oldest first."""
        return [one for one in self._all if one.running]

    def stop_cell(self, cell_id: str | None) -> None:
        """Stop what an earlier run of this cell left running."""
        for one in self.running:
            if cell_id is not None and one.cell_id == cell_id:
                one.stop()

    def stop(self, which: str) -> list[Background]:
        """Stop one by its number, or "all"; "": the only one. Those that were stopped.

        Raises:
            SettingError: There is no such one.
        """
        running = self.running
        named = [one for one in running if which == "all" or which == str(one.number)]
        found = running if not which and len(running) == 1 else named
        if not found and which != "all":
            known = ", ".join(f"{one.number}: {one}" for one in running) or "none"
            raise SettingError(
                f"No background answer is called '{which[:40]}'." if which else "Which one should stop?",
                means=f"There is {known}.",
                remedy="Write %holysheep stop NUMBER, or all. A cell that runs is stopped by ■.",
            )
        for one in found:
            one.stop()
        return found
