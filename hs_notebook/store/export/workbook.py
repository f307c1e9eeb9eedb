"""Excel: the table, and a sheet that sums it up by model. No formula, and exact times beside Excel's own.

Excel knows no time zone and keeps times as parts of a day: `started_at` is text, to the microsecond, and
`when_utc` is the same moment to sort and to group by in Excel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hs_notebook.errors import SettingError
from hs_notebook.store.export.inert import inert, original
from hs_notebook.store.export.table import kind, micros, moment
from hs_notebook.store.moment import from_micros

if TYPE_CHECKING:
    from pathlib import Path

    from hs_notebook.store.export.table import Columns

__all__ = ["read", "write"]

_SHEET = "usage"
_WHEN = "when_utc"
_LONGEST = 32_767
"""Characters of a cell. Source: support.microsoft.com, "Excel specifications and limits" (2026-11-22)"""

_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML does not take, and what looks like the escape for it: written _x000D_ (ECMA-376, ST_Xstring)."""

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def write(path: Path, columns: Columns, summary: Columns) -> None:
    """Write both tables.

    Raises:
        SettingError: A text is longer than a cell of Excel's.
    """
    from openpyxl import Workbook

    shown = {_SHEET: _cells(columns | {_WHEN: columns["started_at"]}), "by model": _cells(summary)}
    book = Workbook(write_only=True)
    for title, rows in shown.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append([_exact(sheet, value) for value in row])
    book.save(path)


def _exact(sheet: Any, value: Any) -> Any:  # noqa: ANN401 - openpyxl has no types
    """A number of more than 16 digits, as the cell that holds all of them: openpyxl itself writes so many."""
    if not isinstance(value, int | float) or float(f"{value:.16g}") == value == float(value):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, repr(value))
    cell.data_type = "n"
    return cell


def _cells(columns: Columns) -> list[list[Any]]:
    shown = [[_cell(name, value) for value in values] for name, values in columns.items()]
    return [list(columns), *map(list, zip(*shown, strict=True))]


def _cell(name: str, value: Any) -> Any:  # noqa: ANN401 - of any kind
    if value is None:
        return None
    if name == _WHEN:
        return from_micros(value).replace(tzinfo=None)
    holds = kind(name)
    if holds == "time":
        return moment(value)
    return _text(value) if holds == "text" else value


def _text(value: str) -> str:
    text = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", inert(value))
    if len(text) > _LONGEST:
        raise SettingError(
            f"A cell of Excel's holds {_LONGEST:,} characters, and one of these texts has {len(value):,}.",
            remedy="Export to .parquet, .jsonl or .csv, or leave the texts out.",
        )
    return text


def read(path: Path) -> Columns:
    """Read what `write` wrote."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    try:
        rows = book[_SHEET].iter_rows(values_only=True)
        names = [str(name) for name in next(rows)]
        columns: Columns = {name: [] for name in names}
        for row in rows:
            for name, value in zip(names, row, strict=True):
                columns[name].append(_value(name, value))
    finally:
        book.close()
    columns.pop(_WHEN, None)
    return columns


def _value(name: str, cell: Any) -> Any:  # noqa: ANN401 - of any kind
    if cell is None or name == _WHEN:
        return None
    holds = kind(name)
    if holds == "text":
        return original(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), str(cell)))
    if holds == "time":
        return micros(cell)
    return float(cell) if holds == "number" else int(cell)
