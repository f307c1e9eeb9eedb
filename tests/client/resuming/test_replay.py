"""Servers that go on by themselves: a stop that they are told of; llama.cpp's way of keeping an answer."""

import pytest
from misbehaving import TEXT, until
from replaying import named, whole

from hs_notebook.answer import Status


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
    stream.cancel()
    assert stream.wait(60)
    assert until(lambda: server.gone_at)
    assert [path for path, _ in calls] == ["/chat/completions", "/stream/cancel"]
    assert calls[1][1]["x-stream-id"] == "5f3a"
    assert stream.answer.notes == []


def test_detached_it_is_not_told_and_the_answer_says_so(serve, client):
    calls = []
    stream = client(serve(slow(calls))).stream("hello", model="m", on_interrupt="detach")
    assert until(lambda: stream.answer.text == "A")
    stream.cancel()
    assert stream.wait(60)
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
    assert stream.wait(60)
    assert stream.answer.notes == ["The server could not be told to stop; it may go on, and bill it."]


class Llama:
    """As llama.cpp: it keeps what belongs to a conversation, and sends it from the beginning."""

    def __init__(self, cut, words=None):
        self.cut, self.words = cut, words
        self.kept = set()
        self.calls = []

    async def __call__(self, peer):
        request = peer.request
        self.calls.append((request.method, request.path.partition("?")[0].removeprefix("/v1")))
        body = b"".join(whole())
        if request.method == "GET":
            named_so = request.path.partition("conv_id=")[2]
            if named_so not in self.kept:
                await peer.plain("404 Not Found", b"{}", Server="llama.cpp")
                return
            body = b"".join(whole(self.words)) if self.words else body
        elif request.method == "DELETE":
            await peer.plain("204 No Content", b"")
            return
        elif request.json["messages"][-1]["role"] == "assistant":
            body = b"".join(whole([TEXT.removeprefix(request.json["messages"][-1]["content"])]))
        elif request.headers.get("x-conversation-id", "") not in {"", *self.kept}:
            self.kept.add(request.headers["x-conversation-id"])
            body = body[: self.cut]
        await peer.head(Server="llama.cpp")
        await peer.piece(body)
        if len(body) == self.cut:
            peer.end() if self.cut % 2 else await peer.gone()
        else:
            await peer.finish()


@pytest.mark.parametrize("cut", [1, 71, 131, 201, 301, 401])
def test_llama_cpp_keeps_it_by_conversation(serve, client, no_back_off, cut):
    """Once it has said who it is, answers are asked for as conversations, and read again where they break."""
    script = Llama(cut)
    asker = client(serve(script))
    assert asker.ask("who are you?", model="m").text == TEXT
    answer = asker.ask("hello", model="m")
    assert (answer.text, answer.status, answer.superseded) == (TEXT, Status.COMPLETE, [])
    if "replay" in [one.resumed_by for one in answer.attempts]:
        assert script.calls[1:] == [("POST", "/chat/completions"), ("GET", "/stream")]
        assert "nothing was billed again" in answer.notes[0]
    else:
        assert cut < 100  # nothing had come


def test_other_words_of_llama_cpp_are_not_mixed_in(serve, client, no_back_off):
    """It has another answer by now: the model goes on from the text instead, as llama.cpp lets it."""
    asker = client(serve(Llama(201, ["Quite", " other", " words"])))
    asker.ask("who are you?", model="m")
    answer = asker.ask("hello", model="m")
    assert (answer.text, answer.superseded) == (TEXT, [])
    assert [one.resumed_by for one in answer.attempts] == [None, "replay", "continue"]


def test_a_stop_is_told_to_llama_cpp(serve, client):
    script = Llama(200)
    asker = client(serve(script))
    asker.ask("who are you?", model="m")
    stream = asker.stream("hello", model="m")
    assert until(lambda: stream.answer.text)
    stream.cancel()
    assert stream.wait(60)
    assert script.calls[-1] == ("DELETE", "/stream")
    assert stream.answer.notes == []
