"""An answer is on disk while it grows, and comes back as it was."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from hs_notebook.answer import Answer, Status
from hs_notebook.errors import CutError, ProtocolError, ProviderError, SettingError, StoreError
from hs_notebook.store import journal as journal_module
from hs_notebook.store import ledger as ledger_module
from hs_notebook.store import sqlite
from hs_notebook.store.database import Database
from hs_notebook.store.journal import Journal, default
from hs_notebook.store.ledger import Ledger, Place
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, ToolCallDelta, Usage

HERE = Place("here.ipynb", "cell-1", 7, "session-1")
URL = "https://api.holysheep.ai/v1"

WRITER = """
import sys
from datetime import UTC, datetime
from hs_notebook.answer import Answer, Status
from hs_notebook.store.database import Database
from hs_notebook.store.journal import Journal
from hs_notebook.store.place import Place
from hs_notebook.wire.chunk import ChatRequest, Message
path, name, count, ends = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "ends"
answer = Answer(name, ChatRequest(model="demo", messages=(Message("user", "Hello"),)), "embedded")
answer.begin(datetime.now(UTC), 0.0)
place = Place("shared.ipynb", "cell-1", 1, name)
print("ready", flush=True)
sys.stdin.readline()
journal = Journal(Database(path))
journal.begin(answer, place, "http://127.0.0.1/v1", "openai")
for number in range(count):
    journal.append(name, f"{number} ", event_id=f"s.0001.{number:08x}")
    print(number, flush=True)
if ends:
    answer.end(Status.COMPLETE, 1.0)
    journal.end(answer)
print("written", flush=True)
sys.stdin.readline()
journal._database.close()
"""


def start_writer(path, name, count, ends="ends"):
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WRITER, str(path), name, str(count), ends],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    rest = process.stdout.read()
    process.stdin.close()
    process.stdout.close()
    return rest


def counted(count):
    return "".join(f"{number} " for number in range(count))


def ask(prompt="Hello", model="gpt-4.1", **options):
    return ChatRequest(model=model, messages=(Message("user", prompt),), **options)


def begun(journal, name="answer-1", *, request=None, place=HERE, **options):
    """An answer whose first attempt has begun, here and in the journal."""
    answer = Answer(name, request or ask(), "holysheep")
    answer.begin(datetime.now(UTC), 10.0)
    journal.begin(answer, place, URL, "openai", **options)
    return answer


def ended(journal, answer, status=Status.COMPLETE, error=None):
    answer.end(status, 12.0, error)
    journal.end(answer)


def text_of(journal, name="answer-1"):
    return journal.load(name).text


def again(kept, journal, *, resumed_by, place=HERE):
    """Take an answer up as a restarted kernel does."""
    answer = kept.answer()
    answer.begin(datetime.now(UTC), 0.0, resumed_by=resumed_by)
    journal.begin(answer, place, kept.base_url, kept.shape)
    return answer


ON_A_FILE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
"""What befalls a file befalls no server."""


@pytest.fixture
def path(where):
    return Path(where)


@pytest.fixture
def journal(database):
    return Journal(database)


@pytest.fixture
def other(where):
    """The journal of another kernel, as far as connections go."""
    database = Database(where)
    yield Journal(database)
    database.close()


# -- what is kept -----------------------------------------------------------------------------


def test_an_answer_comes_back_whole(journal, other, database):
    request = ask("羊 \0?", temperature=0.5, max_tokens=9, extra={"seed": 7})
    answer = begun(journal, request=request)
    answer.attempts[0].request_id = "req-1"
    ledger = Ledger(database)
    ledger.begin(answer, answer.attempts[0], HERE)
    for content in ("Once ", "upon ", "a time."):
        answer.fold(StreamChunk(content, event_id=f"s.1.{len(content)}"), 11.0)
        journal.append(answer.id, content, event_id=answer.last_event_id, stream_id="s")
    answer.fold(
        StreamChunk(usage=Usage(5, None, None, 3), finish_reason=FinishReason.STOP, model="m-1"), 11.5
    )
    answer.notes.append("A note.")
    answer.attempts[0].cost_usd = Decimal("0.01225")
    journal.append(answer.id, usage=answer.usage)
    ended(journal, answer)
    ledger.end(answer, answer.attempts[0])
    kept = other.load("answer-1")
    assert (kept.id, kept.request, kept.digest) == ("answer-1", request, request.digest)
    assert (kept.provider, kept.base_url, kept.shape) == ("holysheep", URL, "openai")
    assert (kept.notebook, kept.cell_id, kept.session) == ("here.ipynb", "cell-1", "session-1")
    assert (kept.status, kept.finish_reason, kept.error) == (Status.COMPLETE, FinishReason.STOP, None)
    assert (kept.text, kept.superseded) == ("Once upon a time.", "")
    assert (kept.event_id, kept.stream_id) == ("s.1.7", "s")
    assert kept.usage == Usage(5, None, None, 3)
    assert kept.notes == ("A note.",)
    assert kept.created_at == answer.attempts[0].started_at <= kept.updated_at <= datetime.now(UTC)
    [attempt] = kept.attempts
    assert (attempt.request_id, attempt.model_served, attempt.cost_usd) == (
        "req-1",
        "m-1",
        Decimal("0.01225"),
    )
    shown = kept.answer()
    assert (shown.status, shown.text, shown.cost_usd) == (Status.COMPLETE, answer.text, Decimal("0.01225"))


def test_reasoning_refusal_and_tool_calls_are_kept_too(journal, other):
    answer = begun(journal)
    journal.append(answer.id, reasoning="Let me ")
    first = [ToolCallDelta(0, "id-0", "look_up", '{"na'), ToolCallDelta(0, arguments='me": "')]
    journal.append(answer.id, reasoning="think.", tool_calls=first)
    second = [ToolCallDelta(0, arguments='羊"}'), ToolCallDelta(1, "id-1", "look_up", "{}")]
    journal.append(answer.id, tool_calls=second, refusal="I will not.")
    kept = other.load(answer.id)
    assert (kept.text, kept.reasoning, kept.refusal) == ("", "Let me think.", "I will not.")
    calls = (ToolCallDelta(0, "id-0", "look_up", '{"name": "羊"}'), ToolCallDelta(1, "id-1", "look_up", "{}"))
    assert kept.tool_calls == calls
    again_ = kept.answer()
    assert (again_.reasoning, again_.refusal, tuple(again_.tool_calls)) == (
        kept.reasoning,
        kept.refusal,
        calls,
    )


def test_what_is_not_kept_is_none(journal):
    assert journal.load("nobody's") is None
    assert journal.latest("here.ipynb") is None
    assert journal.kept("here.ipynb") == []
    assert journal.resumable("here.ipynb", "cell-1", ask().digest) is None
    with pytest.raises(KeyError):
        journal.append("nobody's", "text")


ANY = st.text(st.characters(exclude_categories=()), max_size=30)
PIECE = st.tuples(ANY, ANY, st.none() | st.integers(0, 2**32).map(str))


@pytest.fixture(scope="module")
def shared_journal(tmp_path_factory):
    database = Database(str(tmp_path_factory.mktemp("store") / "usage.sqlite"))
    yield Journal(database)
    database.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(came=st.lists(PIECE, max_size=12), cuts=st.sets(st.integers(0, 12)))
def test_any_sequence_of_appends_reads_back_as_the_same_text(shared_journal, came, cuts):
    """Whatever the characters, and however many kernels took the answer up in between."""
    name, writer = uuid.uuid4().hex, shared_journal
    begun(writer, name)
    for number, (text, reasoning, event_id) in enumerate(came):
        if number in cuts:
            writer = Journal(shared_journal._database)
            again(writer.load(name), writer, resumed_by="replay")
        writer.append(name, text, reasoning=reasoning, event_id=event_id)
    kept = shared_journal.load(name)
    assert kept.text == "".join(text for text, _, _ in came)
    assert kept.reasoning == "".join(reasoning for _, reasoning, _ in came)
    assert kept.event_id == next((event_id for *_, event_id in reversed(came) if event_id is not None), None)
    assert kept.answer().text == kept.text


def test_hostile_text_is_stored_and_read_back(journal, other):
    big = "羊\0\ud800'; DROP TABLE hs_pieces; --\udfff" * 170_000
    assert len(big) > 5_000_000
    answer = begun(journal, place=Place("half \udce4.ipynb", "\0", None, "s"))
    journal.append(answer.id, big, event_id="id\0\ud800")
    before = time.perf_counter()
    kept = other.resumable("half \udce4.ipynb", "\0", ask().digest) or other.latest("half \udce4.ipynb")
    print(f"5 MB read back in {time.perf_counter() - before:.3f} s")
    assert kept.text == big
    assert kept.event_id == "id\0\ud800"


# -- taking up again --------------------------------------------------------------------------


def test_an_interrupted_answer_is_taken_up_and_goes_on(journal, other, database):
    answer = begun(journal)
    ledger = Ledger(database)
    ledger.begin(answer, answer.attempts[0], HERE)
    answer.fold(StreamChunk("Once ", usage=Usage(5, None, None, 1)), 11.0)
    journal.append(answer.id, "Once ", event_id="7", usage=answer.usage)
    ended(journal, answer, Status.INTERRUPTED, CutError("The stream broke off."))
    ledger.end(answer, answer.attempts[0])
    found = other.resumable("here.ipynb", "cell-1", ask().digest)
    assert (found.text, found.event_id, found.error) == ("Once ", "7", "The stream broke off.")
    resumed = again(found, other, resumed_by="replay")
    assert [attempt.number for attempt in resumed.attempts] == [1, 2]
    assert resumed.attempts[0].usage == Usage(5, None, None, 1)
    assert resumed.attempts[0].error == "CutError: The stream broke off."
    now_open = journal.load(answer.id)
    assert (now_open.status, now_open.error, now_open.event_id) == (Status.STREAMING, None, "7")
    other.append(answer.id, "upon a time.", event_id="9")
    resumed.fold(StreamChunk("upon a time.", finish_reason=FinishReason.STOP), 1.0)
    ended(other, resumed)
    kept = journal.load(answer.id)
    assert (kept.status, kept.text, kept.event_id) == (Status.COMPLETE, "Once upon a time.", "9")
    assert [attempt.number for attempt in kept.attempts] == [1, 2]
    assert kept.usage is None  # nobody counted the second attempt; the first one's counts are not its own
    assert kept.created_at == found.created_at


def test_only_the_same_question_of_the_same_cell_is_resumable(journal):
    ended(journal, begun(journal, "a"), Status.INTERRUPTED)
    same = ask().digest
    assert journal.resumable("here.ipynb", "cell-1", same).id == "a"
    assert journal.resumable("here.ipynb", None, same).id == "a"
    assert journal.resumable("here.ipynb", "cell-2", same) is None
    assert journal.resumable("other.ipynb", "cell-1", same) is None
    for changed in (ask("Hello!"), ask(model="gpt-4.1-mini"), ask(temperature=0.0), ask(extra={"seed": 1})):
        assert journal.resumable("here.ipynb", "cell-1", changed.digest) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.COMPLETE, None),
        (Status.INTERRUPTED, "second"),
        (Status.FAILED, "first"),
        (None, None),
    ],
)
def test_the_last_answer_decides_unless_it_failed(journal, status, expected):
    ended(journal, begun(journal, "first"), Status.INTERRUPTED)
    second = begun(journal, "second")
    if status is not None:
        ended(journal, second, status)
    found = journal.resumable("here.ipynb", "cell-1", ask().digest)
    assert (None if found is None else found.id) == expected


@pytest.mark.parametrize(
    ("piece", "error", "expected"),
    [
        ({"text": "Half"}, None, "failed"),
        ({"text": "Half"}, ProviderError("Overloaded."), "failed"),
        ({"text": "Half"}, ProtocolError("The text received is not the text the gateway sent."), None),
        ({"reasoning": "Let me think."}, ProviderError("Overloaded."), None),
        ({"refusal": "I will not."}, None, None),
        ({"usage": Usage(1)}, None, None),
    ],
)
def test_a_failed_answer_goes_on_if_it_has_text_that_can_be_trusted(
    journal, database, piece, error, expected
):
    ledger, answer = Ledger(database), begun(journal, "failed")
    ledger.begin(answer, answer.attempts[0], HERE)
    journal.append(answer.id, **piece)
    ended(journal, answer, Status.FAILED, error)
    ledger.end(answer, answer.attempts[0])
    found = journal.resumable("here.ipynb", "cell-1", ask().digest)
    assert (None if found is None else found.id) == expected


def test_text_of_before_a_restart_is_nothing_to_go_on_from(journal, other):
    answer = begun(journal)
    journal.append(answer.id, "Wrong start")
    ended(journal, answer, Status.INTERRUPTED)
    ended(other, again(other.load(answer.id), other, resumed_by="restart"), Status.FAILED)
    assert journal.resumable("here.ipynb", "cell-1", ask().digest) is None


def test_a_restart_supersedes_and_keeps_readable(journal, other):
    answer = begun(journal)
    journal.append(answer.id, "Wrong start", event_id="5", stream_id="old", usage=Usage(1))
    ended(journal, answer, Status.INTERRUPTED)
    restarted = again(other.load(answer.id), other, resumed_by="restart")
    kept = journal.load(answer.id)
    assert (kept.text, kept.superseded) == ("", "Wrong start")
    assert (kept.event_id, kept.stream_id, kept.usage) == (None, None, None)
    other.append(answer.id, "Right", event_id="1")
    ended(other, restarted, Status.INTERRUPTED)
    again(journal.load(answer.id), journal, resumed_by="restart")
    journal.append(answer.id, "At last")
    kept = other.load(answer.id)
    assert (kept.text, kept.superseded, kept.event_id) == ("At last", "Wrong startRight", None)
    assert len(kept.attempts) == 3


def test_attempts_of_one_kernel_go_on_in_one_text(journal, other):
    answer = begun(journal)
    journal.append(answer.id, "a")
    answer.end(Status.INTERRUPTED, 1.0)
    answer.begin(datetime.now(UTC), 2.0, resumed_by="continue")
    journal.begin(answer, HERE, URL, None)
    journal.append(answer.id, "b")
    ended(journal, answer)
    kept = other.load(answer.id)
    assert (kept.text, kept.shape, len(kept.attempts)) == ("ab", None, 2)


def test_a_kept_answer_is_nobodys_to_change(journal):
    begun(journal)
    journal.append("answer-1", "text")
    kept = journal.load("answer-1")
    answer = kept.answer()
    answer.begin(datetime.now(UTC), 0.0)
    answer.fold(StreamChunk("more"), 1.0)
    answer.attempts[0].error = "changed"
    assert (kept.text, len(kept.attempts), kept.attempts[0].error) == ("text", 1, None)
    assert kept.answer().text == "text"


def test_whose_answer_was_taken_over_is_told_once_and_adds_nothing(journal, database):
    begun(journal)
    journal.append("answer-1", "ours ")
    database.write(lambda to: to.execute(sql("UPDATE hs_answers SET writer = 'elsewhere/boot|1|1'")))
    with pytest.raises(StoreError, match="Another kernel has taken this answer up") as caught:
        journal.append("answer-1", "mine")
    assert len(caught.value.lines) == 2
    journal.append("answer-1", "mine again")
    answer = journal.load("answer-1").answer()
    answer.begin(datetime.now(UTC), 0.0)
    ended(journal, answer)
    kept = journal.load("answer-1")
    assert (kept.text, kept.status) == ("ours ", Status.STREAMING)  # as the other one left it
    assert journal._open == {}


def test_answers_are_listed_the_last_one_first(journal):
    for name in ("a", "b", "c"):
        journal.append(begun(journal, name).id, f"text {name}")
    begun(journal, "elsewhere", place=Place("other.ipynb", None, None, "s"))
    again(journal.load("a"), journal, resumed_by="replay")
    assert [kept.id for kept in journal.kept("here.ipynb")] == ["a", "c", "b"]
    assert [kept.text for kept in journal.kept("here.ipynb", limit=2)] == ["text a", "text c"]
    assert journal.latest("here.ipynb").id == "a"


# -- processes --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_kill_takes_away_nothing_that_was_appended(journal, where):
    chance = random.Random(11)
    for round_ in range(4):
        name = f"killed-{round_}"
        writer = start_writer(where, name, 100_000)
        go_on(writer)
        for number in range(chance.randrange(1, 300)):
            assert writer.stdout.readline() == f"{number}\n"
        living = journal.load(name)
        assert living.status is Status.STREAMING
        assert journal.resumable("shared.ipynb", "cell-1", living.digest) is None
        acknowledged = number + 1 + len(kill(writer).splitlines(keepends=False))
        kept = journal.resumable("shared.ipynb", "cell-1", living.digest)
        assert (kept.id, kept.status) == (name, Status.INTERRUPTED)
        got = len(kept.text.split())
        assert acknowledged - 1 <= got  # the last line may be half of one
        assert kept.text == counted(got)
        assert kept.event_id == f"s.0001.{got - 1:08x}"
        assert kept.answer().status is Status.INTERRUPTED


def test_kernels_share_a_store_and_lose_nothing(journal, where):
    writers = [start_writer(where, f"kernel-{number}", 200) for number in range(4)]
    for writer in writers:
        go_on(writer)
    for writer in writers:
        assert writer.communicate("\n")[0].endswith("written\n")
        assert writer.returncode == 0
    found = journal.kept("shared.ipynb")
    assert sorted(kept.id for kept in found) == [f"kernel-{number}" for number in range(4)]
    for kept in found:
        assert (kept.text, kept.status) == (counted(200), Status.COMPLETE)


def test_threads_share_a_journal(journal):
    def write(name):
        answer = begun(journal, name)
        for number in range(50):
            journal.append(name, f"{number} ")
        ended(journal, answer)

    threads = [threading.Thread(target=write, args=(f"thread-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kept.text for kept in journal.kept("here.ipynb")] == [counted(50)] * 4


# -- a store in trouble -----------------------------------------------------------------------


@ON_A_FILE
def test_a_locked_store_is_told_and_caught_up_with(journal, path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_S", 1.0)
    journal._database._engine.dispose()
    database = Database(str(path))
    journal = Journal(database)
    answer = begun(journal)
    journal.append(answer.id, "a", event_id="1")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked") as caught:
            journal.append(answer.id, "b", event_id="2")
        assert "the text to resume them from" in caught.value.means
        before = time.monotonic()
        for letter in "cde":
            journal.append(answer.id, letter)  # held, and nobody waits for the lock at every piece
        assert time.monotonic() - before < 3 * sqlite.BUSY_S
        kept = journal.load(answer.id)
        assert (kept.text, kept.event_id) == ("a", "1")  # text and event id are never apart
        with pytest.raises(StoreError):
            ended(journal, answer, Status.INTERRUPTED)
    begun(journal, "next")  # brings the end of the other along
    kept = journal.load(answer.id)
    assert (kept.text, kept.event_id, kept.status) == ("abcde", "2", Status.INTERRUPTED)
    assert list(journal._open) == ["next"]
    database.close()


@ON_A_FILE
def test_a_beginning_that_could_not_be_written_is_made_up_for(journal, path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_S", 0.1)
    monkeypatch.setattr(journal_module, "_PAUSE", 0)
    database = Database(str(path))
    journal = Journal(database)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked"):
            begun(journal)
    journal.append("answer-1", "text")
    assert text_of(journal) == "text"
    database.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on the size of files")
def test_a_full_disk_is_told_and_caught_up_with(tmp_path):
    script = """
import json, resource, sys
from datetime import UTC, datetime
from hs_notebook.answer import Answer, Status
from hs_notebook.errors import StoreError
from hs_notebook.store import journal as module
from hs_notebook.store.database import Database
from hs_notebook.wire.chunk import ChatRequest, Message
from hs_notebook.store.place import Place
module._PAUSE = 0
journal = module.Journal(Database(sys.argv[1]))
answer = Answer("full", ChatRequest(model="demo", messages=(Message("user", "Hello"),)), "embedded")
answer.begin(datetime.now(UTC), 0.0)
journal.begin(answer, Place("here.ipynb", "cell-1", 1, "s"), "http://127.0.0.1/v1", None)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
told = []
for number in range(40):
    try:
        journal.append("full", f"{number} " * 4000, event_id=str(number))
    except StoreError as error:
        told.append(error.lines)
    kept = journal.load("full")
    assert kept.text == "".join(f"{n} " * 4000 for n in range(int(kept.event_id) + 1))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
answer.end(Status.COMPLETE, 1.0)
journal.end(answer)
kept = journal.load("full")
assert kept.text == "".join(f"{n} " * 4000 for n in range(40)), len(kept.text)
journal._database.close()
print(json.dumps({"told": told, "status": kept.status}))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(tmp_path / "usage.sqlite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["status"] == "complete"
    assert 0 < len(told["told"]) < 40
    assert "cannot be used" in told["told"][0][0]
    assert told["told"][0][2].startswith("Free the disk")


@ON_A_FILE
def test_a_store_that_was_replaced_is_told_and_gets_no_half_answer(journal, path):
    begun(journal)
    journal.append("answer-1", "the beginning ")
    journal._database.close()
    path.write_bytes(b"This is a shopping list, not a database.\n" * 200)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    with pytest.warns(UserWarning, match="is damaged"), pytest.raises(StoreError, match="store was replaced"):
        journal.append("answer-1", "and the rest")
    assert journal.load("answer-1") is None
    begun(journal, "new")
    journal.append("new", "text")
    assert text_of(journal, "new") == "text"


# -- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5, 9, 10_000])
def test_no_key_is_in_any_file_of_the_store(tmp_path, monkeypatch, size):
    mine, given_ = "kq7-planted-without-any-prefix", "given-1-by-hand"
    monkeypatch.setenv("HOLYSHEEP_API_KEY", mine)
    said = f"Your key is {mine}, or {given_}? It begins with kq7-plan and with given-1-. "
    database = Database(str(tmp_path / "usage.sqlite"))
    journal = Journal(database)
    request = ask(f"Is {mine} a key?", extra={"api_key": given_})
    answer = begun(journal, request=request, key=given_)
    for start in range(0, len(said), size):
        piece = said[start : start + size]
        journal.append(answer.id, piece, reasoning=piece, refusal=piece, event_id=f"{start} {mine}")
    call = f'{{"key": "{mine}", "other": "{given_}"}}'
    journal.append(answer.id, tool_calls=[ToolCallDelta(0, "id", "f")])
    for start in range(0, len(call), size):
        journal.append(answer.id, tool_calls=[ToolCallDelta(0, arguments=call[start : start + size])])
    answer.notes.append(f"note {mine}")
    ended(journal, answer, Status.INTERRUPTED, CutError(f"broke off at {mine}"))
    kept = journal.resumable("here.ipynb", "cell-1", request.digest)
    database.close()

    def blotted(text):  # its first characters may stay, where a piece ended after them
        pattern = re.escape(text)
        for key in (mine, given_):
            pattern = pattern.replace(re.escape(key), r"[-\w]{0,7}\*\*\*")
        return re.compile(pattern)

    for text in (kept.text, kept.reasoning, kept.refusal):
        assert blotted(said).fullmatch(text)
    assert kept.request.messages[0].content == "Is *** a key?"
    assert kept.request.extra == {"api_key": "***"}
    assert blotted(call).fullmatch(kept.tool_calls[0].arguments)
    assert (kept.notes, kept.error) == (("note ***",), "broke off at ***")
    assert kept.event_id is None  # a replay would go on from a text that nobody sent
    assert mine not in repr(kept)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert mine[7:].encode() not in file.read_bytes()
            assert given_[7:].encode() not in file.read_bytes()


def test_what_only_looks_like_a_key_stays_in_the_answer(journal, monkeypatch):
    monkeypatch.setenv("POSTGRES_PASSWORD", "postgres")
    said = "Set `sk-proj-0123456789abcdefghij`, Bearer YOUR_KEY, hs_notebook.store.journal and postgres."
    begun(journal)
    journal.append("answer-1", said, event_id="1")
    assert (text_of(journal), journal.load("answer-1").event_id) == (said, "1")


@ON_A_FILE
@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_files_are_the_owners_alone(journal, tmp_path):
    begun(journal)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


# -- the one of this process, and how long ----------------------------------------------------


def test_the_default_journal_is_in_the_ledgers_store(tmp_path, monkeypatch):
    first = default()
    assert default() is first
    assert first._database is ledger_module.default()._database
    monkeypatch.setenv("HOLYSHEEP_STORE", str(tmp_path / "other.sqlite"))
    assert default() is not first
    begun(default())
    assert (tmp_path / "other.sqlite").exists()
    begun(first, "of the store before")  # an answer goes on in the journal it was begun in
    first.append("of the store before", "text")
    assert text_of(first, "of the store before") == "text"
    assert default().load("of the store before") is None
    first._database.close()


def aged(database, days):
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp() * 1_000_000
    database.write(lambda to: to.execute(sql(f"UPDATE hs_answers SET updated_at = {int(then)}")))


def stored(database, table):
    return database.read(lambda connection: connection.execute(sql(f"SELECT count(*) FROM {table}")).scalar())


@pytest.mark.parametrize(
    ("status", "days", "stays"),
    [
        (Status.COMPLETE, 29, True),
        (Status.COMPLETE, 31, False),
        (Status.FAILED, 31, False),
        (Status.INTERRUPTED, 1000, True),
        (None, 1000, True),
    ],
)
def test_what_has_ended_is_let_go_of_after_thirty_days(journal, database, status, days, stays):
    answer = begun(journal, "old")
    journal.append("old", "text")
    if status is not None:
        ended(journal, answer, status)
    aged(database, days)
    later = Journal(journal._database)
    assert later.load("old").text == "text"  # reading changes nothing
    begun(later, "new")
    assert (later.load("old") is not None) is stays
    assert stored(database, "hs_answers") == 1 + stays
    assert stored(database, "hs_pieces") == int(stays)


def test_how_long_is_a_setting(monkeypatch, holysheep_home):
    monkeypatch.setenv("HOLYSHEEP_KEEP_DAYS", "0.5")
    assert default()._keep == timedelta(hours=12)
    for number, wrong in enumerate(("a week", "-1", "nan", "inf")):
        monkeypatch.setenv("HOLYSHEEP_STORE", str(holysheep_home / f"{number}.sqlite"))
        monkeypatch.setenv("HOLYSHEEP_KEEP_DAYS", wrong)
        with pytest.raises(SettingError, match="HOLYSHEEP_KEEP_DAYS"):
            default()


@ON_A_FILE
def test_a_store_of_before_gets_the_journals_tables(path):
    Database(str(path)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE hs_pieces")
        connection.execute("DROP TABLE hs_answers")
    database = Database(str(path))
    journal = Journal(database)
    journal.append(begun(journal).id, "text")
    assert text_of(journal) == "text"
    database.close()


def test_importing_the_journal_imports_neither_pandas_nor_sqlalchemy():
    script = (
        "import sys, hs_notebook.store.journal, hs_notebook.store.kept;"
        "print({'pandas', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
