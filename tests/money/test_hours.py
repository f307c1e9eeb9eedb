"""Hours of the week: who is in them, at the edges, past midnight and past the end of the week."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.money.hours import Hours, read

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
NIGHT = {"start_utc": time(16, 30), "end_utc": time(0, 30)}
PEAK = {"start_utc": time(1), "end_utc": time(4), "weekdays": ["mon", "tue", "wed", "thu", "fri"]}
SUNDAY_NIGHT = {"start_utc": time(22), "end_utc": time(2), "weekdays": ["sun"]}
WEEKEND = {"weekdays": ["Sat", "sun"]}
SHIFTED = {"start_utc": time(12), "end_utc": time(12), "weekdays": ["fri"]}


@pytest.mark.parametrize(
    ("said", "day", "at", "included"),
    [
        (NIGHT, 0, time(16, 29, 59, 999_999), False),
        (NIGHT, 0, time(16, 30), True),
        (NIGHT, 0, time(23, 59, 59, 999_999), True),
        (NIGHT, 1, time(0), True),
        (NIGHT, 1, time(0, 29, 59, 999_999), True),
        (NIGHT, 1, time(0, 30), False),
        (NIGHT, 0, time(0), True),  # Sunday's
        (PEAK, 4, time(1), True),
        (PEAK, 4, time(4), False),
        (PEAK, 5, time(1), False),
        (PEAK, 6, time(3, 59), False),
        (PEAK, 0, time(0, 59, 59), False),
        (SUNDAY_NIGHT, 6, time(21, 59, 59), False),
        (SUNDAY_NIGHT, 6, time(22), True),
        (SUNDAY_NIGHT, 0, time(1, 59, 59), True),  # they began on the day before
        (SUNDAY_NIGHT, 0, time(2), False),
        (SUNDAY_NIGHT, 0, time(22), False),
        (SUNDAY_NIGHT, 6, time(1), False),
        (WEEKEND, 4, time(23, 59, 59, 999_999), False),
        (WEEKEND, 5, time(0), True),
        (WEEKEND, 6, time(23, 59, 59, 999_999), True),
        (WEEKEND, 0, time(0), False),
        (SHIFTED, 4, time(11, 59), False),
        (SHIFTED, 4, time(12), True),
        (SHIFTED, 5, time(11, 59), True),
        (SHIFTED, 5, time(12), False),
    ],
)
def test_the_edges(said, day, at, included):
    moment = datetime.combine(MONDAY + timedelta(days=day), at, UTC)
    assert read(said).include(moment) is included
    assert read(said).include(moment.astimezone(timezone(timedelta(hours=-9, minutes=-30)))) is included
    assert read(said).include(moment + timedelta(weeks=60)) is included


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        (NIGHT, {"start_utc": time(0, 30), "end_utc": time(16, 30)}, False),
        (NIGHT, {"start_utc": time(0, 29), "end_utc": time(16, 30)}, True),
        (NIGHT, {"start_utc": time(0, 30), "end_utc": time(16, 31)}, True),
        (NIGHT, {"start_utc": time(18), "end_utc": time(19)}, True),
        (NIGHT, NIGHT, True),
        (PEAK, WEEKEND, False),
        (PEAK, PEAK | {"start_utc": time(6), "end_utc": time(10)}, False),
        (SUNDAY_NIGHT, PEAK, True),  # on Monday from one to two
        (SUNDAY_NIGHT, PEAK | {"weekdays": ["tue"]}, False),
        (SHIFTED, WEEKEND, True),
    ],
)
def test_which_share_a_moment(one, other, do):
    assert read(one).overlap(read(other)) is read(other).overlap(read(one)) is do


@given(
    st.times(), st.times(), st.frozensets(st.integers(0, 6), min_size=1), st.datetimes(timezones=st.just(UTC))
)
def test_each_begins_on_its_day_and_lasts_to_its_end(start, end, weekdays, moment):
    """By the calendar: today's, or what is left of yesterday's."""

    def by_calendar(first):
        begin = datetime.combine(first, start, UTC)
        last = datetime.combine(first, end, UTC)
        return first.weekday() in weekdays and begin <= moment < (
            last if start < end else last + timedelta(days=1)
        )

    moment = moment.replace(year=2000 + moment.year % 100, day=min(moment.day, 28))
    today = moment.date()
    expected = by_calendar(today) or by_calendar(today - timedelta(days=1))
    assert Hours(start, end, weekdays).include(moment) is expected


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        ({"input": 1}, ValueError, "needs start_utc and end_utc, or weekdays"),
        ({"start_utc": time(1)}, KeyError, "end_utc"),
        ({"end_utc": time(1)}, KeyError, "start_utc"),
        ({"start_utc": "16:30", "end_utc": time(1)}, TypeError, "'16:30' is not a time such as 16:30:00"),
        ({"start_utc": 16, "end_utc": time(1)}, TypeError, "16 is not a time"),
        ({"start_utc": datetime(2026, 1, 1, 16), "end_utc": time(1)}, TypeError, "is not a time"),  # noqa: DTZ001 - as TOML reads it
        ({"weekdays": []}, TypeError, "is not a list of weekdays"),
        ({"weekdays": "mon"}, TypeError, "is not a list of weekdays"),
        ({"weekdays": [1]}, TypeError, "is not a list of weekdays"),
        ({"weekdays": ["mon", "Montag"]}, ValueError, "'Montag' is no weekday"),
    ],
)
def test_what_says_no_hours_is_refused(said, error, says):
    with pytest.raises(error, match=says):
        read(said)
