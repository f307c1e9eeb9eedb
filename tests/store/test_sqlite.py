"""What can befall the one file: broken, newer, locked, on a network drive, open to others."""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
import time
from contextlib import closing

import pytest

from hs_notebook.errors import StoreError
from hs_notebook.store import schema, sqlite
from hs_notebook.store.ledger import Ledger


@pytest.fixture
def kind():
    return "sqlite"


def journal_mode(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def breaks(path, how):
    """Damage a good store."""
    content = path.read_bytes()
    if how == "text":
        path.write_bytes(b"This is a shopping list, not a database.\n" * 200)
    elif how == "header":
        path.write_bytes(os.urandom(100) + content[100:])
    else:
        page = 4096
        path.write_bytes(content[:page] + b"\xff" * (len(content) - page))


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_files_are_the_owners_alone(tmp_path, make):
    path = tmp_path / "usage.sqlite"
    ledger = Ledger.open(str(path))
    make.put(ledger, *make.finished())
    files = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert files == dict.fromkeys(["usage.sqlite", "usage.sqlite-wal", "usage.sqlite-shm"], 0o600)
    ledger.close()
    path.chmod(0o644)
    Ledger.open(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_writers_do_not_stop_readers(tmp_path, ledger, make):
    make.put(ledger, *make.finished())
    with closing(sqlite3.connect(tmp_path / "usage.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(ledger.frame()) == 1
    assert journal_mode(tmp_path / "usage.sqlite") == "wal"


def test_where_wal_cannot_work_a_rollback_journal_does(tmp_path, make):
    # SQLite's own dot-file locking has no shared memory, as a network drive has none.
    path = tmp_path / "usage.sqlite"
    ledger = Ledger.open(f"sqlite:///file:{path}?vfs=unix-dotfile&uri=true")
    make.put(ledger, *make.finished())
    assert ledger.frame()["status"].tolist() == ["complete"]
    ledger.close()
    assert journal_mode(path) == "delete"


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/home/ann/usage.sqlite", True),
        ("/home/ann/local disk/usage.sqlite", False),
        ("/home/anna/usage.sqlite", False),
        ("/mnt/share/x/usage.sqlite", True),
        ("/var/lib/usage.sqlite", False),
    ],
)
def test_a_network_drive_is_told_by_the_mounts(tmp_path, path, network):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\n"
        "files:/home /home/ann nfs4 rw 0 0\n"
        "/dev/vdb /home/ann/local\\040disk xfs rw 0 0\n"
        "//files/share /mnt/share cifs rw 0 0\n"
    )
    assert sqlite.is_on_network(tmp_path.__class__(path), mounts) is network
    assert sqlite.is_on_network(tmp_path.__class__(path), tmp_path / "no such file") is False


@pytest.mark.parametrize("how", ["text", "header"])
def test_a_broken_file_is_set_aside_and_kept(tmp_path, make, how):
    path = tmp_path / "usage.sqlite"
    Ledger.open(str(path)).close()
    breaks(path, how)
    broken = path.read_bytes()
    with pytest.warns(UserWarning, match=r"usage\.sqlite is damaged; it was kept as") as told:
        ledger = Ledger.open(str(path))
    assert len(told) == 1
    make.put(ledger, *make.finished())
    assert len(ledger.frame()) == 1
    ledger.close()
    (kept,) = tmp_path.glob("*.broken-*")
    assert kept.read_bytes() == broken


@pytest.mark.parametrize("reads", [True, False])
def test_a_file_that_breaks_under_our_hands_is_set_aside_too(tmp_path, make, reads):
    path = tmp_path / "usage.sqlite"
    ledger = Ledger.open(str(path))
    for number in range(100):
        make.put(ledger, *make.finished(f"a-{number}"))
    ledger.close()
    breaks(path, "pages")
    use = ledger.frame if reads else functools.partial(make.put, ledger, *make.finished("new"))
    with pytest.warns(UserWarning, match="is damaged") as told:
        use()
    assert len(told) == 1
    make.put(ledger, *make.finished("newer"))
    assert len(ledger.frame()) == (1 if reads else 2)
    ledger.close()
    assert len(list(tmp_path.glob("*.broken-*"))) == 1


def test_another_process_that_set_the_file_aside_first_is_followed(tmp_path, make):
    path = tmp_path / "usage.sqlite"
    ours, theirs = Ledger.open(str(path)), Ledger.open(str(path))
    make.put(ours, *make.finished("lost"))
    ours.close(), theirs.close()
    breaks(path, "text")
    with pytest.warns(UserWarning, match="is damaged") as told:
        make.put(theirs, *make.finished("theirs"))
    assert len(told) == 1
    make.put(ours, *make.finished("ours"))
    assert set(ours.frame()["answer_id"]) == {"ours", "theirs"}
    ours.close(), theirs.close()


def test_a_newer_file_is_left_alone(tmp_path, make):
    path = tmp_path / "usage.sqlite"
    Ledger.open(str(path)).close()
    with closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("UPDATE hs_schema SET version = 99")
    with closing(sqlite3.connect(path)) as newer:
        before = list(newer.iterdump())
    for told in range(2):
        with pytest.warns(
            UserWarning, match=rf"newer hs_notebook \(version 99 .*usage\.v{schema.VERSION}\.sqlite"
        ) as messages:
            ledger = Ledger.open(str(path))
        assert len(messages) == 1
        make.put(ledger, *make.finished(f"answer-{told}"))
        assert len(ledger.frame()) == told + 1  # the same file beside it each time
        ledger.close()
    with closing(sqlite3.connect(path)) as newer:
        assert list(newer.iterdump()) == before


def test_somebody_elses_tables_stay(tmp_path, make):
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path)) as theirs, theirs:
        theirs.execute("CREATE TABLE recipes (name TEXT)")
        theirs.execute("INSERT INTO recipes VALUES ('bread')")
    ledger = Ledger.open(str(path))
    make.put(ledger, *make.finished())
    ledger.close()
    with closing(sqlite3.connect(path)) as theirs:
        assert theirs.execute("SELECT name FROM recipes").fetchall() == [("bread",)]


def test_a_lock_that_is_not_given_up_is_reported(tmp_path, make, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_S", 0.3)
    ledger = Ledger.open(str(tmp_path / "usage.sqlite"))
    answer, attempt = make.finished()
    with closing(sqlite3.connect(tmp_path / "usage.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = time.monotonic()
        with pytest.raises(StoreError) as caught:
            ledger.begin(answer, attempt, make.here)
        assert time.monotonic() - before > 0.25
    assert len(caught.value.lines) == 3
    assert "database is locked" in caught.value.what
    assert "close that program" in caught.value.remedy
    ledger.end(answer, attempt)  # the lock is gone: the whole row is written
    assert ledger.frame()["cell_id"].tolist() == ["cell-1"]
    ledger.close()


def test_the_version_in_the_file_is_ours(tmp_path):
    path = tmp_path / "usage.sqlite"
    Ledger.open(str(path)).close()
    Ledger.open(str(path)).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version FROM hs_schema").fetchall() == [(schema.VERSION,)]
