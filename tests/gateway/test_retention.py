"""What is kept: the oldest go first, what is read stays, and nobody is asked twice."""

import pytest

from hs_notebook.gateway import retention
from hs_notebook.gateway.retention import Retention


def nobody(name):
    return False


@pytest.fixture
def kept():
    """Five answers of 10 bytes that ended at 1, 2, 3, 4, 5 s; an hour and 50 bytes are the limits."""
    kept = Retention(3600, 50)
    for number in range(1, 6):
        kept.add(str(number), number, 10)
    return kept


@pytest.mark.parametrize(
    ("now", "out"), [(0, []), (3601, []), (3601.5, ["1"]), (3603.5, ["1", "2", "3"]), (1e9, list("12345"))]
)
def test_they_go_when_their_time_is_over(kept, now, out):
    assert kept.expire(now, nobody) == out
    assert kept.expire(now, nobody) == []
    assert [name for name in "12345" if kept.has_expired(name)] == out


@pytest.mark.parametrize(("size", "out"), [(0, []), (1, ["1"]), (11, ["1", "2"]), (100, [*"12345", "new"])])
def test_the_oldest_go_when_there_are_too_many_bytes(kept, size, out):
    kept.add("new", 6, size)
    assert kept.expire(6, nobody) == out


def test_what_is_read_stays_and_the_next_goes(kept):
    kept.add("new", 6, 10)
    assert kept.expire(6, lambda name: name in "12") == ["3"]
    assert kept.expire(1e9, lambda name: name == "4") == ["1", "2", "5", "new"]


def test_one_that_is_generated_anew_is_not_counted_and_not_let_go(kept):
    kept.remove("1")
    kept.remove("never there")
    kept.add("new", 6, 10)
    assert kept.expire(6, nobody) == []
    kept.add("2", 7, 10)  # ended a second time: now it is the newest
    assert kept.expire(3605.5, nobody) == ["3", "4", "5"]


def test_there_are_never_too_many(monkeypatch, kept):
    monkeypatch.setattr(retention, "_MAX_STREAMS", 3)
    assert kept.expire(6, nobody) == ["1", "2"]
