"""What a cell goes on with: its own answer of last time if that was interrupted, or one that is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.errors import SettingError, StoreError

if TYPE_CHECKING:
    from hs_notebook.notebook.question.options import Options
    from hs_notebook.store.kept import Kept
    from hs_notebook.store.place import Place
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["LATEST", "choose", "named"]

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


def _unchanged(where: Place, chat: ChatRequest) -> Kept | None:
    """What this very cell had come to, with this very request, when it was interrupted."""
    from hs_notebook.store import journal

    try:
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
