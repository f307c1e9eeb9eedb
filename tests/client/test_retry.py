"""The rule of repetition, as a table."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook import errors
from hs_notebook.client.retry import LONGEST_WAIT, delay, parse_retry_after, retryable

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        (" 2 ", 2.0),
        ("0", 0.0),
        ("0.3", 0.3),
        ("86400", 86400.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Sun, 22 Nov 2026 12:00:00", None),  # no zone: no use
        (None, None),
    ],
)
def test_retry_after(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


@given(
    attempt=st.integers(1, 2000),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, LONGEST_WAIT),
)
def test_delay_is_bounded_and_never_less_than_asked(attempt, chance, asked):
    seconds = delay(attempt, asked, lambda: chance)
    assert 0.25 <= seconds <= max(8.0, (asked or 0) + 0.1)
    assert seconds >= (asked or 0)


def test_delay_grows_and_is_left_to_chance():
    assert [delay(n, None, lambda: 0.0) for n in (1, 2, 3, 9)] == [0.25, 0.5, 1.0, 4.0]
    assert delay(1, None, lambda: 0.5) > delay(1, None, lambda: 0.0)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_statuses_that_are_tried_again(status):
    assert retryable(errors.StatusError("x", status=status))
    assert retryable(errors.StatusError("x", status=status, retry_after=LONGEST_WAIT))
    assert not retryable(errors.StatusError("x", status=status, retry_after=LONGEST_WAIT + 1))


@pytest.mark.parametrize(
    "error",
    [
        *(errors.StatusError("x", status=status) for status in (302, 400, 401, 402, 403, 404, 413, 422)),
        errors.CutError("x"),
        errors.StalledError("x"),
        errors.ProviderError("x"),
        errors.ProtocolError("x"),
        errors.NotReachedError("x"),
        None,
    ],
)
def test_what_is_not_tried_again(error):
    assert not retryable(error)


def test_a_passing_trouble_is_tried_again():
    assert retryable(errors.NotReachedError("x", transient=True))
