"""An answer in the background of a terminal: what is printed there would fall into what is typed."""

from __future__ import annotations

from hs_notebook.notebook.views.base import SLICE_S, Shown

__all__ = ["QuietView"]


class QuietView(Shown):
    """Shows nothing; the answer is in its variable."""

    def show(self) -> float:
        """Show nothing."""
        return SLICE_S

    def finish(self, *, stopped: bool) -> None:
        """Show nothing."""
