"""Text that was kept, at once: in a new kernel it takes long to import what the live cell needs."""

from __future__ import annotations

import uuid

from hs_notebook.notebook.figures import AGAIN
from hs_notebook.notebook.resting.bundle import harmless, small
from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.inert import inert

__all__ = ["show", "started"]


def started() -> str:
    """A name for a run of a cell, and for its output."""
    return f"hs-{uuid.uuid4().hex}"


def show(text: str, model: str) -> str:
    """Show what is kept of an answer; the name of the run whose view takes the output over."""
    from IPython.display import display

    run = started()
    line = harmless(f"{model} · going on from here · if nothing moves, {AGAIN}")
    shown = {
        "text/markdown": f"{inert(dollars(text))}\n\n{small(line)}",
        "text/plain": f"{harmless(text)}\n\n{line}",
    }
    display(shown, raw=True, metadata=metadata(run), display_id=run)  # type: ignore[no-untyped-call]
    return run


def metadata(run: str) -> dict[str, dict[str, str]]:
    """The output's metadata, the same from first to last: VS Code drops all outputs where it changes."""
    return {"hs_notebook": {"run": run}}
