"""Plain text to frames: each holds whole characters. No newline is touched."""

from __future__ import annotations

import codecs

from hs_notebook.wire.framing import Frame

__all__ = ["TextFrames"]


class TextFrames:
    """UTF-8 text as it comes; a character cut in two waits for its other half, a broken one becomes U+FFFD.

    Attributes:
        overflow: Always false: a piece of text has no size of its own.
    """

    def __init__(self, max_event_bytes: int) -> None:
        del max_event_bytes  # every framer is made alike
        self.overflow = False
        # Not "utf-8-sig": CPython 3.11 to 3.13 loses a body that ends within a byte order mark.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False

    def feed(self, data: bytes) -> list[Frame]:
        """The text that `data` makes whole."""
        return self._frames(self._decoder.decode(data))

    def end(self) -> list[Frame]:
        """What is left of a character that was never finished, as U+FFFD."""
        return self._frames(self._decoder.decode(b"", final=True))

    def _frames(self, text: str) -> list[Frame]:
        if text and not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        return [Frame(text.encode())] if text else []
