"""What a cell goes on with: its own answer of last time if that ended too early, or one that is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.errors import SettingError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.notebook.question.options import Options
    from hs_notebook.store.kept import Kept
    from hs_notebook.store.place import Place
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["LATEST", "Compared", "choose", "compared", "is_whole", "named"]

LATEST = "last"
"""Names the answer of this notebook that was worked on last."""


def choose(options: Options, where: Place, chat: ChatRequest) -> Kept | None:
    """What a cell that asks this goes on with; None: it starts afresh.

    Raises:
        SettingError: No answer of that name is kept.
    """
    if options.fresh:
        return None
    return _unchanged(where, chat) if options.resume is None else named(options.resume, where)


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison that was cut short.

    Attributes:
        answers: What is kept for each request of it, in their order; None where nothing is.
    """

    id: str
    answers: list[Kept | None]


def compared(options: Options, where: Place, requests: Sequence[ChatRequest]) -> Compared | None:
    """The comparison of this very cell, with these very requests, if it was cut short; None: all afresh."""
    from hs_notebook.store import comparisons, journal, renamed

    if options.fresh:
        return None
    try:
        renamed.default().follow(where.notebook)
        last = comparisons.default().last(where.notebook, where.cell_id)
        if last is None or last.models != {chat.model for chat in requests}:
            return None
        kept = [journal.default().load(name) for name in last.answers]
    except (
        SettingError,
        StoreError,
    ):  # the client will say that nothing is kept; it can be asked
        return None
    found = _matched([one for one in kept if one is not None], [chat.digest for chat in requests])
    whole = all(one is not None and is_whole(one) for one in found)
    return None if whole or not any(found) else Compared(last.id, found)


def _matched(kept: list[Kept], digests: list[str]) -> list[Kept | None]:
    """For each request what to go on with: a whole answer before one that is not, each used once."""
    able = [one for one in kept if is_whole(one) or one.goes_on]
    able.sort(key=is_whole, reverse=True)
    found: list[Kept | None] = []
    for digest in digests:
        one = next((one for one in able if one.digest == digest), None)
        if one is not None:
            able.remove(one)
        found.append(one)
    return found


def is_whole(kept: Kept) -> bool:
    """Whether nothing is missing of it."""
    return kept.status is Status.COMPLETE


def _unchanged(where: Place, chat: ChatRequest) -> Kept | None:
    """What this very cell had come to, with this very request, when it ended too early."""
    from hs_notebook.store import journal, renamed

    try:
        renamed.default().follow(where.notebook)
        return journal.default().resumable(where.notebook, where.cell_id, chat.digest)
    except (SettingError, StoreError):  # the client will say that nothing can be kept; it can still be asked
        return None


def named(name: str, where: Place) -> Kept:
    """The answer of that id, or the notebook's last one.

    Raises:
        SettingError: There is none; nothing was sent.
        StoreError: The store cannot be read.
    """
    from hs_notebook.store import journal

    kept = journal.default()
    found = kept.latest(where.notebook) if name == LATEST else kept.load(name)
    if found is not None:
        return found
    if name == LATEST:
        raise SettingError("No answer of this notebook is kept yet.", remedy="Ask in a %%holysheep cell.")
    raise SettingError(
        f"No answer is kept under '{name[:40]}'.",
        remedy="Ids are in the column answer_id of hs.usage(), and in _hs.id.",
    )
