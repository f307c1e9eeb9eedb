"""Which counts an attempt goes by, and how far they can be trusted."""

from datetime import UTC, datetime

import pytest

from hs_notebook.attempt import Attempt, Status, UsageSource
from hs_notebook.wire.chunk import Usage

GUESS = Usage(9, output_tokens=20)
CASES = {
    "the provider counted": (Status.COMPLETE, Usage(10, output_tokens=30), GUESS, (10, 30), "final"),
    "0 is a count": (Status.COMPLETE, Usage(10, output_tokens=0), GUESS, (10, 0), "final"),
    "cut, with the input known": (Status.INTERRUPTED, Usage(10), GUESS, (10, 20), "partial"),
    "cut, and less was counted than came": (
        Status.INTERRUPTED,
        Usage(10, output_tokens=8),
        GUESS,
        (10, 20),
        "partial",
    ),
    "cut, and more was counted than came": (
        Status.INTERRUPTED,
        Usage(10, output_tokens=99),
        GUESS,
        (10, 99),
        "partial",
    ),
    "failed, with the output alone": (Status.FAILED, Usage(output_tokens=8), GUESS, (9, 20), "partial"),
    "cut, and nobody counted": (Status.INTERRUPTED, None, GUESS, (9, 20), "estimated"),
    "whole, and nobody counted": (Status.COMPLETE, None, GUESS, (9, 20), "estimated"),
    "nothing came": (Status.FAILED, None, None, None, "missing"),
}


@pytest.mark.parametrize(
    ("status", "usage", "estimate", "counts", "source"), CASES.values(), ids=CASES.keys()
)
def test_the_counts_to_go_by(status, usage, estimate, counts, source):
    attempt = Attempt(1, datetime.now(UTC), 0.0, status=status, usage=usage, estimate=estimate)
    found = attempt.counts
    assert (found and (found.input_tokens, found.output_tokens)) == counts
    assert attempt.usage_source is UsageSource(source)


def test_cache_counts_stay_when_the_output_is_filled_in():
    usage = Usage(1000, 900, 50, 1)
    attempt = Attempt(1, datetime.now(UTC), 0.0, status=Status.INTERRUPTED, usage=usage, estimate=GUESS)
    assert attempt.counts == Usage(1000, 900, 50, 20)


@pytest.mark.parametrize(("resumed_by", "rate"), [(None, 20.0), ("continue", 20.0), ("replay", None)])
def test_the_rate_is_the_models_and_not_that_of_a_replay(resumed_by, rate):
    attempt = Attempt(2, datetime.now(UTC), 0.0, status=Status.COMPLETE, usage=Usage(10, output_tokens=30))
    attempt.ttft_s, attempt.duration_s, attempt.resumed_by = 0.5, 2.0, resumed_by
    assert attempt.tokens_per_s == rate
