"""The two clocks of a stream: liveness (any byte) and progress (a content event).

Only a server that sends heartbeats is held to them, from the first one on: another may think for long and
say nothing. Until then progress alone counts.

Both are figures that the reader of the stream sets; one lazy timer looks when the earlier could be due. So an
event costs two assignments, whatever its rate.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.client.resuming.rules import Break
from hs_notebook.errors import StalledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.client.config import StreamingConfig

__all__ = ["Clock", "is_heartbeat"]


def is_heartbeat(data: bytes) -> bool:
    """Whether a piece that brought no event is a sign of life: a comment, a ping, or blank lines."""
    return data.startswith((b":", b"event: ping", b"event:ping")) or data.isspace()


class Clock:
    """Watches one attempt; calls `on_stall` once when a clock has run out.

    Attributes:
        byte_at: Monotonic time of the last byte; None: not watched yet (no answer has begun).
        progress_at: Monotonic time of the last content, or of the request.
        beats: Whether the server was seen to send heartbeats on this stream.
        grace: Seconds for what may follow, once the answer is decided; None while it is not.
        error: What ran out; None while nothing did, or when only the grace was over.
        broke: The same, as a break.
    """

    def __init__(self, config: StreamingConfig, on_stall: Callable[[], None]) -> None:
        self._config = config
        self._on_stall = on_stall
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.byte_at: float | None = None
        self.progress_at = monotonic()
        self.beats = False
        self.grace: float | None = None
        self.error: StalledError | None = None
        self.broke: Break | None = None

    def start(self) -> None:
        """Begin watching, or go on after `stop` as if bytes and content had just come."""
        self.progress_at = monotonic()
        if self.byte_at is not None:
            self.byte_at = self.progress_at
        self.look_again()

    def expect_heartbeats(self) -> None:
        """The server has sent one: from now on three that fail to come end the wait."""
        self.beats = True
        self.look_again()

    def shorten(self, grace: float) -> None:
        """The answer is decided: wait for what may follow no longer than `grace` seconds after a byte."""
        if self.grace is None or grace < self.grace:
            self.grace = grace
            self.look_again()

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> float:
        if self.grace is not None:
            return (self.byte_at or self.progress_at) + self.grace
        due = self.progress_at + self._config.progress_timeout
        if self.beats and self.byte_at is not None:
            due = min(due, self.byte_at + self._config.liveness_timeout)
        return due

    def look_again(self) -> None:
        """Set the timer anew, when a clock was added or shortened."""
        self.stop()
        self._look()

    def _look(self) -> None:
        left = self._due() - monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        self._timer = None
        if self.grace is None:
            self.broke, self.error = self._what_ran_out()
        self._on_stall()

    def _what_ran_out(self) -> tuple[Break, StalledError]:
        limit = self._config.progress_timeout
        if self.byte_at is None:
            return Break.STALLED, StalledError(
                f"The server took the request and has not answered for {limit:g} s.",
                means="It may have answered to nobody, and may bill what it made.",
                remedy="Try again; for a model that thinks longer, set StreamingConfig(progress_timeout=…).",
            )
        if monotonic() - self.progress_at >= limit:
            alive = "keeps the connection alive but " if self.beats else ""
            return Break.STALLED, StalledError(
                f"The server {alive}has sent no text for {limit:g} s.",
                remedy="Try again; for a model that thinks longer, set StreamingConfig(progress_timeout=…).",
            )
        return Break.SILENT, StalledError(
            f"Not a byte came for {self._config.liveness_timeout:g} s (three heartbeats); nobody is there.",
            means="The text received is kept.",
            remedy="Check the network and run it again; for a server whose heartbeats are further apart, "
            "set StreamingConfig(heartbeat_interval=…).",
        )
