"""The store of this process: one database under the ledger and the journal, opened when first asked for.

It is opened anew when the settings name another, and in a forked child, which leaves its parent's alone.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from hs_notebook.home import home

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.store.database import Database

__all__ = ["close", "configured", "the_one"]

T = TypeVar("T")


def configured() -> str:
    """What `HOLYSHEEP_STORE` says, else the path of the file in `home()`."""
    return os.environ.get("HOLYSHEEP_STORE") or str(home() / "hs_notebook.sqlite")


class _Opened:
    """A database, and what was made upon it."""

    def __init__(self, where: str) -> None:
        from hs_notebook.store.database import Database

        self.where = where
        self.database = Database(where)
        self.made: dict[Callable[[Database], Any], Any] = {}


_lock = threading.RLock()
_opened: _Opened | None = None
_inherited: list[_Opened] = []


def the_one(kind: Callable[[Database], T]) -> T:
    """The ledger or journal of this process, the same one until the settings name another store.

    Raises:
        SettingError: The store's URL cannot be used.
        StoreError: The store cannot be opened.
    """
    global _opened  # noqa: PLW0603 - one for the process
    with _lock:
        where = configured()
        if _opened is not None and _opened.where != where:
            _opened.database.close()
            _opened = None
        if _opened is None:
            _opened = _Opened(where)
        if kind not in _opened.made:
            _opened.made[kind] = kind(_opened.database)
        one: T = _opened.made[kind]
        return one


@atexit.register
def close() -> None:
    """Close the store's connections; whoever asks later opens new ones."""
    if _opened is not None:
        _opened.database.close()


def _renew() -> None:
    """In a forked child: leave the parent's connections alone, neither used nor closed, and open our own."""
    global _opened, _lock
    if _opened is not None:
        _inherited.append(_opened)
    _opened, _lock = None, threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
