"""`hs.backup()`: a copy of the store while kernels write to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from hs_notebook.errors import SettingError
from hs_notebook.store.ledger import default
from hs_notebook.store.new_file import check_free, new_file

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["backup"]


def backup(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Copy the store, usage and kept answers, to a file as of this moment; give its path.

    Kernels may go on writing meanwhile. `HOLYSHEEP_STORE` may name the copy. It holds prompts and answers,
    and only you can read it. A store on PostgreSQL is backed up by PostgreSQL's own pg_dump.

    Raises:
        SettingError: There is such a file, or the store is on a server.
        StoreError: The store cannot be read, or the file not be written.
    """
    target = Path(path).expanduser()
    check_free(target, overwrite=overwrite)
    with new_file(target, overwrite=overwrite) as part:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT, 0o600))
        default().read(lambda connection: _copy(connection, part))
    return target


def _copy(connection: Connection, part: Path) -> None:
    if connection.dialect.name != "sqlite":
        raise SettingError(
            "The store is on a PostgreSQL server, which has a tool for this.",
            remedy=f"pg_dump --table='hs_*' {make_url(connection.engine.url).database}",
        )
    source: Any = connection.connection.driver_connection  # its type is that of any driver's
    with closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
