"""The ladder that finds the notebook."""

from __future__ import annotations

import pytest

from hs_notebook.store.place import Place, current_place, session, set_place_finder


@pytest.fixture(autouse=True)
def no_finder():
    yield
    set_place_finder(None)


def test_the_ladder_from_the_top(monkeypatch):
    assert current_place() == Place(f"kernel:{session()}", None, None, session())
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ann/work.ipynb")
    assert current_place().notebook == "/home/ann/work.ipynb"
    monkeypatch.setenv("HS_NOTEBOOK_ID", "my study")
    assert current_place().notebook == "my study"
    found = Place("found.ipynb", "cell", 3, session())
    set_place_finder(lambda: found)
    assert current_place() is found
    set_place_finder(lambda: None)
    assert current_place().notebook == "my study"
    monkeypatch.setenv("HS_NOTEBOOK_ID", "")
    assert current_place().notebook == "/home/ann/work.ipynb"


def test_a_session_is_one_for_the_process():
    assert session() == session()
    assert len(session()) == 32
