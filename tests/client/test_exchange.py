"""What the bytes prove: whole, cut, refused, wrong. Every answer over a real socket."""

import json

import pytest
from misbehaving import DONE, TEXT, WORDS, Gate, event, good_events, until

from hs_notebook import StreamingConfig, errors
from hs_notebook.answer import Status
from hs_notebook.wire.chunk import FinishReason

ENDINGS = ["end", "reset", "unfinished chunk"]
ONCE = {"max_retries": 0, "streaming": StreamingConfig(reconnect=False)}
"""What one response proves, with no other to follow (test_reconnect.py has those)."""


def ask(client, prompt="hello"):
    """The answer, whatever its end."""
    stream = client.stream(prompt, model="m")
    assert stream.wait(60), stream
    return stream.answer


@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_whole_answer_in_each_framing(serve, client, rows, framing):
    async def script(peer):
        size = len(b"".join(good_events())) if framing == "length" else framing
        await peer.answer(framing=size)

    answer = client(serve(script)).ask("hello", model="m")
    assert (answer.text, answer.status, answer.finish_reason) == (TEXT, Status.COMPLETE, FinishReason.STOP)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (7, len(WORDS))
    assert answer.error is None
    [row] = rows()
    assert (row["status"], row["finish_reason"], row["output_tokens"]) == ("complete", "stop", 5)
    assert "error" not in row


def test_what_is_sent(serve, client):
    async def script(peer):
        await peer.answer()

    server = serve(script)
    client(server, api_key="sk-mine").ask(
        "hello", model="m", system="Be brief.", temperature=0.5, max_tokens=9
    )
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer sk-mine"
    assert request.headers["accept-encoding"] == "identity"
    assert len(request.headers["idempotency-key"]) == 36
    assert request.json["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]
    assert (request.json["temperature"], request.json["max_tokens"]) == (0.5, 9)
    assert request.json["stream"] is True


@pytest.mark.parametrize("ending", ENDINGS)
def test_cut_at_many_offsets_is_never_silent(serve, client, rows, ending):
    """The text is a true prefix; whole only if a finish reason or the terminal marker came whole."""
    events = good_events()
    body = b"".join(events)
    proven = len(b"".join(events[: len(WORDS) + 1]))  # the blank line after the finish reason is the proof
    offsets = sorted({*range(0, len(body), 13), proven - 2, proven - 1, proven, proven + 1, len(body)})

    async def script(peer):
        cut = body[: offsets[peer.number - 1]]
        await peer.head(framing="close" if ending == "end" else "chunked")
        if cut:
            await peer.piece(cut)
        if ending == "reset":
            await peer.writer.drain()
            peer.reset()
        elif ending == "unfinished chunk":
            await peer.send(b"40\r\nda")
            peer.end()
        else:
            peer.end()

    asker = client(serve(script), **ONCE)
    for offset in offsets:
        answer = ask(asker)
        assert TEXT.startswith(answer.text)
        if ending != "reset":  # a reset may overtake bytes on their way
            assert (answer.status is Status.COMPLETE) == (offset >= proven), (offset, answer)
        if answer.status is Status.COMPLETE:
            assert answer.text == TEXT
            assert answer.finish_reason is FinishReason.STOP
        else:
            assert answer.status is Status.INTERRUPTED
            assert isinstance(answer.error, errors.CutError), answer.error
            assert answer.finish_reason is None
            assert 1 <= len(str(answer.error).splitlines()) <= 3
    table = rows()
    assert len(table) == len(offsets)
    assert {row["status"] for row in table} <= {"complete", "interrupted"}
    assert all(("error" in row) == (row["status"] == "interrupted") for row in table)


def test_reset_in_mid_stream_keeps_the_text(serve, client, rows):
    """The reader has the bytes before the reset comes: all of them are kept, and nothing is sent again."""
    shown = Gate()

    async def script(peer):
        await peer.head()
        await peer.piece(event("kept"))
        await shown.passed()
        peer.reset()

    server = serve(script)
    stream = client(server, **ONCE).stream("hello", model="m")
    assert until(lambda: stream.answer.text == "kept")
    shown.open()
    with pytest.raises(errors.CutError, match="lost"):
        stream.result(60)
    assert (stream.answer.text, stream.answer.status) == ("kept", Status.INTERRUPTED)
    assert len(server.requests) == 1
    assert [row["status"] for row in rows()] == ["interrupted"]


def test_a_lost_stream_is_not_sent_again_where_reconnect_is_off(serve, client, rows):
    async def script(peer):
        await peer.head()
        await peer.piece(event("kept"))
        peer.end()

    server = serve(script)
    with pytest.raises(errors.CutError, match="Reconnecting is switched off") as caught:
        client(server, **ONCE).ask("hello", model="m")
    assert caught.value.answer.text == "kept"
    assert len(server.requests) == 1
    [row] = rows()
    assert row["status"] == "interrupted"
    assert row["error"].startswith("CutError: ")


@pytest.mark.parametrize(
    ("body", "content_type", "error", "words"),
    [
        (b'{"error": {"message": "boom", "code": "x7"}}', "application/json", errors.ProviderError, "boom"),
        (b'data: {"error": {"message": "boom"}}\n\n', "text/event-stream", errors.ProviderError, "boom"),
        (
            b"<html><title>502 Bad Gateway</title></html>",
            "text/html",
            errors.ProtocolError,
            "502 Bad Gateway",
        ),
        (b"<html><title>Sign in</title></html>", "text/event-stream", errors.ProtocolError, "Sign in"),
        (b"data: {no json}\n\n", "text/event-stream", errors.ProtocolError, ""),
        (b"", "text/event-stream", errors.CutError, ""),
    ],
)
def test_wrong_bodies_under_200(  # noqa: PLR0913, PLR0917 - fixtures and a table
    serve, client, rows, body, content_type, error, words
):
    async def script(peer):
        await peer.plain("200 OK", body, content_type)

    answer = ask(client(serve(script), **ONCE))
    assert isinstance(answer.error, error), answer.error
    assert words in str(answer.error)
    assert answer.error.answer is answer
    assert 1 <= len(str(answer.error).splitlines()) <= 3
    [row] = rows()
    assert row["status"] == str(answer.status) == ("interrupted" if error is errors.CutError else "failed")


def test_error_event_in_mid_stream_ends_it_though_the_server_stays(serve, client):
    """The connection is closed at once; it is not waited for."""

    async def script(peer):
        await peer.head()
        await peer.piece(event("so far"))
        await peer.piece(b'data: {"error": {"message": "overloaded"}}\n\n')
        await peer.gone()

    server = serve(script)
    answer = ask(client(server))
    assert (answer.text, answer.status) == ("so far", Status.FAILED)
    assert "overloaded" in str(answer.error)
    assert answer.attempts[0].duration_s < 2


def test_server_that_never_ends_a_whole_answer(serve, client, monkeypatch):
    """Once the answer is proven whole, its end is waited for a little, not for ever."""
    from hs_notebook.client import exchange

    monkeypatch.setattr(exchange, "_GRACE", 0.05)

    async def script(peer):
        await peer.head()
        for one in [event("all"), event(finish="stop"), DONE]:
            await peer.piece(one)
        await peer.gone()

    server = serve(script)
    answer = ask(client(server))
    assert (answer.text, answer.status, answer.error) == ("all", Status.COMPLETE, None)


def test_changed_text_is_noticed_by_the_digest(serve, client):
    async def script(peer):
        await peer.head()
        for one in [event("hullo"), event(finish="stop", stream_end={"events": 2, "sha256": "0" * 64}), DONE]:
            await peer.piece(one)
        await peer.finish()

    server = serve(script)
    answer = ask(client(server))
    assert answer.status is Status.FAILED
    assert isinstance(answer.error, errors.ProtocolError)
    assert [attempt.resumed_by for attempt in answer.attempts] == [None, "restart"]  # once, and said
    assert answer.superseded == ["hullo"]


def test_ten_megabyte_prompt(serve, client):
    async def script(peer):
        await peer.answer()

    server = serve(script)
    prompt = "0123456789" * 2**20
    assert client(server).ask(prompt, model="m").text == TEXT
    assert json.loads(server.requests[0].body)["messages"][0]["content"] == prompt


def test_a_server_that_does_not_read_a_long_prompt(serve, client):
    """It answers 413 at the head of the request and closes: the reason is told, not the broken pipe."""

    async def script(peer):
        await peer.plain("413 Content Too Large", Connection="close")
        peer.writer.write_eof()
        await peer.gone()

    server = serve(script, reads_bodies=False)
    answer = ask(client(server), prompt="x" * 10_000_000)
    assert isinstance(answer.error, errors.TooLongError), answer.error


def test_compressed_all_the_same(serve, client):
    """A server that compresses although it was asked not to is understood; cut, it is noticed."""
    import gzip

    body = gzip.compress(b"".join(good_events()))

    async def script(peer):
        cut = body if peer.number == 1 else body[: len(body) // 2]
        await peer.head(framing=len(cut), Content_Encoding="gzip")
        await peer.send(cut)

    asker = client(serve(script))
    assert ask(asker).text == TEXT
    assert ask(asker).status is not Status.COMPLETE  # nor is the second try, likewise cut
