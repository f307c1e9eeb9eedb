"""Budgets that kernels share: no two calls ever see the same room."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import hs_notebook as hs
from hs_notebook.errors import BudgetError
from hs_notebook.money.budget import Budget, refusal
from hs_notebook.store.ledger import Place
from hs_notebook.store.moment import from_micros, now, to_micros, today
from hs_notebook.store.reservations import default

HERE = Place("here.ipynb", "cell-1", 7, "session-1")
THERE = Place("there.ipynb", "cell-1", 7, "session-2")
CENT = Decimal("0.01")


def one_cent(known):
    """What a call that may cost a cent decides."""
    for (scope, limit, _, _), others in known:
        if limit - others < CENT:
            raise refusal(Budget(limit, scope), others, CENT)
    return CENT


def claim(answer_id, place=HERE):
    try:
        return default().claim(place, answer_id, now(), one_cent)
    except BudgetError:
        return None


@pytest.fixture(autouse=True)
def on_each_database(where, monkeypatch):
    """Every test runs on SQLite and on PostgreSQL."""
    monkeypatch.setenv("HOLYSHEEP_STORE", where)
    yield
    default()._database.close()


@pytest.fixture
def budget():
    """Set a budget for three cents."""

    def set_it(scope, place=HERE):
        default().set(place, (scope, 3 * CENT, True, "refuse"))

    return set_it


def test_without_a_budget_nothing_is_kept():
    assert claim("a") == CENT
    assert default().budgets(HERE) == []
    assert default().spent(HERE, "notebook") == 0


@pytest.mark.parametrize(("scope", "elsewhere"), [("notebook", CENT), ("kernel", CENT), ("day", None)])
def test_three_cents_are_for_three_calls(budget, scope, elsewhere):
    budget(scope)
    assert [claim(name) for name in "abcd"] == [CENT, CENT, CENT, None]
    assert default().spent(HERE, scope) == 3 * CENT
    assert claim("e", THERE) == elsewhere
    default().settle("b", Decimal(0))
    assert claim("d") == CENT


def test_the_last_word_counts_and_may_be_taken_back(budget):
    budget("notebook")
    default().set(HERE, ("notebook", CENT, False, "allow"))
    default().set(THERE, ("day", CENT, True, "refuse"))
    assert default().budgets(HERE) == [("day", CENT, True, "refuse"), ("notebook", CENT, False, "allow")]
    default().unset(HERE, "day")
    assert [kept[0] for kept in default().budgets(HERE)] == ["notebook"]
    default().unset(HERE)
    assert default().budgets(HERE) == default().budgets(THERE) == []


def test_what_the_usage_table_has_is_spent(budget, make):
    from hs_notebook.store import ledger

    budget("notebook")
    make.put(ledger.default(), *make.finished(cost=2 * CENT))
    assert [claim(name) for name in "ab"] == [CENT, None]
    assert default().spent(HERE, "notebook") == 3 * CENT


def test_yesterdays_spending_is_not_todays(budget, make):
    from hs_notebook.store import ledger

    budget("day")
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    make.put(ledger.default(), *make.finished(cost=3 * CENT, started=yesterday))
    assert claim("a") == CENT
    make.put(ledger.default(), *make.finished("answer-2", cost=2 * CENT, started=datetime.now(UTC)))
    assert claim("b") is None


@pytest.fixture(params=["Etc/GMT+12", "UTC", "Etc/GMT-14"])
def clock(request):
    """This machine's clock, in a zone where it may well be another day."""
    with pytest.MonkeyPatch.context() as zone:
        zone.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(sys.platform == "win32", reason="its zone is not set by a variable")
@pytest.mark.usefixtures("clock")
def test_a_day_is_that_of_the_usage_table_whatever_the_zone(make):
    from hs_notebook.store import ledger

    begins = from_micros(today())
    make.put(ledger.default(), *make.finished("first", cost=CENT, started=begins))
    before = begins - timedelta(microseconds=1)
    make.put(ledger.default(), *make.finished("last", cost=2 * CENT, started=before))
    days = hs.usage(by="day", scope="all").set_index("day")["cost_usd"]
    spent = default().spent(HERE, "day")
    if from_micros(today()) == begins:  # else it has become midnight meanwhile
        assert spent == CENT
    assert days.to_dict() == {begins: 0.01, begins - timedelta(days=1): 0.02}


def test_an_answer_taken_up_again_claims_in_place_of_what_it_had(budget):
    budget("notebook")
    assert [claim(name) for name in "aaab"] == [CENT] * 4
    assert default().spent(HERE, "notebook") == 2 * CENT


def test_a_reservation_whose_kernel_died_is_forgotten_after_a_day(budget):
    budget("notebook")
    old = to_micros(datetime.now(UTC) - timedelta(days=1, seconds=1))
    for name in "abc":
        default().claim(HERE, name, old, one_cent)
    assert claim("d") == CENT


def test_what_nobody_counted_stays_reserved(budget):
    budget("notebook")
    claim("a")
    default().settle("a", CENT / 2)
    assert default().spent(HERE, "notebook") == CENT / 2


def test_four_kernels_on_a_budget_for_three(budget):
    """Processes of their own, all claiming at once."""
    budget("day")
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(__file__.rpartition('/')[0])!r})\n"
        "from test_reservations import claim, default\n"
        "default()\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(claim(sys.argv[1]), flush=True)\n"
    )
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", script, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in "abcd"
    ]
    try:
        assert [kernel.stdout.readline() for kernel in kernels] == ["ready\n"] * 4
        for kernel in kernels:
            kernel.stdin.write("\n")
            kernel.stdin.flush()
        claims = sorted(kernel.stdout.readline().strip() for kernel in kernels)
    finally:
        for kernel in kernels:
            kernel.kill()
            kernel.communicate()
    assert claims == ["0.01", "0.01", "0.01", "None"]
