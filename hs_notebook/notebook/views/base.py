"""What every view has in common: the panes it shows, their figures, and the copy that stays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from hs_notebook.notebook import figures
from hs_notebook.notebook.resting.bundle import Rest, one
from hs_notebook.notebook.resting.several import several
from hs_notebook.notebook.views import early
from hs_notebook.notebook.views.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hs_notebook.notebook.controls import Controls
    from hs_notebook.notebook.figures import Figures
    from hs_notebook.notebook.pane import Pane

__all__ = ["SLICE_S", "Shown"]

SLICE_S = 1 / 20
"""Seconds between two looks at a cell: how late ■ is felt, and how far a page is behind."""


class Shown(ABC):
    """What shows the panes of a cell: asked to show again and again, finished once; it decides nothing.

    Attributes:
        panes: The panes, one or more.
        filled: What was put into the prompt, one phrase each.
        run: A name for this run of the cell, and for its output.
        lonely: Whether errors show nowhere but here, for the cell has ended before.
    """

    def __init__(
        self, panes: Sequence[Pane], controls: Controls, filled: tuple[str, ...], *, run: str | None = None
    ) -> None:
        """`run`: the one whose output shows already (early.py), to be taken over; None: there is none."""
        self.panes = panes
        self.filled = filled
        self.run = run or early.started()
        self.lonely = False
        self._displayed = run is not None
        self._controls = controls
        self._counts = [(Tail(), Tail()) for _ in panes]

    @property
    def may_press(self) -> bool:
        """Whether a page can press, or may yet show that it can: none can."""
        return False

    @abstractmethod
    def show(self) -> float:
        """Show what is new; the seconds until it should be called again, at most `SLICE_S`."""

    @abstractmethod
    def finish(self, *, stopped: bool) -> None:
        """Show the end and leave what stays. `stopped`: the user pressed ■."""

    def figures(self, number: int, *, stopped: bool = False) -> Figures:
        """A pane's figures now; counts each part of its answer once."""
        pane, (text, thoughts) = self.panes[number], self._counts[number]
        text.read(pane.answer.parts)
        thoughts.read(pane.answer.reasoning_parts)
        actions = self._controls.actions(pane)
        return figures.read(pane, text.length + thoughts.length, actions, stopped=stopped)

    def at_rest(self, *, stopped: bool) -> dict[str, str]:
        """What stays in the notebook."""
        rests = [self._rest(number, pane, stopped=stopped) for number, pane in enumerate(self.panes)]
        return one(rests[0], self.filled) if len(rests) == 1 else several(rests, self.filled)

    def _rest(self, number: int, pane: Pane, *, stopped: bool) -> Rest:
        error = pane.answer.error
        alone = len(self.panes) == 1 and not self.lonely  # then the cell itself raises it
        told = "" if alone or error is None else error.lines[0]
        return Rest(pane.answer, self.figures(number, stopped=stopped), pane.stopped, told)

    @property
    def metadata(self) -> dict[str, dict[str, str]]:
        """The output's metadata, the same from first to last."""
        return early.metadata(self.run)

    def put(self, data: Mapping[str, object]) -> None:
        """Make this the output, in the place of what it was."""
        from IPython.display import display, update_display

        shows = update_display if self._displayed else display
        self._displayed = True
        shows(data, raw=True, metadata=self.metadata, display_id=self.run)  # type: ignore[no-untyped-call]
