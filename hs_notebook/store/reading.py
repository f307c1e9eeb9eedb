"""Reading the ledger by columns: which rows, and the quickest way to them that each database has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.store.text import plain
from hs_notebook.store.writer import is_gone, was_left

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

__all__ = ["Selection", "read", "settle"]

Columns = dict[str, list[Any]]
"""Values by name of column, one for each row."""

_BATCH = 100
"""Rows fetched at a time: small ones spare the garbage collector."""

_WINDOW = 50_000
"""Rows that SQLite makes one text of; its longest is a billion bytes."""

_LEFT = "No end was recorded: the process that asked is gone."


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows.

    Attributes:
        notebook: Of that notebook; None: of all.
        session: Of that run of a kernel; None: of all.
        since: Begun at that moment or later (microseconds since 1970, UTC); None: whenever.
    """

    notebook: str | None = None
    session: str | None = None
    since: int | None = None


def read(connection: Connection, names: Sequence[str], selection: Selection) -> Columns:
    """The values of some columns, all in the same order of rows."""
    if connection.dialect.name == "sqlite":
        return _by_columns(connection, names, selection)
    return _by_rows(connection, names, selection)


def settle(connection: Connection, columns: Columns) -> None:
    """Say of every row without an end whether it still runs (it stays as it is) or was left behind.

    Among the columns are answer_id, attempt, started_at and status; usage_source and error where wanted.
    """
    if None not in columns["status"]:
        return
    writers = _writers_of_open_rows(connection)
    is_gone_once = cache(is_gone)
    for row, status in enumerate(columns["status"]):
        writer = writers.get((columns["answer_id"][row], columns["attempt"][row]))
        if status is not None or writer is None:
            continue
        if was_left(is_gone_once(writer), columns["started_at"][row]):
            for name, value in (("status", "interrupted"), ("usage_source", "missing"), ("error", _LEFT)):
                if name in columns:
                    columns[name][row] = value


def _writers_of_open_rows(connection: Connection) -> dict[tuple[str, int], str]:
    from sqlalchemy import select

    from hs_notebook.store.schema import attempts

    query = select(attempts.c.answer_id, attempts.c.attempt, attempts.c.writer)
    rows = connection.execute(query.where(attempts.c.status.is_(None)))
    return {(answer_id, attempt): writer for answer_id, attempt, writer in rows}


# -- every database ---------------------------------------------------------------------------


def _by_rows(connection: Connection, names: Sequence[str], selection: Selection) -> Columns:
    """Past SQLAlchemy's rows, which double the time."""
    from sqlalchemy import select

    from hs_notebook.store.schema import attempts

    query = select(*(attempts.c[name] for name in names)).where(*_conditions(selection))
    return dict(zip(names, _fetched(connection.execute(query).cursor, len(names)), strict=True))


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    from hs_notebook.store.schema import attempts

    return [attempts.c[name] == value for name, value in _equals(selection).items()] + (
        [] if selection.since is None else [attempts.c.started_at >= selection.since]
    )


def _equals(selection: Selection) -> dict[str, str]:
    chosen = {"notebook": selection.notebook, "session": selection.session}
    return {name: plain(value) for name, value in chosen.items() if value is not None}


def _fetched(cursor: DBAPICursor | None, count: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(count)]
    while cursor is not None and (rows := cursor.fetchmany(_BATCH)):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    return columns


# -- SQLite -----------------------------------------------------------------------------------


def _by_columns(connection: Connection, names: Sequence[str], selection: Selection) -> Columns:
    """Each column as one JSON text: a third quicker than value by value.

    Floats are fetched as they are, since SQLite writes 15 digits of them. Both ways go through the table
    itself, and so meet the rows in the same order.
    """
    from sqlalchemy import Float

    from hs_notebook.store.schema import attempts

    floats = [name for name in names if isinstance(attempts.c[name].type, Float)]
    others = [name for name in names if name not in floats]
    where, values = _where(selection)
    columns: Columns = {name: [] for name in names}
    last = connection.exec_driver_sql("SELECT max(rowid) FROM hs_attempts").scalar() or 0
    for first in range(1, last + 1, _WINDOW):
        window = (first, first + _WINDOW - 1, *values)
        _add_texts(connection, columns, others, where, window)
        _add_floats(connection, columns, floats, where, window)
    return columns


def _where(selection: Selection) -> tuple[str, list[Any]]:
    tests: dict[str, Any] = {f"{name} = ?": value for name, value in _equals(selection).items()}
    if selection.since is not None:
        tests["started_at >= ?"] = selection.since
    wanted = " AND ".join(["rowid BETWEEN ? AND ?", *tests])
    return f"FROM hs_attempts NOT INDEXED WHERE {wanted}", list(tests.values())


def _add_texts(
    connection: Connection, columns: Columns, names: list[str], where: str, values: tuple[Any, ...]
) -> None:
    if not names:
        return
    arrays = ", ".join(f"json_group_array({name})" for name in names)
    texts = connection.exec_driver_sql(f"SELECT {arrays} {where}", values).one()
    for name, text in zip(names, texts, strict=True):
        columns[name] += msgspec.json.decode(text)


def _add_floats(
    connection: Connection, columns: Columns, names: list[str], where: str, values: tuple[Any, ...]
) -> None:
    if not names:
        return
    cursor = connection.exec_driver_sql(f"SELECT {', '.join(names)} {where}", values).cursor
    for name, read_values in zip(names, _fetched(cursor, len(names)), strict=True):
        columns[name] += read_values
