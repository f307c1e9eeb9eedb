"""A stop in every phase: text kept, connection closed, no slot, task or row lost.

How soon the connection closes is measured in benchmarks/.
"""

import asyncio
import gc
import threading
import time

import pytest
from misbehaving import Gate, event, good_events, until

from hs_notebook import errors
from hs_notebook.answer import Status
from hs_notebook.client.connection.transport import Transport
from hs_notebook.client.engine import engine
from hs_notebook.client.stream import Phase


def stop(stream):
    """Stop and wait."""
    stream.cancel()
    assert stream.wait(60)
    assert (stream.answer.status, stream.answer.error) == (Status.INTERRUPTED, None)
    assert stream.phase is Phase.ENDED


def engine_tasks():
    async def count():
        return len(asyncio.all_tasks()) - 1

    return engine().submit(count()).result(60)


def pooled(server):
    """Connections and requests that httpx's pools for this server hold."""
    [making] = [
        one for name, one in engine().shared.items() if name[0] == "transport" and name[1] == server.url
    ]
    pools = [client._transport._pool for client in making.result()._idle]
    return sum(len(pool._connections) + len(pool._requests) for pool in pools)


async def silent(peer):
    await peer.gone()


async def headers_only(peer):
    await peer.head()
    await peer.gone()


async def two_words(peer):
    await peer.head()
    await peer.piece(event("two "))
    await peer.piece(event("words"))
    await peer.gone()


async def all_but_the_end(peer):
    await peer.head()
    for one in good_events(["all"]):
        await peer.piece(one)
    await peer.gone()


@pytest.mark.parametrize(
    ("script", "phase", "text"),
    [
        (silent, Phase.CONNECTING, ""),
        (headers_only, Phase.STREAMING, ""),
        (two_words, Phase.STREAMING, "two words"),
        (all_but_the_end, Phase.STREAMING, "all"),
    ],
)
def test_stop_while_the_connection_is_open(  # noqa: PLR0913, PLR0917 - fixtures and a table
    serve, client, rows, script, phase, text
):
    server = serve(script)
    asker = client(server)
    stream = asker.stream("hello", model="m")
    assert until(lambda: stream.phase is phase and stream.answer.text == text and server.requests)
    stop(stream)
    assert until(lambda: server.gone_at)
    assert stream.answer.text == text
    assert asker.stats().active_streams == 0
    [row] = rows()
    assert row["status"] == "interrupted"
    assert "error" not in row
    with pytest.raises(errors.Interrupted) as caught:
        stream.result()
    assert caught.value.answer is stream.answer
    assert caught.value.line.startswith("Stopped by you")
    assert "\n" not in caught.value.line


def test_stop_while_connecting_to_a_dead_host(client, rows):
    """A listener whose queue is full takes no connection: the kernel drops the first packet."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        try:
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(address)
                fillers.append(filler)
            asker = client(f"http://127.0.0.1:{address[1]}/v1")
            stream = asker.stream("hello", model="m")
            assert until(lambda: stream.phase is Phase.CONNECTING)
            stop(stream)
        finally:
            for filler in fillers:
                filler.close()
    assert [row["status"] for row in rows()] == ["interrupted"]
    assert asker.stats().active_streams == 0


def test_stop_while_queued(serve, client, rows):
    """It never had a connection; it leaves the queue, and a row says so."""
    server = serve(two_words)
    asker = client(server, max_concurrency=1)
    running = asker.stream("first", model="m")
    assert until(lambda: running.answer.text == "two words")
    queued = asker.stream("second", model="m")
    third = asker.stream("third", model="m")
    assert queued.phase is Phase.QUEUED
    stop(queued)
    with pytest.raises(errors.Interrupted, match="before anything was sent"):
        queued.result()
    stop(running)
    assert until(lambda: third.answer.text == "two words")  # the slot went on to the next in the queue
    stop(third)
    assert server.connections == 2
    assert [row["status"] for row in rows()] == ["interrupted"] * 3


def test_stop_while_backing_off(serve, client, rows):
    async def script(peer):
        await peer.plain("429 Slow", b"", Retry_After="100")

    stream = client(serve(script)).stream("hello", model="m")
    assert until(lambda: stream.phase is Phase.WAITING)
    assert stream.answer.error is not None
    stop(stream)
    assert [row["status"] for row in rows()] == ["failed", "interrupted"]


def test_stop_while_the_gateway_starts(client, rows, monkeypatch):
    """The start goes on in the background, for the next cell; nobody waits for it."""
    from hs_notebook import HolySheep, embedded

    begun, over = Gate(), Gate()

    def slow(timeout=30.0):
        begun.open()
        over.wait()
        raise errors.EmbeddedError("too late")

    monkeypatch.setattr(embedded, "ensure", slow)  # a start of half a minute cannot be had for real
    stream = HolySheep().stream("hello", model="demo")
    begun.wait()
    assert stream.phase is Phase.STARTING
    stop(stream)
    over.open()
    assert [row["status"] for row in rows()] == ["interrupted"]


def test_stop_twice_and_after_the_end(serve, client, rows):
    stream = client(serve(two_words)).stream("hello", model="m")
    assert until(lambda: stream.answer.text == "two words")
    for _ in range(5):
        stream.cancel()
    stop(stream)
    stream.cancel()
    assert stream.answer.text == "two words"
    assert len(rows()) == 1


def test_stop_before_anything_could_start(serve, client, rows):
    server = serve(two_words)
    for _ in range(20):
        stop(client(server).stream("hello", model="m"))
    assert [row["status"] for row in rows()] == ["interrupted"] * 20
    assert until(lambda: server.open == 0)


def test_a_request_stopped_at_any_turn_of_the_loop_leaves_no_connection(serve):
    """Also in the turn just after connecting, where httpx forgets the connection and keeps it open."""
    server = serve(silent)

    async def sweep():
        transport = Transport(server.url)
        for turn in range(40):
            asking = asyncio.ensure_future(transport.send("POST", "/chat/completions", {}, b"{}"))
            for _ in range(turn):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
        await transport.close()
        return await asyncio.to_thread(until, lambda: server.open == 0)

    gc.disable()  # it would hide a lost connection by closing it
    try:
        assert asyncio.run(sweep())
    finally:
        gc.enable()


def test_a_stop_in_the_last_moment_gives_one_honest_end(serve, client, rows):
    """Whichever comes first, the stop or the end: whole and complete, or interrupted with a true prefix."""

    async def script(peer):
        await peer.answer(["a", "b", "c"])

    server = serve(script)
    asker = client(server)
    seen = set()
    for attempt in range(60):
        stream = asker.stream("hello", model="m")
        until(lambda stream=stream: stream.answer.attempts)
        time.sleep(attempt * 1e-4)  # sweeps over the whole life of an answer
        stream.cancel()
        assert stream.wait(60)
        answer = stream.answer
        seen.add(answer.status)
        assert answer.error is None
        assert answer.text == "abc" if answer.status is Status.COMPLETE else "abc".startswith(answer.text)
    assert asker.stats().active_streams == 0
    assert [row["status"] for row in rows()].count("complete") == sum(
        session.status == "complete" for session in asker.stats().sessions
    )
    assert len(rows()) == 60


def test_a_hundred_streams_stopped_again_and_again_leave_nothing(serve, client, rows):
    """httpx 0.28 loses a connection to a second cancel in the midst of the first; we give it one only."""

    async def stop_at_every_turn_of_the_loop(streams):
        for _ in range(10):
            for stream in streams:
                stream._stop()
            await asyncio.sleep(0)

    server = serve(two_words)
    asker = client(server)
    before = engine_tasks()
    for round_ in range(10):
        streams = [asker.stream("hello", model="m") for _ in range(10)]
        if round_ % 2:
            assert until(lambda streams=streams: all(stream.answer.text for stream in streams))
        engine().submit(stop_at_every_turn_of_the_loop(streams)).result(60)
        for stream in streams:
            assert stream.wait(60)
            stream.cancel()
    assert asker.stats().available_slots == 10
    assert until(lambda: server.open == 0)
    assert until(lambda: pooled(server) == 0), pooled(server)
    assert until(lambda: engine_tasks() <= before), engine_tasks()
    assert len(rows()) == 100


def test_keyboard_interrupt_in_ask(serve, client, rows):
    """As a cell that is stopped with ■: one line, the text kept, the connection closed."""
    import _thread

    server = serve(two_words)
    asker = client(server)

    def press():
        assert until(lambda: asker.stats().sessions and asker._running)
        stream = next(iter(asker._running))
        assert until(lambda: stream.answer.text == "two words")
        _thread.interrupt_main()

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(errors.Interrupted) as caught:
        asker.ask("hello", model="m")
    presser.join()
    assert caught.value.answer.text == "two words"
    assert caught.value.line == (
        "Stopped by you after 9 characters; the text is kept. "
        "What it cost is not known: the server had not said."
    )
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert until(lambda: server.open == 0)
    assert [row["status"] for row in rows()] == ["interrupted"]


def test_keyboard_interrupt_in_compare_stops_all(serve, client):
    import _thread

    server = serve(two_words)
    asker = client(server)

    def press():
        assert until(lambda: sum(bool(stream.answer.text) for stream in list(asker._running)) == 3)
        _thread.interrupt_main()

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(errors.Interrupted, match="after 27 characters"):
        asker.compare("hello", models=["a", "b", "c"])
    presser.join()
    assert until(lambda: server.open == 0)


def test_keyboard_interrupt_while_reading_chunks(serve, client):
    import _thread

    server = serve(two_words)
    stream = client(server).stream("hello", model="m")
    got = []

    def press():
        assert until(lambda: len(got) == 2)
        _thread.interrupt_main()

    presser = threading.Thread(target=press)
    presser.start()

    def read():
        for chunk in stream:
            got.append(chunk.content)  # noqa: PERF401 - the presser looks at it as it grows

    with pytest.raises(errors.Interrupted, match="after 9 characters"):
        read()
    presser.join()
    assert stream.answer.status is Status.INTERRUPTED
    assert until(lambda: server.open == 0)
