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

from hs_notebook.errors import HolySheepError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer, Attempt
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
    """Set what the attempt cost; None where its tokens or its model's price are unknown."""
    from hs_notebook.money import cost, prices

    named = [name for name in (attempt.model_served, answer.model) if name]
    found = (prices.find(name, provider=answer.provider) for name in named)
    price = next((one for one in found if one is not None), None)
    attempt.cost_usd = cost.cost_usd(attempt.usage, price)
    if price is not None and attempt.cost_usd is not None:
        attempt.price_book = price.book


def _note(answer: Answer, note: str) -> None:
    if note not in answer.notes:
        answer.notes.append(note)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
