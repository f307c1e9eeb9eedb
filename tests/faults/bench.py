"""The bench: a client, the proxy, and at the far end a server; what is asked of them and what comes of it.

Two kinds of far end. `Relayed`: the real gateway, in a process of its own, and behind it an upstream of
`tests/gateway/far.py`: what reaches that one is what a provider would bill. `Served`: a server that does what
its script says, of `tests/client/misbehaving.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from misbehaving import TEXT, WORDS, Server

from hs_notebook import HolySheep, StreamingConfig
from hs_notebook.answer import Status
from hs_notebook.client.engine import engine
from hs_notebook.store import ledger
from hs_notebook.wire import prefill

from ..gateway.far import Far, chunk, respond  # noqa: TID252 - tests are no package with a name
from .proxy import Asked, Fault, Proxy, on_a_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hs_notebook.answer import Answer
    from hs_notebook.client.stream import Stream
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["KEY", "PROMPT_TOKENS", "TOKENS", "Outcome", "Relayed", "Result", "Scenario", "run", "warm_up"]

KEY = "sk-bench-0123456789"
PROMPT_TOKENS, TOKENS = 7, len(WORDS)
QUICK = {"reconnect_delay": 0.002, "heartbeat_interval": 5.0, "progress_timeout": 20.0}
"""Short waits, and clocks that no slow machine runs out; the scenarios about clocks have shorter ones."""


def upstream(words: list[str] = WORDS, *, counts: int | None = None) -> list[bytes]:
    """The events of a whole answer of the provider behind the gateway; `counts` None: a token a word."""
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": len(words) if counts is None else counts}
    last = chunk(finish="stop", usage=usage)
    return [*(chunk(word) for word in words), last, b"data: [DONE]\n\n"]


WHOLE = respond(*upstream())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must come of a scenario.

    Attributes:
        status: The answer's.
        text: "whole", "a beginning" or "none".
        error: What is raised; None where nothing is.
        taken_up: What each request after the first did: retry, replay, continue, restart.
        told: What the user is told: found in the notes and the lines of the error.
        runs: How often the model was run, which is what is billed.
        tokens: Output tokens that servers counted, for all attempts together; None: none did.
        seconds: How long it takes at least.
    """

    status: Status = Status.COMPLETE
    text: str = "whole"
    error: type[Exception] | None = None
    taken_up: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    runs: int = 1
    tokens: int | None = TOKENS
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row of docs/faults.md.

    Attributes:
        name: Its number in the list, and a word.
        wire: What is done to the wire, for people.
        outcome: What must come of it.
        faults: What the proxy does to the answers to chat requests, in turn.
        then: To all further ones.
        check: To the answers to /stream/check.
        behind: What the provider behind the gateway answers in turn, the last of them for good.
        script: Makes the script of a server in the gateway's place; None: the gateway.
        whole: The text of the whole answer.
        counts: Output tokens that the server counts for one run.
        model: What is asked for.
        options: Further options of the request.
        client: Options of the client; `streaming` members are put over QUICK.
        lies: Text is changed on the way, so that what came need not be true.
        deadline_s: Seconds in which it must be over.
    """

    name: str
    wire: str
    outcome: Outcome = field(default_factory=Outcome)
    faults: tuple[Fault, ...] = ()
    then: Fault | None = None
    check: Fault | None = None
    behind: tuple[Callable[..., None], ...] = (WHOLE,)
    script: Callable[[], Any] | None = None
    whole: str = TEXT
    counts: int = TOKENS
    model: str = "model-x"
    options: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)
    lies: bool = False
    deadline_s: float = 60.0

    def plan(self) -> Callable[[Asked], Fault]:
        """The proxy's, new for each run."""
        waiting = list(self.faults)

        def plan(asked: Asked) -> Fault:
            if asked.path.endswith("/stream/check"):
                return self.check or Fault()
            if not asked.is_chat:
                return Fault()
            return waiting.pop(0) if waiting else self.then or Fault()

        return plan


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it.

    Attributes:
        scenario: What was done.
        answer: The answer.
        chunks: All that `on_chunk` was called with.
        rows: The answer's rows of the usage table.
        runs: How often the model was run.
        attaches: The server knows a repeated key.
        keys: The idempotency keys of the chat requests, in their order.
        seconds: How long it took.
        left: What was left behind, by name; nothing should be.
    """

    scenario: Scenario
    answer: Answer
    chunks: list[StreamChunk]
    rows: list[dict[str, Any]]
    runs: int
    attaches: bool
    keys: list[str]
    seconds: float
    left: dict[str, int]

    @property
    def tokens(self) -> int | None:
        """Output tokens that servers counted, for all attempts together; None where none did."""
        told = [attempt.usage.output_tokens for attempt in self.answer.attempts if attempt.usage is not None]
        counted = [tokens for tokens in told if tokens is not None]
        return sum(counted) if counted else None


def next_of(waiting: list[Any]) -> Any:
    """The first, taken away; the last one stays."""
    return waiting.pop(0) if len(waiting) > 1 else waiting[0]


class Relayed:
    """The real gateway and a provider behind it, for many scenarios one after the other.

    Attributes:
        behind: How the provider answers.
    """

    def __init__(self, gateway: Any) -> None:
        self.behind: Callable[..., None] = WHOLE
        self.far = Far(lambda *far: self.behind(*far))  # noqa: PLW0108 - it changes
        toml = f'[far]\nbase_url = "{self.far.url}"\nmodels = ["model-x", "claude-sonnet-4-5"]\n'
        (Path(gateway.home) / "gateway.toml").write_text(toml)
        self.port = urlsplit(gateway.url).port
        self.token = gateway.token

    @property
    def runs(self) -> int:
        """How often the model was run until now."""
        return len(self.far.heard)

    def close(self) -> None:
        self.far.close()


class Served:
    """A server with a script; a run of the model is a chat request that is no request to resume."""

    token = KEY

    def __init__(self, script: Any) -> None:
        self.server = Server(script)
        self.port = self.server.port

    @property
    def runs(self) -> int:
        """How often the model was run."""
        asked = [one for one in self.server.requests if one.method == "POST" and "/stream/" not in one.path]
        return sum(one.headers.get("x-stream-resume") != "true" for one in asked)


@contextlib.contextmanager
def far_end(scenario: Scenario, relayed: Relayed) -> Iterator[Relayed | Served]:
    """The scenario's far end, for the length of the block."""
    if scenario.script is None:
        waiting = list(scenario.behind)
        relayed.behind = lambda *far: next_of(waiting)(*far)  # noqa: PLW0108 - each time another
        yield relayed
        return
    served = Served(scenario.script())
    try:
        yield served
    finally:
        served.server.stop()


def run(
    scenario: Scenario, relayed: Relayed, *, ask: Callable[[HolySheep, dict[str, Any]], Stream] | None = None
) -> Result:
    """Run a scenario to its end and look what is left.

    Args:
        scenario: What to do.
        relayed: The gateway.
        ask: Begins the stream, given the client and the options; None: asks and leaves it alone.
    """
    prefill._refused.clear()  # what another scenario learnt of a model is no news to this one
    sockets, tasks = open_sockets(), running_tasks()
    chunks: list[StreamChunk] = []
    with far_end(scenario, relayed) as far:
        runs = far.runs
        with on_a_thread(Proxy(far.port, scenario.plan())) as proxy:
            asker = client_of(scenario, proxy, far.token)
            began = time.monotonic()
            stream = (ask or _ask)(
                asker, {"model": scenario.model, "on_chunk": chunks.append, **scenario.options}
            )
            over = stream.wait(scenario.deadline_s)
            seconds = time.monotonic() - began
            assert over, f"{scenario.name} has not ended: {stream}"
            left = {
                "streams": asker.stats().active_streams,
                "connections": settled(lambda: proxy.open),
                "tasks": settled(lambda: running_tasks() - tasks),
            }
            asker.close()
        runs = far.runs - runs
    prefill._refused.clear()
    left["sockets"] = settled(lambda: open_sockets() - sockets)
    mine = [row for row in rows() if row["answer_id"] == stream.answer.id]
    keys = [asked.headers["idempotency-key"] for asked in proxy.chats]
    attaches = scenario.script is None
    return Result(scenario, stream.answer, chunks, mine, runs, attaches, keys, seconds, left)


def warm_up(relayed: Relayed) -> None:
    """Ask once: what is made once in a process is made before anything is counted."""
    with HolySheep(relayed.token, f"http://127.0.0.1:{relayed.port}/v1") as asker:
        asker.ask("hello", model="model-x")


def client_of(scenario: Scenario, proxy: Proxy, key: str) -> HolySheep:
    """A client of the far end, through the proxy."""
    options = dict(scenario.client)
    streaming = StreamingConfig(**{**QUICK, **options.pop("streaming", {})})
    return HolySheep(key, f"{proxy.url}/v1", streaming=streaming, **options)


def _ask(asker: HolySheep, options: dict[str, Any]) -> Stream:
    return asker.stream("hello", **options)


# -- what is left behind ----------------------------------------------------------------------------------


def settled(count: Callable[[], int], patience_s: float = 60.0) -> int:
    """The count, once it has come down to 0 or the patience is over."""
    end = time.monotonic() + patience_s
    while (left := count()) > 0 and time.monotonic() < end:
        time.sleep(0.002)
    return max(left, 0)


def running_tasks() -> int:
    """Tasks on the client's loop."""

    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    return engine().submit(count()).result(60)


def open_sockets() -> int:
    """Sockets of this process; looked at thrice, for a list that changes meanwhile may skip some."""
    return max(len(_socket_names()) for _ in range(3))


def _socket_names() -> list[str]:
    names = []
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed in this moment
            names.append(str(one.readlink()))
    return [name for name in names if name.startswith("socket:")]


def rows() -> list[dict[str, Any]]:
    """The usage table, oldest first; what is not known is left out."""
    return [row.dropna().to_dict() for _, row in ledger.default().frame().iterrows()]
