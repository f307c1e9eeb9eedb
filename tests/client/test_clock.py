"""Two clocks: no byte, and no progress. The limits are set small; the rule is the same."""

import asyncio

import pytest
from misbehaving import TEXT, at_some_pace, event, good_events, until

from hs_notebook import StreamingConfig, errors
from hs_notebook.answer import Status


def quick(pace):
    """Dead after 0.3 s without a byte, times `pace`; what follows a stall is not the clocks' business."""
    return StreamingConfig(heartbeat_interval=0.1 * pace, progress_timeout=0.5 * pace, reconnect=False)


def stalled(stream):
    with pytest.raises(errors.StalledError) as caught:
        stream.result(60)
    assert stream.answer.status is Status.INTERRUPTED
    assert caught.value.answer is stream.answer
    assert 1 <= len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


@at_some_pace
def test_never_an_answer(serve, client, rows, pace):
    """Accepted, read, and nothing: not sent again, for it may be under way."""

    async def script(peer):
        await peer.gone()

    server = serve(script)
    asker = client(server, streaming=quick(pace))
    stream = asker.stream("hello", model="m")
    assert f"has not answered for {0.5 * pace:g} s" in stalled(stream)
    assert until(lambda: server.open == 0)
    assert len(server.requests) == 1
    assert asker.stats().active_streams == 0
    assert {row["status"] for row in rows()} == {"interrupted"}


BEATS = [b": hb\n", b": PROCESSING\n\n", b'event: ping\ndata: {"type": "ping"}\n\n', b"\n"]


@pytest.mark.parametrize("first", [b"", event("kept")])
@pytest.mark.parametrize("beat", BEATS, ids=["comment", "comment and blank", "ping", "blank"])
@at_some_pace
def test_no_byte_after_a_heartbeat(serve, client, beat, first, pace):
    async def script(peer):
        await peer.head()
        if first:
            await peer.piece(first)
        await asyncio.sleep(0.02 * pace)
        await peer.piece(beat)
        await peer.gone()

    server = serve(script)
    stream = client(server, streaming=quick(pace)).stream("hello", model="m")
    assert f"Not a byte came for {0.3 * pace:g} s" in stalled(stream)
    assert stream.answer.text == ("kept" if first else "")
    assert stream.answer.attempts[0].duration_s < 0.5 * pace
    assert until(lambda: server.open == 0)


@pytest.mark.parametrize("first", [b"", event("kept")])
@at_some_pace
def test_who_sends_no_heartbeats_is_not_held_to_them(serve, client, first, pace):
    """A model that thinks for longer than three heartbeats, behind a server that sends none."""

    async def script(peer):
        await peer.head()
        if first:
            await peer.piece(first)
        await asyncio.sleep(0.4 * pace)
        for one in good_events():
            await peer.piece(one)
        await peer.finish()

    stream = client(serve(script), streaming=quick(pace)).stream("hello", model="m")
    assert stream.result(60).text == ("kept" if first else "") + TEXT


@pytest.mark.parametrize("first", [b"", event("kept")])
@at_some_pace
def test_without_heartbeats_the_progress_limit_rules(serve, client, first, pace):
    async def script(peer):
        await peer.head()
        if first:
            await peer.piece(first)
        await peer.gone()

    stream = client(serve(script), streaming=quick(pace)).stream("hello", model="m")
    assert f"The server has sent no text for {0.5 * pace:g} s" in stalled(stream)
    assert 0.45 * pace < stream.answer.attempts[0].duration_s < 1.5 * pace


@pytest.mark.parametrize("first", [b"", event("kept")])
@at_some_pace
def test_heartbeats_for_ever(serve, client, rows, first, pace):
    """They keep the connection alive, and are no progress."""

    async def script(peer):
        await peer.head()
        if first:
            await peer.piece(first)
        while True:
            await peer.piece(b": hb\n")
            await asyncio.sleep(0.02 * pace)

    server = serve(script)
    stream = client(server, streaming=quick(pace)).stream("hello", model="m")
    assert f"keeps the connection alive but has sent no text for {0.5 * pace:g} s" in stalled(stream)
    assert stream.answer.text == ("kept" if first else "")
    assert 0.45 * pace < stream.answer.attempts[0].duration_s < 1.5 * pace
    assert until(lambda: server.open == 0)
    assert {row["status"] for row in rows()} == {"interrupted"}


@at_some_pace
def test_empty_events_are_no_progress(serve, client, pace):
    async def script(peer):
        await peer.head()
        while True:
            await peer.piece(event(""))
            await asyncio.sleep(0.02 * pace)

    stream = client(serve(script), streaming=quick(pace)).stream("hello", model="m")
    assert "no text" in stalled(stream)


@at_some_pace
def test_reasoning_is_progress(serve, client, pace):
    async def script(peer):
        await peer.head()
        thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm "}, "finish_reason": None}]}
        for _ in range(20):
            await peer.piece(event(**thought))
            await asyncio.sleep(0.05 * pace)
        for one in good_events():
            await peer.piece(one)
        await peer.finish()

    stream = client(serve(script), streaming=quick(pace)).stream("hello", model="m")
    assert stream.result(60).text == TEXT
    assert stream.answer.reasoning == "hm " * 20


@at_some_pace
def test_a_slow_stream_that_moves_is_left_alone(serve, client, pace):
    """Longer than either limit as a whole."""

    async def script(peer):
        await peer.head()
        for one in good_events([" x"] * 12):
            await peer.piece(one)
            await asyncio.sleep(0.1 * pace)
        await peer.finish()

    answer = client(serve(script), streaming=quick(pace)).ask("hello", model="m")
    assert answer.status is Status.COMPLETE
    assert answer.attempts[0].duration_s > pace
