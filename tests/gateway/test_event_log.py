"""The log of one answer, as it moves from memory to its file: read at any offset, it is the same bytes."""

import asyncio
import random

import pytest

from hs_notebook.gateway import event_log
from hs_notebook.gateway.event_log import EventLog
from hs_notebook.wire.sse import encode

HEAD = b": {}\n"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Bounds so low that a short log meets them all."""
    monkeypatch.setattr(event_log, "_MEMORY_BYTES", 500)
    monkeypatch.setattr(event_log, "_ALONE_BYTES", 4000)
    monkeypatch.setattr(event_log, "_PIECE_BYTES", 64)


def name(number):
    return f"ab.01.{number:08d}"


def event(number, size=40):
    return encode(b'{"%b"}' % (b"x" * size), id=name(number))


@pytest.fixture
def log(tmp_path):
    return EventLog(tmp_path / "log", HEAD, lambda _: None)


def write(log):
    """What the spool does with a lot."""
    lot = log.unwritten()
    with log.path.open("ab") as file:
        file.write((HEAD if file.tell() == 0 else b"") + lot + (log.closing or b""))
    log.wrote(len(lot))


def whole(log, start, limit):
    async def read():
        at, body = start, b""
        while at < log.end:
            piece = await log.read(at, limit)
            assert 0 < len(piece) <= limit
            at, body = at + len(piece), body + piece
        return body

    return asyncio.run(read())


def after(log, number):
    return asyncio.run(log.after(name(number)))


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_written_when_any_offset_reads_the_same(log, seed):
    dice = random.Random(seed)
    all_events = [event(number, dice.randrange(200)) for number in range(1, 60)]
    for each in all_events:
        log.append(each)
        if dice.random() < 0.5:
            write(log)
    if seed % 2:
        log.close(b": end complete\n")
        write(log)
    body, offsets = b"".join(all_events), [0]
    for each in all_events:
        offsets.append(offsets[-1] + len(each))
    assert log.end == len(body)
    for start in dice.sample(range(len(body)), 40):
        assert (
            whole(log, start, dice.choice([1, 50, 10_000]) if start > len(body) - 300 else 997)
            == body[start:]
        )
    assert [after(log, number) for number in range(1, 60)] == offsets[1:]
    assert after(log, 60) is None


def test_memory_holds_the_newest_and_no_more_once_the_file_has_all(log):
    for number in range(1, 50):
        log.append(event(number))
        write(log)
        assert len(log._newest) <= 2 * 500 + 200
    log.close(b": end complete\n")
    write(log)
    assert not log._newest


def test_an_event_is_not_found_by_what_a_model_writes(log):
    log.append(encode(b'{"a":"\\n\\nid: ab.01.00000002\\n"}', id=name(1)))
    assert after(log, 2) is None
    log.append(event(2))
    write(log)
    assert after(log, 2) == log.end


def test_without_a_file_the_newest_is_held_and_the_rest_said_to_be_gone(log):
    log.append(event(1))
    write(log)
    log.lose_file()
    for number in range(2, 200):
        log.append(event(number))
        assert len(log._newest) <= 2 * 4000 + 200
    assert after(log, 199) == log.end
    assert whole(log, log.end - 100, 30) == whole(log, log.end - 100, 1000)
    with pytest.raises(LookupError):
        asyncio.run(log.read(0, 10))
    with pytest.raises(LookupError):
        after(log, 1)


def test_a_disk_that_hangs_is_given_up(log):
    for number in range(1, 100):
        log.append(event(number))
    assert not log.in_file


def test_a_file_that_is_gone_is_said_to_be(log):
    log.append(event(1))
    log.close(b": end complete\n")
    write(log)
    log.path.unlink()
    with pytest.raises(LookupError):
        asyncio.run(log.read(0, 10))
