"""One row for each attempt, whatever its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hs_notebook.answer import Status
from hs_notebook.errors import QuotaError, StoreError
from hs_notebook.store.ledger import Ledger, Place, default
from hs_notebook.store.views.usage import usage
from hs_notebook.wire.chunk import Usage

WRITER = """
import json, sys
from datetime import UTC, datetime
from hs_notebook.answer import Answer, Status
from hs_notebook.store.ledger import Ledger, Place
from hs_notebook.wire.chunk import ChatRequest, Message
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
request = ChatRequest(model="demo", messages=(Message("user", "Hello"),))
print("ready", flush=True)
sys.stdin.readline()
ledger = Ledger.open(path)
for number in range(count):
    answer = Answer(f"{name}-{number}", request, "embedded")
    attempt = answer.begin(datetime.now(UTC), 0.0)
    ledger.begin(answer, attempt, Place("shared.ipynb", None, None, name))
    if count > 1:
        answer.end(Status.COMPLETE, 1.0)
        ledger.end(answer, attempt)
print("written", flush=True)
sys.stdin.readline()
"""


def start_writer(path, name, count, warnings="error"):
    return subprocess.Popen(
        [sys.executable, "-W", warnings, "-c", WRITER, path, name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(process, *, expect):
    """Let a writer go on, and wait until it says where it has got to."""
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == f"{expect}\n"


def test_a_complete_attempt_is_told_in_full(ledger, make):
    answer, attempt = make.finished(usage=make.usage, cost=make.cost)
    make.put(ledger, answer, attempt, comparison_id="c-1")
    row = make.row(ledger.frame())
    unknown = {name for name, value in row.items() if value is None}
    assert unknown == {
        "resumed_by",
        "estimated_input_tokens",
        "estimated_output_tokens",
        "service_tier",
        "cache_write_1h_tokens",
        "reported_cost_usd",
        "book_cost_usd",
        "list_cost_usd",
        "list_price_book",
        "price_date",
        "error",
    }
    assert {name: value for name, value in row.items() if name not in unknown} == {
        "started_at": pd.Timestamp("2026-11-22T12:30:15.123457Z"),
        "notebook": "here.ipynb",
        "cell_id": "cell-1",
        "execution_count": 7,
        "session": "session-1",
        "comparison_id": "c-1",
        "answer_id": "answer-1",
        "attempt": 1,
        "provider": "holysheep",
        "model": "gpt-4.1",
        "model_served": "gpt-4.1-2025-04-14",
        "status": "complete",
        "finish_reason": "stop",
        "input_tokens": 1500,
        "cache_read_tokens": 100,
        "cache_write_tokens": 0,
        "output_tokens": 850,
        "reasoning_tokens": 64,
        "usage_source": "final",
        "cost_usd": 0.01225,
        "price_book": "article-2025",
        "ttft_s": 0.5,
        "duration_s": 2.5,
        "tokens_per_s": 425.0,
        "request_id": "req-1",
    }


def test_a_cut_attempt_keeps_what_was_counted(ledger, make):
    make.put(ledger, *make.cut(usage=Usage(input_tokens=43, output_tokens=1)))
    row = make.row(ledger.frame())
    assert (row["status"], row["usage_source"], row["input_tokens"]) == ("interrupted", "partial", 43)
    assert row["error"] == "CutError: The stream broke off."
    assert row["cost_usd"] is None


def test_a_retry_is_a_row_of_its_own(ledger, make):
    answer = make.new_answer()
    first = answer.begin(make.started, 0.0)
    ledger.begin(answer, first, make.here)
    answer.end(Status.FAILED, 1.0, QuotaError("Too many requests.", status=429))
    ledger.end(answer, first)
    second = answer.begin(make.started, 2.0, resumed_by="restart")
    answer.end(Status.COMPLETE, 3.0)
    make.put(ledger, answer, second)
    frame = ledger.frame()
    assert frame["attempt"].tolist() == [1, 2]
    assert frame["resumed_by"].astype("string").tolist() == [pd.NA, "restart"]
    assert frame["usage_source"].tolist() == ["missing", "missing"]
    assert frame["input_tokens"].isna().all()


def test_an_attempt_that_runs_is_shown_as_far_as_it_is_known(ledger, make):
    answer = make.new_answer()
    ledger.begin(answer, answer.begin(make.started, 0.0), make.here)
    row = make.row(ledger.frame())
    assert row["status"] is None
    assert row["usage_source"] is None
    assert row["duration_s"] is None
    assert (row["model"], row["cell_id"]) == ("gpt-4.1", "cell-1")


def test_an_end_whose_beginning_could_not_be_written_still_makes_a_row(ledger, make):
    answer, attempt = make.finished()
    ledger.end(answer, attempt)
    assert ledger.frame()["status"].tolist() == ["complete"]
    other, attempt = make.finished("answer-2")
    make.put(ledger, other, attempt)
    ledger.end(other, attempt)  # and twice changes nothing
    assert len(ledger.frame()) == 2


def test_notebooks_are_kept_apart(make, monkeypatch):
    for name in ("a.ipynb", "b.ipynb", "a.ipynb"):
        monkeypatch.setenv("HS_NOTEBOOK_ID", name)
        answer, attempt = make.finished(f"{name}-{len(default().frame())}")
        make.put(default(), answer, attempt, Place(name, None, None, "s"))
    assert usage()["notebook"].tolist() == ["a.ipynb"] * 2
    monkeypatch.setenv("HS_NOTEBOOK_ID", "b.ipynb")
    assert usage()["notebook"].tolist() == ["b.ipynb"]
    assert default().costs("nobody's.ipynb") == []
    monkeypatch.setenv("HS_NOTEBOOK_ID", "nobody's.ipynb")
    assert usage().empty
    assert (usage().dtypes == default().frame().dtypes).all()


def test_the_default_ledger_follows_the_settings(make, tmp_path, monkeypatch):
    first = default()
    assert default() is first
    monkeypatch.setenv("HOLYSHEEP_STORE", str(tmp_path / "other.sqlite"))
    assert default() is not first
    make.put(default(), *make.finished())
    assert (tmp_path / "other.sqlite").exists()
    monkeypatch.delenv("HOLYSHEEP_STORE")
    assert default().frame().empty


TOKENS = st.none() | st.integers(0, 2**63 - 1)
MONEY = st.none() | st.decimals(0, 10**9, places=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(TOKENS, min_size=5, max_size=5), cost=MONEY, when=st.datetimes(datetime(1990, 1, 1)))  # noqa: DTZ001
def test_what_goes_in_comes_out(tmp_path_factory, make, counts, cost, when):
    used = Usage(*counts)
    answer, attempt = make.finished(usage=used, cost=cost, started=when.replace(tzinfo=UTC))
    ledger = Ledger.open(str(tmp_path_factory.mktemp("store") / "usage.sqlite"))
    make.put(ledger, answer, attempt)
    row = make.row(ledger.frame())
    (exact,) = ledger.costs()
    ledger.close()
    assert exact == cost
    assert row["started_at"].to_pydatetime() == attempt.started_at
    read = [
        row[name] for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    ]
    assert read == counts[:4]
    assert row["cost_usd"] == (None if cost is None else float(cost))


def test_figures_no_database_takes_are_unknown(ledger, make):
    used = Usage(input_tokens=2**63, output_tokens=-1)
    answer, attempt = make.finished(usage=used, cost=Decimal("NaN"))
    attempt.ttft_s = float("inf")
    make.put(ledger, answer, attempt)
    frame = ledger.frame()
    assert frame[["input_tokens", "output_tokens", "cost_usd", "ttft_s"]].isna().all(axis=None)


def test_hostile_text_is_stored_and_read_back(ledger, make):
    answer, attempt = make.finished()
    attempt.model_served = "nul \0 half \ud83d quote ' -- 羊"
    attempt.error = "x" * 100_000
    make.put(ledger, answer, attempt, Place("half \udce4.ipynb", "\0", None, "s"))
    row = make.row(ledger.frame("half \udce4.ipynb"))
    assert row["model_served"] == "nul \ufffd half ? quote ' -- 羊"
    assert len(row["error"]) == 1000


def test_no_key_is_in_any_file_of_the_store(make, monkeypatch, tmp_path):
    mine, other = "kq7-planted-without-any-prefix", "sk-proj-4f9a8b7c6d5e4f3a2b1c0d9e"
    monkeypatch.setenv("HOLYSHEEP_API_KEY", mine)
    ledger = Ledger.open(str(tmp_path / "usage.sqlite"))
    answer, attempt = make.cut(
        error=f"401: key {mine} or {other} refused, header 'Authorization: Bearer {mine}'"
    )
    attempt.request_id, attempt.model_served = f"req {mine}", f"gpt {other}"
    make.put(ledger, answer, attempt)
    row = make.row(ledger.frame())
    ledger.close()
    assert row["error"] == "CutError: 401: key *** or *** refused, header 'Authorization: ***'"
    assert row["request_id"] == "req ***"
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert mine.encode() not in path.read_bytes()
            assert other.encode() not in path.read_bytes()


def test_threads_share_a_ledger(ledger, make):
    def write(thread):
        for number in range(25):
            make.put(ledger, *make.finished(f"{thread}-{number}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    reads = [len(ledger.frame()) for _ in range(5)]
    for thread in threads:
        thread.join()
    assert reads == sorted(reads)
    assert len(ledger.frame()) == 100


WRITERS = 8


def write_all_at_once(where, count, warnings="error"):
    """Let eight processes write so many rows each, and give how many rows a reader here saw meanwhile."""
    writers = [start_writer(where, f"w{number}", count, warnings) for number in range(WRITERS)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:  # all at once, and there is no good store yet
        writer.stdin.write("\n")
        writer.stdin.flush()
    ends = [threading.Thread(target=writer.communicate, args=("\n",)) for writer in writers]
    for end in ends:
        end.start()
    ledger, seen = Ledger.open(where), []
    while any(end.is_alive() for end in ends):
        seen.append(len(ledger.frame()))
    ledger.close()
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    return seen


def check_all_is_there(where, count):
    ledger = Ledger.open(where)
    frame = ledger.frame()
    ledger.close()
    assert len(frame) == WRITERS * count
    assert frame["answer_id"].is_unique
    assert (frame["status"] == "complete").all()
    assert (frame.groupby("session").size() == count).all()


def test_no_row_of_eight_processes_is_lost_while_one_reads(where):
    """`benchmarks/store.py` does the same with a thousand rows each."""
    seen = write_all_at_once(where, 60)
    assert seen == sorted(seen)
    check_all_is_there(where, 60)


def test_no_row_of_eight_processes_is_lost_that_find_a_broken_file(tmp_path):
    (tmp_path / "usage.sqlite").write_bytes(b"This is no database." * 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever finds it first says so
        write_all_at_once(str(tmp_path / "usage.sqlite"), 10, "ignore")
    check_all_is_there(str(tmp_path / "usage.sqlite"), 10)
    assert len(list(tmp_path.glob("*.broken-*"))) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_kernel_leaves_an_interrupted_row(ledger, make, where):
    writer = start_writer(where, "killed", 1)
    assert writer.stdout.readline() == "ready\n"
    say(writer, expect="written")
    assert ledger.frame()["status"].isna().tolist() == [True]  # it lives: nobody says it was interrupted
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdin.close()
    writer.stdout.close()
    row = make.row(ledger.frame())
    assert (row["status"], row["usage_source"]) == ("interrupted", "missing")
    assert row["error"] == "No end was recorded: the process that asked is gone."
    assert row["duration_s"] is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_writes_as_a_process_of_its_own():
    script = """
import json, os
from datetime import UTC, datetime
from hs_notebook.answer import Answer, Status
from hs_notebook.store.ledger import current_place, default
from hs_notebook.wire.chunk import ChatRequest, Message
def write(name):
    answer = Answer(name, ChatRequest(model="demo", messages=(Message("user", "Hello"),)), "embedded")
    attempt = answer.begin(datetime.now(UTC), 0.0)
    default().begin(answer, attempt, current_place())
    answer.end(Status.COMPLETE, 1.0)
    default().end(answer, attempt)
write("before")
child = os.fork()
write("child" if child == 0 else "parent")
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
frame = default().frame()
print(json.dumps(dict(zip(frame["answer_id"], frame["session"]))))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    sessions = json.loads(done.stdout)
    assert sessions["before"] == sessions["parent"] != sessions["child"]


def test_importing_the_ledger_imports_neither_pandas_nor_sqlalchemy():
    script = (
        "import sys, hs_notebook.store.ledger as ledger; ledger.current_place();"
        "print({'pandas', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(StoreError, match=r"no-folder.*cannot be used: no such file or directory"):
        Ledger.open(str(tmp_path / "no-folder" / "usage.sqlite"))
