"""JSON, one object with names and rows, and JSON lines, one object a row. Times are ISO, <NA> is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.store.export.table import kind, micros, moment
from hs_notebook.store.frame import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from hs_notebook.store.export.table import Columns

__all__ = ["read", "read_lines", "write", "write_lines"]


def write(path: Path, columns: Columns) -> None:
    """Write `{"columns": [names], "rows": [objects]}`."""
    whole = {"columns": list(columns), "rows": list(_rows(columns))}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")


def read(path: Path) -> Columns:
    """Read what `write` wrote."""
    whole = msgspec.json.decode(path.read_bytes())
    return _columns(whole["columns"], whole["rows"])


def write_lines(path: Path, columns: Columns) -> None:
    """Write a line for each row."""
    with path.open("wb") as file:
        file.writelines(msgspec.json.encode(row) + b"\n" for row in _rows(columns))


def read_lines(path: Path) -> Columns:
    """Read what `write_lines` wrote; where there is no line, the columns are those of `hs.usage()`."""
    rows = msgspec.json.Decoder().decode_lines(path.read_bytes())
    return _columns(rows[0] if rows else COLUMNS, rows)


def _rows(columns: Columns) -> Iterator[dict[str, Any]]:
    times = {name for name in columns if kind(name) == "time"}
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        yield row | {name: moment(row[name]) for name in times}


def _columns(names: Iterable[str], rows: list[Mapping[str, Any]]) -> Columns:
    columns = {name: [row[name] for row in rows] for name in names}
    for name, values in columns.items():
        if kind(name) == "time":
            columns[name] = [micros(value) for value in values]
    return columns
