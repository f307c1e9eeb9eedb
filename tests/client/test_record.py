"""A row an attempt, whatever its end; and a store in trouble never costs an answer."""

import logging
import random
import sqlite3
import threading
from contextlib import closing
from decimal import Decimal

import pytest
from misbehaving import TEXT, Gate, event, until

import hs_notebook as hs
from hs_notebook import StreamingConfig
from hs_notebook.answer import Status
from hs_notebook.client import record
from hs_notebook.notebook import figures
from hs_notebook.store import journal
from hs_notebook.store.place import Place


async def answer(peer):
    await peer.answer()


async def cut(peer):
    await peer.head()
    await peer.piece(event("so far"))
    peer.end()


async def reset(peer):
    peer.reset()


async def refused(peer):
    await peer.plain("400 No", b"")


async def busy(peer):
    await peer.plain("503 No", b"")


async def error_event(peer):
    await peer.head()
    await peer.piece(b'data: {"error": "boom"}\n\n')
    await peer.finish()


async def silent(peer):
    await peer.head()
    await peer.piece(b": hb\n")
    await peer.gone()


ENDINGS = {
    "answer": (answer, ["complete"]),
    "cut": (cut, ["interrupted", "interrupted"]),  # started over, once
    "reset": (reset, ["failed", "failed"]),
    "refused": (refused, ["failed"]),
    "busy": (busy, ["failed", "failed"]),
    "error_event": (error_event, ["failed"]),
    "silent": (silent, ["interrupted", "interrupted"]),
    "stopped": (silent, ["interrupted"]),
}


def test_one_row_an_attempt_with_its_own_end(serve, client, rows, no_back_off):
    """Eighty streams of all endings at once, through four slots."""

    async def script(peer):
        await ENDINGS[peer.request.json["model"]][0](peer)

    watch = StreamingConfig(heartbeat_interval=1, progress_timeout=60)
    asker = client(serve(script), max_retries=1, max_concurrency=4, streaming=watch)
    names = list(ENDINGS) * 10
    random.Random(7).shuffle(names)
    streams = [(name, asker.stream("hello", model=name)) for name in names if name != "silent"]
    for name, stream in streams:
        if name == "stopped":
            stream.cancel()
    streams.append(("silent", asker.stream("hello", model="silent")))
    for _, stream in streams:
        assert stream.wait(60)
    table = rows()
    for name, stream in streams:
        mine = [row for row in table if row["answer_id"] == stream.answer.id]
        assert [row["status"] for row in mine] == ENDINGS[name][1], name
        assert [row["attempt"] for row in mine] == list(range(1, len(mine) + 1))
        assert [row["status"] for row in mine] == [str(attempt.status) for attempt in stream.answer.attempts]
        assert all(("error" in row) == (name not in ("answer", "stopped")) for row in mine)
        assert all("duration_s" in row for row in mine)
    assert len(table) == sum(len(stream.answer.attempts) for _, stream in streams)
    assert asker.stats().active_streams == 0


def test_the_row_is_there_while_the_stream_runs(serve, client, rows):
    stream = client(serve(silent)).stream("hello", model="m")
    assert until(lambda: len(rows()) == 1)
    assert "status" not in rows()[0]
    stream.cancel()
    assert stream.wait(60)
    assert [row["status"] for row in rows()] == ["interrupted"]


def test_place_and_comparison_are_kept(serve, client, rows):
    place = Place("book.ipynb", "cell-1", 7, "session-1")
    client(serve(answer)).stream("hello", model="m", place=place, comparison_id="c-1").result(60)
    [row] = rows()
    assert (row["notebook"], row["cell_id"], row["execution_count"]) == ("book.ipynb", "cell-1", 7)
    assert (row["session"], row["comparison_id"]) == ("session-1", "c-1")


def counted(served, cost="", tier=""):
    """A whole answer of 1,500 and 850 tokens by the model of that name; `cost` as the server writes it."""
    counts = event(usage=(1500, 850), model=served)
    if tier:
        counts = counts.replace(b'"usage": {', b'"service_tier": "%b", "usage": {' % tier.encode())
    if cost:
        counts = counts.replace(b'"usage": {', b'"usage": {"cost": %b, ' % cost.encode())

    async def script(peer):
        await peer.head()
        await peer.piece(event("text", finish="stop", model=served))
        await peer.piece(counts)
        await peer.finish()

    return script


@pytest.mark.usefixtures("own_prices")
def test_a_known_price_gives_a_cost(serve, client, rows):
    """1,500 and 850 tokens on GPT-4.1 at $2.50 and $10."""
    result = client(serve(counted("gpt-4.1"))).ask("hello", model="gpt-4.1")
    assert str(result.cost_usd) == "0.01225"
    [row] = rows()
    assert row["cost_usd"] == 0.01225
    assert row["price_book"] == "prices.toml"


def test_at_another_server_than_holysheep_the_list_price_stands_in_for_a_book(serve, client, rows):
    """Never the price of the article, which is HolySheep's alone."""
    result = client(serve(counted("gpt-4.1"))).ask("hello", model="gpt-4.1")
    assert until(lambda: "cost_usd" in rows()[0])  # what it needs may still be loading
    [row] = rows()
    assert row["cost_usd"] == row["book_cost_usd"] == row["list_cost_usd"] == 0.0098
    assert row["price_book"] == row["list_price_book"] == row["price_date"]
    assert row["price_book"].startswith("genai-prices ")
    assert figures.cost_of(result) == "$0.0098 at list price"
    assert journal.default().latest(row["notebook"]).answer().cost_usd == Decimal("0.0098")


@pytest.mark.usefixtures("own_prices")
@pytest.mark.parametrize(
    ("asked", "served", "cost"),
    [
        ("gpt-4.1", "openai/gpt-4.1-2025-04-14", "0.01225"),
        ("openai/gpt-4.1", "gpt-4.1", "0.01225"),
        ("mine-2025-04-14", "vendor/mine", "0.00235"),  # the user's book knows only the dated name
        ("gpt-4.1", "nobodys-model", None),  # another model, and in no book
    ],
)
def test_the_model_that_answered_is_priced(serve, client, rows, holysheep_home, asked, served, cost):  # noqa: PLR0913, PLR0917 - fixtures and a table
    (holysheep_home / "prices").mkdir()
    (holysheep_home / "prices" / "mine.toml").write_text(
        'name = "mine"\nas_of = "today"\nchecked_on = 2026-11-22\nsource = "me"\n'
        '[[price]]\nmodel = "mine-2025-04-14"\ninput = 1\noutput = 1\n',
        "utf-8",
    )
    result = client(serve(counted(served))).ask("hello", model=asked)
    assert result.cost_usd == (None if cost is None else Decimal(cost))
    assert ("price_book" in rows()[0]) == ("price_date" in rows()[0]) == (cost is not None)


@pytest.mark.usefixtures("own_prices")
@pytest.mark.parametrize(
    ("said", "cost"), [("0.0042", "0.0042"), ('"0.0042"', "0.0042"), ("4.2e-05", "0.000042"), ("0", "0")]
)
def test_the_servers_own_figure_comes_first(serve, client, rows, said, cost):
    result = client(serve(counted("gpt-4.1", said))).ask("hello", model="gpt-4.1")
    assert str(result.cost_usd) == cost
    [row] = rows()
    assert (row["cost_usd"], row["reported_cost_usd"]) == (float(cost), float(cost))
    assert (row["book_cost_usd"], row["price_book"]) == (0.01225, "prices.toml")


@pytest.fixture
def flex(holysheep_home):
    """Prices for a model that no list has: the usual one, and one in the tier of that name."""
    usual = '[[price]]\nmodel = "house"\ninput = 2.5\noutput = 10\n'
    other = '[[price]]\nmodel = "house"\nservice = "flex"\ninput = 1\noutput = 1\n'
    (holysheep_home / "prices.toml").write_text(usual + other)


@pytest.mark.usefixtures("flex")
@pytest.mark.parametrize(
    ("asked", "said", "cost"),
    [
        ({}, "default", 0.01225),
        ({}, "flex", 0.00235),
        ({"service_tier": "flex"}, "", 0.00235),  # a server that does not say took it as it was asked
        ({"service_tier": "flex"}, "default", 0.01225),
        ({}, "priority", None),
    ],
)
def test_each_tier_of_service_has_its_price_or_none(serve, client, rows, asked, said, cost):  # noqa: PLR0913, PLR0917 - fixtures and a row of the table
    result = client(serve(counted("house", tier=said))).ask("hello", model="house", extra=asked)
    [row] = rows()
    assert row["service_tier"] == (said or "flex")
    assert row.get("cost_usd") == cost
    assert len([note for note in result.notes if "service tier 'priority' has" in note]) == (cost is None)
    assert hs.recost().empty  # by the same rule


def test_a_price_book_that_cannot_be_read_costs_only_the_cost(serve, client, rows, holysheep_home):
    """The row is completed all the same, and the answer says why its cost is unknown."""

    async def script(peer):
        await peer.head()
        await peer.piece(event("text"))
        await peer.piece(event(finish="stop"))
        await peer.piece(event(usage=(1500, 850)))
        await peer.finish()

    (holysheep_home / "prices").mkdir()
    (holysheep_home / "prices" / "mine.toml").write_text("this is no TOML", "utf-8")
    result = client(serve(script)).ask("hello", model="gpt-4.1")
    assert result.cost_usd is None
    [note] = result.notes
    assert note.startswith("The cost of this answer is unknown: ")
    assert "mine.toml is not a price book" in note
    [row] = rows()
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("complete", 1500, 850)
    assert "cost_usd" not in row
    assert "price_book" not in row


def test_a_store_that_cannot_be_written_costs_no_answer(serve, client, monkeypatch, tmp_path, caplog):
    """The answers say so, the log says so once."""
    file = tmp_path / "no folder"
    file.write_text("")
    monkeypatch.setenv("HOLYSHEEP_STORE", f"sqlite:///{file}/usage.sqlite")
    asker = client(serve(answer))
    with caplog.at_level(logging.WARNING, logger="hs_notebook"):
        first, second = asker.ask("hello", model="m"), asker.ask("hello", model="m")
    assert [first.text, second.text] == [TEXT, TEXT]
    for one in (first, second):
        row, kept = one.notes
        assert row.startswith("This answer is missing from the usage table: ")
        assert kept.startswith("This answer is not kept for being taken up again: ")
    assert len([entry for entry in caplog.records if entry.name == "hs_notebook"]) <= 1


def test_a_store_that_hangs_hangs_nobody(serve, client, rows, monkeypatch):
    from hs_notebook.store import ledger

    monkeypatch.setattr(record, "PATIENCE", 0.2)
    free = threading.Event()
    real = ledger.default

    def hanging():
        assert free.wait(60)
        return real()

    asker = client(serve(answer))
    monkeypatch.setattr(ledger, "default", hanging)  # a database on a network that has gone
    try:
        result = asker.ask("hello", model="m")
    finally:
        free.set()
    assert result.text == TEXT
    assert "has not answered for 0.2 s" in result.notes[0]
    monkeypatch.setattr(record, "PATIENCE", 10)
    assert asker.ask("hello", model="m").notes == []  # the store is back
    assert [row["status"] for row in rows()] == ["complete", "complete"]  # and nothing was lost


def test_a_locked_store_holds_no_slot_and_delays_no_second_answer(
    serve, client, rows, holysheep_home, monkeypatch
):
    """Another program has the file; once it lets go, what came meanwhile is written."""
    monkeypatch.setattr(record, "_PAUSE", 1.0)
    asker = client(serve(answer), max_concurrency=1)
    asker.ask("hello", model="m")
    with closing(sqlite3.connect(holysheep_home / "hs_notebook.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        first = asker.stream("hello", model="m")
        assert until(lambda: first.answer.status is Status.COMPLETE)
        second = asker.stream("hello", model="m")
        assert until(lambda: second.answer.status is Status.COMPLETE)
        assert not first.ended  # the slot is free before the row is
        assert first.wait(60)
        assert second.wait(60)
        third = asker.ask("hello", model="m")
        assert all("missing from the usage table" in one.notes[0] for one in (first.answer, third))
    assert until(lambda: [asker.ask("hello", model="m").notes] == [[]])
    asked = {first.answer.id, second.answer.id, third.id}
    assert asked <= {row["answer_id"] for row in rows() if row.get("status") == "complete"}  # none is lost


@pytest.fixture
def out_of_use(monkeypatch):
    """A store that takes no row, as one that another program holds, until it is set."""
    from hs_notebook.errors import StoreError
    from hs_notebook.store.database import Database

    free = threading.Event()
    tried = []
    real = Database.write

    def write(self, work):
        tried.append(self)
        if not free.is_set():
            raise StoreError("The usage store is locked.")
        return real(self, work)

    monkeypatch.setattr(Database, "write", write)
    monkeypatch.setattr(record, "_PAUSE", 0.05)
    free.tried = tried
    yield free
    free.set()


def test_a_row_that_the_store_refused_is_written_once_it_can_be(serve, client, rows, out_of_use):
    """With no further answer to remind of it."""
    gate = Gate()

    async def script(peer):
        await gate.passed()
        await peer.answer()

    out_of_use.set()
    stream = client(serve(script)).stream("hello", model="m")
    assert until(lambda: len(rows()) == 1)
    out_of_use.clear()
    gate.open()
    assert stream.wait(60)
    assert "This answer is missing from the usage table: The usage store is locked." in stream.answer.notes
    tries = len(out_of_use.tried)
    assert until(lambda: len(out_of_use.tried) > tries)
    out_of_use.set()
    assert until(lambda: rows()[0].get("status") == "complete")


def test_a_row_waits_for_its_own_store(serve, client, rows, out_of_use, monkeypatch, tmp_path):  # noqa: PLR0913, PLR0917 - fixtures
    """Meanwhile the settings name another one, which does not get it."""
    asker = client(serve(answer))
    late = asker.ask("hello", model="m")
    monkeypatch.setenv("HOLYSHEEP_STORE", str(tmp_path / "another.sqlite"))
    out_of_use.set()
    here = asker.ask("hello", model="m")
    assert [row["answer_id"] for row in rows()] == [here.id]
    monkeypatch.delenv("HOLYSHEEP_STORE")
    back = asker.ask("hello", model="m")
    both = [(late.id, "complete"), (back.id, "complete")]
    assert until(lambda: [(row["answer_id"], row.get("status")) for row in rows()] == both)


def test_work_that_never_succeeds_is_dropped_in_the_end(serve, client, out_of_use, monkeypatch):
    monkeypatch.setattr(record, "_MOST_TRIES", 3)
    monkeypatch.setattr(record, "_PAUSE", 0.0)
    asker = client(serve(answer))
    asker.ask("hello", model="m")
    settled = [0, -1]
    assert until(lambda: settled.append(len(out_of_use.tried)) or settled[-1] == settled[-20:][0] > 0)
    out_of_use.set()
    assert asker.ask("hello", model="m").notes == []


@pytest.mark.usefixtures("own_prices")
@pytest.mark.parametrize("model", ["m", "gpt-4.1"])
def test_what_nobody_counted_is_estimated(serve, client, rows, model):
    """And said to be so; without a price there is no cost all the same, and never 0."""

    async def script(peer):
        await peer.head()
        await peer.piece(event("text", model=model))
        await peer.piece(event(finish="stop", model=model))
        await peer.finish()

    result = client(serve(script)).ask("hello", model=model)
    [row] = rows()
    assert result.usage is None
    assert (row["usage_source"], row["output_tokens"]) == ("estimated", 1)
    assert row["input_tokens"] == row["estimated_input_tokens"] == 8  # "hello" and what surrounds it
    assert (result.cost_usd is None) == (model == "m")


def interrupted(model, *, counts=None):
    """A stream of that model that breaks off after some text, and whose server then refuses to go on."""

    async def script(peer):
        if peer.request.json["messages"][-1]["content"] != "hello":
            await peer.plain("400 No", b"")
            return
        await peer.head()
        await peer.piece(event("A careful accountant marks what is not known.", model=model))
        if counts is not None:
            await peer.piece(event(usage=counts, model=model))
        peer.end()

    return script


@pytest.mark.usefixtures("own_prices")
@pytest.mark.parametrize(
    ("counts", "source", "tokens", "cost"),
    [
        (None, "estimated", (8, 9), "0.00011"),
        ((1500, 1), "partial", (1500, 9), "0.00384"),
        ((1500, 850), "partial", (1500, 850), "0.01225"),
    ],
)
def test_a_broken_answer_costs_what_came_at_least(serve, client, rows, counts, source, tokens, cost):  # noqa: PLR0913, PLR0917 - fixtures and a table
    watch = StreamingConfig(reconnect=False)
    asker = client(serve(interrupted("gpt-4.1", counts=counts)), streaming=watch)
    stream = asker.stream("hello", model="gpt-4.1", restart="never")
    assert stream.wait(60)
    assert str(stream.answer.cost_usd) == cost
    row = rows()[0]
    assert (row["status"], row["usage_source"]) == ("interrupted", source)
    assert (row["input_tokens"], row["output_tokens"]) == tokens
    assert (row["estimated_input_tokens"], row["estimated_output_tokens"]) == (8, 9)


@pytest.mark.usefixtures("own_prices")
def test_the_list_price_stands_beside(serve, client, rows):
    client(serve(counted("gpt-4.1"))).ask("hello", model="gpt-4.1")
    assert until(lambda: "list_cost_usd" in rows()[0])  # what it needs may still be loading
    [row] = rows()
    assert (row["cost_usd"], row["list_cost_usd"]) == (0.01225, 0.0098)
    assert (row["estimated_input_tokens"], row["estimated_output_tokens"]) == (8, 1)
    assert row["list_price_book"].startswith("genai-prices ")
