"""`%holysheep usage` and `%holysheep export`: short lines, whatever is in the rows, and their words."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

import hs_notebook as hs
from hs_notebook.errors import SettingError
from hs_notebook.notebook.usage_table import export, shown
from hs_notebook.store.ledger import default
from hs_notebook.store.schema import attempts

BARE = {
    "answer_id": "bare",
    "attempt": 1,
    "started_at": int(datetime(2026, 11, 22, 23, 59, 58, tzinfo=UTC).timestamp() * 1_000_000),
    "notebook": "here.ipynb",
    "session": "s",
    "writer": "host|1|2",
    "provider": "p",
    "model": "local",
    "status": "failed",
}
FULL = BARE | {
    "answer_id": "full",
    "model": "a-vendor/<b>a-model-with-a-long-name</b>-2026",
    "status": "interrupted",
    "input_tokens": 123_456,
    "output_tokens": 123_456,
    "usage_source": "partial",
    "cost_usd": "12.345678",
    "ttft_s": 119.123456,
    "duration_s": 3600.123456,
    "resumed_by": "continue",
}


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setenv("HS_NOTEBOOK_ID", "here.ipynb")


def put(*rows):
    for row in rows:  # one by one: they have not the same columns
        default()._database.write(lambda to, row=row: to.execute(insert(attempts).values(row)))


def lines(line=""):
    return shown(line)["text/plain"].splitlines()


def test_a_line_has_no_more_than_110_characters():
    put(FULL, BARE | {"started_at": FULL["started_at"] + 1})
    head, full, bare, gap, total = lines()
    assert max(map(len, (head, full, bare, total))) <= 110
    assert full.split()[2:5] == ["a-vendor/<b>a-mod…", "interrupted", "123,456"]
    assert full.split()[5:] == ["123,456", "$12.3457", "119.12", "3,600.1", "continue"]
    assert bare.split()[2:] == ["local", "failed", *["<NA>"] * 6]
    assert gap == ""
    assert total == "2 calls · 123,456 + 123,456 tokens · ≥ $12.3457 (1 of 2 partial, 1 of 2 unknown)"


@pytest.mark.parametrize("by", ["model", "cell", "session", "day", "comparison"])
def test_groups_fit_a_terminal_too(by):
    put(
        FULL | {"comparison_id": "c" * 32, "cell_id": "c" * 36, "session": "s" * 32, "notebook": "here.ipynb"}
    )
    head, row, *_ = lines(f"by={by}")
    assert max(len(head), len(row)) <= 170
    assert lines(by) == lines(f"by={by}")  # the first bare word is what it is by
    assert "$12.3457" in row


def test_many_rows_are_some_lines():
    put(*[BARE | {"attempt": number} for number in range(200)])
    assert len(lines()) < 70
    assert any(set(line.split()) == {"…"} for line in lines())


def test_no_row_is_an_empty_table():
    head, _, total = lines()
    assert head.endswith("resumed by")
    assert total == "no calls"


def test_names_are_no_html_and_no_markdown():
    put(FULL | {"model": "<b>x</b>|*y*`z`"})
    assert "<b>" not in shown("")["text/html"]
    assert r"\<b\>x\</b\>\|\*y\*\`z\`" in shown("")["text/markdown"]


def test_words_choose_what_is_shown():
    put(FULL, BARE | {"answer_id": "elsewhere", "notebook": "there.ipynb"})
    assert lines()[-1].startswith("1 call ·")
    assert lines("scope=all since='2026-11-01'")[-1].startswith("2 calls ·")
    assert lines("scope=all since=2027-01-01")[-1] == "no calls"


@pytest.mark.parametrize(
    "line", ["by=colour", "scope=world", "colour", "by=model by=day", "since=whenever", "raw=1"]
)
def test_words_that_are_not_understood(line):
    with pytest.raises(SettingError):
        shown(line)


def test_a_file_is_written_and_said(tmp_path):
    put(FULL)
    path = tmp_path / "usage.csv"
    assert export(str(path)).startswith(f"The usage table is in {path} (")
    assert len(hs.read_usage(path)) == 1
    with pytest.raises(SettingError, match="is there already"):
        export(str(path))
    export(f"{path} overwrite by=model")
    assert hs.read_usage(path)["calls"].tolist() == [1]


@pytest.mark.parametrize("line", ["", "overwrite", "usage.csv sideways", "usage.csv colour=red"])
def test_an_export_that_is_not_understood_writes_nothing(tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError):
        export(line)
    assert list(tmp_path.iterdir()) == []
