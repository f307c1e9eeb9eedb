"""Which events are new, seen, missing, foreign, or not to be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.client.resuming.event_ids import Follows, follows


@pytest.mark.parametrize(
    ("event_id", "last", "expected"),
    [
        ("ab12.01.00000002", "ab12.01.00000001", Follows.NEW),
        ("ab12.01.00000010", "ab12.01.00000009", Follows.NEW),
        ("ab12.01.100000000", "ab12.01.99999999", Follows.NEW),  # wider than its padding
        ("ab12.01.00000001", "ab12.01.00000001", Follows.SEEN),
        ("ab12.01.00000001", "ab12.01.00000009", Follows.SEEN),
        ("ab12.01.00000011", "ab12.01.00000009", Follows.GAP),
        ("ab12.02.00000002", "ab12.01.00000001", Follows.FOREIGN),  # F15: same numbers, another generation
        ("cd34.01.00000002", "ab12.01.00000001", Follows.FOREIGN),
        ("7", "ab12.01.00000001", Follows.FOREIGN),
        ("ab12.01.00000001", "7", Follows.FOREIGN),
        ("8", "7", Follows.NEW),
        ("1764000000123", "7", Follows.NEW),  # plain integers promise no holes to be gaps
        ("7", "7", Follows.SEEN),
        ("0", "7", Follows.SEEN),
        ("ab12.01.00000001", None, Follows.NEW),
        ("ab12.01.00000002", None, Follows.GAP),  # the first is missing
        ("2", None, Follows.NEW),
        (None, None, Follows.NEW),
        (None, "7", Follows.UNKNOWN),
        ("1764-0", "1763-0", Follows.UNKNOWN),
        ("٣", "7", Follows.UNKNOWN),
        ("-8", "7", Follows.UNKNOWN),
        ("", "7", Follows.UNKNOWN),
        ("8\n", "7", Follows.UNKNOWN),
        ("9" * 5000, "7", Follows.UNKNOWN),
        ("a.b.c", "a.b.b", Follows.UNKNOWN),
        ("ab12.01.0000000b", "ab12.01.0000000a", Follows.UNKNOWN),
    ],
)
def test_events_in_order(event_id, last, expected):
    assert follows(event_id, last) is expected


@given(st.lists(st.integers(1, 40), max_size=60))
def test_each_event_is_taken_once_and_in_order(arrivals):
    taken, last = [], None
    for number in arrivals:
        event_id = f"s.01.{number:08d}"
        if follows(event_id, last) is Follows.NEW:
            taken.append(number)
            last = event_id

    assert taken == list(range(1, len(taken) + 1))


@given(st.text(), st.text())
def test_any_text_may_stand_in_an_id(event_id, last):
    assert follows(event_id, last) in Follows
