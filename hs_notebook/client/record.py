"""The writer of what is stored: one thread, in order, never in a stream's way.

A usage row is begun when a request is sent and completed when it ends. If the store fails, the stream goes on
and the answer says so.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from typing import TYPE_CHECKING

from hs_notebook.client.config import EMBEDDED, EMBEDDED_MODELS
from hs_notebook.errors import HolySheepError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer, Attempt
    from hs_notebook.money.prices import Price
    from hs_notebook.store.ledger import Place

__all__ = ["Recorder"]

PATIENCE = 10.0
"""Seconds that the end of an answer waits for its row; a store that hangs hangs nobody else."""
_NO_ROW = "This answer is missing from the usage table"

log = logging.getLogger("hs_notebook")


class Recorder:
    """Writes to the store on a thread of its own, a daemon, which holds up no exit."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._failed = False
        threading.Thread(target=self._work, name="hs_notebook-ledger", daemon=True).start()

    def begin(self, answer: Answer, attempt: Attempt, place: Place | None, comparison_id: str | None) -> None:
        """Have the row of an attempt begun; returns at once."""

        def job() -> None:
            from hs_notebook.store import ledger

            where = ledger.current_place() if place is None else place
            ledger.default().begin(answer, attempt, where, comparison_id)

        self.put(answer, job, _NO_ROW)

    def withdraw(self, answer: Answer, attempt: Attempt) -> None:
        """Have the counts taken out of an attempt's row: they stand on a later one; returns at once."""

        def job() -> None:
            from hs_notebook.store import ledger

            ledger.default().withdraw(answer, attempt)

        self.put(answer, job, _NO_ROW)

    async def end(self, answer: Answer, attempt: Attempt) -> bool:
        """Price the attempt and complete its row; as `settled`."""

        def job() -> None:
            try:
                _price(answer, attempt)
            except (HolySheepError, OSError) as error:  # a price book of the user's that cannot be read
                _note(answer, f"The cost of this answer is unknown: {_first_line(error)}")
            from hs_notebook.store import ledger

            ledger.default().end(answer, attempt)

        self.put(answer, job, _NO_ROW)
        return await self.settled(answer, _NO_ROW)

    def put(self, answer: Answer, job: Callable[[], None], trouble: str) -> None:
        """Have something done after all that was put before; `trouble` is what it means if it fails."""

        def guarded() -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - whatever the store does, the answer comes first
                self._complain(answer, error, trouble)

        self._jobs.put(guarded)

    async def settled(self, answer: Answer, trouble: str) -> bool:
        """Wait until all that was put is done or has failed; False if the store hangs."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._jobs.put(lambda: loop.call_soon_threadsafe(_settle, done))
        done_now, _ = await asyncio.wait((done,), timeout=PATIENCE)
        if not done_now:
            self._complain(answer, TimeoutError(f"the store has not answered for {PATIENCE:g} s"), trouble)
        return bool(done_now)

    def _complain(self, answer: Answer, error: Exception, trouble: str) -> None:
        note = f"{trouble}: {_first_line(error)}"
        _note(answer, note)
        if not self._failed:
            self._failed = True
            log.warning("%s", note)

    def _work(self) -> None:
        while True:
            self._jobs.get()()


def _price(answer: Answer, attempt: Attempt) -> None:
    """Set what the attempt cost: as the server says, else by a price book; None where neither can tell."""
    from hs_notebook.money import cost

    said = cost.reported_usd(attempt.usage)
    if said is not None:
        attempt.cost_usd, attempt.price_book = said, cost.REPORTED
        return
    price = _price_of(answer, attempt.model_served)
    attempt.cost_usd = cost.cost_usd(attempt.usage, price)
    if price is not None and attempt.cost_usd is not None:
        attempt.price_book = price.book


def _price_of(answer: Answer, served: str | None) -> Price | None:
    """The price of the model that answered: what was asked for tells it only where that is the same one."""
    from hs_notebook.money import prices

    if answer.provider == EMBEDDED and answer.model in EMBEDDED_MODELS:
        served = None  # these name a place, not a model: whatever answers there is nobody's to bill
    price = prices.find(served, provider=answer.provider) if served else None
    if price is None and (not served or prices.same_model(served, answer.model)):
        price = prices.find(answer.model, provider=answer.provider)
    return price


def _note(answer: Answer, note: str) -> None:
    if note not in answer.notes:
        answer.notes.append(note)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
