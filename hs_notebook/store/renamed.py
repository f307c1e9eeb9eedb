"""A notebook that was renamed or moved keeps its rows and its budget: they are given its new name.

It is known by its cells: rows that were asked from cells of this file, under the name of another file that is
gone, or that has these cells no more. So the rows of a copied notebook stay with the original as long as that
is there, and a new Untitled.ipynb begins without those of an earlier one.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hs_notebook.store.process import the_one
from hs_notebook.store.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, Table

    from hs_notebook.store.database import Database

__all__ = ["Renamed", "default"]

_IDS = 500
"""Cells asked for at a time: every database takes so many."""


class Renamed:
    """Follows notebooks to their new names, in one store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, int] = {}

    def follow(self, notebook: str) -> None:
        """Give this notebook's name to the rows that it left under others. Quick where its file is as before.

        Args:
            notebook: Its name; only one that is the whole path of an .ipynb can be followed.

        Raises:
            StoreError: The store cannot be read or written.
        """
        path = _file(notebook)
        with suppress(OSError):
            changed = path.stat().st_mtime_ns if path is not None else None
            if path is not None and changed is not None and self._seen.get(notebook) != changed:
                cells = _cells(path)
                if self._database.read(lambda connection: list(_left(connection, notebook, cells))):
                    self._database.write(lambda connection: _take(connection, notebook, cells))
                self._seen[notebook] = changed


def default() -> Renamed:
    """The one of this process, in the store that the settings name."""
    return the_one(Renamed)


def _file(notebook: str) -> Path | None:
    path = Path(notebook)
    return path if path.is_absolute() and path.suffix == ".ipynb" else None


def _cells(path: Path) -> list[str]:
    """The ids of a notebook's cells; none where it cannot be read, or is of before nbformat 4.5."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [plain(str(cell["id"])) for cell in cells if "id" in cell]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _take(connection: Connection, notebook: str, cells: list[str]) -> None:
    from sqlalchemy import update

    from hs_notebook.store.schema import answers, attempts, picks, reservations

    for name, sessions in list(_left(connection, notebook, cells)):
        _take_budget(connection, notebook, name, sessions)  # first: the rows tell whose it is
        for table in (attempts, answers, picks, reservations):
            where = _of(table, name, sessions)
            connection.execute(update(table).where(*where).values(notebook=plain(notebook)))


def _take_budget(connection: Connection, notebook: str, name: str, sessions: set[str] | None) -> None:
    """Take its budget along, unless it was given another since, or it is of the next one of that name."""
    from sqlalchemy import delete, func, select, update

    from hs_notebook.store.schema import attempts, budgets

    mine, old = ((budgets.c.scope == "notebook", budgets.c.key == plain(one)) for one in (notebook, name))
    last = select(func.max(attempts.c.started_at)).where(*_of(attempts, name, sessions)).scalar_subquery()
    theirs = old if sessions is None else (*old, budgets.c.set_at <= last)
    if connection.execute(select(budgets.c.key).where(*mine)).first() is None:
        connection.execute(update(budgets).where(*theirs).values(key=plain(notebook)))
    else:
        connection.execute(delete(budgets).where(*theirs))


def _of(table: Table, name: str, sessions: set[str] | None) -> list[ColumnElement[bool]]:
    named = table.c.notebook == name
    return [named] if sessions is None else [named, table.c.session.in_(sessions)]


def _left(connection: Connection, notebook: str, cells: list[str]) -> Iterator[tuple[str, set[str] | None]]:
    """Each name that rows of this notebook stand under, with the kernel runs that were its own; None: all."""
    for name, asked in _elsewhere(connection, notebook, cells).items():
        path = _file(name)
        if path is None:
            continue  # a name that somebody gave it
        if not path.exists():
            yield name, None
        elif asked.keys().isdisjoint(_cells(path)):
            yield name, set().union(*asked.values())


def _elsewhere(connection: Connection, notebook: str, cells: list[str]) -> dict[str, dict[str, set[str]]]:
    """By other name, then by cell: the runs of kernels in which these cells asked under that name."""
    from sqlalchemy import select

    from hs_notebook.store.schema import attempts

    found: dict[str, dict[str, set[str]]] = {}
    columns = (attempts.c.notebook, attempts.c.cell_id, attempts.c.session)
    for first in range(0, len(cells), _IDS):
        some = attempts.c.cell_id.in_(cells[first : first + _IDS])
        query = select(*columns).distinct().where(some, attempts.c.notebook != plain(notebook))
        if connection.dialect.name != "sqlite":  # others' machines have files of the same names
            query = query.where(attempts.c.writer.startswith(f"{_host()}/", autoescape=True))
        for name, cell, session in connection.execute(query):
            found.setdefault(name, {}).setdefault(cell, set()).add(session)
    return found


def _host() -> Any:  # noqa: ANN401 - SQLAlchemy takes any
    return socket.gethostname().replace("|", "_")
