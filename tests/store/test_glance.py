"""The kept text at a glance: what the journal itself would find, without what it imports."""

import json
import subprocess
import sys

import pytest

from hs_notebook.answer import Answer, Status
from hs_notebook.store import glance, journal, schema
from hs_notebook.store.place import Place
from hs_notebook.wire.chunk import ChatRequest, Message

CHAT = ChatRequest(model="m", messages=(Message("user", "Go on."),))
PLACE = Place("the-notebook", "cell-1", 1, "session-1")
LOOK = """
import json, sys
from hs_notebook.store import glance
shown = glance.kept_text(*json.loads(sys.argv[1]))
print(json.dumps([shown, "sqlalchemy" in sys.modules]))
"""


def look(*, notebook="the-notebook", cell="cell-1", digest=CHAT.digest):
    """What a new kernel sees, and whether that took SQLAlchemy."""
    asked = json.dumps([notebook, cell, digest])
    ran = subprocess.run([sys.executable, "-c", LOOK, asked], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


def keep(*texts, status=Status.INTERRUPTED, name="an-answer"):
    """Have an answer kept: its pieces, and how it ended; None: its process lives."""
    answer = Answer(name, CHAT, "holysheep", parts=list(texts), status=status or Status.STREAMING)
    kept = journal.default()
    kept.begin(answer, PLACE, "http://127.0.0.1:1/v1", None)
    for text in texts:
        kept.append(name, text)
    if status is not None:
        kept.end(answer)


def test_it_sees_what_the_journal_would_find():
    keep("Half an ", "answer \U0001f411")
    assert look() == ["Half an answer \U0001f411", False]
    assert look(cell="cell-2") == look(notebook="another") == look(digest="another") == ["", False]
    keep("Whole", status=Status.COMPLETE, name="another")
    assert look() == ["", False]  # that was the last word
    keep("Refused", status=Status.FAILED, name="a third")
    assert look() == ["", False]


def test_what_is_still_being_written_is_left_to_its_kernel():
    keep("Half an answer", status=None)
    assert look() == ["", False]


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_without_a_store_there_is_nothing_to_see(holysheep_home, content):
    file = holysheep_home / "hs_notebook.sqlite"
    if content is not None:
        file.write_bytes(content)
    assert look() == ["", False]
    assert file.exists() == (content is not None)


def test_a_store_on_a_server_is_not_looked_at(monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_STORE", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert look() == ["", False]


def test_it_reads_the_tables_of_this_version():
    assert glance._VERSION == schema.VERSION


def test_a_warm_kernel_asks_the_journal():
    keep("Half an answer")
    assert glance.kept_text("the-notebook", "cell-1", CHAT.digest) == ""
