"""The writer of what is stored: one thread, in order, never in a stream's way.

A usage row is begun when a request is sent and completed when it ends. If the store fails, the stream goes on
and the answer says so; the store is then left alone for some seconds, and what it refused and what comes
meanwhile is done after, in order. Where the settings name another store by then, it waits for its own.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.attempt import UsageSource
from hs_notebook.client import pricing
from hs_notebook.errors import HolySheepError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer, Attempt
    from hs_notebook.store.ledger import Place

__all__ = ["Recorder"]

PATIENCE = 10.0
"""Seconds that the end of an answer waits for its row; a store that hangs hangs nobody else."""
_BRIEFLY = 0.2
"""The same while the store is known to be in trouble."""
_AHEAD = 1.0
"""Seconds that a request waits for what is written ahead of it; an answer comes first."""
_PAUSE = 5.0
"""Seconds that a store which failed is left alone; a try at a locked one takes as long."""
_MOST_LATE = 1000
"""Pieces of work that are kept for after that; beyond it the oldest are dropped."""
_MOST_TRIES = 100
"""After so many a piece of work is dropped: the fault is its own, and others wait for it."""
_NO_ROW = "This answer is missing from the usage table"

log = logging.getLogger("hs_notebook")


@dataclass(slots=True)
class _Job:
    """A piece of work, for an answer; `trouble` is what it means if it fails."""

    answer: Answer
    do: Callable[[], None]
    trouble: str
    tries: int = 0


@dataclass(slots=True)
class _Store:
    """What is late for one store; until when it is left alone, and why."""

    late: deque[_Job] = field(default_factory=partial(deque, maxlen=_MOST_LATE))
    retry_at: float = 0.0
    trouble: str = ""


class Recorder:
    """Writes to the store on a thread of its own, a daemon, which holds up no exit."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._warned = False
        self._stores: dict[str, _Store] = {}  # by what the settings say
        self._store = _Store()  # the one that they name now
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="hs_notebook-ledger", daemon=True)
        self._thread.start()

    def begin(self, answer: Answer, attempt: Attempt, place: Place | None, comparison_id: str | None) -> None:
        """Have the row of an attempt begun; returns at once."""

        def job() -> None:
            from hs_notebook.store import ledger

            where = ledger.current_place() if place is None else place
            ledger.default().begin(answer, attempt, where, comparison_id)

        self.put(answer, job, _NO_ROW)
        self._jobs.put(lambda: _warm(answer))

    def withdraw(self, answer: Answer, attempt: Attempt) -> None:
        """Have the counts taken out of an attempt's row: they stand on a later one; returns at once."""

        def job() -> None:
            from hs_notebook.store import ledger

            ledger.default().withdraw(answer, attempt)

        self.put(answer, job, _NO_ROW)

    async def end(self, answer: Answer, attempt: Attempt) -> None:
        """Price the attempt and have its row completed; `settled` waits for that."""
        loop = asyncio.get_running_loop()
        free = await loop.run_in_executor(None, _try_to_price, answer, attempt)  # it reads files

        def job() -> None:
            from hs_notebook.store import ledger

            ledger.default().end(answer, attempt)

        self.put(answer, job, _NO_ROW)
        if not free:
            pricing.when_warm(lambda: self.put(answer, lambda: _amend(answer, attempt), _NO_ROW))

    def put(self, answer: Answer, job: Callable[[], None], trouble: str) -> None:
        """Have something done after all that was put before; `trouble` is what it means if it fails."""
        self._jobs.put(lambda: self._do(_Job(answer, job, trouble)))

    def close(self) -> None:
        """The interpreter ends: finish what is being written, take nothing more, and close the store."""
        self._jobs.put(self._end)
        self._thread.join(_BRIEFLY)
        from hs_notebook.store import process

        process.close()

    async def ahead(self) -> None:
        """Wait until all that was put is done or has failed; not long, for something is to be sent then."""
        await self._caught_up(_BRIEFLY if self._store.trouble else _AHEAD)

    async def settled(self, answer: Answer, trouble: str = _NO_ROW) -> bool:
        """Wait until all that was put is done or has failed; False if the store hangs."""
        patience = _BRIEFLY if self._store.trouble else PATIENCE
        settled = await self._caught_up(patience)
        if not settled:
            line = self._store.trouble or f"the store has not answered for {patience:g} s"
            self._complain(answer, trouble, line)
        return settled

    async def _caught_up(self, patience: float) -> bool:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._jobs.put(lambda: loop.call_soon_threadsafe(_settle, done))
        done_now, _ = await asyncio.wait((done,), timeout=patience)
        return bool(done_now)

    # -- on the recorder's thread -------------------------------------------------------------------

    def _do(self, job: _Job) -> None:
        """Do it, after what is late; or keep it while the store is left alone."""
        try:
            self._look_at_the_store()
        except Exception as error:  # noqa: BLE001 - whatever the settings say, the answer comes first
            self._complain(job.answer, job.trouble, _first_line(error))
            return
        self._store.late.append(job)
        self._catch_up()
        if self._store.late:
            self._complain(job.answer, job.trouble, self._store.trouble)

    def _catch_up(self) -> None:
        """Do what is late, until the store fails."""
        store = self._store
        while store.late and monotonic() >= store.retry_at:
            self._try(store.late.popleft())

    def _try(self, job: _Job) -> None:
        store, job.tries = self._store, job.tries + 1
        try:
            job.do()
        except StoreError as error:
            store.trouble, store.retry_at = _first_line(error), monotonic() + _PAUSE
            if job.tries < _MOST_TRIES:
                store.late.appendleft(job)
            if job.tries == 1:
                self._complain(job.answer, job.trouble, store.trouble)
        except Exception as error:  # noqa: BLE001 - whatever the store does, the answer comes first
            self._complain(job.answer, job.trouble, _first_line(error))
        else:
            store.trouble = ""

    def _look_at_the_store(self) -> None:
        """Another store than before, once the settings have changed, knows nothing of that one's trouble."""
        from hs_notebook.store.process import configured

        where = configured()
        if self._stores.get(where) is not self._store:
            self._stores = {name: store for name, store in self._stores.items() if store.late}
            self._store = self._stores.setdefault(where, _Store())

    def _complain(self, answer: Answer, trouble: str, line: str) -> None:
        note = f"{trouble}: {line}"
        _note(answer, note)
        if not self._warned:
            self._warned = True
            log.warning("%s", note)

    def _end(self) -> None:
        self._closed = True

    def _work(self) -> None:
        while not self._closed:
            store = self._store
            pause = max(0.0, store.retry_at - monotonic()) if store.late else None
            try:
                job = self._jobs.get(timeout=pause)
            except queue.Empty:
                job = self._again
            job()

    def _again(self) -> None:
        """Nothing new has come: try what is late, if the settings still name its store."""
        try:
            self._look_at_the_store()
        except Exception:  # noqa: BLE001 - the settings cannot be read
            self._store.retry_at = monotonic() + _PAUSE
            return
        self._catch_up()


def _amend(answer: Answer, attempt: Attempt) -> None:
    """Add to the row what nobody waits for: it needs large libraries, if they are installed."""
    if attempt.counts is None:
        return
    from hs_notebook.store import ledger

    if attempt.usage_source is UsageSource.FINAL:
        pricing.estimate(answer, attempt)
    if attempt.book_cost_usd is None:  # list prices, which may stand in for a book's, are loaded by now
        _try_to_price(answer, attempt)
    pricing.price_by_list(answer, attempt)
    ledger.default().amend(answer, attempt)


def _warm(answer: Answer) -> None:
    if not pricing.is_free(answer):
        pricing.warm(answer.model)


def _try_to_price(answer: Answer, attempt: Attempt) -> bool:
    """Price it as far as that takes no time; whether it costs nobody anything."""
    free = pricing.is_free(answer)
    try:
        if free or attempt.usage_source is not UsageSource.FINAL:
            pricing.estimate(answer, attempt)
        pricing.price(answer, attempt)
    except (HolySheepError, OSError) as error:  # a price book of the user's that cannot be read
        _note(answer, f"The cost of this answer is unknown: {_first_line(error)}")
    return free


def _note(answer: Answer, note: str) -> None:
    if note not in answer.notes:
        answer.notes.append(note)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
