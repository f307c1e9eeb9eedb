"""One run of an upstream, apart from whoever reads it: its chunks become the events of a stream."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from hs_notebook.errors import HolySheepError, ProviderError
from hs_notebook.gateway.demo import Broken
from hs_notebook.gateway.replay import State

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from hs_notebook.gateway.dialects import Writer
    from hs_notebook.gateway.replay import Stream
    from hs_notebook.wire.chunk import StreamChunk

__all__ = ["Generation"]

_LOG = logging.getLogger("hs_notebook.gateway")


class Generation:
    """A task that generates into a stream, until the upstream or somebody ends it.

    Args:
        stream: Takes the events.
        chunks: What the upstream generates.
        writer: Makes the writer of events, given the name of the model that really answers; None if unknown.
        ended: Called once nothing more will come.
    """

    def __init__(
        self,
        stream: Stream,
        chunks: AsyncGenerator[StreamChunk, None],
        writer: Callable[[str | None], Writer],
        ended: Callable[[Stream], None],
    ) -> None:
        self._stream = stream
        self._new_writer = writer
        self._writer: Writer | None = None
        self._stopped = State.CUT  # what a cancel makes of the stream
        self._ended = ended
        self._task = asyncio.create_task(self._generate(chunks))
        self._task.add_done_callback(self._done)

    async def stop(self, state: State) -> None:
        """Stop generating; returns when the upstream is let go of. The stream, if it still runs, ends so."""
        self._stopped = state
        self._task.cancel()
        await asyncio.wait([self._task])

    def _done(self, task: asyncio.Task[State]) -> None:
        try:
            self._stream.finish(self._stopped if task.cancelled() else task.result())
        finally:
            self._ended(self._stream)

    async def _generate(self, chunks: AsyncGenerator[StreamChunk, None]) -> State:
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._stream.add(self._write_as(chunk.model).write(chunk))
            self._stream.add(self._write_as(None).end())
        except Broken as broken:
            self._stream.broken = broken
            return State.CUT
        except HolySheepError as error:
            return self._fail(error)
        except Exception:  # noqa: BLE001 - whatever fails here, the client must be told and the log must say
            _LOG.exception("an answer failed in the gateway itself")
            return self._fail(_of_ours())
        return State.COMPLETE

    def _write_as(self, model: str | None) -> Writer:
        """The writer, made when the first chunk has said which model answers."""
        if self._writer is None:
            self._writer = self._new_writer(model)
        return self._writer

    def _fail(self, error: HolySheepError) -> State:
        """Tell the readers. Where even that fails, they are told of that, or see the stream end."""
        for each in (error, _of_ours()):
            if not self._stream.log.events:
                self._stream.refusal = each
            code = each.code if isinstance(each, ProviderError) else None
            try:
                self._stream.add(self._write_as(None).error(str(each), code))
                break
            except Exception:  # noqa: BLE001 - the stream must end, or its readers wait for ever
                _LOG.exception("an error could not be told")
        return State.FAILED


def _of_ours() -> ProviderError:
    return ProviderError("The gateway failed; its log says where.", code="gateway_failed")
