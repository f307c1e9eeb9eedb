"""The ledger's tables, in types that every database has, and how they grow from version to version.

Times are whole microseconds since 1970 in UTC and money is a decimal number in text: both come back from
SQLite and PostgreSQL exactly as they went in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
    update,
)

__all__ = ["VERSION", "NewerError", "attempts", "prepare"]

VERSION = 1
"""The version of the tables below. A change of theirs adds one, and a step to `MIGRATIONS`."""

Migration = Callable[[Connection], None]

MIGRATIONS: Mapping[int, Migration] = {}
"""The step that leads from each version to the next."""

metadata = MetaData()

version = Table("hs_schema", metadata, Column("version", Integer, nullable=False))

attempts = Table(
    "hs_attempts",
    metadata,
    Column("answer_id", Text, primary_key=True),
    Column("attempt", BigInteger, primary_key=True, autoincrement=False),
    Column("started_at", BigInteger, nullable=False),
    Column("notebook", Text, nullable=False),
    Column("cell_id", Text),
    Column("execution_count", BigInteger),
    Column("session", Text, nullable=False),
    Column("writer", Text, nullable=False),  # the process, see `writer.py`
    Column("comparison_id", Text),
    Column("resumed_by", Text),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_served", Text),
    Column("status", Text),  # null: no end was recorded yet
    Column("finish_reason", Text),
    Column("input_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("usage_source", Text),
    Column("cost_usd", Text),
    Column("list_cost_usd", Text),
    Column("price_book", Text),
    Column("ttft_s", Float(53)),
    Column("duration_s", Float(53)),
    Column("tokens_per_s", Float(53)),
    Column("request_id", Text),
    Column("error", Text),
    Index("hs_attempts_of_notebook", "notebook", "started_at"),
)


class NewerError(Exception):
    """The tables were written by a newer version of this package.

    Attributes:
        found: Their version.
    """

    def __init__(self, found: int) -> None:
        super().__init__(f"schema version {found}, this package knows {VERSION}")
        self.found = found


def prepare(
    connection: Connection, migrations: Mapping[int, Migration] = MIGRATIONS, to: int = VERSION
) -> None:
    """Create the tables, or bring older ones up to version `to`. Runs inside one transaction of the caller's.

    Raises:
        NewerError: They are newer than `to`; nothing was changed.
    """
    version.create(connection, checkfirst=True)
    found = connection.execute(select(version.c.version)).scalar()
    if found is None:
        metadata.create_all(connection)
        connection.execute(insert(version).values(version=to))
        return
    if found > to:
        raise NewerError(found)
    for step in range(found, to):
        migrations[step](connection)
    if found < to:
        connection.execute(update(version).values(version=to))
