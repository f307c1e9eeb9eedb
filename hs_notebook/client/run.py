"""One logical request on the engine's loop: slot, attempts, back-off, end. The only writer of its answer.

Every wait is a step: a task of its own that a stop or a stall cancels, and never twice, for httpx 0.28 loses
a connection to a second cancel. The run itself is never cancelled, so its end is always recorded.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from hs_notebook.answer import Status
from hs_notebook.client import resources, retry, status
from hs_notebook.client.clock import Clock
from hs_notebook.client.exchange import Ending, Exchange
from hs_notebook.client.stream import Phase, Stream
from hs_notebook.errors import HolySheepError, NotReachedError, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hs_notebook.answer import Answer, Attempt
    from hs_notebook.client.config import HolySheepConfig, Target
    from hs_notebook.client.engine import Engine
    from hs_notebook.client.limit import Limit
    from hs_notebook.client.transport import Transport
    from hs_notebook.store.place import Place

__all__ = ["Run"]

T = TypeVar("T")


class _Stopped(Exception):  # noqa: N818 - an event, not an error
    """A step was cancelled: by the user, or by the clock."""


class Run:
    """Brings one answer in.

    Attributes:
        stream: The caller's handle.
        target: The server; None until the embedded gateway has been found.
        place: Where the request comes from.
        comparison_id: What it is compared with; None if with nothing.
        models: Names of models the server is known to have, for hints; may be empty.
        on_end: Called on the loop, just before waiters are told.
    """

    def __init__(self, engine: Engine, config: HolySheepConfig, limit: Limit, answer: Answer) -> None:
        self._engine = engine
        self._config = config
        self._limit = limit
        self._answer = answer
        self._step_now: asyncio.Task[Any] | None = None
        self._cancelled = False  # the step that runs has had its one cancel
        self._stop_asked = False
        self.stream = Stream(answer, engine, self.stop)
        self.target: Target | None = None
        self.place: Place | None = None
        self.comparison_id: str | None = None
        self.models: set[str] = set()
        self.on_end: Callable[[Stream], None] = lambda _: None

    def start(self) -> None:
        """Set it going; on the loop."""
        self._engine.stoppers.add(self.stop)
        self._task = self._engine.loop.create_task(self._main())

    def stop(self) -> None:
        """The user has had enough; on the loop."""
        self._stop_asked = True
        self._cancel_step()

    # -- steps ----------------------------------------------------------------------------------

    async def _step(self, coro: Coroutine[Any, Any, T]) -> T:
        """Await `coro` in a task that a stop or a stall can cancel, once.

        Raises:
            _Stopped: It was cancelled.
        """
        if self._stop_asked:
            coro.close()
            raise _Stopped
        self._cancelled = False
        task = self._step_now = self._engine.loop.create_task(coro)
        await asyncio.wait((task,))
        self._step_now = None
        if task.cancelled():
            raise _Stopped
        result: T = task.result()
        return result

    def _cancel_step(self) -> None:
        if self._step_now is not None and not self._cancelled:
            self._cancelled = True
            self._step_now.cancel()

    # -- the course of it -------------------------------------------------------------------------

    async def _main(self) -> None:
        try:
            await self._attempts()
        except _Stopped:
            await self._end_unsent(Ending(Status.INTERRUPTED))
        except HolySheepError as error:
            await self._end_unsent(Ending(Status.FAILED, error))
        except Exception as error:  # noqa: BLE001 - a fault of ours ends the answer, not the engine
            await self._end_unsent(Ending(Status.FAILED, _fault(error)))
        finally:
            self._engine.stoppers.discard(self.stop)
            self.on_end(self.stream)
            self.stream.finish()

    async def _attempts(self) -> None:
        """Attempt after attempt, until one is not to be repeated."""
        began = monotonic()
        while True:
            self.stream.enter(Phase.QUEUED)
            await self._step(self._limit.acquire(first=bool(self._answer.attempts)))
            try:
                target = await self._endpoint()
                # Before the attempt begins: the first transport of a process imports for a while.
                transport = await self._step(resources.transport(self._engine, target.base_url))
                ending = await self._attempt(target, transport)
            finally:
                self._limit.release()
            pause = self._pause_after(ending, began)
            if pause is None:
                return
            self.stream.enter(Phase.WAITING, retry_at=monotonic() + pause)
            await self._step(asyncio.sleep(pause))

    async def _endpoint(self) -> Target:
        if self.target is None:
            self.stream.enter(Phase.STARTING)
            return await self._step(resources.embedded_target(self._engine))
        return self.target

    def _pause_after(self, ending: Ending, began: float) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        error, made = ending.error, len(self._answer.attempts)
        if error is None or made > self._config.max_retries or not retry.retryable(error):
            return None
        if isinstance(error, NotReachedError) and monotonic() - began > self._config.timeout:
            return None
        return retry.delay(made, getattr(error, "retry_after", None), random.random)

    async def _end_unsent(self, ending: Ending) -> None:
        """Record an end that came while no request was under way."""
        attempt = self._begin()
        await self._close(attempt, ending, attempt.began, None)

    async def _attempt(self, target: Target, transport: Transport) -> Ending:
        """One request on the wire, whatever its end."""
        attempt = self._begin()
        self.stream.enter(Phase.CONNECTING)
        clock = Clock(self._config.streaming, self._cancel_step)
        exchange = Exchange(self.stream, target, attempt, clock, frozenset(self.models))
        clock.start()
        try:
            ending = await self._step(exchange.run(transport))
        except _Stopped:
            ending = self._ending_of_stop(exchange, clock)
        except HolySheepError as error:
            ending = Ending(Status.FAILED, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends the answer, not the engine
            ending = Ending(Status.FAILED, _fault(error))
        finally:
            clock.stop()
        await self._close(attempt, ending, monotonic(), target)
        return ending

    def _ending_of_stop(self, exchange: Exchange, clock: Clock) -> Ending:
        if self._stop_asked:
            return Ending(Status.INTERRUPTED)
        if clock.error is None:  # no stall: the answer was decided, and what may follow it did not come
            return exchange.judge(None)
        return Ending(Status.INTERRUPTED, clock.error)

    def _begin(self) -> Attempt:
        attempt = self._answer.begin(datetime.now(UTC), monotonic())
        resources.recorder(self._engine).begin(self._answer, attempt, self.place, self.comparison_id)
        return attempt

    async def _close(self, attempt: Attempt, ending: Ending, now: float, target: Target | None) -> None:
        error = ending.error
        if error is not None:
            # Without the frames it passed: their variables hold headers.
            error = status.without_key(error, target.key if target else None).with_traceback(None)
            error.answer = self._answer
        self._answer.end(ending.status, now, error)
        await resources.recorder(self._engine).end(self._answer, attempt)


def _fault(error: Exception) -> StreamError:
    return StreamError(
        f"hs_notebook itself failed: {type(error).__name__}: {error}",
        means="This is a defect of the extension; the text received is kept.",
        remedy="Please report it with these lines.",
    )
