"""The ledger's and the journal's tables, in types that every database has, and how they grow by versions.

Times are whole microseconds since 1970 in UTC, money is a decimal number in text, and what a model wrote is
bytes: all come back from SQLite and PostgreSQL exactly as they went in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    insert,
    select,
    text,
    update,
)

__all__ = [
    "VERSION",
    "NewerError",
    "answers",
    "attempts",
    "budgets",
    "picks",
    "pieces",
    "prepare",
    "reservations",
]

VERSION = 3
"""The version of the tables below. A change of theirs adds one, and a step to `MIGRATIONS`."""

Migration = Callable[[Connection], None]


def _to_version_2(connection: Connection) -> None:
    """Columns for what the server billed and what we make of it, for our own counts, for the price's date."""
    for column in (
        "reported_cost_usd TEXT",
        "book_cost_usd TEXT",
        "price_date TEXT",
        "list_price_book TEXT",
        "estimated_input_tokens BIGINT",
        "estimated_output_tokens BIGINT",
    ):
        connection.execute(text(f"ALTER TABLE hs_attempts ADD COLUMN {column}"))


def _to_version_3(connection: Connection) -> None:
    """Columns for what decides the price beside the model: the tier of service, how long a cache lasts."""
    for column in ("service_tier TEXT", "cache_write_1h_tokens BIGINT"):
        connection.execute(text(f"ALTER TABLE hs_attempts ADD COLUMN {column}"))


MIGRATIONS: Mapping[int, Migration] = {1: _to_version_2, 2: _to_version_3}
"""The step that leads from each version to the next. A table that is only new needs none."""

metadata = MetaData()


class Exact(TypeDecorator[str]):
    """Text that comes back character for character: as bytes, for some text no database takes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


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
    Column("service_tier", Text),
    Column("status", Text),  # null: no end was recorded yet
    Column("finish_reason", Text),
    Column("input_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_tokens", BigInteger),
    Column("cache_write_1h_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("estimated_input_tokens", BigInteger),
    Column("estimated_output_tokens", BigInteger),
    Column("usage_source", Text),
    Column("cost_usd", Text),
    Column("reported_cost_usd", Text),
    Column("book_cost_usd", Text),
    Column("price_book", Text),
    Column("price_date", Text),
    Column("list_cost_usd", Text),
    Column("list_price_book", Text),
    Column("ttft_s", Float(53)),
    Column("duration_s", Float(53)),
    Column("tokens_per_s", Float(53)),
    Column("request_id", Text),
    Column("error", Text),
    Index("hs_attempts_of_notebook", "notebook", "started_at"),
)

budgets = Table(
    "hs_budgets",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # which notebook or kernel; "" where there is but one
    Column("limit_usd", Text, nullable=False),
    Column("hard", Integer, nullable=False),
    Column("unpriced", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
)

reservations = Table(
    "hs_reservations",
    metadata,
    Column("answer_id", Text, primary_key=True),
    Column("began_at", BigInteger, nullable=False),  # of the run: its own rows are in the amount
    Column("notebook", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("amount_usd", Text, nullable=False),
)
"""What running calls may cost, and what ended calls may have cost that nobody counted."""

answers = Table(
    "hs_answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of the request
    Column("request", Text, nullable=False),  # JSON
    Column("provider", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("shape", Text),
    Column("model", Text, nullable=False),
    Column("notebook", Text, nullable=False),
    Column("cell_id", Text),
    Column("session", Text, nullable=False),
    Column("writer", Text, nullable=False),  # the process that may append, see `writer.py`
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),  # of this row; a piece has its own time
    Column("status", Text),  # null: no end was recorded yet
    Column("finish_reason", Text),
    Column("attempts", BigInteger, nullable=False),
    Column("first_piece", BigInteger, nullable=False),  # earlier ones were superseded by a restart
    Column("notes", Text),  # JSON
    Column("error", Text),
    Index("hs_answers_of_notebook", "notebook", "updated_at"),
)

pieces = Table(
    "hs_pieces",
    metadata,
    Column("answer_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("text", Exact),
    Column("reasoning", Exact),
    Column("refusal", Exact),
    Column("tool_calls", Exact),  # JSON
    Column("event_id", Exact),  # null: as of the piece before; "": none
    Column("stream_id", Exact),  # likewise
    Column("usage", Exact),  # JSON; likewise
)
"""Append-only: what came since the piece before, and where the stream stood after it."""

picks = Table(
    "hs_picks",
    metadata,
    Column("comparison_id", Text, primary_key=True),
    Column("picked_at", BigInteger, nullable=False),
    Column("notebook", Text, nullable=False),
    Column("cell_id", Text),
    Column("session", Text, nullable=False),
    Column("answer_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("others", Text, nullable=False),  # JSON: the models it was preferred to
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
    """Bring older tables up to version `to`, and create what is missing. The transaction is the caller's.

    Raises:
        NewerError: They are newer than `to`; nothing was changed.
    """
    version.create(connection, checkfirst=True)
    found = connection.execute(select(version.c.version)).scalar()
    if found is None:
        connection.execute(insert(version).values(version=to))
        found = to
    if found > to:
        raise NewerError(found)
    for step in range(found, to):
        migrations[step](connection)
    if found < to:
        connection.execute(update(version).values(version=to))
    metadata.create_all(connection)
