"""The seam: nothing twice, nothing lost, in however many pieces it comes."""

from datetime import UTC, datetime
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hs_notebook.answer import Answer
from hs_notebook.client.resuming.splice import LEAST_TAIL, LEAST_WHOLE, Splicer, splicable
from hs_notebook.wire.chunk import ChatRequest, StreamChunk, ToolCallDelta

TEXT = "The sheep went up the hill at dawn, and one by one they counted the stars that were left"

REFRAIN = "All work and no play makes Jack a dull boy.\n"


def spliced(prefix, pieces):
    splicer = Splicer(prefix)
    return prefix + "".join([splicer.feed(piece) for piece in pieces]) + splicer.end(), splicer.trimmed


def cut(text, places):
    edges = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


cuts = st.lists(st.integers(0, 200), max_size=40)
few = st.text("ab ,\n", max_size=80)  # so that repetitions do happen


@given(prefix=st.text(max_size=80) | few, rest=st.text(max_size=80) | few, places=cuts)
def test_without_an_echo_no_character_is_lost_or_doubled(prefix, rest, places):
    sent = prefix.rstrip()
    assume(
        not any(rest.startswith(sent[at:]) for at in range(max(1, len(sent) - LEAST_TAIL + 1))) or not sent
    )

    whole, trimmed = spliced(prefix, cut(rest, places))

    words = rest.lstrip()
    space, lead = prefix[len(sent) :], rest[: len(rest) - len(words)]
    assert trimmed == 0
    assert whole.startswith(prefix)
    assert whole.endswith(words)
    seam = whole[len(sent) : len(whole) - len(words)]
    assert seam.isspace() or seam == ""
    assert max(len(space), len(lead)) <= len(seam) <= len(space) + len(lead)
    if not space:
        assert whole == prefix + rest


@given(
    at=st.integers(LEAST_WHOLE, len(TEXT)),
    tail=st.integers(0, len(TEXT)),
    rest=st.text(max_size=40),
    places=cuts,
    space=st.sampled_from(["", " ", "\n\n"]),
)
def test_an_echo_is_left_out_however_it_is_cut(at, tail, rest, places, space):
    sent = TEXT[:at].rstrip()
    assume(len(sent) >= LEAST_WHOLE)
    echo = sent if tail < LEAST_TAIL else sent[-tail:]
    rest = "x" + rest

    assert spliced(sent + space, cut(echo + rest, places)) == (sent + space + rest, len(echo))
    # Whitespace that the model wrote anew after its echo is not doubled either.
    assert spliced(sent + space, cut(echo + space + rest, places)) == (sent + space + rest, len(echo))


@given(prefix=st.text(max_size=60) | few, rest=st.text(max_size=120) | few, places=cuts)
def test_the_way_it_is_cut_makes_no_difference(prefix, rest, places):
    assert spliced(prefix, cut(rest, places)) == spliced(prefix, [rest])


@pytest.mark.parametrize(
    ("prefix", "rest", "whole"),
    [
        ("ha ", "ha ha", "ha ha ha"),
        ("1", "11", "111"),
        ("one,", " two", "one, two"),
        ("one, ", "two", "one, two"),
        ("one, ", " two", "one, two"),
        ("one,", "two", "one,two"),
        ("one,\n", "\n\ntwo", "one,\n\ntwo"),
        ("one,\n\n", "\ntwo", "one,\n\ntwo"),
        ("f(x):\n  ", "\n    return", "f(x):\n    return"),
        ("f(x):  \n", "\n    return", "f(x):  \n    return"),
        ("one, ", "", "one, "),
        ("one, ", " ", "one, "),
        ("one, ", "\n", "one, \n"),
        ("", "  one", "  one"),
        ("-" * 40, "-" * 40, "-" * 80),
        (REFRAIN * 2, REFRAIN * 2, REFRAIN * 4),
        (REFRAIN * 3 + REFRAIN[:12], REFRAIN[12:] + REFRAIN, REFRAIN * 5),
        ("It said: " + REFRAIN * 2, REFRAIN, "It said: " + REFRAIN * 3),
        ("The capital of France", "The capital of France is Paris.", "The capital of France is Paris."),
        ("The capital", "The capital is", "The capitalThe capital is"),  # too short to tell
        (TEXT, TEXT[-LEAST_TAIL + 1 :] + "x", TEXT + TEXT[-LEAST_TAIL + 1 :] + "x"),  # one short of an echo
    ],
)  # fmt: skip
def test_seams(prefix, rest, whole):
    assert spliced(prefix, [rest])[0] == whole
    assert spliced(prefix, list(rest))[0] == whole


def test_text_that_is_no_echo_is_given_out_as_soon_as_that_is_known():
    splicer = Splicer(TEXT)

    assert splicer.feed("The s") == ""
    assert splicer.feed("tars") == "The stars"
    assert splicer.feed("The sheep") == "The sheep"


def test_a_beginning_that_repeats_the_text_and_ends_is_kept():
    whole, trimmed = spliced(TEXT, ["The sheep went up the hill at dawn"])

    assert (whole, trimmed) == (TEXT + "The sheep went up the hill at dawn", 0)


@pytest.mark.parametrize(
    ("prefix", "pieces"),
    [
        ("-" * 200_000, ["-" * 100_000, *"-" * 50_000, "x"]),
        ("ab" * 100_000 + "a", ["ab" * 50_000 + "b", *"ab" * 20_000]),
        ("a" * 100_000 + "b" * 100_000, ["a" * 50_000 + "b" * 99_999 + "c"]),
        (TEXT * 2000, list(TEXT * 600)),
        ("x" + " " * 100_000, list(" " * 100_000)),
        (TEXT + " " * 100_000, [TEXT + "\n" * 100_000]),
    ],
)
def test_hostile_text_takes_linear_time(prefix, pieces):
    began = process_time()
    whole, _ = spliced(prefix, pieces)

    assert len(whole) >= len(prefix)
    assert process_time() - began < 2


def answer(*chunks, extra=None):
    made = Answer("a", ChatRequest(model="m", messages=(), extra=extra or {}), "test")
    made.begin(datetime.now(UTC), 0.0)
    for chunk in chunks:
        made.fold(chunk, 1.0)
    return made


def test_pure_text_is_splicable():
    assert splicable(answer(StreamChunk("one"), StreamChunk(" two")))


@pytest.mark.parametrize(
    "begun",
    [
        answer(),
        answer(StreamChunk(" \n")),
        answer(StreamChunk("one"), StreamChunk(tool_calls=(ToolCallDelta(0, "c", "f"),))),
        answer(StreamChunk(reasoning="hm"), StreamChunk("one")),
        answer(StreamChunk("one"), StreamChunk(refusal="no")),
        answer(StreamChunk("{"), extra={"response_format": {"type": "json_object"}}),
    ],
)
def test_anything_else_is_not(begun):
    assert not splicable(begun)
