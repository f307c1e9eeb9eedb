"""Messages come at once, then in slices, and fewer where a page says that it lags."""

from hs_notebook.notebook.views.pace import LATE_S, LONG_AFTER_S, LONG_S, SHORT_S, WIDEST_S, Pace


def run(pace, seconds, paint, began=0.0):
    """Send whenever it is due; `paint(seq, now)` is the last message painted by then. How many went out."""
    now, seq = began, 0
    while now < began + seconds:
        if pace.due(now) <= 0:
            seq += 1
            pace.sent(seq, now)
        done = paint(seq, now)
        if done is not None:
            pace.painted(done)
        now += 0.005
    return seq


def test_the_first_is_due_at_once():
    assert Pace(0.0).due(0.0) == 0


def test_at_most_twenty_a_second_and_fewer_in_a_long_cell():
    assert 18 <= run(Pace(0.0), 1, lambda seq, now: None) <= 21
    assert LONG_S > SHORT_S
    assert run(Pace(-LONG_AFTER_S), 10, lambda seq, now: None) <= 10 / LONG_S + 1


def test_a_page_that_keeps_up_or_says_nothing_is_not_waited_for():
    silent = run(Pace(0.0), 4, lambda seq, now: None)
    assert run(Pace(0.0), 4, lambda seq, now: seq) == silent


def test_a_page_that_lags_gets_fewer_and_never_none():
    stuck = run(Pace(0.0), 10, lambda seq, now: 1)
    assert 10 / WIDEST_S - 1 <= stuck <= (LATE_S / SHORT_S) + 10 / (LATE_S / 2)


def test_it_is_told_as_usual_once_it_has_caught_up():
    pace = Pace(0.0)
    count = run(pace, 4, lambda seq, now: 1)
    assert pace.due(4.0) > 0 or pace.due(5.0) == 0
    pace.painted(count)
    pace.sent(count + 1, 4.0)
    assert pace.due(4.0) <= LONG_S


def test_another_page_begins_without_debts():
    pace = Pace(0.0)
    run(pace, 4, lambda seq, now: 1)
    pace.anew()
    pace.sent(99, 4.0)
    assert pace.due(4.0) <= SHORT_S
