"""What can be pressed in a live cell, in which words it is offered, and what a press does."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.errors import HolySheepError
from hs_notebook.notebook.comparison import record
from hs_notebook.notebook.figures import cost_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.notebook.pane import Pane

__all__ = ["Controls", "Done"]

_STOP = "Stops this answer and its spending; the text stays. What came so far is billed."
_RESUME = "Goes on from here. Free where the server kept the rest; else the prompt is billed again."
_RETRY = "Asks again from the start, in place of this one."
_PICK = "Marks this answer as the best of the comparison, in hs.picks(). Costs nothing."
_BEGUN = {
    "stop": "Stopping {}; its text is kept.",
    "resume": "Going on with {}.",
    "retry": "Asking {} again.",
    "pick": "{} is the pick of this comparison.",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a press: whether it was understood and begun, and a sentence about it."""

    ok: bool
    message: str


class Controls:
    """The controls of one cell. Any thread may press; the cell's own closes them at its end.

    Args:
        panes: The cell's panes.
        hold: Whether the cell stays open until one is picked, wherever one can be.
    """

    def __init__(self, panes: Sequence[Pane], *, hold: bool = False) -> None:
        self._panes = panes
        self._compares = len(panes) > 1
        self._hold = hold and self._compares
        self._open = True
        self._lock = threading.RLock()

    def actions(self, pane: Pane) -> dict[str, str]:
        """What can be pressed in a pane now, each with what it does and what it costs."""
        if pane.under_way:
            return {} if pane.stopped or not self._open else {"stop": _STOP}
        if pane.whole:
            return {"pick": _PICK} if self._compares and not pane.chosen else {}
        if not self._open or pane.answer.status is Status.STREAMING:
            return {}
        cost = cost_of(pane.answer)
        retry = {"retry": _RETRY if cost is None else f"{_RETRY} So far this one cost {cost}."}
        return {"resume": _RESUME, **retry} if pane.answer.text else retry

    def press(self, number: int | None, action: str) -> Done:
        """Do what was pressed, in one pane (None: in all that offer it), at once or set it going."""
        with self._lock:
            if number is not None and not 0 <= number < len(self._panes):
                return Done(ok=False, message="There is no such pane.")
            asked = self._panes if number is None else [self._panes[number]]
            able = [pane for pane in asked if action in self.actions(pane)]
            if not able:
                return Done(ok=False, message="That cannot be done now.")
            try:
                for pane in able:
                    self._do(pane, action)
            except HolySheepError as error:
                return Done(ok=False, message=error.lines[0])
            return Done(ok=True, message=_BEGUN[action].format(", ".join(pane.answer.model for pane in able)))

    def _do(self, pane: Pane, action: str) -> None:
        if action == "pick":
            record(self._panes, pane)
        else:
            {"stop": pane.stop, "resume": pane.resume, "retry": pane.retry}[action]()

    def close_when_done(self, *, heard: bool) -> bool:
        """Close if no answer comes any more; whether they are closed now.

        Args:
            heard: Whether a page can press, or may yet show that it can.
        """
        with self._lock:
            undecided = self._hold and heard and not any(pane.chosen for pane in self._panes)
            if any(pane.under_way or (undecided and pane.whole) for pane in self._panes):
                return False
            self._open = False
            return True

    def close(self) -> None:
        """Nothing is set going any more; a pick still counts."""
        with self._lock:
            self._open = False
