"""An answer that ended too early, made ready to be taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.answer import TRANSITIONS, Answer, Status
from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from hs_notebook.store.kept import Kept
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["earlier"]


def earlier(resume: Answer | Kept, chat: ChatRequest | None) -> Answer:
    """The answer to go on with: the very one, or made from what the journal keeps.

    Args:
        resume: What to take up.
        chat: What is asked now, which must be the same; None: what was asked then.

    Raises:
        SettingError: It cannot be taken up so; nothing was sent.
    """
    if isinstance(resume, Answer):
        answer, digest = resume, resume.request.digest
    else:
        answer, digest = resume.answer(), resume.digest
    if Status.STREAMING not in TRANSITIONS[answer.status]:
        state = "is still running" if answer.status is Status.STREAMING else "is whole already"
        raise SettingError(f"The answer to take up {state}; nothing was sent.", remedy="Look at its text.")
    asked = answer.request if chat is None else chat
    if asked.digest != digest:
        means, remedy = "It was asked something else.", "Give the same prompt and options, or no resume=…."
        if chat is None:
            means, remedy = "Its request held a secret, which is not kept.", "Run the cell that asked it."
        raise SettingError("The answer cannot be taken up so; nothing was sent.", means=means, remedy=remedy)
    answer.request = asked
    return answer
