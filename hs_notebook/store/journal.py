"""The journal: every answer as it grows, on disk while it grows. What resuming and showing again read.

An answer has one row, and its text in pieces that are only ever appended. A piece brings along where the
stream stood after it, so that text and event id are never apart: whenever the kernel dies, what is on disk is
a true beginning of the answer.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.errors import SettingError, StoreError
from hs_notebook.store.moment import now, to_micros
from hs_notebook.store.process import the_one
from hs_notebook.store.text import Blotter, plain, without_keys
from hs_notebook.store.unwritten import Unwritten
from hs_notebook.store.writer import this_writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from hs_notebook.answer import Answer
    from hs_notebook.store.database import Database
    from hs_notebook.store.kept import Kept
    from hs_notebook.store.place import Place
    from hs_notebook.wire.chunk import Shape, ToolCallDelta, Usage

__all__ = ["KEEP", "Journal", "default"]

KEEP = timedelta(days=30)
"""How long an answer is kept after its end. `HOLYSHEEP_KEEP_DAYS` sets it; interrupted ones stay."""

_PAUSE = 5.0
"""Seconds that a store which could not be written is left alone, at appends; each try may take as long."""


class Journal:
    """Answers on disk. Any thread may use it, and any number of processes the same store.

    For one answer: `begin` at each attempt, `append` as it grows, `end`, all on the same Journal. What could
    not be written is written with the next piece or at the end; nothing is lost by a store that recovers.

    Raises (every method): StoreError when the store cannot be read or written.
    """

    def __init__(self, database: Database, *, keep: timedelta = KEEP) -> None:
        """Keep answers in a database, for so long after their end."""
        self._database = database
        self._keep = keep
        self._pruned = False
        self._retry_at = 0.0
        self._lock = threading.Lock()
        self._open: dict[str, Unwritten] = {}

    # -- writing ------------------------------------------------------------------------------

    def begin(
        self, answer: Answer, place: Place, base_url: str, shape: Shape | None, *, key: str | None = None
    ) -> None:
        """Write that an attempt of the answer has begun, the first or another; from now on it is ours.

        An attempt `resumed_by` "restart" supersedes what is kept of the answer.

        Args:
            answer: The answer, with that attempt in it.
            place: Where it was asked.
            base_url: The server's.
            shape: Whose JSON is spoken; None where it is to be recognised.
            key: The request's key: it is not stored, but blotted out of what is.
        """
        with self._lock:
            blotter = Blotter(key)
            unwritten = self._open.setdefault(answer.id, Unwritten(blotter))
            restarts = bool(answer.attempts) and answer.attempts[-1].resumed_by == "restart"
            unwritten.begin(_beginning(answer, place, base_url, shape, blotter), restarts=restarts)
            self._write(unwritten)
            for left in [one for one in self._open.values() if one.ending is not None]:
                self._write(left)  # its end could not be written then

    def append(  # noqa: PLR0913 - what a stream brings
        self,
        answer_id: str,
        text: str = "",
        *,
        reasoning: str = "",
        refusal: str = "",
        tool_calls: Sequence[ToolCallDelta] = (),
        event_id: str | None = None,
        stream_id: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        """Write what has come since the last time. When this returns, no `kill -9` takes it away.

        Two exceptions: for 5 s after a failure it is only held, and so is a piece that may end within a
        secret, until the next.

        Args:
            answer_id: The answer.
            text: What its text has grown by.
            reasoning: Likewise its reasoning.
            refusal: Likewise its refusal.
            tool_calls: Likewise its tool calls.
            event_id: The last event folded into exactly that; None where nothing is new.
            stream_id: The gateway's name for the stream; None where nothing is new.
            usage: The provider's counts as of that event; None where nothing is new.
        """
        with self._lock:
            unwritten = self._open[answer_id]
            texts = {"text": text, "reasoning": reasoning, "refusal": refusal}
            unwritten.add(texts, tool_calls, {"event_id": event_id, "stream_id": stream_id}, usage)
            if monotonic() >= self._retry_at:
                self._write(unwritten)

    def end(self, answer: Answer) -> None:
        """Write what is left to be written, and how the answer ended."""
        with self._lock:
            unwritten = self._open[answer.id]
            unwritten.ending = _ending(answer)
            self._write(unwritten)

    def _write(self, unwritten: Unwritten) -> None:
        piece = unwritten.piece()
        news = piece is not None or unwritten.ending is not None or not unwritten.is_begun
        if news and not unwritten.is_lost:
            with self._watched(unwritten):
                unwritten.number = self._database.write(lambda to: self._transact(to, unwritten, piece))
            self._pruned = True
            unwritten.is_begun, unwritten.restarts = True, False
        if piece is not None:
            unwritten.clear()
        if unwritten.ending is not None:
            del self._open[unwritten.row["id"]]

    def _transact(self, connection: Connection, unwritten: Unwritten, piece: dict[str, Any] | None) -> int:
        """Write all there is of an answer; the number of its next piece."""
        from hs_notebook.store import journal_rows

        number = unwritten.number
        if not self._pruned:
            journal_rows.prune(connection, now() - to_micros(self._keep))
        if not unwritten.is_begun:
            number = journal_rows.begin(connection, unwritten.row, restarts=unwritten.restarts)
        if piece is not None:
            journal_rows.add_piece(connection, unwritten.row, number, piece)
            number += 1
        if unwritten.ending is not None:
            journal_rows.end(connection, unwritten.row, unwritten.ending)
        return number

    @contextmanager
    def _watched(self, unwritten: Unwritten) -> Iterator[None]:
        from hs_notebook.store.journal_rows import TakenError

        try:
            yield
        except TakenError:
            unwritten.is_lost = True
            raise StoreError(
                "Another kernel has taken this answer up, or its store was replaced.",
                means="What comes from here on is shown, and not kept for resuming.",
            ) from None
        except StoreError:
            self._retry_at = monotonic() + _PAUSE
            raise
        self._retry_at = 0.0

    # -- reading ------------------------------------------------------------------------------

    def load(self, answer_id: str) -> Kept | None:
        """The answer of that id; None if it is not kept."""
        from hs_notebook.store.schema import answers

        return self._first(answers.c.id == plain(answer_id))

    def resumable(self, notebook: str, cell_id: str | None, digest: str) -> Kept | None:
        """The answer that a cell goes on with when it asks the same again; None if it starts afresh.

        The last one to that very question, if it `Kept.goes_on`. One that failed before its first text does
        not stand in the way of an earlier one.

        Args:
            notebook: Where the cell is.
            cell_id: The cell; None: any of the notebook, for front ends that do not say.
            digest: `ChatRequest.digest` of what it asks.
        """
        from hs_notebook.store.journal_rows import has_text_or_may
        from hs_notebook.store.schema import answers

        where = [answers.c.notebook == plain(notebook), answers.c.digest == digest, has_text_or_may()]
        if cell_id is not None:
            where.append(answers.c.cell_id == plain(cell_id))
        found = self._first(*where)
        return found if found is not None and found.goes_on else None

    def latest(self, notebook: str) -> Kept | None:
        """The answer of a notebook that was begun, taken up or ended last, whatever its end."""
        from hs_notebook.store.schema import answers

        return self._first(answers.c.notebook == plain(notebook))

    def kept(self, notebook: str, *, limit: int | None = None) -> list[Kept]:
        """Answers of a notebook, the last one first, with their texts; None: all of them."""
        from hs_notebook.store.journal_rows import find
        from hs_notebook.store.schema import answers

        return self._database.read(lambda to: find(to, answers.c.notebook == plain(notebook), limit=limit))

    def texts(self, answer_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Prompt and answer by id, of those that are kept; several messages stand below their roles."""
        from hs_notebook.store.journal_rows import texts

        return self._database.read(lambda to: texts(to, list(answer_ids)))

    def _first(self, *where: Any) -> Kept | None:  # noqa: ANN401 - conditions, of SQLAlchemy's types
        from hs_notebook.store.journal_rows import find

        return next(iter(self._database.read(lambda to: find(to, *where, limit=1))), None)


def default() -> Journal:
    """The journal of this process, in the same store as the ledger.

    Raises:
        SettingError: A setting of the store cannot be used.
        StoreError: The store cannot be opened.
    """
    return the_one(_configured)


def _configured(database: Database) -> Journal:
    named = os.environ.get("HOLYSHEEP_KEEP_DAYS")
    if not named:
        return Journal(database)
    try:
        keep = timedelta(days=float(named))
    except (ValueError, OverflowError):  # no number, or none that is one
        keep = timedelta(days=-1)
    if keep < timedelta(0):
        raise SettingError(
            f"HOLYSHEEP_KEEP_DAYS is {named!r}.", remedy="Give a number of days from 0 up; 30 is the default."
        )
    return Journal(database, keep=keep)


def _beginning(
    answer: Answer, place: Place, base_url: str, shape: Shape | None, blotter: Blotter
) -> dict[str, Any]:
    first = answer.attempts[0].started_at if answer.attempts else None
    return {
        "id": answer.id,
        "digest": answer.request.digest,
        "request": blotter.blot(msgspec.json.encode(answer.request).decode()),
        "provider": without_keys(answer.provider),
        "base_url": blotter.blot(base_url),
        "shape": shape,
        "model": without_keys(answer.model),
        "notebook": plain(place.notebook),
        "cell_id": None if place.cell_id is None else plain(place.cell_id),
        "session": place.session,
        "writer": this_writer(),
        "created_at": now() if first is None else to_micros(first),
        "attempts": len(answer.attempts),
    }


def _ending(answer: Answer) -> dict[str, Any]:
    notes = [without_keys(note) for note in answer.notes]
    return {
        "status": answer.status.value,
        "finish_reason": None if answer.finish_reason is None else answer.finish_reason.value,
        "attempts": len(answer.attempts),
        "notes": msgspec.json.encode(notes).decode() if notes else None,
        "error": None if answer.error is None else without_keys(answer.error.what),
    }
