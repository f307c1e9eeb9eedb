"""■ while an answer comes: counted, not thrown, so that nothing it meets is left half done.

The waiting loop looks at the count every slice (50 ms). A handler that throws could hit an import, a message
on its way to the page or the closing of the output; the second ■ of an impatient user did just that.
"""

from __future__ import annotations

import signal
import threading
from time import monotonic
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["Presses"]

PATIENCE_S = 5.0
"""A press this long after the first is thrown after all: something of ours must be stuck."""


class Presses:
    """Counts interrupts from entering to leaving; on other threads than the main one there are none.

    Attributes:
        first_at: Monotonic time of the first press; None before it.
    """

    def __init__(self) -> None:
        self.first_at: float | None = None
        self._before: object = None

    def __bool__(self) -> bool:
        return self.first_at is not None

    def press(self) -> None:
        """Count one."""
        if self.first_at is None:
            self.first_at = monotonic()

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGINT)
        ours = threading.current_thread() is threading.main_thread()
        if ours and callable(before):
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if callable(self._before):
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        stuck = self.first_at is not None and monotonic() - self.first_at > PATIENCE_S
        self.press()
        if stuck:
            raise KeyboardInterrupt
