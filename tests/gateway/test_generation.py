"""A run of an upstream ends for its readers, whatever fails in it."""

import asyncio

import pytest

from hs_notebook.errors import ProviderError
from hs_notebook.gateway.event_log import EventLog
from hs_notebook.gateway.generation import Generation
from hs_notebook.gateway.replay import State, Stream
from hs_notebook.wire import openai_server
from hs_notebook.wire.chunk import StreamChunk


def run(path, error, writer):
    """Generate one chunk, then the error: what a reader gets, the stream, and how often the end was told."""
    told = []

    async def chunks():
        yield StreamChunk("Hello")
        raise error

    async def follow():
        stream = Stream("ab", 1, "asked", None, log=EventLog(path / "log", b": {}\n", lambda _: None))
        Generation(stream, chunks(), writer, told.append)
        async with asyncio.timeout(5):
            lots = [lot async for lot in stream.follow(0, 60)]
        await asyncio.sleep(0)
        return b"".join(lots), stream

    read, stream = asyncio.run(follow())
    return read, stream, told


def openai(_):
    return openai_server.Writer("x", "m", created=0, include_usage=False)


def broken(_):
    raise OSError


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ProviderError("Overloaded.", code="busy"), b'"busy"'),
        (RuntimeError("a bug"), b'"gateway_failed"'),
        (ProviderError("Overloaded.", code="\ud800"), b'"gateway_failed"'),
        (ProviderError("\ud800."), b'"gateway_failed"'),
    ],
)
def test_an_error_ends_the_stream_even_where_it_cannot_be_written(tmp_path, error, says):
    read, stream, told = run(tmp_path, error, openai)
    assert b"Hello" in read
    assert says in read
    assert (stream.state, told) == (State.FAILED, [stream])


def test_a_stream_that_nothing_can_be_written_to_ends_too(tmp_path):
    read, stream, told = run(tmp_path, RuntimeError(), broken)
    assert read == b""
    assert stream.refusal.code == "gateway_failed"
    assert (stream.state, told) == (State.FAILED, [stream])
