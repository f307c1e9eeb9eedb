"""A renamed notebook keeps its rows; a copy and a new one of the old name do not get them."""

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import hs_notebook as hs
from hs_notebook.client.claims import Claims
from hs_notebook.store import journal, picks, reservations
from hs_notebook.store.ledger import default
from hs_notebook.store.moment import now
from hs_notebook.store.place import Place
from hs_notebook.store.renamed import Renamed

CELLS = ["3f1c-one", "3f1c-two"]


def save(path, cells=CELLS):
    path.parent.mkdir(exist_ok=True)
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"id": cell} for cell in cells]}
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def ask(make, monkeypatch, where):
    """Ask from a cell of a notebook, in a kernel that was started under that name."""
    monkeypatch.setenv("HOLYSHEEP_STORE", where)
    count = iter(range(100))

    def ask(path, cell, session="s-1", **finished):
        monkeypatch.setenv("JPY_SESSION_NAME", str(path))
        place = Place(str(path), cell, 1, session)
        answer, attempt = make.finished(f"answer-{next(count)}", **finished)
        make.put(default(), answer, attempt, place)
        return answer, place

    return ask


def seen(path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return hs.usage()["answer_id"].tolist()


def test_a_renamed_notebook_keeps_its_rows_and_answers_and_picks(ask, tmp_path, monkeypatch):
    old = save(tmp_path / "Untitled.ipynb")
    answer, place = ask(old, CELLS[0])
    journal.default().begin(answer, place, "https://example.com/v1", None)
    picks.default().record(place, "c-1", "answer-0", "gpt-4.1", [])
    ask(old, "a cell that was deleted since", "s-2")
    new = tmp_path / "elsewhere" / "Sheep.ipynb"
    new.parent.mkdir()
    old.rename(new)
    assert seen(new, monkeypatch) == ["answer-0", "answer-1"]
    assert set(hs.usage()["notebook"]) == {str(new)}
    assert journal.default().latest(str(new)).id == "answer-0"
    assert hs.picks()["comparison_id"].tolist() == ["c-1"]
    ask(new, CELLS[1], "s-3")
    assert len(seen(new, monkeypatch)) == 3


def test_a_copy_leaves_the_rows_with_the_original(ask, tmp_path, monkeypatch):
    original = save(tmp_path / "a.ipynb")
    ask(original, CELLS[0])
    copy = shutil.copy(original, tmp_path / "a-copy.ipynb")
    assert seen(copy, monkeypatch) == []
    assert seen(original, monkeypatch) == ["answer-0"]


def test_a_new_notebook_of_the_old_name_begins_anew(ask, tmp_path, monkeypatch):
    old = save(tmp_path / "Untitled.ipynb")
    ask(old, CELLS[0], "s-1")
    old.rename(tmp_path / "Sheep.ipynb")
    fresh = save(tmp_path / "Untitled.ipynb", ["another"])
    ask(fresh, "another", "s-2")
    assert seen(tmp_path / "Sheep.ipynb", monkeypatch) == ["answer-0"]
    assert seen(fresh, monkeypatch) == ["answer-1"]


def test_a_name_that_somebody_gave_stays(ask, tmp_path, monkeypatch):
    ask("my project", CELLS[0])
    assert seen(save(tmp_path / "a.ipynb"), monkeypatch) == []
    assert seen("my project", monkeypatch) == ["answer-0"]


@pytest.mark.parametrize("content", ["", "[]", '{"cells": [1]}', '{"cells": [{"source": ""}]}', "\xff"])
def test_a_file_that_is_no_notebook_changes_nothing(ask, tmp_path, monkeypatch, content):
    ask(tmp_path / "gone.ipynb", CELLS[0])
    path = tmp_path / "a.ipynb"
    path.write_text(content, "latin-1")
    assert seen(path, monkeypatch) == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_rows_of_another_machine_stay(ask, tmp_path, monkeypatch, where):
    from sqlalchemy import update

    from hs_notebook.store.schema import attempts

    ask(tmp_path / "gone.ipynb", CELLS[0])
    default()._database.write(lambda to: to.execute(update(attempts).values(writer="another/boot|1|2")))
    assert seen(save(tmp_path / "a.ipynb"), monkeypatch) == []


def kept(scope="notebook", limit="0.05"):
    return (scope, Decimal(limit), True, "refuse")


def test_a_renamed_notebook_keeps_its_budget_and_what_is_reserved(ask, tmp_path):
    old = save(tmp_path / "Untitled.ipynb")
    _, place = ask(old, CELLS[0])
    budgets = reservations.default()
    budgets.set(place, kept())
    budgets.claim(place, "running", now(), lambda _: Decimal("0.03"))
    old.rename(tmp_path / "Sheep.ipynb")
    renamed = Place(str(tmp_path / "Sheep.ipynb"), CELLS[0], 1, "s-2")
    claims = Claims(None, renamed, None)
    claims.look()  # as before each request
    assert claims.shared == [kept()]
    assert budgets.spent(renamed, "notebook") == Decimal("0.03")
    assert budgets.budgets(place) == []


def test_a_renamed_notebook_takes_its_budget_from_a_new_one_of_its_name(ask, tmp_path):
    old = save(tmp_path / "Untitled.ipynb")
    _, place = ask(old, CELLS[0], "s-1")
    budgets = reservations.default()
    budgets.set(place, kept())
    ask(old, CELLS[1], "s-1", started=datetime.now(UTC))
    old.rename(tmp_path / "Sheep.ipynb")
    save(tmp_path / "Untitled.ipynb", ["another"])
    sheep = Place(str(tmp_path / "Sheep.ipynb"), CELLS[0], 1, "s-2")
    Renamed(budgets._database).follow(sheep.notebook)
    assert (budgets.budgets(place), budgets.budgets(sheep)) == ([], [kept()])


def test_it_does_not_take_the_budget_that_the_new_one_was_given(ask, tmp_path):
    old = save(tmp_path / "Untitled.ipynb")
    _, place = ask(old, CELLS[0], "s-1")
    old.rename(tmp_path / "Sheep.ipynb")
    save(tmp_path / "Untitled.ipynb", ["another"])
    budgets = reservations.default()
    budgets.set(place, kept())
    sheep = Place(str(tmp_path / "Sheep.ipynb"), CELLS[0], 1, "s-2")
    budgets.set(sheep, kept(limit="0.07"))
    Renamed(budgets._database).follow(sheep.notebook)
    assert (budgets.budgets(place), budgets.budgets(sheep)) == ([kept()], [kept(limit="0.07")])
