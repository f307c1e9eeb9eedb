"""A stop that is told to a server that goes on by itself."""

import time

from misbehaving import until
from replaying import named, whole


def slow(calls):
    async def script(peer):
        calls.append((peer.request.path.removeprefix("/v1"), peer.request.headers))
        if peer.request.path.endswith("/stream/cancel"):
            await peer.plain("200 OK", b"{}")
            return
        await peer.head(X_Stream_Id="5f3a")
        await peer.piece(named(whole())[0])
        await peer.gone()

    return script


def test_a_stop_is_told_to_a_server_that_goes_on(serve, client):
    """The connection is closed at once; then the server hears of it."""
    calls = []
    server = serve(slow(calls))
    stream = client(server).stream("hello", model="m")
    assert until(lambda: stream.answer.text == "A")
    pressed = time.monotonic()
    stream.cancel()
    assert stream.wait(10)
    assert until(lambda: server.gone_at)
    assert server.gone_at[0] - pressed < 0.2
    assert [path for path, _ in calls] == ["/chat/completions", "/stream/cancel"]
    assert calls[1][1]["x-stream-id"] == "5f3a"
    assert stream.answer.notes == []


def test_detached_it_is_not_told_and_the_answer_says_so(serve, client):
    calls = []
    stream = client(serve(slow(calls))).stream("hello", model="m", on_interrupt="detach")
    assert until(lambda: stream.answer.text == "A")
    stream.cancel()
    assert stream.wait(10)
    assert [path for path, _ in calls] == ["/chat/completions"]
    assert stream.answer.notes == ["The server goes on with it; run it again to see the rest."]


def test_a_server_that_cannot_be_told_is_told_of(serve, client):
    async def script(peer):
        if peer.request.path.endswith("/stream/cancel"):
            await peer.plain("500 No", b"")
            return
        await peer.head()
        await peer.piece(named(whole())[0])
        await peer.gone()

    stream = client(serve(script)).stream("hello", model="m")
    assert until(lambda: stream.answer.text == "A")
    stream.cancel()
    assert stream.wait(10)
    assert stream.answer.notes == ["The server could not be told to stop; it may go on, and bill it."]
