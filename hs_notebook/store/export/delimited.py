"""CSV and TSV: UTF-8, ISO times with their zone, an empty field for <NA>, no formula."""

from __future__ import annotations

import csv
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from hs_notebook.store.export.inert import inert, original
from hs_notebook.store.export.table import kind, moment, typed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hs_notebook.store.export.table import Columns

__all__ = ["read", "write"]


def write(path: Path, columns: Columns, *, delimiter: str = ",") -> None:
    """Write the table, its names in the first line."""
    shown = [[_field(value, _as_text(name)) for value in values] for name, values in columns.items()]
    # Python 3.11 quotes no field for a "\r" of its own, which to every reader ends a line.
    returns = any("\r" in field for fields in shown for field in fields)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=quoting)
        writer.writerow(columns)
        writer.writerows(zip(*shown, strict=True))


def _field(value: Any, as_text: Callable[[Any], str]) -> str:  # noqa: ANN401 - of any kind
    return "" if value is None else as_text(value)


def _as_text(name: str) -> Callable[[Any], str]:
    written: dict[str, Callable[[Any], str]] = {"time": moment, "text": inert, "whole": str, "number": repr}
    return written[kind(name)]


def read(path: Path, *, delimiter: str = ",") -> Columns:
    """Read what `write` wrote."""
    import pandas as pd

    # pandas' reader: the standard library's refuses a field of more than 131,072 characters.
    fields = pd.read_csv(path, sep=delimiter, dtype="object", keep_default_na=False, na_filter=False)
    return {name: [_value(name, field) for field in fields[name]] for name in map(str, fields)}


def _value(name: str, field: str) -> Any:  # noqa: ANN401 - by the column's kind
    if not field:
        return None
    return typed(name, original(field) if kind(name) == "text" else field)


write_tabs = partial(write, delimiter="\t")
read_tabs = partial(read, delimiter="\t")
