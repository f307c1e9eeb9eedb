"""`hs.usage()`: which rows, and what is said of an argument that is none."""

from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest

import hs_notebook as hs
from hs_notebook.errors import SettingError
from hs_notebook.store.ledger import default
from hs_notebook.store.place import Place, session

NOW = datetime.now(UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def rows(make, monkeypatch):
    """One row in this notebook and kernel, one in each of the two alone, one in neither."""
    monkeypatch.setenv("HS_NOTEBOOK_ID", "here.ipynb")
    for name, notebook, run in (
        ("both", "here.ipynb", session()),
        ("notebook", "here.ipynb", "another"),
        ("kernel", "there.ipynb", session()),
        ("neither", "there.ipynb", "another"),
    ):
        make.put(default(), *make.finished(name), Place(notebook, None, None, run))


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, {"both", "notebook"}),
        ({"scope": "notebook"}, {"both", "notebook"}),
        ({"scope": "kernel"}, {"both", "kernel"}),
        ({"scope": "all"}, {"both", "notebook", "kernel", "neither"}),
        ({"session": "another"}, {"notebook", "neither"}),
        ({"session": "nobody's"}, set()),
    ],
)
def test_scope_and_session(rows, chosen, found):
    assert set(hs.usage(**chosen)["answer_id"]) == found
    by_session = hs.usage(by="session", **chosen)
    assert by_session["calls"].sum() == len(found)


@pytest.mark.parametrize(
    ("since", "found"),
    [
        (NOON, 2),
        (NOON + timedelta(microseconds=1), 1),
        (NOON.astimezone(timezone(timedelta(hours=9))), 2),
        (NOON.replace(tzinfo=None), 2),
        ("2026-11-20T12:00:00", 2),
        ("2026-11-20T12:00+01:00", 2),
        ("2026-11-20 12:00:01Z", 1),
        ("2026-11-20", 2),
        (date(2026, 11, 20), 2),
        (date(2026, 11, 21), 1),
        (pd.Timestamp("2026-11-20T12:00", tz="UTC"), 2),
    ],
)
def test_since(make, monkeypatch, since, found):
    monkeypatch.setenv("HS_NOTEBOOK_ID", "here.ipynb")
    for number, when in enumerate((NOON - timedelta(days=1), NOON, NOON + timedelta(days=2))):
        make.put(default(), *make.finished(f"answer-{number}", started=when))
    assert len(hs.usage(since=since)) == found
    assert hs.usage(by="model", since=since)["calls"].tolist() == [found]


@pytest.mark.parametrize(
    ("since", "found"),
    [("30min", 1), ("2h", 2), ("3d", 3), ("2 w", 4), (timedelta(hours=2), 2), (timedelta(0), 0)],
)
def test_since_so_long_ago(make, monkeypatch, since, found):
    monkeypatch.setenv("HS_NOTEBOOK_ID", "here.ipynb")
    ages = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=10))
    for number, age in enumerate(ages):
        make.put(default(), *make.finished(f"answer-{number}", started=datetime.now(UTC) - age))
    assert len(hs.usage(since=since)) == found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"by": "colour"}, "by='colour' is none of model, cell, session, day, comparison."),
        ({"scope": "world"}, "scope='world' is none of kernel, notebook, all."),
        ({"since": "yesterday"}, "since='yesterday' is no moment."),
        ({"since": "7 miles"}, "since='7 miles' is no moment."),
    ],
)
def test_an_argument_that_is_none(wrong, said):
    with pytest.raises(SettingError) as caught:
        hs.usage(**wrong)
    assert caught.value.lines[0] == said
