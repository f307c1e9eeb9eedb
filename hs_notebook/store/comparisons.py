"""Which answers belong to a comparison: read from the usage rows, which `comparison_id` ties together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.store.process import the_one
from hs_notebook.store.text import plain

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hs_notebook.store.database import Database

__all__ = ["Compared", "Comparisons", "default"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison as the usage rows tell of it.

    Attributes:
        models: The models asked, each once.
        answers: The ids of its answers, the one asked first in front.
    """

    id: str
    models: frozenset[str]
    answers: tuple[str, ...]


class Comparisons:
    """The comparisons in a store. Any thread may use it.

    Raises (every method): StoreError when the store cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, notebook: str, cell_id: str | None) -> Compared | None:
        """The last one of a cell (None: of any cell of the notebook); None if there is none."""
        from sqlalchemy import select

        from hs_notebook.store.schema import attempts

        here = [attempts.c.notebook == plain(notebook), attempts.c.comparison_id.is_not(None)]
        if cell_id is not None:
            here.append(attempts.c.cell_id == plain(cell_id))
        newest = select(attempts.c.comparison_id).where(*here).order_by(attempts.c.started_at.desc()).limit(1)

        def work(connection: Connection) -> Compared | None:
            found = connection.execute(newest).scalar()
            if found is None:
                return None
            rows = connection.execute(
                select(attempts.c.answer_id, attempts.c.model)
                .where(attempts.c.notebook == plain(notebook), attempts.c.comparison_id == found)
                .order_by(attempts.c.started_at)
            ).all()
            return Compared(
                found, frozenset(row[1] for row in rows), tuple(dict.fromkeys(row[0] for row in rows))
            )

        return self._database.read(work)


def default() -> Comparisons:
    """The comparisons of this process's store."""
    return the_one(Comparisons)
