"""The live cell, kernel side: one anywidget fed by messages that only ever add text (docs/protocol.md).

Mirrored in js/protocol.js. Custom messages alone go to the front end while an answer comes: traits are sent
whole each time, and their throttle can stall in a busy kernel.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from hs_notebook.notebook.views.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.answer import Answer
    from hs_notebook.notebook.figures import Figures

__all__ = ["AnswerWidget"]


@cache
def _static(name: str) -> str:
    return files("hs_notebook").joinpath("static", name).read_text("utf-8")


@dataclass(slots=True)
class _Pane:
    """One answer, and how much of it was sent.

    Attributes:
        figures: As last sent.
        sent: How much of its text was sent.
    """

    answer: Answer
    figures: Figures
    sent: Tail = field(default_factory=Tail)


def _sendable(text: str) -> str:
    """Each lone surrogate replaced, for JSON on a socket holds none; as many code points as before."""
    return text.encode("utf-8", "replace").decode()


class AnswerWidget(anywidget.AnyWidget):
    """One cell's answers, a pane each.

    It may be asked for its text from another thread (a subshell) while the cell's thread feeds it.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)  # anywidget itself makes no trait of a value handed to __init__
    _snapshot = traitlets.Any().tag(sync=True, to_json=lambda _value, widget: widget.snapshot())

    def __init__(self, answers: Sequence[Answer], figures: Sequence[Figures]) -> None:
        self._lock = threading.RLock()
        self._seq = 0
        self._panes = [_Pane(*pane) for pane in zip(answers, figures, strict=True)]
        super().__init__(_esm=_static("widget.js"), _css=_static("widget.css"))
        self.on_msg(self._hear)
        _answer_where_asked(self.comm)

    def feed(self, figures: Sequence[Figures | None]) -> None:
        """Send the text that has come since the last call, and the figures of each pane that has some.

        Where text was replaced, all is sent: messages can only add to what a page has.
        """
        with self._lock:
            deltas, replaces = self._deltas()
            states = []
            for number, (pane, news) in enumerate(zip(self._panes, figures, strict=True)):
                if news is not None:
                    pane.figures = news
                    states.append({"pane": number, **asdict(news)})
            if replaces:
                self._seq += 1
                self.send(self.snapshot())
            elif deltas or states:
                self._seq += 1
                message: dict[str, Any] = {"type": "update", "seq": self._seq}
                self.send(
                    message | ({"deltas": deltas} if deltas else {}) | ({"states": states} if states else {})
                )

    def _deltas(self) -> tuple[list[dict[str, Any]], bool]:
        """What is new in each pane; and whether text that was sent counts no more in one of them."""
        deltas, replaced = [], False
        for number, pane in enumerate(self._panes):
            text, replaces = pane.sent.read(pane.answer.parts)
            replaced = replaced or replaces
            if text:
                offset = pane.sent.length - len(text)
                deltas.append({"pane": number, "offset": offset, "text": _sendable(text)})
        return deltas, replaced

    def snapshot(self) -> dict[str, Any]:
        """All text and figures as of now, for a page that missed some."""
        with self._lock:
            return {
                "type": "snapshot",
                "seq": self._seq,
                "panes": [
                    {
                        "text": _sendable(pane.answer.text),
                        "reasoning": _sendable(pane.answer.reasoning),
                        **asdict(pane.figures),
                    }
                    for pane in self._panes
                ],
            }

    def _hear(self, _widget: object, content: object, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("type") == "sync":
            self.send(self.snapshot())


def _answer_where_asked(comm: Any) -> None:  # noqa: ANN401 - the comm is the kernel's own class
    """Handle a page's messages on the thread it asks for, also while the cell blocks the main one.

    ipykernel 7.4 sends them to the shell that last wrote to the page instead, which here is the blocked one.
    Source: ipykernel/comm/comm.py, BaseComm._reply_subshell_for, 7.4.0, read 2026-11-22.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, asked: asked  # noqa: SLF001 - there is no public way
