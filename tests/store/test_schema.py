"""The tables, and how they grow."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from hs_notebook.store import schema
from hs_notebook.store.frame import COLUMNS


@pytest.fixture
def engine(tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'usage.sqlite'}")
    with made.begin() as connection:
        schema.prepare(connection)
    yield made
    made.dispose()


def test_every_column_of_the_frame_is_in_the_table():
    assert set(COLUMNS) | {"writer"} == set(schema.attempts.c.keys())


@pytest.mark.parametrize("dialect", [postgresql.dialect(), sqlite.dialect()], ids=["postgresql", "sqlite"])
def test_the_tables_can_be_made_in(dialect):
    made = "".join(
        str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables
    )
    made += "".join(str(CreateIndex(index).compile(dialect=dialect)) for index in schema.attempts.indexes)
    assert "started_at BIGINT NOT NULL" in made
    assert "PRIMARY KEY (answer_id, attempt)" in made


def test_older_tables_are_brought_up_step_by_step_and_keep_their_rows(engine):
    steps = []

    def step(number):
        def migrate(connection):
            steps.append(number)
            connection.execute(text(f"ALTER TABLE hs_attempts ADD COLUMN extra_{number} TEXT"))

        return migrate

    with engine.begin() as connection:
        connection.execute(insert(schema.attempts).values(**row("kept")))
        schema.prepare(connection, {1: step(1), 2: step(2)}, to=3)
        schema.prepare(connection, {1: step(1), 2: step(2)}, to=3)
    with engine.connect() as connection:
        assert connection.execute(select(schema.version.c.version)).scalars().all() == [3]
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
