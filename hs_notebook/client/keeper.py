"""Keeps the journal close behind a stream: at most 250 ms, on the recorder's thread."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hs_notebook.answer import Answer
    from hs_notebook.client.config import Target
    from hs_notebook.client.record import Recorder
    from hs_notebook.store.journal import Journal
    from hs_notebook.store.place import Place

__all__ = ["Keeper"]

INTERVAL = 0.25
"""Seconds that the journal may be behind."""
_LOST = "This answer is not kept for being taken up again"


class Keeper:
    """Writes one answer to the journal as it grows; lives on the engine's loop."""

    def __init__(self, recorder: Recorder, answer: Answer, place: Place) -> None:
        self._recorder = recorder
        self._answer = answer
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._target: Target | None = None
        self._journal: Journal | None = None  # set and used on the recorder's thread
        self._busy = False  # a piece is on its way to the disk: what comes meanwhile goes with the next
        self._usage = answer.usage
        self._event_id = answer.last_event_id
        self._stream_id: str | None = None
        self.stream_id: str | None = None
        self._seen = self._answer.sizes

    def begin(self, target: Target) -> None:
        """An attempt has begun; its growth is kept from now on."""
        # As it is now: by the time this is written another attempt may have begun.
        answer = replace(self._answer, attempts=list(self._answer.attempts))
        key = None if target.key is None else target.key.reveal()

        def job() -> None:
            from hs_notebook.store import journal

            self._journal = journal.default()
            self._journal.begin(answer, self._place, target.base_url, target.shape, key=key)

        self._recorder.put(self._answer, job, _LOST)
        self.watch(target)

    def start_over(self) -> None:
        """Set aside what was shown, on disk as in the answer."""
        self._flush()
        self._answer.start_over()
        self._seen, self._event_id = self._answer.sizes, None
        if self._target is not None:
            self.begin(self._target)

    def watch(self, target: Target) -> None:
        """Look at the answer every so often. A restart is kept from its first sign on (`start_over`)."""
        self._target = target
        self.pause()
        self._timer = self._loop.call_later(INTERVAL, self._look)

    def pause(self) -> None:
        """No more looking, for now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def end(self, *, wait: bool) -> None:
        """Write the rest and how the answer ended. `wait` False: do not wait until it is on disk."""
        self.pause()
        self._flush()

        def job() -> None:
            if self._journal is not None:
                self._journal.end(self._answer)

        if self._target is not None:
            self._recorder.put(self._answer, job, _LOST)
        if wait:
            await self._recorder.settled(self._answer, _LOST)

    # -- inside -----------------------------------------------------------------------------------

    def _look(self) -> None:
        self._timer = self._loop.call_later(INTERVAL, self._look)
        if not self._busy:
            self._flush()

    def _flush(self) -> None:
        """Have written what is new."""
        news = self._news()
        if not news or self._target is None:
            return
        self._busy = True

        def job() -> None:
            try:
                if self._journal is not None:
                    self._journal.append(self._answer.id, **news)
            finally:
                self._busy = False

        self._recorder.put(self._answer, job, _LOST)

    def _news(self) -> dict[str, Any]:
        """What has come since the last time, and where the stream stands after it."""
        answer, (parts, thoughts, refusals, calls) = self._answer, self._seen
        self._seen = self._answer.sizes
        news: dict[str, Any] = {
            "text": "".join(answer.parts[parts:]),
            "reasoning": "".join(answer.reasoning_parts[thoughts:]),
            "refusal": "".join(answer.refusal_parts[refusals:]),
            "tool_calls": tuple(answer.tool_calls[calls:]),
        }
        if answer.last_event_id != self._event_id:
            self._event_id = answer.last_event_id
            news["event_id"] = self._event_id or ""  # "": nobody can send what follows
        if self.stream_id != self._stream_id:
            self._stream_id = news["stream_id"] = self.stream_id
        if answer.usage is not self._usage:
            self._usage = news["usage"] = answer.usage
        return {name: value for name, value in news.items() if value not in ("", ()) or name == "event_id"}
