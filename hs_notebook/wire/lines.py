"""Bytes to lines, in time linear in their number. Nothing but LF (and, for SSE, CR and CRLF) ends a line.

Python's own `splitlines` also splits at U+2028, U+0085, VT, FF and others, which occur inside JSON strings.
"""

from __future__ import annotations

from hs_notebook.wire.framing import BOM

__all__ = ["Lines"]


class Lines:
    """Cuts a body into lines, whatever its chunking; a byte order mark at its start is dropped.

    Attributes:
        held: How many bytes of an unfinished line wait for its end.
    """

    def __init__(self, *, carriage_returns: bool) -> None:
        self.held = 0
        self._carriage_returns = carriage_returns
        self._pieces: list[bytes] = []
        self._after_cr = False  # the last line ended in CR: an LF that follows belongs to it
        self._head: bytes | None = b""  # the first bytes, until a byte order mark is ruled out

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        if self._head is not None:
            data = self._without_bom(data)
        if self._carriage_returns:
            data = self._with_lf_only(data)
        if b"\n" not in data:
            self._hold(data)
            return []
        lines = data.split(b"\n")
        last = lines.pop()
        if self._pieces:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces = []
            self.held = 0
        if last:
            self._hold(last)
        return lines

    def rest(self) -> bytes:
        """The unfinished last line."""
        return (self._head or b"") + b"".join(self._pieces)

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self.held += len(piece)

    def _with_lf_only(self, data: bytes) -> bytes:
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _without_bom(self, data: bytes) -> bytes:
        head = (self._head or b"") + data
        if len(head) < len(BOM) and BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(BOM)
