"""A continuation joined to the text it continues: no character twice, none lost.

The text was sent to the model without its trailing whitespace (see `wire.prefill`), and some servers repeat
it, or the end of it, before they go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hs_notebook.wire import prefill

if TYPE_CHECKING:
    from hs_notebook.answer import Answer

__all__ = ["LEAST_TAIL", "LEAST_WHOLE", "Splicer", "splicable"]

LEAST_WHOLE = 12
"""Characters from which on the whole text, sent back, counts as an echo; "ha" after "ha" is an answer."""
LEAST_TAIL = 24
"""Characters from which on the end of the text, sent back, counts as an echo."""
_PLACES = 64  # a text in which so many places fit repeats itself: what comes is no echo but more of the same
_SPACE = 256  # characters of trailing whitespace looked at


def splicable(answer: Answer) -> bool:
    """Whether an answer may be continued in mid-text: text has come, and nothing that a seam would break."""
    begun = answer.tool_calls or answer.reasoning_parts or answer.refusal_parts
    return not begun and prefill.permits(answer.request) and any(not part.isspace() for part in answer.parts)


class Splicer:
    """Takes a continuation piece by piece and gives what to append to the text.

    While what comes may still be an echo it is held back; if the connection breaks meanwhile, leave it there:
    it was not shown, and the next continuation begins at the same place.

    Args:
        prefix: The whole text shown until now, with its trailing whitespace.

    Attributes:
        trimmed: How many characters of echo were left out.
    """

    def __init__(self, prefix: str) -> None:
        self._sent = prefix.rstrip()
        self._space = prefix[len(self._sent) :][-_SPACE:]
        self._lead: list[str] = []  # whitespace at the seam, not placed yet
        size = len(self._sent)
        self._last = 0 if LEAST_WHOLE <= size < LEAST_TAIL else size - LEAST_TAIL
        # What is held back is `_sent[_at : _at + _length]`; no place: nothing is held, and the seam is past.
        self._at: int | None = 0 if self._last >= 0 else None
        self._length = 0
        self._places = 0
        self.trimmed = 0

    @property
    def settled(self) -> bool:
        """Whether nothing is held back, and nothing will be."""
        return self._at is None and not self._space

    def feed(self, text: str) -> str:
        """The next piece of the continuation; what to append for it, often less or nothing at first."""
        if self._at is None:
            return self._join(text)
        reached = self._at + self._length
        left = len(self._sent) - reached
        if not self._sent.startswith(text[:left], reached):
            return self._elsewhere(self._held() + text)
        self._length += min(left, len(text))
        return "" if len(text) < left else self._echoed(text[left:])

    def end(self) -> str:
        """The continuation proved complete: what is still to append."""
        held = self._held()
        self._at = None
        return self._join(held) + self._place("")

    # -- an echo ------------------------------------------------------------------------------------

    def _held(self) -> str:
        return "" if self._at is None else self._sent[self._at : self._at + self._length]

    def _elsewhere(self, text: str) -> str:
        """`text` is not what stands at this place; look for a later one where it may be."""
        at = self._at or 0
        head = text[:LEAST_TAIL]
        while self._places < _PLACES:
            at = self._sent.find(head, at + 1, self._last + len(head))
            if at < 0:
                break
            self._places += len(head) == LEAST_TAIL
            left = len(self._sent) - at
            if self._sent.startswith(text[:left], at):
                self._at, self._length = at, min(left, len(text))
                return "" if len(text) < left else self._echoed(text[left:])
        self._at = None
        return self._join(text)

    def _echoed(self, rest: str) -> str:
        """All from this place to the end of the text came again; `rest` came after it."""
        tail, before = self._held(), self._sent[: self._at]
        self._at = None
        if tail in before or _repeats(tail):
            return self._join(tail + rest)
        self.trimmed = len(tail)
        return self._join(rest)

    # -- whitespace ---------------------------------------------------------------------------------

    def _join(self, text: str) -> str:
        """`text` begins right after what was sent: leave out whitespace that is shown already."""
        if not self._space or not text:
            return text
        if text.isspace():
            self._lead.append(text)
            return ""
        return self._place(text)

    def _place(self, text: str) -> str:
        lead = "".join(self._lead)
        words = text.lstrip()
        lead += text[: len(text) - len(words)]
        shown = _overlap(self._space, lead)
        self._space, self._lead = "", []
        return lead[shown:] + words


def _overlap(space: str, lead: str) -> int:
    """How many characters of `lead` the whitespace shown already has."""
    if space.startswith(lead):
        return len(lead)
    longest = min(len(space), len(lead))
    return next((size for size in range(longest, 0, -1) if space.endswith(lead[:size])), 0)


def _repeats(text: str) -> bool:
    """Whether a text ends as it begins, like a rule of dashes or a refrain: then more of it is no echo."""
    at = text.find(text[:LEAST_WHOLE], 1)
    for _ in range(_PLACES):
        if at < 0:
            return False
        if text.startswith(text[at:]):
            return True
        at = text.find(text[:LEAST_WHOLE], at + 1)
    return True
