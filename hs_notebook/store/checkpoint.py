"""SQLite's write-ahead log goes back into the file beside the writers, not within their commits.

By itself SQLite does so in the commit that makes the log long, and waits there for the disk: one append in
some hundreds would last ten times as long as the others. What is committed is in the log, and safe when the
process dies, whether or not it was copied. Source: https://www.sqlite.org/wal.html (2026-11-22)
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

__all__ = ["beside_writers"]

_CHANGES = 250
"""Rows written through a connection between two copyings: about a thousand pages, SQLite's own measure."""

_LONGEST = 10_000
"""Pages of the log with which a commit copies after all: many processes that each wrote little, and died."""


def beside_writers(engine: Engine, path: Path) -> None:
    """Have the log of this engine's file copied by a thread of its own, whenever enough was written."""
    _Copier(engine, path)


class _Copier:
    def __init__(self, engine: Engine, path: Path) -> None:
        self._path = path
        self._thread: threading.Thread | None = None
        event.listen(engine, "connect", self._on_connect)
        event.listen(engine, "checkin", self._on_checkin)
        event.listen(engine, "engine_disposed", self._on_disposed)

    def _on_connect(self, connection: Any, _record: object) -> None:  # noqa: ANN401 - any driver's
        connection.execute(f"PRAGMA wal_autocheckpoint={_LONGEST}")

    def _on_checkin(self, connection: Any, record: Any) -> None:  # noqa: ANN401 - likewise; a pool's record
        if connection is None:
            return  # it broke
        changes = connection.total_changes
        if changes - record.info.get("hs_copied", 0) >= _CHANGES and not self._is_busy():
            record.info["hs_copied"] = changes
            self._thread = threading.Thread(target=self._copy, name="hs_notebook-checkpoint", daemon=True)
            self._thread.start()

    def _is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _copy(self) -> None:
        # Passive: waits for nobody, and nobody waits for it. What ails the file, the next use of it will say.
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _on_disposed(self, _engine: Engine) -> None:
        if self._thread is not None:
            self._thread.join()
