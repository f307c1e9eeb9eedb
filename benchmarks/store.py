"""The usage store: 100,000 rows read, one row appended while another kernel writes, eight kernels at once."""

import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from statistics import median

from tables import table

ROWS = 100_000
APPENDS = 2_000
WRITERS = 8
EACH = 1_000

WRITER = """
import itertools, sys
from datetime import UTC, datetime
from hs_notebook.answer import Answer, Status
from hs_notebook.store.ledger import Ledger, Place
from hs_notebook.wire.chunk import ChatRequest, Message, Usage
where, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
request = ChatRequest(model="demo", messages=(Message("user", "Hello"),))
place = Place("shared.ipynb", "cell", 1, name)
ledger = Ledger.open(where)
print("ready", flush=True)
sys.stdin.readline()
for number in range(count) if count else itertools.count():
    answer = Answer(f"{name}-{number}", request, "embedded")
    attempt = answer.begin(datetime.now(UTC), 0.0)
    ledger.begin(answer, attempt, place)
    attempt.usage = Usage(10, output_tokens=20)
    answer.end(Status.COMPLETE, 1.0)
    ledger.end(answer, attempt)
"""


def run(_options):
    with tempfile.TemporaryDirectory() as folder:
        found = [*reading(Path(folder) / "large.sqlite"), *appending(str(Path(folder) / "appended.sqlite"))]
        found += crowd("SQLite", str(Path(folder) / "crowd.sqlite"))
    found += on_postgresql()
    return table(f"The store, {ROWS:,} rows", ["", "measured", "wanted"], found)


def seconds(work, rounds=5):
    """The middle of some rounds; the first, which imports, is not counted."""
    return in_words(*middle([work], rounds))


def middle(works, rounds=5):
    """The middle of some rounds of each, turn about: what else runs on the machine slows all of them."""
    for work in works:
        work()
    taken = [[clocked(work) for work in works] for _ in range(rounds)]
    return [
        tuple(map(median, zip(*rounds_of_one, strict=True))) for rounds_of_one in zip(*taken, strict=True)
    ]


def clocked(work):
    """Seconds by the clock on the wall, and of the processor."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def in_words(taken):
    return f"{taken[0]:.2f} s, by CPU {taken[1]:.2f} s"


def plain(path):
    """The same rows without our dtypes."""
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        pd.read_sql("SELECT * FROM hs_attempts WHERE notebook = 'n.ipynb' ORDER BY started_at", connection)
    engine.dispose()


def reading(path):
    import hs_notebook as hs

    fill(path)
    os.environ |= {"HOLYSHEEP_STORE": str(path), "HS_NOTEBOOK_ID": "n.ipynb"}
    try:
        assert len(hs.usage()) == ROWS
        ours, theirs = middle([hs.usage, lambda: plain(path)])
        yield "`hs.usage()`", in_words(ours), "0.5 s"
        times = f"{theirs[0] / ours[0]:.1f} times ours, by CPU {theirs[1] / ours[1]:.1f}"
        yield "`pandas.read_sql` of the same rows, in turns", in_words(theirs), times
        yield '`hs.usage(by="model")`', seconds(lambda: hs.usage(by="model")), "0.7 s"
        for suffix in (".csv", ".parquet"):
            target = path.with_suffix(suffix)
            taken = seconds(lambda target=target: hs.export_usage(target, overwrite=True), 1)
            yield f"`hs.export_usage` to {suffix}", taken, ""
    finally:
        del os.environ["HOLYSHEEP_STORE"], os.environ["HS_NOTEBOOK_ID"]


def fill(path):
    """Rows as a busy notebook leaves them, with all that providers, price books and estimates say."""
    from sqlalchemy import insert

    from hs_notebook.store.database import Database
    from hs_notebook.store.schema import attempts

    database = Database(str(path))
    rows = [row(number) for number in range(ROWS)]
    database.write(lambda connection: connection.execute(insert(attempts), rows))
    database.close()


def row(number):
    model = ("gpt-4.1", "claude-sonnet-4.5", "deepseek-v3.2", "gemini-2.5-flash")[number % 4]
    ended = number % 20 != 0
    cost = f"0.{number % 10**8:09}" if ended else None
    return {
        "answer_id": uuid.UUID(int=number).hex,
        "attempt": 1,
        "started_at": 1_790_000_000_000_000 + number * 30_000_000,
        "notebook": "n.ipynb",
        "cell_id": str(uuid.UUID(int=number % 300)),
        "execution_count": number % 100,
        "session": uuid.UUID(int=number // 500).hex,
        "writer": "host/boot|1|2",
        "provider": "holysheep",
        "model": model,
        "model_served": f"{model}-2025",
        "status": "complete" if ended else "interrupted",
        "finish_reason": "stop" if ended else None,
        "input_tokens": number % 5000,
        "cache_read_tokens": number % 3000 if number % 3 else 0,
        "reasoning_tokens": number % 400 if number % 4 else 0,
        "output_tokens": number % 900 if ended else None,
        "estimated_input_tokens": number % 4800,
        "estimated_output_tokens": number % 880,
        "usage_source": "final" if ended else "missing",
        "cost_usd": cost,
        "book_cost_usd": cost,
        "price_book": "article-2025" if ended else None,
        "price_date": "2026-11-22" if ended else None,
        "list_cost_usd": cost,
        "list_price_book": "genai-prices 0.2.3" if ended else None,
        "ttft_s": (number % 997) / 997,
        "duration_s": (number % 9973) / 997,
        "tokens_per_s": (number % 99991) / 997,
        "request_id": f"req_{number}",
        "error": None if ended else "CutError: The stream broke off.",
    }


def appending(where):
    """What begins and ends an attempt, in the writer's own words, while another kernel does the same."""
    from datetime import UTC, datetime

    from hs_notebook.answer import Answer, Status
    from hs_notebook.store.ledger import Ledger, Place
    from hs_notebook.wire.chunk import ChatRequest, Message

    request = ChatRequest(model="demo", messages=(Message("user", "Hello"),))
    ledger, place, taken, idle = Ledger.open(where), Place("n.ipynb", "cell", 1, "s"), [], []
    other = start(where, "other", 0)
    go_on(other)
    for number in range(APPENDS):
        answer = Answer(f"answer-{number}", request, "embedded")
        attempt = answer.begin(datetime.now(UTC), 0.0)
        began = time.perf_counter()
        ledger.begin(answer, attempt, place)
        taken.append(time.perf_counter() - began)
        answer.end(Status.COMPLETE, 1.0)
        ledger.end(answer, attempt)
        idle.append(computing())
    other.kill()
    other.communicate()
    beside = len(ledger.frame("shared.ipynb"))
    ledger.close()
    assert beside > APPENDS / 10, beside
    yield "append, P99, while another kernel writes", slowest(taken), "10 ms"
    yield "0.3 ms of nothing but computing, P99, in turns", slowest(idle), "what else the machine does"
    yield "append, P50", f"{median(taken) * 1000:.1f} ms", ""


def computing():
    """How long it takes till 0.3 ms are over: longer where others want the processor."""
    began = now = time.perf_counter()
    while now < began + 0.0003:
        now = time.perf_counter()
    return now - began


def slowest(taken):
    return f"{sorted(taken)[int(len(taken) * 0.99)] * 1000:.1f} ms"


def start(where, name, count):
    words = [sys.executable, "-c", WRITER, where, name, str(count)]
    writer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "ready\n"
    return writer


def go_on(writer):
    writer.stdin.write("\n")
    writer.stdin.flush()


def crowd(kind, where):
    from hs_notebook.store.ledger import Ledger

    writers = [start(where, f"kernel-{number}", EACH) for number in range(WRITERS)]
    began = time.perf_counter()
    for writer in writers:
        go_on(writer)
    ends = [threading.Thread(target=writer.communicate) for writer in writers]
    for end in ends:
        end.start()
    ledger, seen = Ledger.open(where), []
    while any(end.is_alive() for end in ends):
        seen.append(len(ledger.frame()))
    taken = time.perf_counter() - began
    found = len(ledger.frame())
    ledger.close()
    assert seen == sorted(seen)
    what = f"{kind}: {WRITERS} kernels of {EACH:,} rows each while one reads ({len(seen):,} times)"
    yield what, f"{found:,} in {taken:.0f} s", f"{WRITERS * EACH:,}"


def on_postgresql():
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "store"))
    from postgres import Cluster, programs

    if programs() is None:
        return [("PostgreSQL: none on this machine", "", "")]
    with Cluster() as cluster:
        return list(crowd("PostgreSQL", cluster.new_store()))
