"""The awaited form of a cell: `%%holysheep …` becomes one `await …` line, so that the kernel hears its page.

ipykernel dispatches what a page says while a cell awaits, from 7.4 on; where it does not, or the cell is run
by something else (`%%time`, `%%capture`, nbclient, a terminal), the ordinary magic runs and blocks.

Source: ipykernel 7.4.0, release notes and `kernelbase.py` (`dispatch_shell(concurrent=True)`), read
2026-11-22; IPython 9.18 `inputtransformer2.cell_magic`, of which this is the awaited twin.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from hs_notebook.notebook import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["CALL", "transformer"]

CALL = "await get_ipython().magics_manager.registry['HolySheepMagics'].awaited({!r}, {!r})\n"
"""What such a cell runs, made of its line and its body."""
SINCE = (7, 4)
"""The ipykernel that dispatches what a page says while a cell awaits."""


def transformer(shell: InteractiveShell, name: str) -> Callable[[list[str]], list[str]]:
    """What turns a cell that begins with that magic into its awaited form: a cleanup transformer."""
    first = re.compile(rf"%%{name}(?![\w?])(?P<line>.*)")

    def transform(lines: list[str]) -> list[str]:
        found = first.match(lines[0].rstrip()) if lines else None
        if found is None or not "".join(lines[1:]) or not can_await(shell):
            return lines
        return [CALL.format(found["line"].strip(), "".join(lines[1:]))]

    return transform


def can_await(shell: InteractiveShell) -> bool:
    """Whether what the shell is about to run is this very cell, on a kernel that hears its page meanwhile."""
    request = _request(shell)
    return (
        _kernel_hears(shell)
        and bool(shell.autoawait)
        and shell.loop_runner is shell.loop_runner_map["asyncio"][0]
        and request.get("msg_type") == "execute_request"
        and _begins_with_magic(request)
        and place.cell_id(shell) is not None
    )


def _request(shell: InteractiveShell) -> dict[str, Any]:
    parent: dict[str, Any] = getattr(shell, "parent_header", None) or {}
    return {**parent, "msg_type": (parent.get("header") or {}).get("msg_type")}


def _begins_with_magic(request: dict[str, Any]) -> bool:
    """Not so where another magic stands above, and runs the rest of the cell by itself."""
    code = str((request.get("content") or {}).get("code", ""))
    return code.lstrip().startswith("%%holysheep")


def _kernel_hears(shell: InteractiveShell) -> bool:
    module: Any = sys.modules.get("ipykernel")
    return hasattr(shell, "kernel") and module is not None and module.version_info[:2] >= SINCE
