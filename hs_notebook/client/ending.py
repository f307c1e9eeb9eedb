"""How an attempt ended, and in which words the user is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.client.resuming.rules import Break
from hs_notebook.errors import CutError, StreamError

if TYPE_CHECKING:
    from hs_notebook.answer import Status
    from hs_notebook.errors import HolySheepError

__all__ = ["Ending", "cut", "fault", "forgotten", "misled"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended.

    Attributes:
        status: The attempt's status.
        error: Why it is not whole; None where it is, or where the user stopped it.
        broke: The same, as a break; None likewise.
    """

    status: Status
    error: HolySheepError | None = None
    broke: Break | None = None


def cut(how: str | None, *, anything: bool) -> CutError:
    """It ended too early: `how`, None for a proper end without proof; after `anything` or nothing."""
    way = how or "the server ended it without a finish reason"
    if not anything:
        return CutError(
            f"The answer ended before its first text: {way}.",
            means="Nothing was received; the server may still bill the prompt.",
            remedy="Run it again.",
        )
    return CutError(
        f"The answer was cut off: {way}.",
        means="The text kept is the true beginning; the rest did not come.",
        remedy="Run it again for a whole answer.",
    )


def misled(broke: Break) -> CutError:
    """What came does not belong to what is held: GAP or UNKNOWN."""
    what = {
        Break.GAP: "Events of the answer are missing: those that came skip some.",
        Break.UNKNOWN: "What the server sent belongs to another answer than the text held.",
    }
    return CutError(
        what[broke],
        means="The text kept is the true beginning; nothing that does not belong to it was added.",
        remedy="Run it again for a whole answer.",
    )


def forgotten() -> CutError:
    """The server says by itself that it cannot replay."""
    return CutError(
        "The server has no more of this answer than has come, or no longer keeps it.",
        means="The text kept is the true beginning.",
        remedy="Run it again for a whole answer.",
    )


def fault(error: Exception) -> StreamError:
    """A defect of ours."""
    return StreamError(
        f"hs_notebook itself failed: {type(error).__name__}: {error}",
        means="This is a defect of the extension; the text received is kept.",
        remedy="Please report it with these lines.",
    )
