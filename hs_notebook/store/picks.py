"""Which answer of a comparison a person preferred: one row for each comparison, the last word counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.store import renamed
from hs_notebook.store.moment import now
from hs_notebook.store.place import current_place
from hs_notebook.store.process import the_one
from hs_notebook.store.text import plain, without_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sqlalchemy import Connection

    from hs_notebook.store.database import Database
    from hs_notebook.store.place import Place

__all__ = ["Picks", "default", "picks"]

_TEXTS = ("notebook", "cell_id", "comparison_id", "answer_id", "model")


class Picks:
    """The store of preferences. Any thread may use it, and any number of processes the same store.

    Raises (every method): StoreError when the store cannot be read or written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, place: Place, comparison_id: str, answer_id: str, model: str, others: Sequence[str]
    ) -> None:
        """Write that this answer was preferred; what was picked of that comparison before counts no more.

        Args:
            place: Where the comparison stands.
            comparison_id: The comparison, as in the usage table.
            answer_id: The answer that was picked.
            model: Its model.
            others: The models of the answers it was preferred to.
        """
        from sqlalchemy import delete, insert

        from hs_notebook.store.schema import picks as table

        row = {
            "comparison_id": comparison_id,
            "picked_at": now(),
            "notebook": plain(place.notebook),
            "cell_id": None if place.cell_id is None else plain(place.cell_id),
            "session": place.session,
            "answer_id": answer_id,
            "model": without_keys(model),
            "others": msgspec.json.encode([without_keys(other) for other in others]).decode(),
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(table).where(table.c.comparison_id == comparison_id))
            connection.execute(insert(table).values(row))

        self._database.write(work)

    def frame(self, notebook: str | None = None) -> pd.DataFrame:
        """Every pick, the oldest first; None: of all notebooks.

        Columns: picked_at (UTC), notebook, cell_id, comparison_id, answer_id, model, others (a tuple of the
        models it was preferred to). The dtypes are the same when there is none.
        """
        from sqlalchemy import select

        from hs_notebook.store.schema import picks as table

        query = select(table).order_by(table.c.picked_at, table.c.comparison_id)
        if notebook is not None:
            query = query.where(table.c.notebook == plain(notebook))
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return _to_frame([dict(row) for row in rows])


def _to_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    at = pd.to_datetime(pd.array([row["picked_at"] for row in rows], dtype="int64"), unit="us", utc=True)
    columns: dict[str, Any] = {"picked_at": at.as_unit("us")}
    columns |= {name: pd.array([row[name] for row in rows], dtype="string") for name in _TEXTS}
    others = [msgspec.json.decode(row["others"], type=tuple[str, ...]) for row in rows]
    return pd.DataFrame(columns | {"others": pd.Series(others, dtype="object")})


def default() -> Picks:
    """The picks of this process, in the store that the settings name."""
    return the_one(Picks)


def picks() -> pd.DataFrame:
    """Which answers of this notebook's comparisons were preferred (`hs_notebook.picks()`).

    One row for each comparison in which one was picked, the oldest first: `Picks.frame`.
    """
    notebook = current_place().notebook
    renamed.default().follow(notebook)
    return default().frame(notebook)
