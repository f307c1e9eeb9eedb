"""The usage ledger: one row for each attempt, written when it begins and completed when it ends.

What was asked and answered is not in it; what it took (tokens, seconds, money) is.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from hs_notebook.answer import UsageSource
from hs_notebook.store.frame import COLUMNS, to_frame
from hs_notebook.store.moment import to_micros
from hs_notebook.store.place import Place, current_place, set_place_finder
from hs_notebook.store.process import configured, the_one
from hs_notebook.store.reading import Selection, read, settle
from hs_notebook.store.text import plain, without_keys
from hs_notebook.store.writer import this_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from sqlalchemy import Connection, Update

    from hs_notebook.answer import Answer, Attempt
    from hs_notebook.store.database import Database

__all__ = ["Ledger", "Place", "current_place", "default", "set_place_finder"]

T = TypeVar("T")

_LARGEST = 2**63 - 1


class Ledger:
    """The store of usage. Any thread may use it, and any number of processes the same store.

    Raises (every method): StoreError when the store cannot be read or written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._began: dict[tuple[str, int], dict[str, Any]] = {}

    @classmethod
    def open(cls, url: str | None = None) -> Ledger:
        """Open a store, creating it where there is none.

        Args:
            url: An SQLAlchemy URL, or the path of an SQLite file. None: `HOLYSHEEP_STORE`, else
                "hs_notebook.sqlite" in `home()`.

        Raises:
            SettingError: The URL cannot be used.
        """
        from hs_notebook.store.database import Database

        return cls(Database(url or configured()))

    def close(self) -> None:
        """Let go of the file or the server; the next use takes it up again."""
        self._database.close()

    # -- writing ------------------------------------------------------------------------------

    def begin(self, answer: Answer, attempt: Attempt, place: Place, comparison_id: str | None = None) -> None:
        """Write the row of an attempt that has just begun: if the kernel dies now, the row tells of it."""
        row = _beginning(answer, attempt, place, comparison_id)
        self._began[answer.id, attempt.number] = row
        self._write(row)

    def end(self, answer: Answer, attempt: Attempt) -> None:
        """Complete the row of an attempt that has ended, or write all of it if its beginning could not be."""
        key = (answer.id, attempt.number)
        began = self._began.get(key) or _beginning(answer, attempt, current_place(), None)
        self._write({**began, **_ending(attempt)})
        self._began.pop(key, None)

    def amend(self, answer: Answer, attempt: Attempt) -> None:
        """Add what was found out after the end to an attempt's row: our estimate, and list prices."""
        from sqlalchemy import update

        from hs_notebook.store.schema import attempts

        row, ending = attempts.c, _ending(attempt)
        same = (row.answer_id == plain(answer.id), row.attempt == attempt.number)
        counted = row.usage_source != UsageSource.MISSING.value  # else a later attempt has its counts
        late = {name: ending[name] for name in _LATE}
        self._database.write(lambda to: to.execute(update(attempts).where(*same, counted).values(late)))

    def revise(self, changes: Sequence[dict[str, Any]]) -> None:
        """Write what a change holds into the row of its answer_id and attempt; all of them or none."""
        found = [_found(change) for change in changes]
        if found:
            self._database.write(lambda connection: connection.execute(_the_row(), found))

    def withdraw(self, answer: Answer, attempt: Attempt) -> None:
        """Take counts and cost out of an attempt's row: a later one took its generation up, and has them.

        A sum over rows then counts each generation once.
        """
        from sqlalchemy import update

        from hs_notebook.store.schema import attempts

        same = (attempts.c.answer_id == plain(answer.id), attempts.c.attempt == attempt.number)
        self._database.write(lambda to: to.execute(update(attempts).where(*same).values(_NO_COUNTS)))

    def _write(self, row: dict[str, Any]) -> None:
        from sqlalchemy import insert

        from hs_notebook.store.schema import attempts

        def work(connection: Connection) -> None:
            if connection.execute(_the_row(), _found(row)).rowcount == 0:
                connection.execute(insert(attempts), row)

        self._database.write(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do one piece of work on the store that changes nothing."""
        return self._database.read(work)

    # -- reading ------------------------------------------------------------------------------

    def frame(
        self, notebook: str | None = None, *, session: str | None = None, since: int | None = None
    ) -> pd.DataFrame:
        """Every attempt, the oldest first, one row each.

        Columns and dtypes are those of `frame.COLUMNS`, also when there is no row. Unknown is <NA>, never 0.
        An attempt that still runs shows how it began and <NA> for the rest, `status` included. One whose
        process is gone is `interrupted`; of another machine's process that is assumed after a day.

        Args:
            notebook: Of that notebook; None: of all.
            session: Of that run of a kernel; None: of all.
            since: Begun at that moment or later (microseconds since 1970, UTC); None: whenever.
        """
        return to_frame(self.columns(list(COLUMNS), Selection(notebook, session, since)))

    def columns(self, names: Sequence[str], selection: Selection) -> dict[str, list[Any]]:
        """The values of some columns as they are stored: money as text, times in microseconds.

        Where `status` is among them, what left rows behind is told as in `frame`.
        """
        needed = {"answer_id", "attempt", "started_at"} if "status" in names else set()
        asked = [*names, *sorted(needed.difference(names))]

        def work(connection: Connection) -> dict[str, list[Any]]:
            columns = read(connection, asked, selection)
            if needed:
                settle(connection, columns)
            return columns

        columns = self._database.read(work)
        return {name: columns[name] for name in names}

    def costs(self, notebook: str | None = None) -> list[Decimal | None]:
        """What each attempt cost, USD, exact, in no order; None if unknown. `money.cost.total` adds up."""
        texts = self.columns(["cost_usd"], Selection(notebook))["cost_usd"]
        return [None if text is None else Decimal(text) for text in texts]


@cache
def _the_row() -> Update:
    """The change of one row; made once, for to make it takes longer than to do it, and others wait."""
    from sqlalchemy import bindparam, update

    from hs_notebook.store.schema import attempts

    row = attempts.c
    return update(attempts).where(
        row.answer_id == bindparam("its_answer"), row.attempt == bindparam("its_attempt")
    )


def _found(row: dict[str, Any]) -> dict[str, Any]:
    """The same with what `_the_row` is found by."""
    return {**row, "its_answer": row["answer_id"], "its_attempt": row["attempt"]}


# -- rows in ----------------------------------------------------------------------------------


def _beginning(answer: Answer, attempt: Attempt, place: Place, comparison_id: str | None) -> dict[str, Any]:
    return {
        "answer_id": plain(answer.id),
        "attempt": attempt.number,
        "started_at": to_micros(attempt.started_at),
        "notebook": plain(place.notebook),
        "cell_id": None if place.cell_id is None else plain(place.cell_id),
        "execution_count": place.execution_count,
        "session": place.session,
        "writer": this_writer(),
        "comparison_id": comparison_id,
        "resumed_by": attempt.resumed_by,
        "provider": without_keys(answer.provider),
        "model": without_keys(answer.model),
    }


def _ending(attempt: Attempt) -> dict[str, Any]:
    usage, estimate = attempt.counts, attempt.estimate
    return {
        "model_served": without_keys(attempt.model_served),
        "service_tier": without_keys(attempt.service_tier),
        "status": attempt.status.value,
        "finish_reason": None if attempt.finish_reason is None else attempt.finish_reason.value,
        "input_tokens": None if usage is None else _count(usage.input_tokens),
        "cache_read_tokens": None if usage is None else _count(usage.cache_read_tokens),
        "cache_write_tokens": None if usage is None else _count(usage.cache_write_tokens),
        "cache_write_1h_tokens": None if usage is None else _count(usage.cache_write_1h_tokens),
        "output_tokens": None if usage is None else _count(usage.output_tokens),
        "reasoning_tokens": None if usage is None else _count(usage.reasoning_tokens),
        "estimated_input_tokens": None if estimate is None else _count(estimate.input_tokens),
        "estimated_output_tokens": None if estimate is None else _count(estimate.output_tokens),
        "usage_source": attempt.usage_source.value,
        "cost_usd": _money(attempt.cost_usd),
        "reported_cost_usd": _money(attempt.reported_cost_usd),
        "book_cost_usd": _money(attempt.book_cost_usd),
        "price_book": attempt.price_book,
        "price_date": attempt.price_date,
        "list_cost_usd": _money(attempt.list_cost_usd),
        "list_price_book": attempt.list_price_book,
        "ttft_s": _seconds(attempt.ttft_s),
        "duration_s": _seconds(attempt.duration_s),
        "tokens_per_s": _seconds(attempt.tokens_per_s),
        "request_id": without_keys(attempt.request_id),
        "error": without_keys(attempt.error),
    }


_LATE = (
    "estimated_input_tokens",
    "estimated_output_tokens",
    "cost_usd",
    "book_cost_usd",
    "price_book",
    "price_date",
    "list_cost_usd",
    "list_price_book",
)

_NO_COUNTS: dict[str, Any] = {
    "input_tokens": None,
    "cache_read_tokens": None,
    "cache_write_tokens": None,
    "cache_write_1h_tokens": None,
    "output_tokens": None,
    "reasoning_tokens": None,
    "usage_source": UsageSource.MISSING.value,
    "cost_usd": None,
    "reported_cost_usd": None,
    "book_cost_usd": None,
    "price_book": None,
    "price_date": None,
    "list_cost_usd": None,
    "list_price_book": None,
    "estimated_input_tokens": None,
    "estimated_output_tokens": None,
    "tokens_per_s": None,
}


def _count(tokens: int | None) -> int | None:
    """Tokens; None for a figure that no database and no sense takes."""
    return tokens if tokens is not None and 0 <= tokens <= _LARGEST else None


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None or not amount.is_finite() else f"{amount:f}"


def _seconds(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


# -- the one of this process ------------------------------------------------------------------


def default() -> Ledger:
    """The ledger of this process, opened when first asked for, and anew when the settings have changed."""
    return the_one(Ledger)
