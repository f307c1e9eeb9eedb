"""Parquet and DuckDB, both by way of Arrow: true dtypes, times with their zone, real nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.store.export.table import kind

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from hs_notebook.store.export.table import Columns

__all__ = ["read_duckdb", "read_parquet", "write_duckdb", "write_parquet"]


def write_parquet(path: Path, columns: Columns) -> None:
    """Write the table."""
    from pyarrow import parquet

    parquet.write_table(_table(columns), path)


def read_parquet(path: Path) -> Columns:
    """Read what `write_parquet` wrote."""
    from pyarrow import parquet

    return _columns(parquet.read_table(path))


def write_duckdb(path: Path, columns: Columns) -> None:
    """Write a database with the table `usage`."""
    import duckdb

    with duckdb.connect(str(path)) as database:
        database.register("given", _table(columns))
        database.execute("CREATE TABLE usage AS SELECT * FROM given")


def read_duckdb(path: Path) -> Columns:
    """Read what `write_duckdb` wrote."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as database:
        return _columns(database.sql("FROM usage").to_arrow_table())


def _table(columns: Columns) -> pa.Table:
    import pyarrow as pa

    types = {
        "time": pa.timestamp("us", "UTC"),
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
    }
    return pa.table({name: pa.array(values, types[kind(name)]) for name, values in columns.items()})


def _columns(table: pa.Table) -> Columns:
    import pyarrow as pa

    columns = {}
    for name in table.column_names:
        column = table.column(name)
        columns[name] = (column.cast(pa.int64()) if kind(name) == "time" else column).to_pylist()
    return columns
