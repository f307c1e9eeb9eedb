"""The gateway's log: to stderr, which is `gateway.log` when a kernel started it, and never past its bound."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
from typing import TextIO

__all__ = ["BoundedHandler", "start_logging"]

LIMIT_BYTES = 1_000_000


class BoundedHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream; where that is a file and grows past the limit, its older half is dropped."""

    def __init__(self, stream: TextIO, limit_bytes: int) -> None:
        super().__init__(stream)
        self._limit_bytes = limit_bytes

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, then see to the bound."""
        super().emit(record)
        with contextlib.suppress(OSError, ValueError):  # a log that cannot be read back is left as it is
            self._bound()

    def _bound(self) -> None:
        number = self.stream.fileno()
        told = os.fstat(number)
        if not stat.S_ISREG(told.st_mode) or told.st_size <= self._limit_bytes:
            return
        os.lseek(number, -self._limit_bytes // 2, os.SEEK_END)
        _, _, kept = os.read(number, self._limit_bytes).partition(b"\n")
        os.ftruncate(number, 0)
        os.write(number, kept)  # the file was opened for appending, so this is its beginning


def start_logging() -> None:
    """Send every record of this process, warnings included, to stderr. Requests are not logged."""
    handler = BoundedHandler(sys.stderr, LIMIT_BYTES)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every request's URL
