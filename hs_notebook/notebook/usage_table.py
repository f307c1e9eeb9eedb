"""`%holysheep usage` and `%holysheep export`: their words, and the table in every form a viewer may want."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Collection

    from hs_notebook.store.views.report import Report

__all__ = ["EXPORT_TAKES", "USAGE_TAKES", "export", "shown"]

USAGE_TAKES = "[by=model] [scope=all] [since=7d]"
EXPORT_TAKES = "usage.xlsx [overwrite] [by=…]"

_CHOICES = ("by", "scope", "since", "session")
_FLAGS = ("overwrite", "include_text", "otel")

_ROWS = 60
"""The first and the last of more."""


def shown(line: str) -> dict[str, str]:
    """The table that the words ask for, by MIME type, in lines that fit a terminal.

    Raises:
        SettingError: A word is none of `%holysheep usage`.
    """
    from hs_notebook.store.ledger import default
    from hs_notebook.store.views import groups, pages, report
    from hs_notebook.store.views.usage import check_by, select

    chosen = _options("usage", line, bare="by")
    by = chosen.pop("by", None)
    if by is not None:
        check_by(by)
    columns = default().columns(report.NEEDED, select(**chosen))
    if by is None:
        table = report.of_rows(columns)
    else:
        table = report.of_groups(groups.grouped(columns, by), report.totals(columns))
    table = _shortened(table)
    return {
        "text/html": pages.as_html(table),
        "text/markdown": pages.as_markdown(table),
        "text/plain": pages.as_text(table),
    }


def export(line: str) -> str:
    """Write the file that the words ask for; one line that says so.

    Raises:
        SettingError: A word is none of `%holysheep export`, or the file cannot be that.
    """
    from hs_notebook.store.export.files import export_usage

    chosen = _options("export", line, bare="path", flags=_FLAGS)
    if "path" not in chosen:
        raise SettingError("%holysheep export needs a file.", remedy="Such as: %holysheep export usage.xlsx")
    path = export_usage(**chosen)
    return f"The usage table is in {path} ({path.stat().st_size:,} bytes)."


def _options(command: str, line: str, bare: str, flags: Collection[str] = ()) -> dict[str, Any]:
    """The words as arguments; a bare one is the argument named first, unless it is a flag."""
    chosen: dict[str, Any] = {}
    for word in _words(line):
        name, equals, value = word.partition("=")
        if word in flags:
            chosen[word] = True
        elif equals and name in _CHOICES and name not in chosen:
            chosen[name] = value
        elif bare not in chosen and (bare == "path" or not equals):
            chosen[bare] = word
        else:
            known = [f"{choice}=…" for choice in _CHOICES]
            raise SettingError(
                f"%holysheep {command} does not take '{word[:40]}'.",
                remedy=f"It takes {', '.join([*flags, *known])}.",
            )
    return chosen


def _words(line: str) -> list[str]:
    """The words of a line; quotes hold one together, and a backslash is a letter of a path."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise SettingError("A quote is opened on this line and not closed.", remedy="Close it.") from None


def _shortened(table: Report) -> Report:
    if len(table.rows) <= _ROWS:
        return table
    half = _ROWS // 2
    gap = tuple("…" for _ in table.heads)
    return replace(table, rows=(*table.rows[:half], gap, *table.rows[-half:]))
