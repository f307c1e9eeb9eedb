"""Chunks for a reader: each once, whenever he comes and whoever else looks."""

import sys
import threading
from datetime import UTC, datetime

import pytest

from hs_notebook.answer import Answer
from hs_notebook.client.mailbox import Mailbox
from hs_notebook.client.prompt import chat_request
from hs_notebook.wire.chunk import StreamChunk


@pytest.fixture
def answer():
    one = Answer("a", chat_request("hello", model="m"), "models.example")
    one.begin(datetime.now(UTC), 0.0)
    return one


def test_a_box_that_is_off_takes_nothing(answer):
    """A writer that looked just before, and puts just after."""
    box = Mailbox()
    box.switch_off()
    answer.fold(StreamChunk("before"), 1.0)
    box.put([StreamChunk("before")])
    assert box.open()
    box.join_late(answer)
    assert box.take().content == "before"
    assert box.take() is None


def test_a_late_reader_is_not_done_before_he_has_joined(answer):
    """The stream may end between his coming and his being let in."""
    box = Mailbox()
    box.switch_off()
    answer.fold(StreamChunk("all of it"), 1.0)
    assert box.open()
    box.close()
    assert not box.over
    box.join_late(answer)
    assert box.over
    assert box.take().content == "all of it"


def test_whoever_looks_while_it_is_written_no_chunk_is_kept(answer):
    """The writer's look and its putting-in, against another thread's switching-off between the two."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            box = Mailbox()
            off = threading.Thread(target=box.switch_off)
            off.start()
            for _ in range(20):
                if box.collecting:
                    box.put([StreamChunk("x")])
            off.join()
            assert box.open()
            assert box.take() is None
    finally:
        sys.setswitchinterval(interval)
