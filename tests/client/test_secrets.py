"""A planted key occurs nowhere but on the wire: no repr, error, log record, file or traceback."""

import gc
import logging
import pickle
import traceback

import pytest
from misbehaving import TEXT, event

from hs_notebook import errors
from hs_notebook.client.engine import engine

KEY = "sk-planted-5ecre7-0123456789abcdef"


async def good(peer):
    await peer.answer(X_Echo=peer.request.headers["authorization"])


async def refused(peer):
    """As servers do that echo the key, also where an excerpt would cut it in two."""
    filler = "x" * (200 - len("Incorrect API key: ") - 12)
    await peer.plain(
        "401 No", f'{{"error": {{"message": "{filler} Incorrect API key: {KEY}"}}}}'.encode(), X_Echo=KEY
    )


async def page(peer):
    await peer.plain("502 No", f"<html><title>key {KEY} refused</title></html>".encode(), "text/html")


async def moved(peer):
    await peer.plain("307 Go", b"", Location=f"https://elsewhere.test/{KEY}?key={KEY}")


async def error_event(peer):
    await peer.head()
    await peer.piece(event("some text"))
    await peer.piece(f'data: {{"error": {{"message": "bad key {KEY}", "code": "{KEY}"}}}}\n\n'.encode())
    await peer.finish()


async def page_under_200(peer):
    await peer.plain("200 OK", f"<html><title>{KEY}</title></html>".encode(), "text/html")


async def no_json(peer):
    await peer.plain("200 OK", f"data: {{{KEY}\n\n".encode(), "text/event-stream")


async def reset(peer):
    peer.reset()


async def reset_in_mid_stream(peer):
    await peer.head()
    await peer.piece(event("some text"))
    peer.reset()


async def no_http(peer):
    await peer.send(f"HTTP/9 {KEY} {KEY}\r\n{KEY}\r\n\r\n".encode())
    peer.end()


async def echoed_everywhere(peer):
    """In the reason, the header that names the request, and cut short by an excerpt."""
    body = '{"error": "' + "x" * 185 + KEY + '"}'
    await peer.plain(f"400 {KEY}", body.encode(), X_Request_Id=KEY)


async def long_error_under_200(peer):
    await peer.plain("200 OK", ('{"error": "' + "x" * 185 + KEY + '"}').encode())


ALL = [
    echoed_everywhere,
    long_error_under_200,
    good,
    refused,
    page,
    moved,
    error_event,
    page_under_200,
    no_json,
    reset,
    reset_in_mid_stream,
    no_http,
]


def chain(error):
    """An exception and all that hangs on to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def locals_of(error):
    """The variables of every frame of its traceback, as %xmode Verbose and crash reporters show them."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "hs_notebook" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename:
            yield from frame.f_locals.items()


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.__name__)
@pytest.mark.parametrize("way", ["ask", "for"])
def test_no_trace_of_the_key(  # noqa: PLR0913, PLR0917 - fixtures and a table
    serve, client, rows, caplog, capsys, holysheep_home, no_back_off, monkeypatch, script, way
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOLYSHEEP_API_KEY", KEY)
    server = serve(script)
    asker = client(server, max_retries=1)
    stream = asker.stream("hello", model="m")
    shown = [repr(asker), repr(asker.config), repr(stream)]
    try:
        if way == "ask":
            stream.result(60)
        else:
            shown += [repr(chunk) for chunk in stream]
    except errors.HolySheepError as error:
        for one in chain(error):
            shown += [repr(one), str(one), repr(one.args), repr(vars(one)), *traceback.format_exception(one)]
            shown += [repr(item) for item in locals_of(one)]
            assert isinstance(one, errors.HolySheepError), "an exception of another package hangs on to ours"
        shown += error._render_traceback_()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    answer = stream.answer
    shown += [
        repr(answer),
        repr(answer.attempts),
        repr(answer.notes),
        repr(answer.error),
        repr(asker.stats()),
    ]
    shown += [repr(rows())]
    shown += [record.getMessage() for record in caplog.records] + [
        repr(vars(record)) for record in caplog.records
    ]
    shown += [*capsys.readouterr()]
    for text in shown:
        assert KEY not in text
        assert KEY[:12] not in text
    for file in holysheep_home.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file


def test_logs_are_there_all_the_same(serve, client, caplog):
    """What is blotted out is the key, not the log."""
    caplog.set_level(logging.DEBUG)
    assert client(serve(good), api_key=KEY).ask("hello", model="m").text == TEXT
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "receive_response_headers.complete" in logged
    assert "200 OK" in logged
    assert "(b'X-Echo', b'Bearer ***')" in logged


def test_models_leaves_no_trace_either(serve, client, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(errors.KeyRefusedError) as caught:
        client(serve(refused), api_key=KEY).models()
    for one in chain(caught.value):
        assert KEY[:20] not in "".join(traceback.format_exception(one)) + repr(one.args)
        assert KEY[:20] not in repr(list(locals_of(one)))


def test_a_key_is_not_pickled(client, serve):
    asker = client(serve(good), api_key=KEY)
    with pytest.raises(TypeError):
        pickle.dumps(asker.config)


def test_the_engine_keeps_no_request(serve, client):
    """After an answer nothing on the engine holds on to its headers."""
    import httpx

    client(serve(good), api_key=KEY).ask("hello", model="m")

    async def nothing():
        return None

    engine().submit(nothing()).result(60)
    gc.collect()
    held = [one for one in gc.get_objects() if isinstance(one, httpx.Request) and KEY in str(one.headers.raw)]
    assert held == []
