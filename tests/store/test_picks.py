"""One row for each comparison in which somebody picked an answer."""

import pandas as pd

from hs_notebook.store.picks import Picks, default, picks
from hs_notebook.store.place import Place

DTYPES = {
    "picked_at": "datetime64[us, UTC]",
    "notebook": "string",
    "cell_id": "string",
    "comparison_id": "string",
    "answer_id": "string",
    "model": "string",
    "others": "object",
}


def test_a_pick_is_read_back(database, make):
    Picks(database).record(make.here, "c-1", "a-1", "gpt-4.1", ["local", "羊"])
    frame = Picks(database).frame("here.ipynb")
    assert frame.dtypes.astype(str).to_dict() == DTYPES
    row = frame.iloc[0].to_dict()
    assert abs((row.pop("picked_at") - pd.Timestamp.now("UTC")).total_seconds()) < 60
    assert row == {
        "notebook": "here.ipynb",
        "cell_id": "cell-1",
        "comparison_id": "c-1",
        "answer_id": "a-1",
        "model": "gpt-4.1",
        "others": ("local", "羊"),
    }


def test_the_last_word_on_a_comparison_counts(database, make):
    kept = Picks(database)
    kept.record(make.here, "c-1", "a-1", "gpt-4.1", ["local"])
    kept.record(make.here, "c-2", "a-3", "demo", [])
    kept.record(make.here, "c-1", "a-2", "local", ["gpt-4.1"])
    assert kept.frame()["answer_id"].tolist() == ["a-3", "a-2"]


def test_notebooks_are_kept_apart_and_no_pick_is_an_empty_table(monkeypatch):
    assert picks().dtypes.astype(str).to_dict() == DTYPES
    monkeypatch.setenv("HS_NOTEBOOK_ID", "a.ipynb")
    default().record(Place("a.ipynb", None, None, "s"), "c-1", "a-1", "demo", ["local"])
    default().record(Place("b.ipynb", None, None, "s"), "c-2", "a-2", "demo", ["local"])
    assert picks()["comparison_id"].tolist() == ["c-1"]
    assert picks()["cell_id"].isna().tolist() == [True]
    assert len(default().frame()) == 2


def test_no_key_gets_into_a_pick(database, make):
    key = "sk-proj-4f9a8b7c6d5e4f3a2b1c0d9e"
    Picks(database).record(make.here, "c-1", "a-1", f"x {key}", [key])
    assert key not in str(Picks(database).frame().to_dict())
