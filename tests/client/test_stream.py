"""The ways to take a stream: from a script, a thread, a running loop; whole, or chunk by chunk."""

import asyncio
import queue
import threading
import time

import pytest
from misbehaving import TEXT, WORDS, Gate, event, good_events, until

from hs_notebook import StreamingConfig, errors
from hs_notebook.answer import Status
from hs_notebook.client import mailbox
from hs_notebook.client.stream import Phase


async def answer(peer):
    await peer.answer()


async def cut(peer):
    await peer.head()
    await peer.piece(event("so far"))
    peer.end()


async def two_words(peer):
    await peer.head()
    await peer.piece(event("two "))
    await peer.piece(event("words"))
    await peer.gone()


def test_for(serve, client):
    chunks = list(client(serve(answer)).stream("hello", model="m"))
    assert [chunk.content for chunk in chunks if chunk.content] == WORDS
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))


def test_async_for_and_await_in_a_running_loop(serve, client):
    asker = client(serve(answer))

    async def main():
        text = ""
        async for chunk in asker.stream("hello", model="m"):
            text += chunk.content
        whole = await asker.stream("hello", model="m")
        both = await asyncio.gather(*(asker.stream("hello", model="m")._awaited() for _ in range(2)))
        return text, whole.text, [one.text for one in both]

    assert asyncio.run(main()) == (TEXT, TEXT, [TEXT, TEXT])


def test_blocking_call_in_a_running_loop(serve, client):
    """As in a cell: the kernel's loop runs on this very thread."""
    asker = client(serve(answer))

    async def main():
        return asker.ask("hello", model="m").text

    assert asyncio.run(main()) == TEXT


def test_from_many_threads(serve, client):
    asker = client(serve(answer))
    texts = []
    threads = [
        threading.Thread(target=lambda: texts.append(asker.ask("hello", model="m").text)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [TEXT] * 12


@pytest.mark.parametrize("way", ["result", "for", "async for", "await"])
def test_a_cut_is_raised_in_every_way(serve, client, way):
    asker = client(serve(cut), streaming=StreamingConfig(reconnect=False))
    got = []

    async def read(stream):
        async for chunk in stream:
            got.append(chunk.content)  # noqa: PERF401 - what came before the error counts

    async def wait(stream):
        await stream

    def loop(stream):
        for chunk in stream:
            got.append(chunk.content)  # noqa: PERF401 - what came before the error counts

    ways = {
        "result": lambda stream: stream.result(),
        "for": loop,
        "async for": lambda stream: asyncio.run(read(stream)),
        "await": lambda stream: asyncio.run(wait(stream)),
    }
    with pytest.raises(errors.CutError) as caught:
        ways[way](asker.stream("hello", model="m"))
    assert caught.value.answer.text == "so far"
    assert "".join(got) == ("so far" if "for" in way else "")


def test_leaving_the_loop_stops_the_stream(serve, client):
    server = serve(two_words)
    stream = client(server).stream("hello", model="m")
    for chunk in stream:
        assert chunk.content == "two "
        break
    assert stream.wait(60)
    assert stream.answer.status is Status.INTERRUPTED
    assert until(lambda: server.open == 0)


def test_leaving_the_async_loop_stops_the_stream(serve, client):
    server = serve(two_words)
    stream = client(server).stream("hello", model="m")

    async def main():
        async for _ in stream:
            break
        await asyncio.to_thread(stream.wait, 10)

    asyncio.run(main())
    assert stream.answer.status is Status.INTERRUPTED
    assert until(lambda: server.open == 0)


def test_cancelling_the_awaiting_task_stops_the_stream(serve, client):
    server = serve(two_words)
    stream = client(server).stream("hello", model="m")

    async def main():
        task = asyncio.ensure_future(stream._awaited())
        await asyncio.to_thread(until, lambda: stream.answer.text)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert stream.wait(60)
    assert stream.answer.status is Status.INTERRUPTED


@pytest.mark.parametrize("way", ["await", "async for"])
def test_a_stop_by_another_is_an_error_on_a_loop(serve, client, way):
    """Not a KeyboardInterrupt: that would end the loop. Nor a cancel: a task group would swallow it."""
    stream = client(serve(two_words)).stream("hello", model="m")

    async def take():
        if way == "await":
            await stream
        else:
            async for _ in stream:
                pass

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(stop_at_first_text, stream))
            group.create_task(take())

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(main())
    [error] = caught.value.exceptions
    assert type(error) is errors.StoppedError
    assert error.answer is stream.answer
    assert "Stopped by you after" in str(error)


def stop_at_first_text(stream):
    assert until(lambda: stream.answer.text)
    stream.cancel()


def test_the_answer_grows_while_it_comes(serve, client):
    step = [Gate(), Gate()]

    async def script(peer):
        await peer.head()
        await peer.piece(event("one"))
        await step[0].passed()
        await peer.piece(event(" two"))
        await step[1].passed()
        await peer.piece(event(finish="stop"))
        await peer.finish()

    stream = client(serve(script)).stream("hello", model="m")
    assert until(lambda: stream.answer.text == "one")
    assert (stream.phase, stream.answer.status) == (Phase.STREAMING, Status.STREAMING)
    step[0].open()
    assert until(lambda: stream.answer.text == "one two")
    assert not stream.wait(0.01)
    step[1].open()
    assert stream.wait(60)
    assert stream.phase is Phase.ENDED


def test_news_comes_with_the_first_text_at_once(serve, client):
    go = Gate()

    async def script(peer):
        await peer.head()
        await go.passed()
        await peer.piece(event("one"))
        await peer.gone()

    stream = client(serve(script)).stream("hello", model="m")
    assert until(lambda: stream.phase is Phase.STREAMING)
    news = queue.SimpleQueue()
    stream.tell(lambda: news.put((stream.answer.text, stream.ended)))
    go.open()
    assert news.get(timeout=60) == ("one", False)
    stream.cancel()
    assert news.get(timeout=60) == ("one", True)
    assert news.empty()


def test_result_with_a_limit_leaves_the_stream_running(serve, client):
    go = Gate()

    async def script(peer):
        await peer.head()
        await go.passed()
        for one in good_events():
            await peer.piece(one)
        await peer.finish()

    stream = client(serve(script)).stream("hello", model="m")
    with pytest.raises(TimeoutError):
        stream.result(0.05)
    go.open()
    assert stream.result(60).text == TEXT


def test_a_late_reader_starts_with_all_that_came(serve, client):
    go = Gate()

    async def script(peer):
        await peer.head()
        await peer.piece(event("before "))
        await peer.piece(event("him "))
        await go.passed()
        await peer.piece(event("and after"))
        await peer.piece(event(finish="stop"))
        await peer.finish()

    stream = client(serve(script)).stream("hello", model="m")
    assert not stream.wait(0.01)  # who waits for the end keeps no chunks
    assert until(lambda: stream.answer.text == "before him ")
    reader = iter(stream)
    assert next(reader).content == "before him "
    go.open()
    assert [chunk.content for chunk in reader if chunk.content] == ["and after"]


def test_reading_after_the_end_gives_all_at_once(serve, client):
    stream = client(serve(answer)).stream("hello", model="m")
    assert stream.wait(60)
    [chunk] = stream
    assert chunk.content == TEXT
    assert chunk.usage == stream.answer.usage


def test_two_readers_are_refused(serve, client):
    stream = client(serve(two_words)).stream("hello", model="m")
    iter(stream)
    with pytest.raises(RuntimeError, match="being read already"):
        iter(stream)


def test_a_slow_reader_holds_the_server_back_and_misses_nothing(serve, client, monkeypatch):
    """Memory is bounded: what is not read stays in the sockets. The clocks do not run meanwhile."""
    monkeypatch.setattr(mailbox, "LIMIT", 100)
    sent = []

    async def script(peer):
        await peer.head()
        for number in range(40_000):
            await peer.piece(event(f" {number}"))
            sent.append(number)
        await peer.piece(event(finish="stop"))
        await peer.finish()

    asker = client(serve(script), streaming=StreamingConfig(heartbeat_interval=0.1, progress_timeout=0.3))
    stream = asker.stream("hello", model="m")
    reader = iter(stream)
    text = next(reader).content
    assert until(lambda: stream.mailbox.full)
    stuck = -1
    while stuck != len(sent):  # until the sockets are full too
        stuck = len(sent)
        time.sleep(0.5)
    assert stuck < 40_000
    assert stream.phase is Phase.STREAMING
    assert len(stream.mailbox._chunks) < 5_000
    text += "".join(chunk.content for chunk in reader)
    assert text.split() == [str(number) for number in range(40_000)]


@pytest.mark.parametrize("way", ["result", "await"])
def test_who_waits_for_the_whole_is_not_held_up_by_a_reader_who_left_off(serve, client, monkeypatch, way):
    monkeypatch.setattr(mailbox, "LIMIT", 10)

    async def script(peer):
        await peer.answer([" x"] * 50_000)

    stream = client(serve(script)).stream("hello", model="m")
    reader = iter(stream)
    assert next(reader).content == " x"
    assert until(lambda: stream.mailbox.full)

    async def wait():
        return await asyncio.wait_for(stream._awaited(), 60)

    whole = stream.result(60) if way == "result" else asyncio.run(wait())
    assert whole.text == " x" * 50_000
    assert len("".join(chunk.content for chunk in reader)) == 2 * 50_000 - 2  # and he misses nothing


def test_chunks_nobody_reads_are_not_kept(serve, client, monkeypatch):
    monkeypatch.setattr(mailbox, "LIMIT", 10)

    async def script(peer):
        await peer.answer([" x"] * 50)

    stream = client(serve(script)).stream("hello", model="m")
    assert until(lambda: stream.ended)
    assert len(stream.mailbox._chunks) == 0
    assert "".join(chunk.content for chunk in stream) == " x" * 50


def test_repr_says_where_it_stands(serve, client):
    stream = client(serve(answer)).stream("hello", model="m")
    stream.result(60)
    assert "ended" in repr(stream)
    assert "complete" in repr(stream)
