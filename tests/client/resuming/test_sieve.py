"""What is new, what was seen, what must not be folded: by the ids alone, and for a replay by the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.client.resuming.rules import Break
from hs_notebook.client.resuming.sieve import Sieve
from hs_notebook.wire.chunk import StreamChunk


def chunks(*ids, words=None):
    return [
        StreamChunk(word or f"<{name}>", event_id=name) for name, word in zip(ids, words or ids, strict=True)
    ]


def ours(*numbers, run="a1.01"):
    return [f"{run}.{number:08d}" for number in numbers]


def sifted(sieve, ids):
    return [chunk.event_id for chunk in sieve.sift(chunks(*ids))]


@pytest.mark.parametrize(
    ("last", "ids", "taken", "broke"),
    [
        (None, ours(1, 2, 3), ours(1, 2, 3), None),
        (None, ours(1, 1, 2, 1, 3), ours(1, 2, 3), None),
        (None, ours(1, 3, 2), ours(1), Break.GAP),
        (ours(2)[0], ours(3, 4), ours(3, 4), None),
        (ours(2)[0], ours(1, 2, 3), ours(3), None),
        (ours(2)[0], ours(4), [], Break.GAP),
        (ours(2)[0], ours(3, run="a1.02"), [], Break.UNKNOWN),  # another generation
        (ours(2)[0], ours(3, run="b2.01"), [], Break.UNKNOWN),
        (ours(2)[0], [None], [], Break.UNKNOWN),  # a replay that cannot be told from a new answer
        (None, [None, None], [None, None], None),
        (None, ["x", "x", "w"], ["x", "x", "w"], None),  # no order: nothing is dropped
        (None, ["5", "5", "7", "6", "8"], ["5", "5", "7", "8"], None),  # the same id need be no repetition
        ("5", ["5", "6"], [], Break.UNKNOWN),  # a repetition, but not of what is held
        ("s.1.8", ["s.1.9", "s.1.10", "s.1.10"], ["s.1.9", "s.1.10"], None),  # without zeros in front
        (None, ours(2, 3), [], Break.GAP),  # the first is missing
    ],
)
def test_what_is_taken(last, ids, taken, broke):
    sieve = Sieve(last, "", gapless=True)
    assert (sifted(sieve, ids), sieve.broke) == (taken, broke)


def test_a_replay_may_repeat_what_is_held():
    sieve = Sieve("2", "onetwo", gapless=True)
    taken = sieve.sift(chunks("1", "2", "3", words=["one", "two", "three"]))
    assert ([chunk.content for chunk in taken], sieve.broke) == (["three"], None)


def test_a_hole_is_believed_only_where_every_event_brings_a_chunk():
    assert sifted(Sieve(gapless=False), ours(1, 4)) == ours(1, 4)


@pytest.mark.parametrize(("done", "broke"), [(3, None), (4, Break.GAP), (2, None)])
def test_done_follows_the_last_event(done, broke):
    sieve = Sieve(gapless=True)
    sifted(sieve, ours(1, 2))
    sieve.prove(ours(done)[0])
    assert sieve.broke is broke


def test_after_a_break_nothing_is_taken():
    sieve = Sieve(gapless=True)
    assert sifted(sieve, ours(1, 3)) == ours(1)
    assert sifted(sieve, ours(2)) == []


@pytest.mark.parametrize(("ids", "broke"), [(ours(1, 2), Break.UNKNOWN), (ours(3), None)])
def test_a_whole_replay_brought_something(ids, broke):
    sieve = Sieve(ours(2)[0], gapless=True)
    sieve.sift(chunks(*ids))
    sieve.prove()
    assert sieve.broke is broke


@given(st.lists(st.integers(1, 12), max_size=40))
def test_each_once_and_in_order(numbers):
    """Whatever comes twice or late, what is taken is 1, 2, 3, …"""
    sieve = Sieve(ours(0)[0], gapless=True)
    taken = sifted(sieve, ours(*numbers))
    assert taken == ours(*range(1, len(taken) + 1))
