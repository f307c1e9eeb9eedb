"""One logical request on the engine's loop: slot, attempts, back-off, end. The only writer of its answer."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.client import resources
from hs_notebook.client.callbacks import Reconnect
from hs_notebook.client.clock import Clock
from hs_notebook.client.connection import status
from hs_notebook.client.ending import Ending, fault
from hs_notebook.client.exchange import Exchange
from hs_notebook.client.keeper import Keeper
from hs_notebook.client.mailbox import so_far
from hs_notebook.client.resuming import replay
from hs_notebook.client.resuming.course import Course
from hs_notebook.client.resuming.rules import LONGEST_PAUSE, Action, backoff
from hs_notebook.client.spending import Spending
from hs_notebook.client.steps import Steps, Stopped
from hs_notebook.client.stream import Phase, Stream
from hs_notebook.errors import CutError, HolySheepError, NotReachedError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.answer import Answer, Attempt
    from hs_notebook.client.asking import Asking
    from hs_notebook.client.config import HolySheepConfig, Target
    from hs_notebook.client.connection.transport import Transport
    from hs_notebook.client.engine import Engine
    from hs_notebook.client.limit import Limit
    from hs_notebook.client.resuming.rules import Policy, Step
    from hs_notebook.store.place import Place

__all__ = ["Run"]


class Run:
    """Brings one answer in.

    Args:
        engine: Where it runs.
        config: The client's settings.
        limit: The client's slots.
        answer: The answer to bring in; with attempts in it already, to take up again.
        target: The server; None: the embedded gateway, which is found or started.
        place: Where the request comes from.
        policy: How far to go when it breaks.

    Attributes:
        stream: The caller's handle.
        comparison_id: What it is compared with; None if with nothing.
        detach: Whether the server may go on after a stop.
        spending: Its budgets.
        models: Names of models the server is known to have, for hints; may be empty.
        on_end: Called on the loop, just before waiters are told.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a run needs
        self,
        engine: Engine,
        config: HolySheepConfig,
        limit: Limit,
        answer: Answer,
        target: Target | None,
        place: Place,
        policy: Policy,
    ) -> None:
        self._engine = engine
        self._config = config
        self._limit = limit
        self._answer = answer
        self._target = target
        self._place = place
        self._course = Course(answer, policy, target)
        self._steps = Steps()
        self.spending = Spending(answer, place, self._steps.stop)
        self._retry_s: float | None = None
        self.stream = Stream(answer, engine, self._steps.stop)
        self.comparison_id: str | None = None
        self.detach = False
        self.models: set[str] = set()
        self.on_end: Callable[[Stream], None] = lambda _: None

    def start(self) -> None:
        """Set it going; on the loop."""
        self._engine.stoppers.add(self._steps.stop)
        self._keeper = Keeper(resources.recorder(self._engine), self._answer, self._place)
        self._task = self._engine.loop.create_task(self._main())

    # -- the course of it -------------------------------------------------------------------------

    async def _main(self) -> None:
        try:
            self._take_up()
            await self._attempts()
        except Stopped:
            await self._end_unsent(Ending(Status.INTERRUPTED))
        except HolySheepError as error:
            await self._end_unsent(Ending(Status.INTERRUPTED if self._course.holds else Status.FAILED, error))
        except Exception as error:  # noqa: BLE001 - a fault of ours ends the answer, not the engine
            await self._end_unsent(Ending(Status.FAILED, fault(error)))
        finally:
            try:
                await self._leave()
            finally:  # whatever fails in leaving, who waits is told
                self._engine.stoppers.discard(self._steps.stop)
                self.on_end(self.stream)
                self.stream.finish()

    def _take_up(self) -> None:
        """Decide how to go on with an answer that was begun before; for a new one there is nothing to do."""
        if not self._answer.attempts:
            return
        shown = so_far(self._answer)
        self.stream.mailbox.put([shown])
        if self.stream.callbacks is not None:
            self.stream.callbacks.chunks([shown])
        step = self._course.take_up()
        if step.action is Action.GIVE_UP:
            raise CutError("The answer could not be taken up again.", means=step.why)

    async def _attempts(self) -> None:
        """Attempt after attempt, until one is whole or not to be followed."""
        began = monotonic()
        while True:
            self.stream.enter(Phase.QUEUED)
            await self._steps.take(self._limit.acquire(first=bool(self._answer.attempts)))
            try:
                ending, progress = await self._request()
            finally:
                self._limit.release()
            pause = self._pause_after(ending, began, progress=progress)
            if pause is None:
                return
            if pause:
                self.stream.enter(Phase.WAITING, retry_at=monotonic() + pause)
                await self._steps.take(asyncio.sleep(pause))

    async def _request(self) -> tuple[Ending, bool]:
        """One request, whatever its end; and whether it brought anything new."""
        target = await self._endpoint()
        self._course.learn(None, resources.server_name(self._engine, target.base_url))
        asking = self._course.asking(target)
        # Before the attempt begins: the first transport of a process imports for a while.
        transport = await self._steps.take(resources.transport(self._engine, asking.base_url))
        await self._steps.take(self.spending.begin(asking))
        answer = self._answer
        before = answer.generation, answer.sizes
        ending = await self._attempt(asking, transport)
        return ending, (answer.generation, answer.sizes) != before

    async def _endpoint(self) -> Target:
        if self._target is None:
            self.stream.enter(Phase.STARTING)
            return await self._steps.take(resources.embedded_target(self._engine))
        return self._target

    def _pause_after(self, ending: Ending, began: float, *, progress: bool) -> float | None:
        """Seconds until the next attempt; None: there is none."""
        if ending.broke is None:
            return None
        step = self._course.after(ending.broke, progress=progress)
        pause = None if step.action is Action.GIVE_UP else self._pause(step, ending.error)
        late = isinstance(ending.error, NotReachedError) and monotonic() - began > self._config.timeout
        if pause is None or (late and not self._course.holds):
            if step.action is Action.GIVE_UP:
                self._explain(step, ending)
            return None
        if self.stream.callbacks is not None:
            number = len(self._answer.attempts) + 1
            self.stream.callbacks.reconnect(Reconnect(number, step.action.value, pause, step.why))
        return pause

    def _pause(self, step: Step, error: HolySheepError | None) -> float | None:
        if not step.wait:
            return 0.0
        asked = getattr(error, "retry_after", None) or self._retry_s
        first = self._config.streaming.reconnect_delay
        return backoff(self._course.outage - 1, asked, random.random(), first=first)  # noqa: S311 - for lots, not for secrets

    def _explain(self, step: Step, ending: Ending) -> None:
        """Why it is not taken up again, in the error that the user sees."""
        error = ending.error
        if error is not None and self._course.holds and ending.status is Status.INTERRUPTED:
            error.means = f"{step.why} {error.means}".strip()

    # -- one attempt --------------------------------------------------------------------------------

    async def _attempt(self, asking: Asking, transport: Transport) -> Ending:
        """One request on the wire, whatever its end."""
        attempt = self._begin(asking)
        self.stream.enter(Phase.CONNECTING)
        clock = Clock(self._config.streaming, self._steps.cancel)
        exchange = Exchange(
            self.stream,
            asking,
            attempt,
            clock,
            frozenset(self.models),
            self._keeper.start_over,
            lambda: self._take_over(attempt),
        )
        try:
            await self._write_ahead(attempt)
            self._course.sent = True
            clock.start()
            ending = await self._steps.take(exchange.run(transport))
        except Stopped:
            ending = self._ending_of_stop(exchange, clock)
        except HolySheepError as error:
            ending = exchange.refused(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends the answer, not the engine
            ending = Ending(Status.FAILED, fault(error))
        finally:
            clock.stop()
        name = resources.server_name(self._engine, asking.target.base_url, exchange.server_name)
        self._course.learn(exchange.stream_id, name)
        if exchange.retry_s is not None:
            self._retry_s = min(exchange.retry_s, LONGEST_PAUSE)
        self._keeper.stream_id = self._course.stream_id
        await self._close(attempt, ending, monotonic(), asking.target)
        return ending

    def _ending_of_stop(self, exchange: Exchange, clock: Clock) -> Ending:
        if self._steps.stopped:
            return Ending(Status.INTERRUPTED, self.spending.error)
        if clock.error is None:  # no stall: the answer was decided, and what may follow it did not come
            return exchange.judge(None)
        return Ending(Status.INTERRUPTED, clock.error, clock.broke)

    def _begin(self, asking: Asking | None) -> Attempt:
        """Begin an attempt; `asking` None: nothing is sent."""
        doing = None if asking is None else asking.doing
        how = doing.value if doing in (Action.REPLAY, Action.CONTINUE, Action.RESTART) else None
        attempt = self._answer.begin(datetime.now(UTC), monotonic(), resumed_by=how)
        if doing is Action.REPLAY:
            self._take_over(attempt)
        else:
            self._begin_row(attempt)
        if asking is not None:
            if doing is Action.RESTART:
                self._keeper.watch(asking.target)  # on disk, too, the old text counts until the new one comes
            else:
                self._keeper.begin(asking.target)
        return attempt

    def _begin_row(self, attempt: Attempt) -> None:
        recorder = resources.recorder(self._engine)
        recorder.begin(self._answer, attempt, self._place, self.comparison_id)

    def _take_over(self, attempt: Attempt) -> None:
        """The attempt reads what an earlier one had begun: its row says so, and has the counts of both."""
        attempt.resumed_by = Action.REPLAY.value
        if (before := self._answer.take_up()) is not None:
            resources.recorder(self._engine).withdraw(self._answer, before)
        self._begin_row(attempt)

    async def _write_ahead(self, attempt: Attempt) -> None:
        """Have it on disk what is about to be asked, and under which key.

        If the kernel dies before a word has come, the same cell finds the run that was begun and paid for.
        """
        await self._steps.take(resources.recorder(self._engine).ahead())
        attempt.began = monotonic()  # what follows is the server's time

    async def _close(self, attempt: Attempt, ending: Ending, now: float, target: Target | None) -> None:
        self._keeper.pause()
        error = ending.error
        if ending.status is Status.FAILED and isinstance(error, ProviderError):
            self._answer.last_event_id = None  # the server's run ended there: a replay brings the error again
        if error is not None:
            # Without the frames it passed: their variables hold headers.
            error = status.without_key(error, target.key if target else None).with_traceback(None)
            error.answer = self._answer
        self._answer.end(ending.status, now, error)
        await resources.recorder(self._engine).end(self._answer, attempt)  # its row is waited for at the end

    # -- the end ------------------------------------------------------------------------------------

    async def _end_unsent(self, ending: Ending) -> None:
        """Record an end that came while no request was under way."""
        attempt = self._begin(None)
        await self._close(attempt, ending, attempt.began, None)

    async def _leave(self) -> None:
        """Whatever the end: the server knows of a stop, the journal is written, all callbacks are made."""
        if self._steps.stopped and self._answer.status is Status.INTERRUPTED:
            await self._tell_server()
        store_answers = await resources.recorder(self._engine).settled(self._answer)
        await self.spending.end(wait=store_answers)
        await self._keeper.end(wait=store_answers)
        if self.stream.callbacks is not None:
            await self.stream.callbacks.end(stopped=self._steps.stopped)

    async def _tell_server(self) -> None:
        """Who stops expects the spending to stop: a server that goes on without us is told."""
        course = self._course
        if not (course.sent and course.replays):
            return
        if self.detach:
            self._answer.notes.append("The server goes on with it; run it again to see the rest.")
            return
        state = await replay.stop(self._engine, self._target, course.running)
        if state is None:
            self._answer.notes.append("The server could not be told to stop; it may go on, and bill it.")
        elif state == "cancelled":
            self._answer.last_event_id = None  # it has no rest to replay: whoever takes it up need not ask
