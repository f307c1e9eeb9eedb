"""The tables, and how they grow."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from hs_notebook.errors import StoreError
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
def test_a_store_of_every_earlier_version_is_brought_up_with_all_that_is_in_it(where, before, make):
    load(where, (VERSIONS / f"{before}.sql").read_text("utf-8"))
    database = Database(where)
    ledger, journal = Ledger(database), Journal(database)
    frame = ledger.frame()
    assert frame["answer_id"].tolist() == ["answer-1", "answer-2", "answer-3"]
    assert frame["cost_usd"].tolist() == [0.01225, pd.NA, pd.NA]
    assert frame[["reported_cost_usd", "estimated_output_tokens", "price_date"]].isna().all(axis=None)
    assert journal.load("answer-1").text == "Hi! 羊 \ud83d"
    make.put(ledger, *make.finished("new"))
    assert len(ledger.frame()) == 4
    versions = database.read(lambda to: to.execute(select(schema.version.c.version)).scalars().all())
    assert versions == [schema.VERSION]
    found = database.read(columns_of)
    database.write(schema.metadata.drop_all)
    database.close()
    fresh = Database(where)
    assert fresh.read(columns_of) == found
    fresh.close()


def load(where, dump):
    """Make a store of a dump that SQLite wrote."""
    if "://" not in where:
        with closing(sqlite3.connect(where)) as connection:
            connection.executescript(dump)
        return
    dump = re.sub(r"\bX'([0-9A-F]*)'", r"'\\x\1'", dump.replace("BLOB", "BYTEA"))
    engine = create_engine(where)
    with engine.connect() as connection:
        connection.connection.cursor().execute(dump)
    engine.dispose()


def columns_of(connection):
    """The columns of every table, with their types, in any order."""
    seen = inspect(connection)
    return {
        table: {
            (column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(table)
        }
        for table in seen.get_table_names()
    }


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_newer_tables_on_a_server_are_left_alone_and_that_is_said(where, database):
    database.write(lambda to: to.execute(schema.version.update().values(version=schema.VERSION + 1)))
    with pytest.raises(StoreError, match=r"newer hs_notebook .* and is left alone") as caught:
        Database(where)
    assert caught.value.remedy == "Update hs_notebook."
    assert (
        database.read(lambda to: to.execute(select(schema.version.c.version)).scalar()) == schema.VERSION + 1
    )


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
