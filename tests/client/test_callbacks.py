"""Functions of the caller's: told everything in order, in nobody's way."""

import asyncio
import threading

import pytest
from misbehaving import TEXT
from replaying import kept_after_a_cut

from hs_notebook.answer import Status

pytestmark = pytest.mark.usefixtures("no_back_off")


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_callbacks_are_told_everything_in_order(serve, client, kind):
    chunks, news, threads = [], [], set()

    def on_chunk(chunk):
        threads.add(threading.current_thread())
        chunks.append(chunk.content)

    async def on_chunk_later(chunk):
        await asyncio.sleep(0)
        on_chunk(chunk)

    stream = client(serve(kept_after_a_cut())).stream(
        "hello", model="m", on_chunk=on_chunk if kind == "plain" else on_chunk_later, on_reconnect=news.append
    )
    assert stream.result(60).text == TEXT
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
