"""Answers as the client would make them, and stores of their own, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from hs_notebook.answer import Answer, Status
from hs_notebook.errors import CutError
from hs_notebook.store.database import Database
from hs_notebook.store.ledger import Ledger, Place
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, Usage

sys.path.insert(0, str(Path(__file__).parent))
from postgres import Cluster, programs

HERE = Place("here.ipynb", "cell-1", 7, "session-1")
STARTED = datetime(2026, 11, 22, 12, 30, 15, 123457, tzinfo=UTC)


def new_answer(name="answer-1", model="gpt-4.1", provider="holysheep"):
    return Answer(name, ChatRequest(model=model, messages=(Message("user", "Hello"),)), provider)


def finished(name="answer-1", *, usage=None, cost=None, started=STARTED):
    """A complete answer of one attempt."""
    answer = new_answer(name)
    attempt = answer.begin(started, 10.0)
    answer.fold(StreamChunk("Hi", model="gpt-4.1-2025-04-14"), 10.5)
    answer.fold(StreamChunk("!", usage=usage, finish_reason=FinishReason.STOP), 12.5)
    answer.end(Status.COMPLETE, 12.5)
    attempt.cost_usd, attempt.price_book, attempt.request_id = cost, "article-2025", "req-1"
    return answer, attempt


def cut(name="answer-2", *, usage=None, error="The stream broke off."):
    """An interrupted answer of one attempt."""
    answer = new_answer(name)
    attempt = answer.begin(STARTED, 10.0)
    answer.fold(StreamChunk("Hi", usage=usage), 10.5)
    answer.end(Status.INTERRUPTED, 11.0, CutError(error))
    return answer, attempt


def put(ledger, answer, attempt, place=HERE, comparison_id=None):
    """Write a whole row."""
    ledger.begin(answer, attempt, place, comparison_id)
    ledger.end(answer, attempt)


def row(frame):
    """The only row, with None for <NA>."""
    assert len(frame) == 1
    return {name: None if pd.isna(value) else value for name, value in frame.iloc[0].items()}


@pytest.fixture
def make():
    """The makers above, for tests in this folder."""

    class Make:
        here, started = HERE, STARTED
        new_answer, finished, cut, put, row = map(staticmethod, (new_answer, finished, cut, put, row))
        usage = Usage(
            input_tokens=1500,
            cache_read_tokens=100,
            cache_write_tokens=0,
            output_tokens=850,
            reasoning_tokens=64,
        )
        cost = Decimal("0.01225")

    return Make


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL of this run's own."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL on this machine")
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    """On which database a test runs: on both, one after the other."""
    return request.param


@pytest.fixture
def where(kind, tmp_path, request):
    """The path or the URL of a new store."""
    if kind == "sqlite":
        return str(tmp_path / "usage.sqlite")
    return request.getfixturevalue("postgresql").new_store()


@pytest.fixture
def database(where):
    opened = Database(where)
    yield opened
    opened.close()


@pytest.fixture
def ledger(where):
    opened = Ledger.open(where)
    yield opened
    opened.close()
