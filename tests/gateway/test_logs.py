"""The log never grows past its bound, and keeps its newest lines."""

import logging
import os

from hs_notebook.gateway.logs import BoundedHandler


def test_the_older_half_is_dropped_at_the_bound(tmp_path):
    path = tmp_path / "gateway.log"
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    with open(number, "r+", buffering=1) as stream:  # noqa: PTH123 - as stderr is: a descriptor, appending
        handler = BoundedHandler(stream, 1000)
        sizes = []
        for number in range(500):
            handler.emit(logging.LogRecord("x", 20, "", 0, "line %d", (number,), None))
            sizes.append(path.stat().st_size)
    lines = path.read_text().splitlines()
    assert max(sizes) <= 1020
    assert lines[-1] == "line 499"
    assert lines == [f"line {number}" for number in range(500 - len(lines), 500)]
    assert len(lines) > 40


def test_what_is_no_file_is_left_alone(tmp_path):
    reader, writer = os.pipe()
    with open(writer, "w") as stream:  # noqa: PTH123 - a descriptor
        BoundedHandler(stream, 1).emit(logging.LogRecord("x", 20, "", 0, "said", (), None))
    with open(reader) as told:  # noqa: PTH123 - a descriptor
        assert told.read() == "said\n"
