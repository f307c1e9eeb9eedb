"""Budgets that many kernels keep together, and what their running calls have reserved of them.

A claim looks at all rows and writes its own in one exclusive transaction: two calls never see the same room.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from hs_notebook.store.moment import now, today
from hs_notebook.store.process import the_one
from hs_notebook.store.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from hs_notebook.store.database import Database
    from hs_notebook.store.place import Place

__all__ = ["Kept", "Reservations", "default"]

Kept = tuple[str, Decimal, bool, str]
"""A budget as it is kept: its scope, the limit in USD, whether it is hard, what about unpriced models."""

_EXACT = Context(prec=100)

_A_DAY = 86_400_000_000
"""Microseconds. A reservation whose call never ended (its kernel was killed) counts in full for so long."""


class Reservations:
    """Budgets and reservations in the store. Any thread may use it, and any number of processes.

    Raises (every method): StoreError when the store cannot be read or written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, place: Place, kept: Kept) -> None:
        """Set a budget for this place, instead of the one of that scope."""
        from sqlalchemy import delete, insert

        from hs_notebook.store.schema import budgets

        scope, limit, hard, unpriced = kept
        same = (budgets.c.scope == scope, budgets.c.key == _key(scope, place))
        row = {
            "scope": scope,
            "key": _key(scope, place),
            "limit_usd": f"{limit:f}",
            "hard": int(hard),
            "unpriced": unpriced,
            "set_at": now(),
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(budgets).where(*same))
            connection.execute(insert(budgets).values(row))

        self._database.write(work)

    def unset(self, place: Place, scope: str | None = None) -> None:
        """Take a budget of this place away; None: all of them."""
        from sqlalchemy import delete

        from hs_notebook.store.schema import budgets

        scopes = ("kernel", "notebook", "day") if scope is None else (scope,)

        def work(connection: Connection) -> None:
            for one in scopes:
                same = (budgets.c.scope == one, budgets.c.key == _key(one, place))
                connection.execute(delete(budgets).where(*same))

        self._database.write(work)

    def budgets(self, place: Place) -> list[Kept]:
        """The budgets that hold at this place."""
        return self._database.read(lambda connection: _budgets(connection, place))

    def of_others(self, place: Place) -> bool:
        """Whether another notebook has a budget: it may be this one, under the name that it had."""
        from sqlalchemy import select

        from hs_notebook.store.schema import budgets

        others = (budgets.c.scope == "notebook", budgets.c.key != _key("notebook", place))
        query = select(budgets.c.key).where(*others).limit(1)
        return self._database.read(lambda connection: connection.execute(query).first() is not None)

    def spent(self, place: Place, scope: str) -> Decimal:
        """What was spent in a scope, USD, with what is reserved now."""
        return self._database.read(lambda connection: _spent(connection, place, scope, "", 0))

    def claim(
        self,
        place: Place,
        answer_id: str,
        began_at: int,
        decide: Callable[[list[tuple[Kept, Decimal]]], Decimal],
    ) -> Decimal:
        """Reserve for a call, in place of what it had.

        Args:
            place: Where it is asked.
            answer_id: Its answer's.
            began_at: When its run began: what it has cost since is in the amount.
            decide: Given each budget and what others have spent and reserved of it, the amount; or it raises.
        """
        from sqlalchemy import delete, insert

        from hs_notebook.store.schema import reservations

        row = {
            "answer_id": plain(answer_id),
            "began_at": began_at,
            "notebook": plain(place.notebook),
            "session": place.session,
        }

        def work(connection: Connection) -> Decimal:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE hs_reservations IN EXCLUSIVE MODE")
            held = _budgets(connection, place)
            known = [(kept, _spent(connection, place, kept[0], answer_id, began_at)) for kept in held]
            amount = decide(known)
            connection.execute(delete(reservations).where(reservations.c.answer_id == row["answer_id"]))
            if held:
                connection.execute(insert(reservations).values({**row, "amount_usd": f"{amount:f}"}))
            return amount

        return self._database.write(work)

    def settle(self, answer_id: str, uncounted: Decimal) -> None:
        """The call has ended, and the usage table has what it cost, but for so much that nobody counted."""
        from sqlalchemy import delete, update

        from hs_notebook.store.schema import reservations

        same = reservations.c.answer_id == plain(answer_id)
        change = update(reservations).where(same).values(amount_usd=f"{uncounted:f}")
        work = change if uncounted else delete(reservations).where(same)
        self._database.write(lambda connection: connection.execute(work))


def default() -> Reservations:
    """Those of this process's store."""
    return the_one(Reservations)


def _key(scope: str, place: Place) -> str:
    return {"kernel": place.session, "notebook": plain(place.notebook)}.get(scope, "")


def _budgets(connection: Connection, place: Place) -> list[Kept]:
    from sqlalchemy import select

    from hs_notebook.store.schema import budgets

    found = [
        (row.scope, Decimal(row.limit_usd), bool(row.hard), row.unpriced)
        for row in connection.execute(select(budgets))
        if row.key == _key(row.scope, place)
    ]
    return sorted(found)


def _spent(connection: Connection, place: Place, scope: str, answer_id: str, began_at: int) -> Decimal:
    """The cost of all rows in a scope and of all reservations, but for the call's own of this run."""
    from sqlalchemy import and_, not_, select

    from hs_notebook.store.schema import attempts, reservations

    own = and_(attempts.c.answer_id == plain(answer_id), attempts.c.started_at >= began_at)
    costs = select(attempts.c.cost_usd).where(
        *_in_scope(attempts.c, attempts.c.started_at, place, scope),
        attempts.c.cost_usd.is_not(None),
        not_(own),
    )
    held = select(reservations.c.amount_usd).where(
        *_in_scope(reservations.c, reservations.c.began_at, place, scope),
        reservations.c.answer_id != plain(answer_id),
        reservations.c.began_at >= now() - _A_DAY,
    )
    return _sum(connection.execute(costs).all()) + _sum(connection.execute(held).all())


def _in_scope(columns: Any, at: ColumnElement[int], place: Place, scope: str) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a table's columns
    if scope == "kernel":
        return [columns.session == place.session]
    if scope == "notebook":
        return [columns.notebook == plain(place.notebook)]
    return [at >= today()]  # as in `hs.usage(by="day")`


def _sum(rows: Sequence[Row[Any]]) -> Decimal:
    whole = Decimal(0)
    for (amount,) in rows:
        whole = _EXACT.add(whole, Decimal(amount))
    return whole
