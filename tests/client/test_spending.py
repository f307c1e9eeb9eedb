"""A budget holds: before the request, while it streams, and over many calls at once."""

import asyncio
from decimal import Decimal
from itertools import pairwise
from time import monotonic

import pytest
from misbehaving import Gate, event, until

from hs_notebook.answer import Status
from hs_notebook.client import spending
from hs_notebook.errors import BudgetError
from hs_notebook.money.cost import cost_usd
from hs_notebook.money.prices import find
from hs_notebook.store.place import Place
from hs_notebook.store.reservations import default
from hs_notebook.wire.chunk import Usage

pytestmark = pytest.mark.usefixtures("own_prices")

HERE = Place("here.ipynb", "cell-1", 7, "session-1")
CALL = Decimal("0.00102")  # 8 tokens of prompt and 100 of answer on GPT-4.1


def whole(tokens=100):
    async def script(peer):
        await peer.head()
        await peer.piece(event("text", finish="stop", model="gpt-4.1"))
        await peer.piece(event(usage=(8, tokens), model="gpt-4.1"))
        await peer.finish()

    return script


class Endless:
    """Sends a word of one token each 5 ms, and counts them, until the connection is closed."""

    def __init__(self):
        self.sent = []

    async def __call__(self, peer):
        await peer.head()
        try:
            while True:
                await peer.piece(event(" word", model="gpt-4.1"))
                self.sent.append(monotonic())
                await asyncio.sleep(0.005)
        except (ConnectionError, OSError):
            return


def test_four_calls_on_a_budget_for_three_start_three(serve, client):
    """In one process, at once, on a budget of the notebook; and the fourth may go when there is room."""
    gate = Gate()

    async def script(peer):
        await peer.head()
        await gate.passed()
        await peer.piece(event("text", finish="stop", model="gpt-4.1"))
        await peer.piece(event(usage=(8, 10), model="gpt-4.1"))
        await peer.finish()

    server = serve(script)
    default().set(HERE, ("notebook", 3 * CALL, True, "refuse"))
    asker = client(server)
    streams = [asker.stream("hello", model="gpt-4.1", max_tokens=100, place=HERE) for _ in range(4)]
    assert until(lambda: server.open == 3 and sum(stream.ended for stream in streams) == 1)
    [refused] = [stream for stream in streams if stream.ended]
    assert isinstance(refused.answer.error, BudgetError)
    assert "may cost $0.00102" in str(refused.answer.error)
    assert refused.answer.status is Status.FAILED
    gate.open()
    for stream in streams:
        assert stream.wait(60)
    assert sum(stream.answer.status is Status.COMPLETE for stream in streams) == 3
    assert default().spent(HERE, "notebook") == 3 * Decimal("0.00012")
    asker.ask("hello", model="gpt-4.1", max_tokens=100, place=HERE)


def test_a_comparison_shares_one_budget(serve, client):
    answers = client(serve(whole())).compare("hello", ["gpt-4.1"] * 4, max_tokens=100, budget=3 * CALL)
    assert sorted(str(answer.status) for answer in answers) == ["complete"] * 3 + ["failed"]


def test_a_cap_in_mid_stream_stops_it_and_keeps_the_text(serve, client):
    """What is sent beyond the cap is no more than came in 250 ms."""
    far = Endless()
    server = serve(far)
    cap = cost_usd(Usage(8, output_tokens=200), find("gpt-4.1"))
    stream = client(server).stream("hello", model="gpt-4.1", budget=cap)
    assert stream.wait(60)
    answer = stream.answer
    assert answer.status is Status.INTERRUPTED
    assert isinstance(answer.error, BudgetError)
    assert str(answer.error).startswith("Stopped at the budget of $0.00202 of this cell")
    assert until(lambda: server.open == 0)
    words = answer.text.split()
    late = max(later - earlier for earlier, later in pairwise(far.sent))  # for which all here may be held up
    in_flight = sum(1 for at in far.sent if far.sent[199] < at <= far.sent[199] + 0.25 + 4 * late)
    assert 200 <= len(words) <= 200 + in_flight
    assert len(answer.attempts) == 1  # a stop is no break: nothing was asked again


def test_raised_it_goes_on(serve, client):
    far = Endless()
    asker = client(serve(far))
    stream = asker.stream("hello", model="gpt-4.1", budget=0.002)
    assert stream.wait(60)
    answer, kept = stream.answer, stream.answer.text
    stream = asker.stream(resume=answer, budget=0.002)  # not raised
    assert stream.wait(60)
    assert isinstance(answer.error, BudgetError)
    assert answer.text == kept
    stream = asker.stream(resume=answer, budget=0.02)
    assert until(lambda: stream.answer.attempts[-1].ttft_s is not None)  # raised: it was asked again
    stream.cancel()
    assert stream.wait(60)
    assert kept in {answer.text, *answer.superseded} or answer.text.startswith(kept)


def test_a_limit_on_the_answer_is_what_is_claimed(serve, client):
    """Whatever our estimate of its text says, an answer within `max_tokens` is not stopped."""

    async def script(peer):
        await peer.head()
        for _ in range(300):  # more characters than 100 tokens are likely to have
            await peer.piece(event("😀", model="gpt-4.1"))
            await asyncio.sleep(0.002)
        await peer.piece(event(finish="length", model="gpt-4.1"))
        await peer.piece(event(usage=(8, 100), model="gpt-4.1"))
        await asyncio.sleep(3 * spending.INTERVAL)  # it is looked at once more before the end
        await peer.finish()

    answer = client(serve(script)).ask("hello", model="gpt-4.1", max_tokens=100, budget=CALL)
    assert answer.cost_usd == CALL


def test_an_answer_may_be_long_where_there_is_room(serve, client, monkeypatch):
    """Room is claimed step by step."""
    monkeypatch.setattr(spending, "STEP", 70)

    async def script(peer):
        await peer.head()
        for _ in range(300):
            await peer.piece(event(" word", model="gpt-4.1"))
            await asyncio.sleep(0.01)
        await peer.piece(event(finish="stop", model="gpt-4.1"))
        await peer.piece(event(usage=(8, 300), model="gpt-4.1"))
        await peer.finish()

    default().set(HERE, ("day", Decimal("0.01"), True, "refuse"))
    answer = client(serve(script)).ask("hello", model="gpt-4.1", place=HERE)
    assert answer.status is Status.COMPLETE
    assert default().spent(HERE, "day") == answer.cost_usd == Decimal("0.00302")


def test_a_model_without_a_price_is_refused_unless_allowed(serve, client):
    asker = client(serve(whole()))
    with pytest.raises(BudgetError, match="No price is known for house-model") as caught:
        asker.ask("hello", model="house-model", budget=1)
    assert len(caught.value.lines) == 3
    asker.ask("hello", model="house-model", budget=1, unpriced="allow")
    asker.ask("hello", model="house-model")


def test_most_of_a_budget_is_said_once(serve, client, monkeypatch):
    monkeypatch.setattr(spending, "_warned", set())
    default().set(HERE, ("day", 5 * CALL / 2, True, "refuse"))
    asker = client(serve(whole()))
    answers = [asker.ask("hello", model="gpt-4.1", max_tokens=100, place=HERE) for _ in range(2)]
    assert answers[0].notes == []
    assert answers[1].notes == ["80% of the budget of $0.00255 per day is spent or reserved: $0.00204."]


def test_without_a_budget_nothing_is_claimed(serve, client):
    client(serve(whole())).ask("hello", model="gpt-4.1", place=HERE)
    assert default().spent(HERE, "day") == Decimal("0.00102")  # the usage table alone


def test_a_stop_before_the_first_text_reserves_the_prompt(serve, client):
    async def silent(peer):
        await peer.head()
        await peer.gone()

    default().set(HERE, ("day", Decimal(1), True, "refuse"))
    server = serve(silent)
    stream = client(server).stream("hello", model="gpt-4.1", place=HERE)
    assert until(lambda: server.open == 1)
    stream.cancel()
    assert stream.wait(60)
    assert default().spent(HERE, "day") == Decimal("0.00002")
