"""The run itself: one client, many streams at once, and a gateway that is restarted under them."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from gateway import Gateway
from held import Held, held, memory_mb
from outside import Outside
from script import MODEL

from hs_notebook import HolySheep
from hs_notebook.answer import Status
from hs_notebook.errors import HolySheepError
from hs_notebook.store.place import Place

SIGNALS = (signal.SIGTERM, signal.SIGKILL)
"""How gateways are ended, in turn."""

PATIENCE_S = 180.0
"""Seconds after which a stream hangs."""

SETTLING_S = 20.0
"""Seconds for closing what closes by itself."""


@dataclass
class Outcome:
    """What came of the streams.

    Attributes:
        statuses: How many answers ended how.
        characters: Of all texts that should have come.
        wrong: Characters that were not what they should have been: of answers, whole or not, of texts that
            were superseded, and of chunks read one by one.
        attempts: Requests for these answers.
        troubles: A line for each answer that was not whole and right.
        memory: MB of the client and of the gateway at each tenth of the streams.
        slots: How many `stats()` says are taken at the end.
        before: What was held when all was warm.
        after: What was held when all was over.
        deaths: By which signal each gateway but the last was ended.
        seen: What the world outside has seen.
        usage: The usage table, with the stream's number.
        seconds: How long it took.
    """

    statuses: Counter = field(default_factory=Counter)
    characters: int = 0
    wrong: int = 0
    attempts: int = 0
    troubles: list[str] = field(default_factory=list)
    memory: list[tuple[float, float | None]] = field(default_factory=list)
    slots: int = 0
    before: Held | None = None
    after: Held | None = None
    deaths: list[str] = field(default_factory=list)
    seen: dict | None = None
    usage: object = None
    seconds: float = 0.0


class Soak:
    """One run.

    Args:
        script: What is asked, answered and broken.
        at_once: How many streams may have a connection at once; half as many more wait their turn.
        restarts: How often the gateway is restarted.
        home: A folder for all that is kept.
    """

    def __init__(self, script, at_once, restarts, home):
        self.outcome = Outcome()
        self._script = script
        self._asking = at_once + at_once // 2
        self._restarts = restarts
        clients_home, gateways_home = home / "client", home / "gateway"
        clients_home.mkdir()
        gateways_home.mkdir()
        os.environ["HOLYSHEEP_HOME"] = str(clients_home)
        self._gateway = Gateway(gateways_home, clients_home)
        self._client = HolySheep(base_url="embedded", max_concurrency=at_once)
        self._done = 0
        self._news = asyncio.Event()

    async def run(self):
        """Everything, from the first process started to the last one ended."""
        outcome, streams = self.outcome, self._script.streams
        outside = Outside(self._script, self._gateway.port)
        try:
            self._gateway.start(outside.provider_port, outside.line_port)
            await self._all(range(streams, streams + self._asking), self._ask)
            outcome.before = await held(self._gateway.pid)
            began = time.monotonic()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._restart())
                tasks.create_task(self._watch())
                tasks.create_task(self._all(range(streams), self._ask_and_judge))
            outcome.seconds = time.monotonic() - began
            outcome.after = await self._settled()
            outcome.slots = self._client.stats().active_streams
        finally:
            self._gateway.end()
            outcome.seen = outside.end()
        outcome.deaths = self._gateway.deaths
        outcome.usage = _usage()
        return outcome

    # -- streams ----------------------------------------------------------------------------------

    async def _all(self, numbers, ask):
        """Ask for these streams, so many at once."""
        left = iter(numbers)

        async def work():
            for number in left:
                await ask(number)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._asking):
                tasks.create_task(work())

    async def _ask(self, number):
        """The answer, and what its chunks said: None but for one stream in five, which is read so."""
        place = Place("soak", str(number), None, "soak")
        stream = self._client.stream(self._script.prompt(number), model=MODEL, place=place)
        chunks = None
        with suppress(HolySheepError, TimeoutError):  # how it ended is in the answer
            async with asyncio.timeout(PATIENCE_S):
                if number % 5:
                    await stream
                else:
                    chunks = "".join([chunk.content async for chunk in stream])
        return stream.answer, chunks

    async def _ask_and_judge(self, number):
        answer, chunks = await self._ask(number)
        outcome, text = self.outcome, self._script.plan(number).text
        outcome.statuses[answer.status] += 1
        outcome.characters += len(text)
        outcome.attempts += len(answer.attempts)
        whole = answer.status is Status.COMPLETE
        wrong = _wrong(answer.text, text if whole else text[: len(answer.text)])
        wrong += sum(_wrong(old, text[: len(old)]) for old in answer.superseded)
        if chunks is not None and not answer.superseded:
            wrong += _wrong(chunks, answer.text)
        outcome.wrong += wrong
        if wrong or not whole:
            ways = [(str(one.resumed_by), str(one.status), one.error) for one in answer.attempts]
            outcome.troubles.append(f"stream {number}, {wrong} characters wrong: {answer!r} {ways}")
        self._done += 1
        self._news.set()

    # -- meanwhile --------------------------------------------------------------------------------

    async def _reached(self, count):
        while self._done < count:
            await self._news.wait()
            self._news.clear()

    async def _restart(self):
        """End the gateway again and again, but under one answer only once: so often it may start over."""
        streams = self._script.streams
        for nth in range(self._restarts):
            await self._reached(min(streams, self._done + streams // (self._restarts + 2)))
            await asyncio.to_thread(self._gateway.restart, SIGNALS[nth % len(SIGNALS)])

    async def _watch(self):
        for tenth in range(1, 11):
            await self._reached(tenth * self._script.streams // 10)
            self.outcome.memory.append(memory_mb(self._gateway.pid))
            print(f"{self._done:,} streams have ended", file=sys.stderr, flush=True)

    async def _settled(self):
        """What is held when everything that closes by itself has had the time to."""
        end = time.monotonic() + SETTLING_S
        while True:
            now = await held(self._gateway.pid)
            if not now.exceeds(self.outcome.before) or time.monotonic() > end:
                return now
            await asyncio.sleep(0.1)


def _wrong(text, expected):
    """How many characters are wrong, missing or too many."""
    if text == expected:
        return 0
    differ = sum(one != other for one, other in zip(text, expected, strict=False))
    return differ + abs(len(text) - len(expected))


def _usage():
    from hs_notebook.store import ledger

    usage = ledger.default().frame("soak")
    return usage.assign(number=usage["cell_id"].astype(int))
