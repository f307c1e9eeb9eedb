"""At most so many connections at once, first come first served, and the figures about it."""

import asyncio
import random

import pytest
from misbehaving import TEXT, Gate, event, until

from hs_notebook import errors
from hs_notebook.client.limit import Limit


def test_ten_at_once_and_the_rest_in_order(serve, client):
    gates = [Gate() for _ in range(13)]
    running, most = set(), 0

    async def script(peer):
        nonlocal most
        number = int(peer.request.json["messages"][0]["content"])
        running.add(number)
        most = max(most, len(running))
        await peer.head()
        await gates[number].passed()
        running.discard(number)
        await peer.piece(event("x", finish="stop", usage=None))
        await peer.finish()

    asker = client(serve(script))
    streams = [asker.stream(str(number), model="m") for number in range(13)]
    assert until(lambda: len(running) == 10)
    assert running == set(range(10))
    expected = ["streaming"] * 10 + ["queued"] * 3
    assert until(lambda: [session.status for session in asker.stats().sessions] == expected)
    stats = asker.stats()
    assert (stats.active_streams, stats.max_concurrent, stats.available_slots) == (10, 10, 0)
    for freed, next_one in ((5, 10), (2, 11), (9, 12)):
        gates[freed].open()
        assert streams[freed].wait(60)
        assert until(lambda number=next_one: number in running), running
    for gate in gates:
        gate.open()
    for stream in streams:
        stream.result(60)
    assert most == 10
    stats = asker.stats()
    assert (stats.active_streams, stats.available_slots) == (0, 10)
    assert [session.status for session in stats.sessions] == ["complete"] * 13


def test_sessions_tell_how_each_fared(serve, client):
    async def script(peer):
        if peer.request.json["model"] == "good":
            await peer.answer()
        else:
            await peer.plain("400 No", b'{"error": {"message": "bad"}}')

    asker = client(serve(script))
    asker.ask("hello", model="good")
    with pytest.raises(errors.StatusError):
        asker.ask("hello", model="bad")
    good, bad = asker.stats().sessions
    assert (good.model, good.status, good.tokens, good.error) == ("good", "complete", 5, None)
    assert good.duration_s > 0
    assert (bad.model, bad.status, bad.tokens) == ("bad", "failed", None)
    assert "400" in bad.error


def test_batch_and_compare_keep_order_and_survive_a_failure(serve, client, rows):
    async def script(peer):
        request = peer.request.json
        if "bad" in (request["model"], request["messages"][0]["content"]):
            await peer.plain("400 No", b'{"error": {"message": "bad"}}')
        else:
            await peer.answer()

    asker = client(serve(script), max_concurrency=2)
    answers = asker.batch(["one", "bad", "three", "four"], model="m")
    assert [answer.text for answer in answers] == [TEXT, "", TEXT, TEXT]
    assert [answer.error is None for answer in answers] == [True, False, True, True]
    answers = asker.compare("hello", models=["a", "bad", "c"])
    assert [answer.model for answer in answers] == ["a", "bad", "c"]
    assert [str(answer.status) for answer in answers] == ["complete", "failed", "complete"]
    table = rows()
    assert len({row["comparison_id"] for row in table if "comparison_id" in row}) == 1
    assert sum("comparison_id" in row for row in table) == 3


def test_no_slot_is_lost_whatever_order_of_events():
    """Random acquiring, cancelling and releasing, a thousand times: never more than the slots, none lost."""

    async def main(seed):
        chance = random.Random(seed)
        limit = Limit(3)
        holding = 0

        async def one():
            nonlocal holding
            await limit.acquire(first=chance.random() < 0.3)
            holding += 1
            assert holding <= 3
            try:
                await asyncio.sleep(0 if chance.random() < 0.5 else 0.001)
            finally:
                holding -= 1
                limit.release()

        tasks = [asyncio.ensure_future(one()) for _ in range(40)]
        while not all(task.done() for task in tasks):
            chance.choice(tasks).cancel()
            await asyncio.sleep(0)
        assert (limit.active, holding) == (0, 0)
        await limit.acquire()
        assert limit.active == 1

    for seed in range(30):
        asyncio.run(main(seed))
