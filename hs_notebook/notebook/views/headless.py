"""Where nobody watches (nbclient, papermill): one output at the end, and nothing else in the file."""

from __future__ import annotations

from hs_notebook.notebook.views.base import SLICE_S, Shown

__all__ = ["HeadlessView"]


class HeadlessView(Shown):
    """One output at the end."""

    def show(self) -> float:
        """Show nothing yet."""
        return SLICE_S

    def finish(self, *, stopped: bool) -> None:
        """Show the resting copy."""
        self.put(self.at_rest(stopped=stopped))
