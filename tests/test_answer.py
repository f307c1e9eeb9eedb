"""The answer: a fold over chunks, and its states as a table."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.answer import TRANSITIONS, Answer, Status, UsageSource
from hs_notebook.errors import CutError, ProtocolError, StatusError
from hs_notebook.wire.chunk import (
    ChatRequest,
    FinishReason,
    Message,
    StreamChunk,
    StreamEnd,
    ToolCallDelta,
    Usage,
)

STARTED = datetime(2026, 11, 22, tzinfo=UTC)
PATHS = {
    Status.STREAMING: [],
    Status.COMPLETE: [Status.COMPLETE],
    Status.INTERRUPTED: [Status.INTERRUPTED],
    Status.FAILED: [Status.FAILED],
}


def new():
    return Answer("a-1", ChatRequest(model="gpt-4.1", messages=(Message("user", "Hello"),)), "holysheep")


def begun(**how):
    answer = new()
    return answer, answer.begin(STARTED, 100.0, **how)


def move(answer, to):
    if to is Status.STREAMING:
        answer.begin(STARTED, 0.0)
    else:
        answer.end(to, 1.0)


# -- states -----------------------------------------------------------------------------------


def test_the_table_names_every_state():
    assert set(TRANSITIONS) == set(Status) == set(PATHS)


@pytest.mark.parametrize(("source", "target"), list(product(Status, Status)))
def test_only_the_moves_in_the_table_can_be_made(source, target):
    answer, _ = begun()
    for step in PATHS[source]:
        move(answer, step)
    assert answer.status is source
    attempts = len(answer.attempts)
    if target in TRANSITIONS[source]:
        move(answer, target)
        assert answer.status is target
        assert len(answer.attempts) == attempts + (target is Status.STREAMING)
    else:
        with pytest.raises(ValueError, match=f"cannot go from {source} to {target}"):
            move(answer, target)
        assert answer.status is source
        assert len(answer.attempts) == attempts


def test_a_whole_answer_is_never_left():
    assert {status for status in Status if not TRANSITIONS[status]} == {Status.COMPLETE}


@given(st.lists(st.sampled_from(list(Status)), max_size=12))
def test_any_walk_keeps_answer_and_last_attempt_in_step(walk):
    answer, _ = begun()
    for target in walk:
        if target in TRANSITIONS[answer.status]:
            move(answer, target)
        assert answer.attempts[-1].status is answer.status
        assert [attempt.number for attempt in answer.attempts] == list(range(1, len(answer.attempts) + 1))
        assert all(one.status is not Status.STREAMING for one, _ in pairwise(answer.attempts))


def test_a_new_answer_knows_nothing():
    answer = new()
    assert (answer.text, answer.reasoning, answer.refusal) == ("", "", "")
    assert (
        answer.usage is answer.cost_usd is answer.finish_reason is answer.model_served is answer.error is None
    )
    assert answer.usage_source is UsageSource.MISSING
    assert answer.model == "gpt-4.1"


def test_an_error_is_kept_and_gone_when_it_is_tried_again():
    answer, first = begun()
    error = StatusError("Too many requests.", remedy="Wait.", status=429)
    assert answer.end(Status.FAILED, 103.5, error) is first
    assert (answer.error, first.error, first.duration_s) == (error, "StatusError: Too many requests.", 3.5)
    second = answer.begin(STARTED, 110.0, resumed_by="restart")
    assert answer.error is None
    assert (second.number, second.resumed_by, second.error) == (2, "restart", None)
    answer.end(Status.INTERRUPTED, 111.0)  # ■: no error
    assert answer.error is second.error is None
    assert first.error is not None


def test_the_last_attempt_speaks_for_the_answer():
    answer, first = begun()
    answer.fold(StreamChunk("x", model="old", usage=Usage(1, None, None, 1)), 101.0)
    first.cost_usd = Decimal(1)
    answer.end(Status.INTERRUPTED, 102.0, CutError("It broke off."))
    answer.begin(STARTED, 200.0)
    assert answer.usage is answer.model_served is None
    assert answer.usage_source is UsageSource.MISSING
    assert answer.text == "x"


def billed(answer, cost, status=Status.COMPLETE, *, usage=None, estimate=None, resumed_by=None):  # noqa: PLR0913 - what an attempt may bring
    """One more attempt, at its end and priced."""
    attempt = answer.begin(STARTED, 0.0, resumed_by=resumed_by)
    attempt.usage, attempt.estimate = usage, estimate
    answer.end(status, 1.0)
    attempt.cost_usd = None if cost is None else Decimal(cost)


COUNTED, BROKEN = {"usage": Usage(1, output_tokens=2)}, {"status": Status.INTERRUPTED}
GUESSED = {"estimate": Usage(1, output_tokens=2)}


@pytest.mark.parametrize(
    ("attempts", "cost", "source"),
    [
        ([], None, "missing"),
        ([("0.01225", COUNTED)], "0.01225", "final"),
        ([(None, COUNTED)], None, "missing"),  # no price
        ([("0", {})], "0", "final"),  # what is free is free however much it was
        ([("0.012", BROKEN | COUNTED), ("0.0016", COUNTED)], "0.0136", "partial"),
        ([("0.012", BROKEN | GUESSED), ("0.0016", COUNTED)], "0.0136", "estimated"),
        ([("0.012", BROKEN | GUESSED), ("1", BROKEN | COUNTED), ("2", COUNTED)], "3.012", "partial"),
        ([(None, BROKEN), ("0.0016", COUNTED)], "0.0016", "partial"),  # nobody knows what the first took
        ([("0.012", BROKEN | COUNTED), (None, BROKEN)], "0.012", "partial"),
        ([(None, BROKEN), ("0.0016", COUNTED | {"resumed_by": "replay"})], "0.0016", "final"),  # given away
        ([("1e-40", BROKEN | GUESSED), ("1", COUNTED)], f"1.{'0' * 39}1", "estimated"),
    ],
)
def test_an_answer_costs_what_its_attempts_cost_together(attempts, cost, source):
    """Of which nothing is said to be the last word that is not."""
    answer = new()
    for each, how in attempts:
        billed(answer, each, **how)
    assert answer.cost_usd == (None if cost is None else Decimal(cost))
    assert answer.cost_source == source


def test_while_an_attempt_runs_the_cost_of_those_before_is_a_lower_bound():
    answer = new()
    billed(answer, "0.012", Status.INTERRUPTED, estimate=Usage(1, output_tokens=2))
    answer.begin(STARTED, 2.0, resumed_by="continue")
    assert (answer.cost_usd, answer.cost_source) == (Decimal("0.012"), "partial")


@pytest.mark.parametrize(
    ("status", "usage", "source"),
    [
        (Status.COMPLETE, Usage(1, output_tokens=2), UsageSource.FINAL),
        (Status.COMPLETE, Usage(1), UsageSource.PARTIAL),  # nobody counted the output
        (Status.INTERRUPTED, Usage(1), UsageSource.PARTIAL),
        (Status.FAILED, Usage(1), UsageSource.PARTIAL),
        *((status, None, UsageSource.MISSING) for status in sorted(TRANSITIONS[Status.STREAMING])),
    ],
)
def test_how_far_the_counts_can_be_trusted(status, usage, source):
    answer, _ = begun()
    answer.fold(StreamChunk(usage=usage), 101.0)
    assert answer.usage_source is (UsageSource.PARTIAL if usage else UsageSource.MISSING)
    answer.end(status, 102.0)
    assert answer.usage_source is source


# -- the fold ---------------------------------------------------------------------------------

TEXT = st.text(max_size=4)
CHUNKS = st.lists(
    st.builds(
        StreamChunk,
        content=TEXT,
        reasoning=TEXT,
        refusal=TEXT,
        model=st.none() | st.sampled_from(["m-1", "m-2"]),
        event_id=st.none() | st.text(max_size=3),
        finish_reason=st.none() | st.sampled_from(list(FinishReason)),
        usage=st.none()
        | st.builds(Usage, input_tokens=st.integers(0, 99), output_tokens=st.none() | st.integers(0)),
        tool_calls=st.lists(st.builds(ToolCallDelta, index=st.integers(0, 2)), max_size=2).map(tuple),
        note=st.none() | st.sampled_from(["note one", "note two"]),
    ),
    max_size=30,
)


def last(values):
    return next((value for value in reversed(values) if value is not None), None)


@given(CHUNKS)
def test_what_a_fold_comes_to(chunks):
    answer, attempt = begun()
    for step, chunk in enumerate(chunks, 1):
        answer.fold(chunk, 100.0 + step)
    assert answer.text == "".join(chunk.content for chunk in chunks)
    assert answer.reasoning == "".join(chunk.reasoning for chunk in chunks)
    assert answer.refusal == "".join(chunk.refusal for chunk in chunks)
    assert answer.tool_calls == [delta for chunk in chunks for delta in chunk.tool_calls]
    assert answer.notes == list(dict.fromkeys(chunk.note for chunk in chunks if chunk.note is not None))
    assert answer.chunks_received == len(chunks)
    assert answer.last_event_id == last([chunk.event_id for chunk in chunks])
    assert answer.usage == last([chunk.usage for chunk in chunks])  # running totals: replaced, never added
    assert answer.finish_reason == last([chunk.finish_reason for chunk in chunks])
    assert answer.model_served == next((chunk.model for chunk in chunks if chunk.model is not None), None)
    spoken = [step for step, chunk in enumerate(chunks, 1) if chunk.content or chunk.reasoning]
    assert attempt.ttft_s == (spoken[0] if spoken else None)
    assert answer.status is Status.STREAMING


@given(CHUNKS, st.integers(0, 30))
def test_text_goes_on_over_attempts(chunks, cut):
    answer, _ = begun()
    for chunk in chunks[:cut]:
        answer.fold(chunk, 101.0)
    answer.end(Status.INTERRUPTED, 102.0)
    second = answer.begin(STARTED, 200.0, resumed_by="replay")
    for chunk in chunks[cut:]:
        answer.fold(chunk, 201.0)
    assert answer.text == "".join(chunk.content for chunk in chunks)
    assert answer.chunks_received == len(chunks)
    assert answer.usage == last([chunk.usage for chunk in chunks[cut:]])
    assert second.ttft_s in {None, 1.0}


def test_a_reader_in_another_thread_misses_nothing():
    answer, _ = begun()
    seen, ended = [], threading.Event()

    def read():
        while True:
            stop = ended.is_set()  # asked first: what was folded before the end is then read below
            seen.extend(answer.parts[len(seen) :])
            if stop:
                return

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50_000):
        answer.fold(StreamChunk(f"{number} "), 101.0)
    ended.set()
    reader.join()
    assert "".join(seen) == answer.text


# -- figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "end", "usage", "speed"),
    [
        (101.0, 103.0, Usage(output_tokens=50), 25.0),
        (101.0, 101.0, Usage(output_tokens=50), None),  # all at once: no speed, not an infinite one
        (None, 103.0, Usage(output_tokens=50), None),
        (101.0, 103.0, Usage(), None),
        (101.0, 103.0, None, None),
        (101.0, 103.0, Usage(output_tokens=0), 0.0),
    ],
)
def test_tokens_per_second_from_the_first_text_on(first, end, usage, speed):
    answer, attempt = begun()
    if first is not None:
        answer.fold(StreamChunk("x"), first)
    answer.fold(StreamChunk(usage=usage), end)
    assert attempt.tokens_per_s is None
    answer.end(Status.COMPLETE, end)
    assert attempt.tokens_per_s == speed


def test_reasoning_counts_as_the_first_sign():
    answer, attempt = begun()
    answer.fold(StreamChunk(model="m"), 101.0)
    answer.fold(StreamChunk(reasoning="Hm."), 102.0)
    answer.fold(StreamChunk("Yes."), 109.0)
    assert attempt.ttft_s == 2.0


@pytest.mark.parametrize(
    ("attempts", "ttft"),
    [
        ([], None),
        ([(None, None)], None),
        ([(None, None), (None, 0.5)], 0.5),  # the first request brought nothing
        ([(None, 0.5), ("replay", 0.01)], 0.5),
        ([(None, 0.5), ("continue", 0.2), ("replay", 0.01)], 0.5),
        ([(None, None), ("replay", 0.01)], None),  # the kernel was killed before it was recorded
        ([(None, 0.5), ("restart", None)], 0.5),  # nothing has come of it yet
        ([(None, 0.5), ("restart", 0.3), ("continue", 0.1)], 0.3),
    ],
)
def test_the_first_text_is_that_of_the_answer_not_of_what_took_it_up(attempts, ttft):
    answer = new()
    for how, seconds in attempts:
        if answer.attempts:
            answer.end(Status.INTERRUPTED, 1.0)
        answer.begin(STARTED, 0.0, resumed_by=how).ttft_s = seconds
    assert answer.ttft_s == ttft


def test_what_was_mended_in_the_counts_is_told_once():
    answer, _ = begun()
    for tokens in (1, 2):
        answer.fold(StreamChunk(usage=Usage(output_tokens=tokens, note="they were odd")), 101.0)
    assert answer.notes == ["The token counts were mended: they were odd."]


# -- the closing record -----------------------------------------------------------------------


def end_of(text):
    return StreamEnd(events=3, sha256=hashlib.sha256(text.encode()).hexdigest())


@given(st.lists(st.text(max_size=5), max_size=5))
def test_the_closing_record_proves_the_text(parts):
    answer, _ = begun()
    for part in parts:
        answer.fold(StreamChunk(part), 101.0)
    answer.fold(StreamChunk(end=end_of("".join(parts))), 102.0)


@pytest.mark.parametrize("sent", ["Hello", "Hello  world", "hello world", ""])
def test_a_text_that_changed_on_its_way_is_noticed(sent):
    answer, _ = begun()
    answer.fold(StreamChunk("Hello world"), 101.0)
    with pytest.raises(ProtocolError, match="digests differ"):
        answer.fold(StreamChunk(end=end_of(sent)), 102.0)
    assert answer.text == "Hello world"


def test_a_repr_shows_no_text():
    answer, _ = begun()
    answer.fold(StreamChunk("secret thoughts"), 101.0)
    assert repr(answer) == "<Answer a-1 gpt-4.1 streaming 15 characters, 1 attempt>"


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("gpt-4.1\n\n# H\x1b[2J", "gpt-4.1 # H [2J"),
        ("\x1b\n", None),
        ("  ", None),
        ("m" * 1000, "m" * 199 + "…"),
        ("模型-1 (preview)", "模型-1 (preview)"),
    ],
)
def test_the_servers_name_of_its_model_is_one_short_line(named, kept):
    answer = Answer("a", ChatRequest(model="m", messages=(Message("user", "x"),)), "p")
    answer.begin(datetime.now(UTC), 0.0)
    answer.fold(StreamChunk("Hi", model=named), 1.0)
    assert answer.model_served == kept
