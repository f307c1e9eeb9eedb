"""Answers on disk, so that they outlive the gateway: one file each in `streams`, for their owner's eyes only.

    <stream>.<generation>.<digest of the idempotency key, or ->.events

A file holds a comment that says what was asked, the events as they went over the wire, and, once nothing more
can come, a comment that says how it ended. They are appended to in lots, by one thread for all: what a client
has may be a lot ahead of its file when the gateway is killed, and never is when it ends. Nothing is synced:
the power cord is not promised.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from hs_notebook.gateway.event_log import EventLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["Found", "Read", "Spool"]

_LOG = logging.getLogger("hs_notebook.gateway")
_LOT_S = 0.05
"""How long events gather before they are written."""
_CLOSING = b": end %b\n"
_CLOSED = re.compile(rb"\n(: end (\w+)\n)\Z")
_CLOSING_BYTES = 64
_BACK_BYTES = 2**16
_NAME = re.compile(r"([0-9a-f]+)\.([0-9]+)\.([0-9a-f]+|-)\.events", re.ASCII)


class Found(NamedTuple):
    """A file of an earlier gateway, by its name alone.

    Attributes:
        generation: Which run of the model it holds.
        key: Digest of the idempotency key; None if there was none.
        ended_at: When it was written last, Unix seconds.
    """

    path: Path
    stream: str
    generation: int
    key: str | None
    size: int
    ended_at: float


class Read(NamedTuple):
    """What a file says.

    Attributes:
        asked: Digest of the request.
        state: How it ended; None if its gateway was killed.
    """

    asked: str
    state: str | None
    log: EventLog


class Spool:
    """The folder, and the writing into it.

    Args:
        folder: Made when there is something to write.
        max_bytes: A log that grows past this is taken off the disk; its newest part stays in memory.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._changed: set[EventLog] = set()
        self._unwanted: list[Path] = []
        self._open: dict[EventLog, int] = {}  # the files being written; only the thread uses them
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._warned = False

    # -- writing ------------------------------------------------------------------------------

    def new(self, stream: str, generation: int, key: str | None, asked: str) -> EventLog:
        """The log of a new stream; its file comes with its first lot."""
        head = b": %b\n" % json.dumps({"asked": asked}).encode()
        path = self._folder / f"{stream}.{generation:02d}.{key or '-'}.events"
        return EventLog(path, head, self._on_change)

    def close(self, log: EventLog, state: str) -> None:
        """Say in the file how it ended."""
        log.close(_CLOSING % state.encode())

    def discard(self, *logs: EventLog) -> None:
        """Do away with these logs' files, if they have any."""
        for log in logs:
            log.lose_file()
            self._changed.discard(log)
        self.remove(*(log.path for log in logs))

    def remove(self, *paths: Path) -> None:
        """Do away with files."""
        self._unwanted += paths
        self._news.set()

    def _on_change(self, log: EventLog) -> None:
        if log.end > self._max_bytes:
            _LOG.warning("an answer is too long to be kept: over %d bytes", self._max_bytes)
            self.discard(log)
            return
        self._changed.add(log)
        self._news.set()

    async def run(self) -> None:
        """Write, for as long as the gateway runs."""
        while True:
            await self._news.wait()
            await asyncio.sleep(_LOT_S)
            await self.flush()

    async def flush(self) -> None:
        """Write all there is to write now."""
        async with self._writing:
            self._news.clear()
            lots = [(log, log.unwritten(), log.closing) for log in self._changed if log.events]
            self._changed.clear()
            unwanted, self._unwanted = self._unwanted, []
            failed = await asyncio.to_thread(self._write, lots, unwanted)
            for log, lot, _ in lots:
                if log in failed:
                    log.lose_file()
                    self._unwanted.append(log.path)
                log.wrote(len(lot))
            if failed and not self._warned:
                self._warned = True
                why = next(iter(failed.values()))
                _LOG.warning("answers are kept in memory only: %s: %s", self._folder, why.strerror)

    def _write(
        self, lots: list[tuple[EventLog, bytes, bytes | None]], unwanted: list[Path]
    ) -> dict[EventLog, OSError]:
        """In the thread: append each lot to its file. Gives the logs whose files failed."""
        failed = {}
        for log, lot, closing in lots:
            try:
                if log not in self._open:
                    self._open[log] = self._create(log)
                    lot = log.head + lot  # noqa: PLW2901 - the first one
                _write_all(self._open[log], lot + (closing or b""))
            except OSError as error:
                failed[log] = error
            if (log in failed or closing is not None) and log in self._open:
                os.close(self._open.pop(log))
        for log in [log for log in self._open if log.path in unwanted]:
            os.close(self._open.pop(log))
        for path in unwanted:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        return failed

    def _create(self, log: EventLog) -> int:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        binary = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
        number = os.open(log.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | binary, 0o600)
        _lock(number, alone=True)
        return number

    # -- reading ------------------------------------------------------------------------------

    def found(self) -> list[Found]:
        """The files there are, the oldest first."""
        found = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._folder):
                name = _NAME.fullmatch(entry.name)
                if name is not None:
                    told = entry.stat()
                    key = None if name[3] == "-" else name[3]
                    path = self._folder / entry.name
                    found.append(Found(path, name[1], int(name[2]), key, told.st_size, told.st_mtime))
        return sorted(found, key=lambda each: (each.ended_at, each.generation))

    async def read(self, found: Found) -> Read:
        """Open the log in a file.

        Raises:
            BlockingIOError: Another gateway is still writing it.
            OSError: It cannot be read.
            ValueError: It is none of ours.
        """
        return await asyncio.to_thread(_read, found.path, self._on_change)


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]


def _read(path: Path, changed: Callable[[EventLog], None]) -> Read:
    with path.open("rb") as file:
        _lock(file.fileno(), alone=False)
        head = file.readline()
        asked = str(json.loads(head[2:])["asked"])
        size = file.seek(0, os.SEEK_END)
        file.seek(max(len(head) - 1, size - _CLOSING_BYTES))
        closed = _CLOSED.search(file.read())
        if closed is not None:
            end, state = size - len(closed[1]), closed[2].decode()
        else:
            end, state = _last_whole_event(file, len(head), size), None
        return Read(asked, state, EventLog(path, head, changed, written=end - len(head)))


def _last_whole_event(file: BinaryIO, start: int, end: int) -> int:
    """Where the last whole event ends: the gateway may have been killed within a lot."""
    while end > start:
        begin = max(start, end - _BACK_BYTES)
        file.seek(begin)
        at = file.read(end - begin).rfind(b"\n\n")
        if at >= 0:
            return begin + at + 2
        end = begin + (begin > start)  # the two line ends may lie on both sides
    return start


def _lock(number: int, *, alone: bool) -> None:
    """Mark a file as being written, or see whether it is; the system frees the lock if the writer dies.

    Raises:
        BlockingIOError: It is being written by another process.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(number, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
