"""Which database, and what is said when it cannot be used."""

from __future__ import annotations

import socket

import pytest
from sqlalchemy import text

from hs_notebook.errors import SettingError, StoreError
from hs_notebook.store import schema
from hs_notebook.store.database import Database
from hs_notebook.store.process import configured


def test_the_environment_names_the_store_else_home_does(holysheep_home, monkeypatch):
    assert configured() == str(holysheep_home / "hs_notebook.sqlite")
    monkeypatch.setenv("HOLYSHEEP_STORE", "postgresql+psycopg://ann@db/usage")
    assert configured() == "postgresql+psycopg://ann@db/usage"


@pytest.mark.parametrize("where", ["{folder}/a b.sqlite", "sqlite:///{folder}/a b.sqlite"])
def test_a_path_or_a_url_opens_the_same_file(tmp_path, where):
    database = Database(where.format(folder=tmp_path))
    assert (
        database.read(lambda connection: connection.execute(text("SELECT version FROM hs_schema")).scalar())
        == schema.VERSION
    )
    database.close()
    assert (tmp_path / "a b.sqlite").exists()


@pytest.mark.parametrize(
    "where",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "://",
        "://ann:secret-word@host/usage",
        "postgresql://ann@db:secret-word/x",
    ],
)
def test_what_names_no_store_is_a_setting_error_without_the_password(where):
    with pytest.raises(SettingError, match="names no store") as caught:
        Database(where)
    assert "secret-word" not in repr(caught.value.__cause__) + str(caught.value)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nosuch", "of the kind nosuch, which is none of ours"),
        ("mysql+pymysql", "of the kind mysql"),
        ("postgresql+nosuch", "no driver"),
    ],
)
def test_a_kind_of_database_that_is_none_of_ours_is_a_setting_error(kind, said):
    with pytest.raises(SettingError, match=said) as caught:
        Database(f"{kind}://user:secret-word@host/usage")
    assert "secret-word" not in str(caught.value)


def test_a_server_that_is_not_there_is_a_store_error_without_the_password():
    pytest.importorskip("psycopg")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StoreError, match=r"127\.0\.0\.1/usage cannot be used") as caught:
        Database(f"postgresql+psycopg://ann:secret-word@127.0.0.1:{port}/usage")
    assert "secret-word" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(caught.value.lines) == 3


def test_work_that_fails_leaves_nothing_behind(database):
    def half(connection):
        connection.execute(schema.version.update().values(version=7))
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        database.write(half)
    assert (
        database.read(lambda connection: connection.execute(schema.version.select()).scalar())
        == schema.VERSION
    )


def test_an_error_holds_neither_the_statement_nor_the_values(database):
    values = {column.name: None for column in schema.attempts.c} | {"error": "secret-word"}
    with pytest.raises(StoreError, match=r"(?i)not.null constraint") as caught:
        database.write(lambda connection: connection.execute(schema.attempts.insert().values(values)))
    assert "secret-word" not in str(caught.value)
