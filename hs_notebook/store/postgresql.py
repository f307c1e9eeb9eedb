"""All that is particular to PostgreSQL: a server that many people's kernels open at the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from hs_notebook.store import schema

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

__all__ = ["open_server"]

CONNECT_S = 5
"""Seconds to wait for a connection: as long as SQLite waits for a lock."""

_ALONE = 0x68735F6E
"""The advisory lock of whoever creates or upgrades the tables; any number that nobody else uses."""


def open_server(url: URL) -> Engine:
    """Open, and where needed create or upgrade, the store in a database of PostgreSQL.

    Raises:
        NewerError: The tables are of a newer version of this package; nothing was changed.
    """
    engine = create_engine(
        url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_S}
    )
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ALONE})
            schema.prepare(connection)
    except BaseException:
        engine.dispose()  # else its connection stays open
        raise
    return engine
