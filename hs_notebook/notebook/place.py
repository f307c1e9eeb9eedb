"""Which notebook and which cell is running, as far as the front end says.

JupyterLab and VS Code send `metadata.cellId` with each execution, Colab `metadata.colab.cell_id`, nbclient
and papermill nothing. Captured once when a magic begins: later the kernel may be on to another cell.

Source: jupyterlab packages/cells/src/widget.ts, vscode-jupyter cellExecution.ts, read 2026-11-22.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hs_notebook.store.place import Place, session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["cell_id", "find"]


def find(shell: InteractiveShell) -> Place:
    """Where the code that runs now stands.

    The notebook is, in this order, `HS_NOTEBOOK_ID`, what VS Code says, `JPY_SESSION_NAME` (Jupyter Server),
    `__session__` (ipykernel's name for the same), this run of the kernel. Jupyter Server names the file as it
    was when the kernel was started; after a renaming, `store/renamed.py` brings the rows along.
    """
    named = (
        os.environ.get("HS_NOTEBOOK_ID")
        or shell.user_ns.get("__vsc_ipynb_file__")
        or os.environ.get("JPY_SESSION_NAME")
        or shell.user_ns.get("__session__")
        or f"kernel:{session()}"
    )
    return Place(str(named), cell_id(shell), _count(shell), session())


def _count(shell: InteractiveShell) -> int | None:
    """The number beside the running cell: its place in `In` (some IPythons count on before the cell runs)."""
    count = len(shell.user_ns.get("In", ())) - 1
    return count if count > 0 else None


def cell_id(shell: InteractiveShell) -> str | None:
    """The running cell's id; None where the front end sends none, and outside a notebook."""
    parent: dict[str, Any] = getattr(shell, "parent_header", None) or {}
    metadata = parent.get("metadata") or {}
    colab = metadata.get("colab") or {}
    found = metadata.get("cellId") or colab.get("cell_id")
    return str(found) if found else None
