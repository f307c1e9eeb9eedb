"""The tables, and how they grow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from hs_notebook.store import schema
from hs_notebook.store.database import Database
from hs_notebook.store.frame import COLUMNS
from hs_notebook.store.journal import Journal
from hs_notebook.store.ledger import Ledger

VERSIONS = Path(__file__).parent / "versions"
"""Dumps of stores as each earlier version wrote them."""


@pytest.fixture
def engine(tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'usage.sqlite'}")
    with made.begin() as connection:
        schema.prepare(connection)
    yield made
    made.dispose()


def test_every_column_of_the_frame_is_in_the_table():
    assert set(COLUMNS) | {"writer"} == set(schema.attempts.c.keys())


@pytest.mark.parametrize(
    "dialect", [postgresql.dialect(), sqlite_dialect.dialect()], ids=["postgresql", "sqlite"]
)
def test_the_tables_can_be_made_in(dialect):
    made = "".join(
        str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables
    )
    made += "".join(str(CreateIndex(index).compile(dialect=dialect)) for index in schema.attempts.indexes)
    assert "started_at BIGINT NOT NULL" in made
    assert "PRIMARY KEY (answer_id, attempt)" in made


@pytest.mark.parametrize("before", range(1, schema.VERSION))
def test_a_store_of_every_earlier_version_is_brought_up_with_all_that_is_in_it(tmp_path, before, make):
    path = tmp_path / "usage.sqlite"
    with closing(sqlite3.connect(path)) as earlier:
        earlier.executescript((VERSIONS / f"{before}.sql").read_text("utf-8"))
    ledger, journal = Ledger.open(str(path)), Journal(Database(str(path)))
    frame = ledger.frame()
    assert frame["answer_id"].tolist() == ["answer-1", "answer-2", "answer-3"]
    assert frame["cost_usd"].tolist() == [0.01225, pd.NA, pd.NA]
    assert frame[["reported_cost_usd", "estimated_output_tokens", "price_date"]].isna().all(axis=None)
    assert journal.load("answer-1").text == "Hi! 羊 \ud83d"
    make.put(ledger, *make.finished("new"))
    assert len(ledger.frame()) == 4
    ledger.close()
    with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(":memory:")) as fresh:
        assert now.execute("SELECT version FROM hs_schema").fetchall() == [(schema.VERSION,)]
        with create_engine("sqlite://", creator=lambda: fresh).begin() as connection:
            schema.prepare(connection)
        assert _columns(now) == _columns(fresh)


def _columns(connection):
    """The columns of every table, with their types, in any order."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        table: {row[1:4] for row in connection.execute(f"PRAGMA table_info({table})")} for table in tables
    }


def test_older_tables_are_brought_up_step_by_step_and_keep_their_rows(engine):
    steps, now = [], schema.VERSION

    def step(number):
        def migrate(connection):
            steps.append(number)
            connection.execute(text(f"ALTER TABLE hs_attempts ADD COLUMN extra_{number} TEXT"))

        return migrate

    with engine.begin() as connection:
        connection.execute(insert(schema.attempts).values(**row("kept")))
        schema.prepare(connection, {now: step(1), now + 1: step(2)}, to=now + 2)
        schema.prepare(connection, {now: step(1), now + 1: step(2)}, to=now + 2)
    with engine.connect() as connection:
        assert connection.execute(select(schema.version.c.version)).scalars().all() == [now + 2]
        assert connection.execute(select(schema.attempts.c.answer_id)).scalars().all() == ["kept"]
        assert {"extra_1", "extra_2"} < {
            column["name"] for column in inspect(connection).get_columns("hs_attempts")
        }
    assert steps == [1, 2]


def test_newer_tables_are_refused_and_not_touched(engine):
    with engine.begin() as connection:
        connection.execute(schema.version.update().values(version=schema.VERSION + 1))
        with pytest.raises(schema.NewerError) as caught:
            schema.prepare(connection)
        assert caught.value.found == schema.VERSION + 1


def row(answer_id):
    needed = {column.name: "x" for column in schema.attempts.c if not column.nullable}
    return needed | {"answer_id": answer_id, "attempt": 1, "started_at": 0}
