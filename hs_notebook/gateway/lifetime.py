"""When the gateway's process has done its duty.

It ends by itself when nothing has been asked of it for a while, and when its file is gone or names another
gateway, for then nobody can find it. Either way it first takes its file away, then finishes what is in
flight.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from hs_notebook.gateway.record import Record

__all__ = ["Lifetime"]

_LOG = logging.getLogger("hs_notebook.gateway")
_LOOK_S = 1.0
"""How often the gateway looks whether its time has come."""


class Lifetime:
    """Whether the gateway is needed: requests in flight, time since the last, and its file.

    Attributes:
        in_flight: Requests being answered, and answers being generated whether or not anybody reads them.
        retired: It has taken its file away and ends when nothing is in flight.
    """

    def __init__(self, record: Record, path: Path, idle_s: float) -> None:
        self.in_flight = 0
        self.retired = False
        self._record = record
        self._path = path
        self._idle_s = idle_s
        self._last = time.monotonic()

    def begin(self) -> None:
        """A request came, or an answer is begun."""
        self.in_flight += 1
        self.touch()

    def end(self) -> None:
        """It has ended, whichever way."""
        self.in_flight -= 1
        self.touch()

    def touch(self) -> None:
        """Somebody is about to need the gateway."""
        self._last = time.monotonic()

    def retire(self, why: str) -> None:
        """Be found no more; end when nothing is in flight."""
        if not self.retired:
            _LOG.info("retiring: %s", why)
            self.retired = True
            self._record.remove(self._path)

    async def over(self) -> None:
        """Return when it is time to end."""
        while not (self.retired and self.in_flight == 0):
            await asyncio.sleep(min(_LOOK_S, self._idle_s / 4))
            if not self._record.stands_in(self._path):
                self.retire("the file is gone, or names another gateway")
            elif self.in_flight == 0 and time.monotonic() - self._last > self._idle_s:
                self.retire("idle")
