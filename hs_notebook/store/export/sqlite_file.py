"""A SQLite database with the table `usage`: ISO times, which SQLite's own functions read, and real nulls."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from hs_notebook.store.export.table import kind, micros, moment

if TYPE_CHECKING:
    from pathlib import Path

    from hs_notebook.store.export.table import Columns

__all__ = ["read", "write"]

_TYPES = {"time": "TEXT", "text": "TEXT", "whole": "INTEGER", "number": "REAL"}


def write(path: Path, columns: Columns) -> None:
    """Write the table."""
    declared = ", ".join(f'"{name}" {_TYPES[kind(name)]}' for name in columns)
    shown = [
        [moment(value) for value in values] if kind(name) == "time" else values
        for name, values in columns.items()
    ]
    marks = ", ".join("?" * len(columns))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE usage ({declared})")
        database.executemany(f"INSERT INTO usage VALUES ({marks})", zip(*shown, strict=True))  # noqa: S608 - only marks


def read(path: Path) -> Columns:
    """Read what `write` wrote."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        cursor = database.execute("SELECT * FROM usage ORDER BY rowid")
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    for name, values in columns.items():
        if kind(name) == "time":
            columns[name] = [micros(value) for value in values]
    return columns
