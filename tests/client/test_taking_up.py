"""An answer taken up later: from the journal or from the object; a stop that the server hears; callbacks."""

import asyncio
import threading
import time

import pytest
from misbehaving import TEXT, Gate, until
from replaying import Keeping, named, send_cut, send_whole, whole

from hs_notebook import StreamingConfig, errors
from hs_notebook.answer import Status
from hs_notebook.store import journal
from hs_notebook.store.place import Place

pytestmark = pytest.mark.usefixtures("no_back_off")
PLACE = Place("book.ipynb", "cell-1", 7, "session-1")
OFF = StreamingConfig(reconnect=False)


def cut_once(script_of):
    """The first response is cut after three words, later ones are whole."""

    async def send(peer, body):
        first = script_of().generated == 1
        await (
            send_cut(peer, body[: body.index(b"00000004") - 12], "unfinished")
            if first
            else send_whole(peer, body)
        )

    return send


def keeping(way="replay"):
    script = Keeping(way, cut_once(lambda: script))
    return script


def interrupted(asker, **options):
    stream = asker.stream("hello", model="m", place=PLACE, **options)
    assert stream.wait(20)
    assert (stream.answer.text, stream.answer.status) == ("A true prefix", Status.INTERRUPTED)
    return stream.answer


# -- the journal --------------------------------------------------------------------------------


def test_what_came_is_on_disk_within_250_ms(serve, client):
    """And the end is there when the answer is."""
    go = Gate()

    async def script(peer):
        await peer.head()
        await peer.piece(named(whole())[0])
        await go.passed()
        await peer.piece(b"".join(named(whole())[1:]))
        await peer.finish()

    stream = client(serve(script)).stream("hello", model="m", place=PLACE)
    assert until(lambda: stream.answer.text == "A")
    shown = time.monotonic()
    kept = journal.default()
    assert until(lambda: (found := kept.load(stream.answer.id)) is not None and found.text == "A")
    assert time.monotonic() - shown < 1  # 250 ms, and a busy machine
    found = kept.load(stream.answer.id)
    assert (found.status, found.event_id) == (Status.STREAMING, "5f3a.01.00000001")
    go.open()
    stream.result(10)
    found = kept.load(stream.answer.id)
    assert (found.text, found.status, found.notebook) == (TEXT, Status.COMPLETE, "book.ipynb")
    assert found.usage.output_tokens == 5


def test_a_restart_keeps_what_was_shown_on_disk_too(serve, client):
    answer = client(serve(keeping(410))).ask("hello", model="m", place=PLACE)
    found = journal.default().load(answer.id)
    assert (found.text, found.superseded, found.status) == (TEXT, "A true prefix", Status.COMPLETE)
    assert [one.resumed_by for one in found.attempts] == [None, "replay", "restart"]


def test_a_store_that_fills_up_costs_no_answer(serve, client, monkeypatch):
    """It is noted once, and the stream goes on."""
    words = [f"{number} " for number in range(12)]

    async def script(peer):
        await peer.head()
        for one in named(whole(words)):
            await peer.piece(one)
            await asyncio.sleep(0.06)
        await peer.finish()

    kept = journal.default()

    def full(*_):
        raise errors.StoreError("The disk is full.")

    monkeypatch.setattr(kept._database, "write", full)  # a full disk cannot be had for real
    answer = client(serve(script)).ask("hello", model="m")
    assert answer.text == "".join(words)
    assert sorted(answer.notes) == [
        "This answer is missing from the usage table: The disk is full.",
        "This answer is not kept for being taken up again: The disk is full.",
    ]


# -- taken up ---------------------------------------------------------------------------------------


def test_an_answer_is_taken_up_by_replay(serve, client, rows):
    script = keeping()
    asker = client(serve(script), streaming=OFF)
    answer = interrupted(asker)
    stream = asker.stream(resume=answer)
    assert stream.answer is answer
    assert stream.result(10).text == TEXT
    assert script.generated == 1
    assert [row.get("resumed_by") for row in rows()] == [None, "replay"]
    assert {row["answer_id"] for row in rows()} == {answer.id}


def test_what_the_journal_kept_is_taken_up_by_another_client(serve, client, rows):
    """As after the death of a kernel; the chunks begin with the text that was kept."""
    script = keeping()
    server = serve(script)
    answer = interrupted(client(server, streaming=OFF))
    kept = journal.default().resumable("book.ipynb", "cell-1", answer.request.digest)
    assert kept.text == "A true prefix"
    stream = client(server).stream("hello", model="m", resume=kept, place=PLACE)
    assert stream.answer.text.startswith("A true prefix")  # shown before anything is asked
    contents = [chunk.content for chunk in stream]
    assert (contents[0], "".join(contents)) == ("A true prefix", TEXT)
    assert stream.answer.id == answer.id
    assert script.generated == 1
    found = journal.default().load(answer.id)
    assert (found.text, found.status) == (TEXT, Status.COMPLETE)
    assert [row["attempt"] for row in rows()] == [1, 2]


@pytest.mark.parametrize(("restart", "text"), [("auto", TEXT), ("never", "A true prefix")])
def test_an_answer_that_the_server_forgot(serve, client, restart, text):
    asker = client(serve(keeping(404)), streaming=OFF)
    answer = interrupted(asker)
    stream = client(asker.config.base_url).stream(resume=answer, restart=restart)
    assert stream.wait(20)
    assert answer.text == text
    assert (answer.error is None) == (restart == "auto")
    assert answer.superseded == ([] if restart == "never" else ["A true prefix"])


def test_what_cannot_be_taken_up(serve, client):
    asker = client(serve(keeping()), streaming=OFF)
    answer = interrupted(asker)
    with pytest.raises(errors.SettingError, match="cannot be taken up"):
        asker.stream("something else", model="m", resume=answer)
    asker.stream(resume=answer).result(10)
    with pytest.raises(errors.SettingError, match="whole already"):
        asker.stream(resume=answer)
    with pytest.raises(errors.SettingError):
        asker.stream()


# -- a stop -------------------------------------------------------------------------------------------


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


# -- callbacks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_callbacks_are_told_everything_in_order(serve, client, kind):
    chunks, news, threads = [], [], set()

    def on_chunk(chunk):
        threads.add(threading.current_thread())
        chunks.append(chunk.content)

    async def on_chunk_later(chunk):
        await asyncio.sleep(0)
        on_chunk(chunk)

    stream = client(serve(keeping())).stream(
        "hello", model="m", on_chunk=on_chunk if kind == "plain" else on_chunk_later, on_reconnect=news.append
    )
    assert stream.result(10).text == TEXT
    assert "".join(chunks) == TEXT
    [one] = news
    assert (one.attempt, one.how) == (2, "replay")
    assert one.wait_s >= 0
    assert one.why
    assert threading.main_thread() not in threads
    assert len(threads) == 1


def test_a_callback_that_fails_breaks_nothing(serve, client, caplog):
    async def script(peer):
        await peer.answer()

    def on_chunk(_):
        raise ValueError("mine")

    answer = client(serve(script)).ask("hello", model="m", on_chunk=on_chunk)
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert answer.notes == ["on_chunk failed: ValueError: mine"]
    assert len([one for one in caplog.records if "the stream goes on" in one.getMessage()]) == 1
