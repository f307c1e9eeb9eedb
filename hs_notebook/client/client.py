"""HolySheep: one client for any model, in a cell, a script, a thread or a running loop."""

from __future__ import annotations

import uuid
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, Self

from hs_notebook.answer import Answer
from hs_notebook.client.callbacks import Callbacks
from hs_notebook.client.config import EMBEDDED, HolySheepConfig, StreamingConfig
from hs_notebook.client.engine import Engine, engine
from hs_notebook.client.limit import Limit, Session, Stats
from hs_notebook.client.models import fetch_models
from hs_notebook.client.prompt import Prompt, chat_request
from hs_notebook.client.resuming.earlier import earlier
from hs_notebook.client.resuming.rules import Policy
from hs_notebook.client.run import Run
from hs_notebook.client.stream import CLOSING, Phase, Stream
from hs_notebook.client.together import ask_all, refuse_one
from hs_notebook.errors import HolySheepError
from hs_notebook.money.budget import purse
from hs_notebook.store.place import Place, current_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal
    from types import TracebackType

    from hs_notebook.client.callbacks import OnChunk, OnReconnect
    from hs_notebook.money.budget import Purse
    from hs_notebook.store.kept import Kept
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["HolySheep"]

_KEPT_SESSIONS = 1000


class HolySheep:
    """A client for one server, or for the embedded gateway.

    Args:
        api_key: None: `HOLYSHEEP_API_KEY`; "": send none.
        base_url: The server's URL down to its version ("…/v1"), or "embedded". None:
            `HOLYSHEEP_BASE_URL`, else the hosted gateway.
        max_retries: How often a request that got no answer is sent again.
        timeout: Seconds for reaching the server, with all tries, and for requests that do not stream. An
            answer that has begun has no limit as a whole.
        max_concurrency: How many streams may have a connection at once; further ones wait their turn.
        streaming: How streams are watched; None: the defaults.
        shape: Whose JSON the server speaks: "openai", "anthropic", "google", "ollama". None:
            `HOLYSHEEP_SHAPE`, else OpenAI's is sent and the answer's is recognised.
    """

    def __init__(  # noqa: PLR0913 - these are the settings
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        max_retries: int = 3,
        timeout: float = 30.0,
        max_concurrency: int = 10,
        streaming: StreamingConfig | None = None,
        shape: str | None = None,
    ) -> None:
        self.config = HolySheepConfig.resolve(
            api_key=api_key,
            base_url=base_url,
            max_retries=max_retries,
            timeout=timeout,
            max_concurrency=max_concurrency,
            streaming=streaming,
            shape=shape,
        )
        self._limit: tuple[Engine, Limit] | None = None
        self._running: dict[Stream, None] = {}
        self._sessions: deque[Session] = deque(maxlen=_KEPT_SESSIONS)
        self._models: set[str] = set()

    # -- asking ---------------------------------------------------------------------------------

    def stream(  # noqa: PLR0913 - what a request consists of
        self,
        prompt: Prompt | None = None,
        *,
        model: str | None = None,
        system: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        extra: Mapping[str, Any] | None = None,
        comparison_id: str | None = None,
        place: Place | None = None,
        resume: Answer | Kept | None = None,
        restart: Literal["auto", "ask", "never"] = "auto",
        on_interrupt: Literal["stop", "detach"] = "stop",
        on_chunk: OnChunk | None = None,
        on_reconnect: OnReconnect | None = None,
        budget: Purse | Decimal | float | str | None = None,
        unpriced: Literal["refuse", "allow"] = "refuse",
    ) -> Stream:
        """Start a request and return at once.

        The stream runs whether or not anybody looks: `await` it, iterate over its chunks (`for`,
        `async for`), call `result()`, or read `answer` as it grows.

        Args:
            prompt: A question, or the turns of a conversation; None only with `resume`.
            model: The model's name; `local` and `demo` are answered on this machine. None only with `resume`.
            system: What the model should be told beforehand; None or blank: nothing.
            temperature: None: the server's default.
            max_tokens: None: the server's default.
            extra: Further members of the request's body, as the server names them.
            comparison_id: Ties answers together in the usage table; None: nothing to compare.
            place: Where the request comes from; None: found out.
            resume: An answer that was interrupted or failed: it is taken up where it ended, and is the
                stream's answer. With a prompt too, that must be the same question.
            restart: Whether a broken answer may be started over, if nothing else helps: "auto" (once), "ask"
                or "never" (the error says so).
            on_interrupt: What a stop means for a server that goes on by itself: "stop" it too, or "detach"
                and let it finish, to be taken up later.
            on_chunk: Called with each `StreamChunk`; plain or async, on a thread of its own, in order.
            on_reconnect: Called likewise with a `Reconnect` before each new request for the answer.
            budget: USD that it may cost: what may cost more is not sent, and an answer that reaches it is
                stopped, its text kept. One budget for all where several are asked (`compare`, `batch`).
            unpriced: Under a budget, "allow" a model whose price is not known, or "refuse" it.

        Raises:
            SettingError: Something cannot be asked so; nothing was sent.
        """
        asked: ChatRequest | Answer
        if resume is not None and prompt is None:
            asked = earlier(resume, None)
        else:
            chat = chat_request(
                prompt or "",
                model=model or "",
                system=system,
                temperature=temperature,
                max_tokens=max_tokens,
                extra=extra,
            )
            asked = chat if resume is None else earlier(resume, chat)
        run = self._run(asked, current_place() if place is None else place, restart)
        run.spending.purse = purse(budget, unpriced)
        run.comparison_id, run.detach = comparison_id, on_interrupt == "detach"
        if on_chunk is not None or on_reconnect is not None:
            run.stream.callbacks = Callbacks(run.stream.answer, on_chunk, on_reconnect)
        self._running[run.stream] = None
        try:
            engine().begin(run.start)
        except HolySheepError:
            del self._running[run.stream]
            raise
        return run.stream

    def ask(
        self,
        prompt: Prompt | None = None,
        *,
        model: str | None = None,
        **options: Any,  # noqa: ANN401 - those of `stream`
    ) -> Answer:
        """Ask and block until the answer is whole. The options are those of `stream`.

        Raises:
            HolySheepError: It did not become whole; the error's `answer` holds what came.
            Interrupted: The user stopped it; the text is kept.
        """
        return self.stream(prompt, model=model, **options).result()

    def compare(
        self,
        prompt: Prompt,
        models: Sequence[str],
        **options: Any,  # noqa: ANN401 - those of `stream`
    ) -> list[Answer]:
        """Ask several models the same at once; their answers in that order. One that fails is in its `error`.

        Raises:
            SettingError: One of them cannot be asked so; nothing was sent, to none.
            Interrupted: The user stopped them; all text is kept.
        """
        refuse_one(models, "compare", "models")
        options.setdefault("comparison_id", uuid.uuid4().hex)
        return ask_all(self, [(prompt, model) for model in models], options)

    def batch(
        self,
        prompts: Iterable[Prompt],
        *,
        model: str,
        **options: Any,  # noqa: ANN401 - those of `stream`
    ) -> list[Answer]:
        """Ask one model many things; the answers in that order. One that fails is in its `error`.

        Raises:
            SettingError: One of them cannot be asked so; nothing was sent, of none.
            Interrupted: The user stopped them; all text is kept.
        """
        refuse_one(prompts, "batch", "prompts")
        return ask_all(self, [(prompt, model) for prompt in prompts], options)

    def models(self) -> list[str]:
        """Names of the models the server has, sorted.

        Raises:
            HolySheepError: It cannot be asked.
        """
        work = engine().submit(fetch_models(engine(), self.config))
        try:
            names = work.result()
        except KeyboardInterrupt:
            work.cancel()
            raise
        self._models = set(names)
        return names

    @property
    def known_models(self) -> list[str]:
        """What `models()` has found, sorted; empty while it was not asked."""
        return sorted(self._models)

    # -- looking --------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """How many streams run and how they fared."""
        active = self._limit[1].active if self._limit is not None and self._limit[0] is engine() else 0
        slots = self.config.max_concurrency
        sessions = [*self._sessions, *(_session(stream) for stream in list(self._running))]
        return Stats(active, slots, slots - active, sessions)

    def close(self) -> None:
        """Stop the streams that run and wait until they have ended. The client can be used again."""
        running = list(self._running)
        for stream in running:
            stream.cancel()
        for stream in running:
            stream.wait(CLOSING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"HolySheep({self.config.base_url!r}, key {'set' if self.config.key else 'not set'})"

    # -- inside -----------------------------------------------------------------------------------

    def _run(
        self, asked: ChatRequest | Answer, place: Place, restart: Literal["auto", "ask", "never"]
    ) -> Run:
        """A run for a new answer, or for one that is taken up."""
        target = self.config.target(asked.model)
        provider = EMBEDDED if target is None else target.provider
        answer = asked if isinstance(asked, Answer) else Answer(str(uuid.uuid4()), asked, provider)
        if answer.provider != provider:
            answer.provider, answer.last_event_id = (
                provider,
                None,
            )  # another server knows nothing of its events
        host, config = engine(), self.config
        policy = Policy(
            reconnect=config.streaming.reconnect,
            max_retries=config.max_retries,
            max_reconnects=config.streaming.max_reconnects,
            restart=restart,
        )
        run = Run(host, config, self._limit_on(host), answer, target, place, policy)
        run.models, run.on_end = self._models, self._ended
        return run

    def _limit_on(self, host: Engine) -> Limit:
        """The limit that belongs to this engine; a forked child has another, and none of the streams."""
        if self._limit is None or self._limit[0] is not host:
            self._limit = (host, Limit(self.config.max_concurrency))
            self._running = {}
        return self._limit[1]

    def _ended(self, stream: Stream) -> None:
        self._running.pop(stream, None)
        self._sessions.append(_session(stream))


def _session(stream: Stream) -> Session:
    answer = stream.answer
    usage = answer.usage
    over = (
        bool(answer.attempts)
        and answer.attempts[-1].duration_s is not None
        and stream.phase is not Phase.WAITING
    )
    return Session(
        model=answer.model,
        status=str(answer.status if over else stream.phase),
        duration_s=(stream.ended_at or monotonic()) - stream.asked_at,
        tokens=None if usage is None else usage.output_tokens,
        error=None if answer.error is None else answer.error.what,
    )
