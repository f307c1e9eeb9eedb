"""`%holysheep usage`: short lines, whatever is in the rows, and `<NA>` for what is not known."""

from datetime import UTC, datetime

from hs_notebook.notebook.usage_table import shown
from hs_notebook.store.frame import COLUMNS, to_frame

FULL = {
    "started_at": int(datetime(2026, 11, 22, 23, 59, 58, tzinfo=UTC).timestamp() * 1_000_000),
    "model": "a-vendor/<b>a-model-with-a-long-name</b>-2026",
    "status": "interrupted",
    "input_tokens": 123_456,
    "output_tokens": 123_456,
    "cost_usd": 12.345678,
    "ttft_s": 119.123456,
    "duration_s": 3600.123456,
    "resumed_by": "continue",
}
BARE = {"started_at": FULL["started_at"] + 1, "model": "local", "status": "failed"}


def usage(*rows):
    return to_frame({name: [row.get(name) for row in rows] for name in COLUMNS})


def test_a_line_has_no_more_than_110_characters():
    lines = shown(usage(FULL, BARE))["text/plain"].splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 110
    assert lines[1].split() == (
        [
            "0",
            "11-22",
            "23:59:58",
            "a-vendor/<b>a-mod…",
            "interrupted",
            "123456",
            "123456",
            "12.345678",
            "119.12",
            "3600.1",
            "continue",
        ]
    )
    assert lines[2].split()[3:] == ["local", "failed", *["<NA>"] * 6]


def test_many_rows_are_some_lines():
    assert len(shown(usage(*[BARE] * 500))["text/plain"].splitlines()) < 70


def test_no_row_is_an_empty_table():
    assert "resumed_by" in shown(usage())["text/plain"]


def test_names_are_no_html():
    assert "<b>" not in shown(usage(FULL))["text/html"]
