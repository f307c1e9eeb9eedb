"""The log of the file goes back into it beside the writers, and what is committed outlives a kill."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from hs_notebook.store import checkpoint
from hs_notebook.store.ledger import Ledger

WRITER = """
import sys
from datetime import UTC, datetime
from hs_notebook.answer import Answer
from hs_notebook.store import checkpoint
from hs_notebook.store.ledger import Ledger, Place
from hs_notebook.wire.chunk import ChatRequest, Message
checkpoint._CHANGES = 3
request = ChatRequest(model="demo", messages=(Message("user", "Hello"),))
ledger = Ledger.open(sys.argv[1])
for number in range(100_000):
    answer = Answer(str(number), request, "embedded")
    ledger.begin(answer, answer.begin(datetime.now(UTC), 0.0), Place("n.ipynb", None, None, "s"))
    print(number, flush=True)
"""


@pytest.fixture
def kind():
    return "sqlite"


def rows_without_the_log(path, tmp_path):
    """How many rows are in the file itself."""
    alone = tmp_path / "alone.sqlite"
    shutil.copyfile(path, alone)
    with closing(sqlite3.connect(alone)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM hs_attempts").fetchone()[0]
        except sqlite3.DatabaseError:
            return 0  # not yet, or copied while it was being written


def test_the_log_is_copied_while_the_file_is_in_use(ledger, where, tmp_path, make, monkeypatch):
    monkeypatch.setattr(checkpoint, "_CHANGES", 10)
    for number in range(40):
        make.put(ledger, *make.finished(f"answer-{number}"))
    end = time.monotonic() + 60
    while not rows_without_the_log(where, tmp_path):
        assert time.monotonic() < end, "nothing was copied"
        time.sleep(0.01)
    assert len(ledger.frame()) == 40


def test_no_commit_of_usual_size_copies_the_log(ledger, where, tmp_path, make, monkeypatch):
    monkeypatch.setattr(checkpoint, "_CHANGES", 10**9)
    for number in range(400):  # more than the thousand pages with which SQLite itself would
        make.put(ledger, *make.finished(f"answer-{number}"))
    assert (tmp_path / "usage.sqlite-wal").stat().st_size > 4096 * 1000
    assert rows_without_the_log(where, tmp_path) == 0


def test_what_was_written_outlives_a_kill_while_the_log_is_copied(tmp_path):
    path = str(tmp_path / "usage.sqlite")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    said = [int(writer.stdout.readline()) for _ in range(30)]
    writer.kill()
    rest, _ = writer.communicate()
    said += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    ledger = Ledger.open(path)
    kept = set(map(int, ledger.frame()["answer_id"]))
    ledger.close()
    assert set(said) <= kept
