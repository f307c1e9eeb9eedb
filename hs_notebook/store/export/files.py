"""`hs.export_usage()` and `hs.read_usage()`: which kind of file, and never half of one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hs_notebook.errors import SettingError, StoreError
from hs_notebook.store.export import table
from hs_notebook.store.ledger import default
from hs_notebook.store.new_file import check_free, new_file
from hs_notebook.store.views import groups, pages, report
from hs_notebook.store.views.usage import select, usage

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from hs_notebook.store.reading import Selection
    from hs_notebook.store.views.usage import By, Scope, Since

__all__ = ["SUFFIXES", "export_usage", "read_usage"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of file.

    Attributes:
        room: The module that writes and reads it; "" for a page for people.
        write: Its function that writes.
        read: Its function that reads; "" where nothing reads it back.
        needs: The packages it stands on.
    """

    room: str = ""
    write: str = "write"
    read: str = "read"
    needs: tuple[str, ...] = ()


_PAGES: dict[str, Callable[[report.Report], str]] = {
    ".md": pages.as_markdown,
    ".html": lambda of: (
        f'<!doctype html>\n<meta charset="utf-8">\n<title>Usage</title>\n{pages.as_html(of)}\n'
    ),
    ".tex": pages.as_latex,
}

_KINDS = {
    ".csv": _Kind("delimited"),
    ".tsv": _Kind("delimited", "write_tabs", "read_tabs"),
    ".json": _Kind("json_files"),
    ".jsonl": _Kind("json_files", "write_lines", "read_lines"),
    ".parquet": _Kind("arrow", "write_parquet", "read_parquet", ("pyarrow",)),
    ".xlsx": _Kind("workbook", needs=("openpyxl",)),
    ".db": _Kind("sqlite_file"),
    ".duckdb": _Kind("arrow", "write_duckdb", "read_duckdb", ("duckdb", "pyarrow")),
}

SUFFIXES = (*_KINDS, *_PAGES)
"""What a file may end in; the last three are for people, and nothing reads them back."""


def export_usage(  # noqa: PLR0913 - what is said of a file
    path: str | os.PathLike[str],
    *,
    by: By | None = None,
    scope: Scope = "notebook",
    since: Since | None = None,
    session: str | None = None,
    overwrite: bool = False,
    include_text: bool = False,
    otel: bool = False,
) -> Path:
    """Write the usage table to a file, of the kind that its suffix says; give its path.

    .csv .tsv .json .jsonl .parquet .xlsx .db (SQLite) .duckdb hold all columns, and `read_usage` reads them
    back with equal values, dtypes, time zones and nulls. .md .html .tex are for people: what
    `%holysheep usage` shows. The file is there as a whole or not at all.

    Args:
        path: Where to.
        by: In groups, as in `usage`; None: row by row.
        scope: As in `usage`.
        since: As in `usage`.
        session: As in `usage`.
        overwrite: Whether a file that is there may go.
        include_text: Put prompts and answers into two more columns, as far as they are still kept.
        otel: Write OpenTelemetry spans instead, as OTLP JSON lines, into a .jsonl.

    Raises:
        SettingError: There is such a file; or the suffix is none of these, a package is missing, or two
            arguments do not go together.
        StoreError: The file cannot be written, or the store not be read.
    """
    target = Path(path).expanduser()
    kind = _kind(target)
    _check(target, by, overwrite=overwrite, include_text=include_text, otel=otel)
    chosen = select(scope, since, session)
    if kind is None:
        page = _PAGES[target.suffix.lower()](_report(chosen, by))
        with new_file(target, overwrite=overwrite) as part:
            part.write_text(page, encoding="utf-8")
        return target
    columns = table.to_columns(usage(by, scope=scope, since=since, session=session))
    if include_text:
        columns |= _texts(columns["answer_id"])
    with new_file(target, overwrite=overwrite) as part:
        _write(kind, part, columns, chosen, otel=otel)
    return target


def read_usage(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a file of `export_usage`: the same values, dtypes, time zones and nulls as of the table written.

    Raises:
        SettingError: The suffix is none that can be read back, or a package is missing.
        StoreError: The file cannot be read, or is none of `export_usage`.
    """
    source = Path(path).expanduser()
    kind = _kind(source)
    if kind is None:
        raise SettingError(
            f"{source.name} is a page for people, which nothing reads back.",
            remedy=f"Export to one of {' '.join(_KINDS)}.",
        )
    try:
        source.open("rb").close()  # some of the readers would make a file that is not there
        columns = _function(kind, kind.read)(source)
        return table.to_frame(columns)
    except Exception as error:  # every reader has errors of its own
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else "it is no export of usage"
        raise StoreError(f"{source} cannot be read: {reason.lower()}.") from error


def _kind(path: Path) -> _Kind | None:
    """What the suffix says; None for a page."""
    suffix = path.suffix.lower()
    if suffix in _PAGES:
        return None
    if suffix not in _KINDS:
        raise SettingError(
            f"A usage table is not written to '{suffix or path.name}'.",
            remedy=f"End it in one of {' '.join(SUFFIXES)}.",
        )
    for package in _KINDS[suffix].needs:
        try:
            import_module(package)
        except ImportError:
            raise SettingError(
                f'{suffix} needs {package}, which is not installed: pip install "hs-notebook[export]".'
            ) from None
    return _KINDS[suffix]


def _check(target: Path, by: By | None, *, overwrite: bool, include_text: bool, otel: bool) -> None:
    if otel and (target.suffix.lower() != ".jsonl" or by is not None or include_text):
        raise SettingError("otel= writes spans without texts, row by row, into a .jsonl.")
    if include_text and (by is not None or target.suffix.lower() in _PAGES):
        raise SettingError("include_text= goes with whole rows: without by=, and not into a page.")
    check_free(target, overwrite=overwrite)


def _write(kind: _Kind, part: Path, columns: table.Columns, chosen: Selection, *, otel: bool) -> None:
    if otel:
        from hs_notebook.store.export import spans

        spans.write(part, columns)
    elif kind.room == "workbook":
        summary = groups.grouped(default().columns(groups.NEEDED, chosen), "model")
        _function(kind, kind.write)(part, columns, table.to_columns(summary))
    else:
        _function(kind, kind.write)(part, columns)


def _function(kind: _Kind, name: str) -> Callable[..., Any]:
    return cast("Callable[..., Any]", getattr(import_module(f"hs_notebook.store.export.{kind.room}"), name))


def _report(chosen: Selection, by: By | None) -> report.Report:
    columns = default().columns(report.NEEDED, chosen)
    if by is None:
        return report.of_rows(columns)
    return report.of_groups(groups.grouped(columns, by), report.totals(columns))


def _texts(answer_ids: list[str]) -> table.Columns:
    """Prompt and answer beside each row; None where they are no longer kept."""
    from hs_notebook.store import journal

    texts = journal.default().texts(set(answer_ids))
    found = [texts.get(answer_id, (None, None)) for answer_id in answer_ids]
    return {name: [pair[at] for pair in found] for at, name in enumerate(table.TEXTS)}
