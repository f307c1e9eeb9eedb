"""A budget holds: before the request, while it streams, and over many calls at once."""

import asyncio
import threading
from decimal import Decimal
from functools import partial
from itertools import pairwise
from time import monotonic

import pytest
from misbehaving import Gate, event, until

from hs_notebook import StreamingConfig
from hs_notebook.answer import Status
from hs_notebook.client import claims, spending
from hs_notebook.errors import BudgetError
from hs_notebook.money.cost import cost_usd
from hs_notebook.money.prices import find
from hs_notebook.store import reservations
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
    monkeypatch.setattr(claims, "_said", {})
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


class Ending:
    """Sends some words with ids and breaks off; asked for the rest, it has it. `rest` False: it has none."""

    def __init__(self, *, rest=True):
        self.rest = rest
        self.asked = []

    async def __call__(self, peer):
        headers = peer.request.headers
        if peer.request.path.endswith("/stream/check"):
            await peer.plain("404 No")
            return
        self.asked.append(peer.request.json)
        named = [b"id: abc.01.%08d\n" % number for number in range(1, 13)] if self.rest else [b""] * 12
        again = len(self.asked) > 1
        if again and self.rest:
            assert headers["x-stream-event-id"] == "abc.01.00000005"
        await peer.head()
        for name in named[5:10] if again and self.rest else named[:5]:
            await peer.piece(name + event("word ", model="gpt-4.1"))
        if not again:
            peer.end()
            return
        await peer.piece(named[10] + event(finish="stop", model="gpt-4.1"))
        await peer.piece(named[11] + event(usage=(8, 10), model="gpt-4.1"))
        await peer.finish()


def test_a_replay_keeps_its_claim(serve, client, no_back_off):
    """It sends nothing that is billed again: room for one answer is enough."""
    far = Ending()
    default().set(HERE, ("notebook", CALL, True, "refuse"))
    answer = client(serve(far)).ask("hello", model="gpt-4.1", max_tokens=100, budget=CALL, place=HERE)
    assert [one.resumed_by for one in answer.attempts] == [None, "replay"]
    assert answer.text == "word " * 10
    assert default().spent(HERE, "notebook") == answer.cost_usd == Decimal("0.00012")


def test_a_replay_of_an_earlier_run_is_never_refused(serve, client):
    """Nor is what it takes over counted twice; and what it costs then is known of the budget."""
    far = Ending()
    asker = client(serve(far), streaming=StreamingConfig(reconnect=False))
    stream = asker.stream("hello", model="gpt-4.1", max_tokens=100, budget=CALL, restart="never", place=HERE)
    assert stream.wait(60)
    assert stream.answer.cost_usd == Decimal("0.00008")
    default().set(HERE, ("notebook", CALL, True, "refuse"))
    again = asker.stream(resume=stream.answer, budget=Decimal("0.00001"), place=HERE)
    assert again.wait(60)
    assert [one.resumed_by for one in again.answer.attempts] == [None, "replay"]
    assert again.answer.status is Status.COMPLETE
    assert default().spent(HERE, "notebook") == Decimal("0.00012")


def test_starting_over_is_charged_for_what_it_sends(serve, client, no_back_off):
    """Not for the text, which it does not send; and for want of room it says what was spent."""
    far = Ending(rest=False)
    asker = client(serve(far))
    broken = Decimal("0.00008")  # 8 tokens of prompt and 6 of answer
    answer = asker.ask("hello", model="gpt-4.1", max_tokens=100, budget=broken + CALL)
    assert [one.resumed_by for one in answer.attempts] == [None, "restart"]
    far.asked.clear()
    with pytest.raises(BudgetError) as caught:
        asker.ask("hello", model="gpt-4.1", max_tokens=100, budget=CALL)
    what, means, _ = caught.value.lines
    assert what.startswith("To go on, this answer may cost another $0.00102; of the budget of $0.00102 of")
    assert what.endswith("this cell $0.00094 is left.")
    assert means == "Its text is kept and has cost about $0.00008; other calls have spent or reserved $0.00."
    assert len(far.asked) == 1
    assert caught.value.answer.text == "word " * 5


def test_an_answer_longer_than_was_asked_for_takes_what_room_there_is(serve, client):
    """The server does not heed `max_tokens`, and counts as it goes."""
    counted = Gate()

    async def script(peer):
        await peer.head()
        await peer.piece(event("word", model="gpt-4.1"))
        await peer.piece(event(usage=(8, 1200), model="gpt-4.1"))
        if peer.number > 1:
            await peer.gone()
        await counted.passed()
        await peer.piece(event(finish="stop", model="gpt-4.1"))
        await peer.piece(event(usage=(8, 1200), model="gpt-4.1"))
        await peer.finish()

    asker = client(serve(script))
    default().set(HERE, ("notebook", Decimal(10), True, "refuse"))
    stream = asker.stream("hello", model="gpt-4.1", max_tokens=100, budget=10, place=HERE)
    assert until(lambda: default().spent(HERE, "notebook") >= Decimal("0.01202"))
    counted.open()
    assert stream.result(60).cost_usd == Decimal("0.01202")
    stream = asker.stream("hello", model="gpt-4.1", max_tokens=100, budget="0.005")
    assert stream.wait(60)
    assert str(stream.answer.error).startswith("Stopped at the budget of $0.005 of this cell")


@pytest.fixture
def hanging(monkeypatch):
    """A store that answers nobody until it is set free."""
    free = threading.Event()
    real = reservations.default

    def default():
        assert free.wait(60)
        return real()

    monkeypatch.setattr(reservations, "default", default)
    monkeypatch.setattr(spending, "PATIENCE", 0.2)
    yield free
    free.set()


def test_a_cells_budget_holds_while_the_store_hangs(serve, client, hanging):
    server = serve(whole())
    asker = client(server)
    default().set(HERE, ("notebook", Decimal(1), True, "refuse"))
    with pytest.raises(BudgetError, match="may cost"):
        asker.ask("hello", model="gpt-4.1", max_tokens=100, budget="0.0001", place=HERE)
    assert not server.requests
    answer = asker.ask("hello", model="gpt-4.1", max_tokens=100, budget=1, place=HERE)
    assert answer.notes == ["Budgets could not be looked at: the store does not answer."]
    hanging.set()
    assert until(lambda: not any(one.name == "hs_notebook-work" for one in threading.enumerate()))
    assert default().spent(HERE, "notebook") == CALL  # nothing was claimed after the end


@pytest.mark.parametrize("store", ["mysql://u@h/d", "foo://"])
def test_a_store_that_names_none_refuses_nobody(serve, client, monkeypatch, store):
    monkeypatch.setenv("HOLYSHEEP_STORE", store)
    asker = client(serve(whole()))
    row, kept = asker.ask("hello", model="gpt-4.1").notes
    assert row.startswith("This answer is missing from the usage table: ")
    assert kept.startswith("This answer is not kept for being taken up again: ")
    asker.ask("hello", model="gpt-4.1", max_tokens=100, budget=CALL)
    with pytest.raises(BudgetError, match="may cost"):
        asker.ask("hello", model="gpt-4.1", max_tokens=100, budget="0.0001")


def test_a_soft_budget_is_said_at_its_end_too_and_each_day_anew(serve, client, monkeypatch):
    monkeypatch.setattr(claims, "_said", {})
    asker = client(serve(whole()))
    default().set(HERE, ("day", 5 * CALL / 2, False, "refuse"))
    ask = partial(asker.ask, "hello", model="gpt-4.1", max_tokens=100, place=HERE)
    said = "of the budget of $0.00255 per day is spent or reserved"
    assert [[note[:4].strip("% ") for note in ask().notes if said in note] for _ in range(4)] == [
        [], ["80"], ["120"], [],
    ]  # fmt: skip
    tomorrow = {(scope, "2000-01-01", limit): shares for (scope, _, limit), shares in claims._said.items()}
    monkeypatch.setattr(claims, "_said", tomorrow)
    assert [note for note in ask().notes if said in note]


def test_most_of_a_cells_budget_is_said_once_for_what_it_cost(serve, client):
    """And not for what was claimed and not needed."""
    asker = client(serve(whole()))
    ask = partial(asker.ask, "hello", model="gpt-4.1")
    assert ask(max_tokens=120, budget="0.00125").notes == [
        "82% of the budget of $0.00125 of this cell is spent or reserved: $0.00102."
    ]
    assert ask(max_tokens=120, budget="0.0013").notes == []
    answers = asker.compare("hello", ["gpt-4.1"] * 3, max_tokens=100, budget=3 * CALL)
    assert sum(len(answer.notes) for answer in answers) in {1, 2}  # 80 %, then all; or both at once
