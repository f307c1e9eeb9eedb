"""Pieces of a body, joined as they came from the network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Gather"]


class Gather:
    """Joins the pieces of one read from the network.

    Servers send one HTTP chunk an event, and httpx hands on each by itself; a hundred may come in one read.
    They are handed on together as soon as the loop gets its turn, that is, when nothing more is there: so
    no piece waits, and the cost of a call to the decoder is paid once a read.

    Attributes:
        error: What `take` raised; None if nothing.
    """

    def __init__(self, take: Callable[[bytes], bool]) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._reader = asyncio.current_task()
        self._pieces: list[bytes] = []
        self._going = True
        self.error: Exception | None = None

    def add(self, piece: bytes) -> bool:
        """Add one; whether to go on reading."""
        if not self._pieces:
            self._loop.call_soon(self._on_turn)
        self._pieces.append(piece)
        return self._going

    def _on_turn(self) -> None:
        if not self._pieces:
            return  # the reader has ended and flushed them itself: a cancel would hit what it does next
        self.flush()
        if self.error is not None and self._reader is not None:
            self._reader.cancel()  # it waits for the next piece, which may never come

    def flush(self) -> None:
        """Hand on what is there."""
        if not self._pieces:
            return
        data, self._pieces = b"".join(self._pieces), []
        try:
            self._going = self._take(data)
        except Exception as error:  # noqa: BLE001 - raised by the reader, not lost in the loop's log
            self.error, self._going = error, False
