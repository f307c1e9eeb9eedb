"""Stream, compare, resume and account for LLM answers in a notebook: `%load_ext hs_notebook`.

Importing this package, and loading the extension, imports nothing heavy: each name below comes from its room
when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from hs_notebook import errors
    from hs_notebook.accounts import estimate_errors, plans, recost, what_if
    from hs_notebook.answer import Answer
    from hs_notebook.client.client import HolySheep
    from hs_notebook.client.config import StreamingConfig
    from hs_notebook.client.dry_run import dry_run
    from hs_notebook.money.scenarios import monthly
    from hs_notebook.store.backup import backup
    from hs_notebook.store.export.files import export_usage, read_usage
    from hs_notebook.store.picks import picks
    from hs_notebook.store.views.pictures import plot_usage
    from hs_notebook.store.views.usage import usage
    from hs_notebook.wire.chunk import Message, StreamChunk, Usage

__all__ = [
    "Answer",
    "HolySheep",
    "Message",
    "StreamChunk",
    "StreamingConfig",
    "Usage",
    "backup",
    "dry_run",
    "enable_nested_loops",
    "errors",
    "estimate_errors",
    "export_usage",
    "load_ipython_extension",
    "monthly",
    "picks",
    "plans",
    "plot_usage",
    "read_usage",
    "recost",
    "unload_ipython_extension",
    "usage",
    "what_if",
]

_ROOMS = {
    "Answer": "answer",
    "HolySheep": "client.client",
    "Message": "wire.chunk",
    "StreamChunk": "wire.chunk",
    "StreamingConfig": "client.config",
    "Usage": "wire.chunk",
    "backup": "store.backup",
    "dry_run": "client.dry_run",
    "estimate_errors": "accounts",
    "export_usage": "store.export.files",
    "monthly": "money.scenarios",
    "picks": "store.picks",
    "plans": "accounts",
    "plot_usage": "store.views.pictures",
    "read_usage": "store.export.files",
    "recost": "accounts",
    "usage": "store.views.usage",
    "what_if": "accounts",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type is that of the name asked for
    if name == "__version__":
        from importlib.metadata import version

        return version("hs-notebook")
    if name == "errors":
        return import_module("hs_notebook.errors")
    room = _ROOMS.get(name)
    if room is None:
        msg = f"module 'hs_notebook' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"hs_notebook.{room}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def enable_nested_loops() -> None:
    """Let a script that ends in `asyncio.run(main())` run unchanged in a cell (by nest-asyncio2).

    Nothing of this package needs it, and it is never applied on load.
    """
    import nest_asyncio2

    nest_asyncio2.apply()


def load_ipython_extension(ip: InteractiveShell) -> None:
    """Register `%%holysheep` and `%holysheep` (what `%load_ext hs_notebook` calls)."""
    from hs_notebook.notebook.magics import load

    load(ip)


def unload_ipython_extension(ip: InteractiveShell) -> None:
    """Take the magics away again (what `%unload_ext hs_notebook` calls)."""
    from hs_notebook.notebook.magics import unload

    unload(ip)
