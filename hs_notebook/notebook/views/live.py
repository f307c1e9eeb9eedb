"""A live cell, and what shows in its place on a page that has no widgets.

At the end its output becomes the resting copy; its model stays, for a page that is loaded anew.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.notebook.resting.bundle import placeholder
from hs_notebook.notebook.views.base import SLICE_S, Shown
from hs_notebook.notebook.views.blocks import Blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.notebook.controls import Controls, Done
    from hs_notebook.notebook.figures import Figures
    from hs_notebook.notebook.pane import Pane

__all__ = ["LiveView"]

STATES_S = 0.25
"""Seconds between two sets of a pane's figures while text comes."""
IDLE_S = 5.0
"""Seconds between two while none does: the page's clock ticks by itself."""
PATIENCE_S = 1.0
"""Seconds that a page gets to say hello, where it can be heard; later, it gets its live cell back."""
HELLO_S = 10.0
"""Seconds after which no hello is waited for by a cell that wants one of its answers picked."""


class LiveView(Shown):
    """A live cell.

    Args:
        panes: What it shows.
        controls: What can be pressed.
        filled: What was put into the prompt, one phrase each.
        blocks: Whether the cell blocks its thread: then a page may not be heard until its end.
        run: The one whose output is to be taken over; None: there is none.
    """

    def __init__(
        self,
        panes: Sequence[Pane],
        controls: Controls,
        filled: tuple[str, ...],
        *,
        blocks: bool,
        run: str | None,
    ) -> None:
        super().__init__(panes, controls, filled, run=run)
        from hs_notebook.notebook.views.widget import AnswerWidget

        self._began = monotonic()
        self._last = [self.figures(number) for number in range(len(panes))]
        self._last_at = [self._began] * len(panes)
        self._texts = False
        self._blocks: Blocks | None = None
        self._blocking = blocks
        self._over = False
        self.widget = AnswerWidget(panes, self._last, self._press, blocks=blocks)
        live = {"version_major": 2, "version_minor": 1, "model_id": self.widget.model_id}
        models = ", ".join(pane.answer.model for pane in panes)
        self._live = {"application/vnd.jupyter.widget-view+json": live, **placeholder(models)}
        self.put(self._live)

    @property
    def may_press(self) -> bool:
        """Whether a page can press, or may yet show that it can: answers may be whole before its hello."""
        return self.widget.hears or not (self._blocking or monotonic() - self._began > HELLO_S)

    def show(self) -> float:
        """Send the text that is new, and figures where they are due."""
        now = monotonic()
        first = not self._texts and any(pane.answer.parts for pane in self.panes)
        wait = 0.0 if first else self.widget.pace.due(now)
        if wait <= 0:
            self._texts = self._texts or first
            self.widget.feed([self._figures_due(number, now) for number in range(len(self.panes))])
            wait = self.widget.pace.due(monotonic())
        self._without_widgets(now)
        return min(wait, SLICE_S) or SLICE_S

    def _press(self, number: int | None, action: str) -> Done:
        """Do what the user pressed. While the cell runs, what came of it shows with the next look."""
        done = self._controls.press(number, action)
        if self._over:
            self._feed_all()
        return done

    def _feed_all(self, *, stopped: bool = False) -> None:
        self.widget.feed([self.figures(number, stopped=stopped) for number in range(len(self.panes))])

    def _figures_due(self, number: int, now: float) -> Figures | None:
        new, old = self.figures(number), self._last[number]
        age = now - self._last_at[number]
        seen = [
            (one.status, one.ttft_s is None, one.chosen, sorted(one.actions), one.stop_hint)
            for one in (new, old)
        ]
        moved = (new.output_tokens, new.message) != (old.output_tokens, old.message)
        often = STATES_S * max(1, len(self.panes) / 2)
        if seen[0] == seen[1] and age < (often if moved else IDLE_S):
            return None
        self._last[number], self._last_at[number] = new, now
        return new

    def _without_widgets(self, now: float) -> None:
        """Show finished blocks where no page has said hello, until one does."""
        if self.widget.hears:
            if self._blocks is not None:
                self._blocks = None
                self.put(self._live)
            return
        if self._blocking or now - self._began < PATIENCE_S:
            return
        self._blocks = self._blocks or Blocks(self.panes, self.filled)
        news = self._blocks.news(now, self._last)
        if news is not None:
            self.put(news)

    def finish(self, *, stopped: bool) -> None:
        """Send the end to the live cell, then put the resting copy in its place."""
        self._feed_all(stopped=stopped)
        self._over = True
        self.put(self.at_rest(stopped=stopped))
