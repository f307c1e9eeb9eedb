"""Every kind of file reads back equal, appears as a whole or not at all, and replaces nothing unasked."""

import csv
import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import insert

import hs_notebook as hs
from hs_notebook.errors import SettingError, StoreError
from hs_notebook.store import journal, ledger
from hs_notebook.store.export import delimited, files
from hs_notebook.store.schema import attempts
from hs_notebook.store.views.usage import usage

READABLE = [".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx", ".db", ".duckdb"]
PAGES = [".md", ".html", ".tex"]

TEXTS = [
    '=cmd()|" /C calc"!A0',
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\tindented",
    "#N/A",
    "'quoted",
    "''twice",
    "'",
    "",
    " spaces ",
    "羊の毛, 양털; шерсть",
    "👩🏽‍🚀🐑",
    'one\ntwo\r\nthree\rfour "five", six\tseven',
    "_x000D_ and _x005F_",
    "ok\r=cmd|'/c calc'!A1",
    "bell \x07 escape \x1b end \x1f",
    "NULL",
    "NaN",
    "<NA>",
    "nan",
    "None",
    "1e5",
    "007",
    "2026-11-22",
    "True",
    "a|b*c_d`<b>$&~\\",
    "\u2028 line \u2029 paragraph \x85 next",
    None,
]


def rows(count):
    """Rows with every kind of text and every kind of hole, the same each time."""
    chance = random.Random(5)
    counts = [None, 0, 1, 1500, 2**53 + 1, 2**62 + 1]
    return [
        {
            "answer_id": f"answer-{number}",
            "attempt": chance.choice([1, 2]),
            "started_at": 1_795_350_615_000_000 + number * 1_234_567,
            "notebook": chance.choice(TEXTS) or "n.ipynb",
            "cell_id": chance.choice(TEXTS),
            "execution_count": chance.choice([None, 3]),
            "session": "s",
            "writer": "host|1|2",
            "comparison_id": chance.choice([None, "c"]),
            "resumed_by": chance.choice([None, "replay", "continue", "restart"]),
            "provider": "holysheep",
            "model": chance.choice(TEXTS) or "gpt-4.1",
            "model_served": chance.choice(TEXTS),
            "status": chance.choice(["complete", "interrupted", "failed", "replayed"]),
            "finish_reason": chance.choice([None, "stop"]),
            "input_tokens": chance.choice(counts),
            "output_tokens": chance.choice(counts),
            "usage_source": chance.choice(["final", "partial", "estimated", "missing"]),
            "cost_usd": chance.choice([None, "0", "0.01225", "0.000000123456789", "123456.789"]),
            "ttft_s": chance.choice([None, 0.1 + 0.2, 5e-324, 1.0, chance.random()]),
            "duration_s": chance.choice([None, chance.random() * 1e6]),
            "request_id": chance.choice(TEXTS),
            "error": chance.choice(TEXTS),
        }
        for number in range(count)
    ]


def fill(count):
    store = ledger.default()
    if count:
        store._database.write(lambda to: to.execute(insert(attempts), rows(count)))


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_it_reads_back_equal(tmp_path, count):
    fill(count)
    table = hs.usage(scope="all")
    assert len(table) == count
    for suffix in READABLE:
        path = tmp_path / f"usage{suffix}"
        assert hs.export_usage(path, scope="all") == path
        pd.testing.assert_frame_equal(hs.read_usage(path), table, check_exact=True)
    assert len(list(tmp_path.iterdir())) == len(READABLE)


@pytest.mark.parametrize("by", ["model", "cell", "session", "day", "comparison"])
def test_groups_read_back_equal(tmp_path, by):
    fill(100)
    table = hs.usage(by=by, scope="all")
    for suffix in READABLE:
        path = hs.export_usage(tmp_path / f"usage{suffix}", by=by, scope="all")
        pd.testing.assert_frame_equal(hs.read_usage(path), table, check_exact=True)


@pytest.mark.parametrize("suffix", PAGES)
@pytest.mark.parametrize("by", [None, "model"])
@pytest.mark.parametrize("count", [0, 50])
def test_pages_are_for_people(tmp_path, suffix, by, count):
    fill(count)
    path = hs.export_usage(tmp_path / f"usage{suffix}", by=by, scope="all")
    page = path.read_text("utf-8")
    assert ("no calls" if not count else "50 calls") in page
    assert "<b>" not in page
    with pytest.raises(SettingError, match="for people"):
        hs.read_usage(path)


@pytest.mark.parametrize("suffix", [*READABLE, *PAGES])
def test_a_file_that_is_there_stays_unless_told(tmp_path, make, suffix):
    path = tmp_path / f"usage{suffix}"
    path.write_text("mine")
    with pytest.raises(SettingError, match="is there already") as caught:
        hs.export_usage(path)
    assert "overwrite=True" in str(caught.value)
    assert path.read_text() == "mine"
    make.put(ledger.default(), *make.finished())
    hs.export_usage(path, overwrite=True, scope="all")
    assert path.read_bytes() != b"mine"
    if suffix in READABLE:
        assert len(hs.read_usage(path)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_comes_meanwhile_stays_too(tmp_path, monkeypatch):
    path = tmp_path / "usage.csv"

    def meanwhile(*given, **chosen):
        path.write_text("theirs")
        return usage(*given, **chosen)

    monkeypatch.setattr(files, "usage", meanwhile)
    with pytest.raises(SettingError, match="is there already"):
        hs.export_usage(path)
    assert path.read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_half_a_file_never_appears(tmp_path, make, monkeypatch):
    make.put(ledger.default(), *make.finished())
    journal.default()
    monkeypatch.setattr(journal.Journal, "texts", lambda *_: {"answer-1": ("", "x" * 40_000)})
    with pytest.raises(SettingError, match="holds 32,767 characters"):
        hs.export_usage(tmp_path / "usage.xlsx", scope="all", include_text=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="cannot be written: no such file or directory"):
        hs.export_usage(tmp_path / "none" / "usage.csv")


@pytest.mark.parametrize("suffix", READABLE)
def test_what_is_no_export_cannot_be_read(tmp_path, suffix):
    path = tmp_path / f"usage{suffix}"
    with pytest.raises(StoreError, match="cannot be read: no such file"):
        hs.read_usage(path)
    assert not path.exists()
    path.write_bytes(b'{"half": "\xff')
    with pytest.raises(StoreError, match="cannot be read"):
        hs.read_usage(path)


@pytest.mark.parametrize("name", ["usage.docx", "usage", "usage.csv.gz"])
def test_another_suffix_is_named_and_so_are_those_there_are(tmp_path, name):
    with pytest.raises(SettingError) as caught:
        hs.export_usage(tmp_path / name)
    assert ".parquet" in caught.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"otel": True, "path": "spans.csv"},
        {"otel": True, "by": "model", "path": "spans.jsonl"},
        {"otel": True, "include_text": True, "path": "spans.jsonl"},
        {"include_text": True, "by": "model", "path": "usage.csv"},
        {"include_text": True, "path": "usage.md"},
    ],
)
def test_what_does_not_go_together(tmp_path, wrong):
    with pytest.raises(SettingError):
        hs.export_usage(tmp_path / wrong.pop("path"), **wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("suffix", "package"), [(".parquet", "pyarrow"), (".xlsx", "openpyxl"), (".duckdb", "duckdb")]
)
def test_a_package_that_is_missing_is_one_line_that_says_what_to_install(tmp_path, suffix, package):
    script = f"""
import sys
sys.modules["{package}"] = None
import hs_notebook as hs
try:
    hs.export_usage(sys.argv[1])
except hs.errors.SettingError as error:
    print(error)
"""
    path = tmp_path / f"usage{suffix}"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    needed = f'{suffix} needs {package}, which is not installed: pip install "hs-notebook[export]".\n'
    assert done.stdout == needed
    assert not path.exists()


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize(
    "text", ["ok\r=cmd()", "ok\n=cmd()", "ok\r\n=cmd()", "ok,=cmd()", "ok\t=cmd()", 'ok"=cmd()']
)
def test_no_text_ends_its_field(tmp_path, delimiter, text):
    columns = {"model": ["a", text, "b"], "error": [text, None, "c"]}
    path = tmp_path / "usage.csv"
    delimited.write(path, columns, delimiter=delimiter)
    assert delimited.read(path, delimiter=delimiter) == columns
    with path.open(encoding="utf-8", newline="") as file:
        told = list(csv.reader(file, delimiter=delimiter, strict=True))
    assert told == [["model", "error"], ["a", text], [text, ""], ["b", "c"]]


def test_no_cell_of_a_spreadsheet_is_a_formula(tmp_path):
    import openpyxl

    fill(300)
    path = hs.export_usage(tmp_path / "usage.csv", scope="all")
    fields = pd.read_csv(path, dtype="object", keep_default_na=False)
    assert len(fields) == 300
    assert fields.isin(['\'=cmd()|" /C calc"!A0', "''quoted"]).sum().sum() > 20
    for name in fields:
        assert not fields[name].str.startswith(tuple("=+-@\t\r\n")).any(), name
    book = openpyxl.load_workbook(hs.export_usage(tmp_path / "usage.xlsx", scope="all"))
    kinds = {cell.data_type for sheet in book for row in sheet for cell in row}
    assert kinds <= {"s", "n", "d"}
    assert book.sheetnames == ["usage", "by model"]


def test_a_database_is_ready_to_be_asked(tmp_path, make):
    import duckdb

    make.put(ledger.default(), *make.finished(cost=Decimal("0.01225"), usage=make.usage))
    question = "SELECT model, cost_usd, input_tokens FROM usage WHERE started_at > '2026-11-22'"
    with closing(sqlite3.connect(hs.export_usage(tmp_path / "usage.db", scope="all"))) as database:
        assert database.execute(question).fetchall() == [("gpt-4.1", 0.01225, 1500)]
        assert database.execute("SELECT date(started_at) FROM usage").fetchall() == [("2026-11-22",)]
    with duckdb.connect(hs.export_usage(tmp_path / "usage.duckdb", scope="all")) as database:
        assert database.execute(question).fetchall() == [("gpt-4.1", 0.01225, 1500)]


@pytest.mark.parametrize("suffix", READABLE)
def test_prompts_and_answers_only_when_asked(tmp_path, make, suffix):
    answer, attempt = make.finished()
    make.put(ledger.default(), answer, attempt)
    make.put(ledger.default(), *make.finished("gone"))
    journal.default().begin(answer, make.here, "https://example.com/v1", None)
    journal.default().append("answer-1", "=羊 ")
    journal.default().append("answer-1", "\ud83d!\n")
    journal.default().end(answer)
    without = hs.export_usage(tmp_path / f"without{suffix}", scope="all")
    assert b"Hello" not in without.read_bytes()
    table = hs.read_usage(
        hs.export_usage(tmp_path / f"with{suffix}", scope="all", include_text=True)
    ).set_index("answer_id")
    assert table.loc["answer-1", ["prompt", "answer"]].tolist() == ["Hello", "=羊 ?!\n"]
    assert table.loc["gone", ["prompt", "answer"]].isna().all()


def test_json_is_read_by_anybody(tmp_path, make):
    make.put(ledger.default(), *make.finished(cost=Decimal("0.01225")))
    whole = json.loads(hs.export_usage(tmp_path / "usage.json", scope="all").read_text("utf-8"))
    (row,) = whole["rows"]
    assert list(row) == whole["columns"] == list(hs.usage())
    assert row["started_at"] == "2026-11-22T12:30:15.123457+00:00"
    assert (row["cost_usd"], row["error"]) == (0.01225, None)
