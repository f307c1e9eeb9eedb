"""Which view a cell gets: a live cell, a terminal, or one output at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.notebook import place
from hs_notebook.notebook.views.headless import HeadlessView
from hs_notebook.notebook.views.quiet import QuietView
from hs_notebook.notebook.views.terminal import TerminalView

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from hs_notebook.notebook.controls import Controls
    from hs_notebook.notebook.pane import Pane
    from hs_notebook.notebook.views.base import Shown
    from hs_notebook.notebook.views.widget import AnswerWidget

__all__ = ["choose"]


def choose(  # noqa: PLR0913 - what a view is made of
    shell: InteractiveShell,
    panes: Sequence[Pane],
    controls: Controls,
    filled: tuple[str, ...],
    widgets: MutableMapping[str, AnswerWidget],
    *,
    blocks: bool,
    background: bool,
    run: str | None = None,
) -> Shown:
    """The view for the front end that runs this cell.

    Args:
        shell: Whose cell it is.
        panes: What to show.
        controls: What can be pressed.
        filled: What was put into the prompt, one phrase each.
        widgets: The live cells of this kernel by cell id; a cell's earlier one is closed and its new one
            kept.
        blocks: Whether the cell blocks its thread while it runs.
        background: Whether the cell returns before its answers are there.
        run: The one whose output shows already; None: there is none.
    """
    if not hasattr(shell, "kernel"):
        return (QuietView if background else TerminalView)(panes, controls, filled)
    cell = place.cell_id(shell)
    if cell is None:  # nbclient and papermill keep every widget's state in the file, and show none
        return HeadlessView(panes, controls, filled)
    if cell in widgets:
        widgets.pop(cell).close()
    try:
        from hs_notebook.notebook.views.live import LiveView

        view = LiveView(panes, controls, filled, blocks=blocks, run=run)
        view.lonely = background
    except (ImportError, OSError):  # anywidget or our front end is not installed as it should be
        return HeadlessView(panes, controls, filled, run=run)
    widgets[cell] = view.widget
    return view
