"""The journal, close behind the stream; a store in trouble costs no answer."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from misbehaving import TEXT, Gate, until
from replaying import kept_after_a_cut, named, whole

from hs_notebook import errors
from hs_notebook.answer import Status
from hs_notebook.client import record
from hs_notebook.store import journal
from hs_notebook.store.place import Place

pytestmark = pytest.mark.usefixtures("no_back_off")
PLACE = Place("book.ipynb", "cell-1", 7, "session-1")


def test_what_is_asked_is_on_disk_before_it_is_sent(serve, client, holysheep_home, monkeypatch):
    """Else a kernel that dies now knows nothing of a run that goes on, and is paid for."""
    monkeypatch.setattr(record, "_AHEAD", 60)  # a busy machine
    kept = journal.default()
    known = []

    async def script(peer):
        found = kept.load(peer.request.headers["idempotency-key"])
        known.append(found is not None and (found.text, found.notebook))
        await peer.answer()

    server = serve(script)
    with closing(sqlite3.connect(holysheep_home / "hs_notebook.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nothing can be written now
        stream = client(server).stream("hello", model="m", place=PLACE)
        assert not until(lambda: server.requests, 0.3)
    stream.result(60)
    assert known == [("", "book.ipynb")]


def test_what_came_is_on_disk_before_more_comes(serve, client):
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
    kept = journal.default()
    assert until(lambda: (found := kept.load(stream.answer.id)) is not None and found.text == "A")
    found = kept.load(stream.answer.id)
    assert (found.status, found.event_id) == (Status.STREAMING, "5f3a.01.00000001")
    go.open()
    stream.result(60)
    found = kept.load(stream.answer.id)
    assert (found.text, found.status, found.notebook) == (TEXT, Status.COMPLETE, "book.ipynb")
    assert found.usage.output_tokens == 5


def test_a_restart_keeps_what_was_shown_on_disk_too(serve, client):
    answer = client(serve(kept_after_a_cut(410))).ask("hello", model="m", place=PLACE)
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
