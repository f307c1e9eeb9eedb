"""The live cell, kernel side: one anywidget fed by messages that only ever add text (docs/protocol.md).

Mirrored in js/protocol.js. Custom messages alone go to the front end while an answer comes: traits are sent
whole each time, and their throttle can stall in a busy kernel.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from time import monotonic
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from hs_notebook.notebook.views.pace import Pace
from hs_notebook.notebook.views.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hs_notebook.notebook.controls import Done
    from hs_notebook.notebook.figures import Figures
    from hs_notebook.notebook.pane import Pane

__all__ = ["AnswerWidget"]


@cache
def _static(name: str) -> str:
    return files("hs_notebook").joinpath("static", name).read_text("utf-8")


@dataclass(slots=True)
class _Sent:
    """What a page was told of one pane.

    Attributes:
        figures: The last ones.
        state: The same, member by member.
        text: How much of its text.
        reasoning: How much of its reasoning.
    """

    pane: Pane
    figures: Figures
    state: dict[str, Any]
    text: Tail = field(default_factory=Tail)
    reasoning: Tail = field(default_factory=Tail)

    def news(self, number: int) -> tuple[list[dict[str, Any]], bool]:
        """Deltas for what is new; and whether what was sent counts no more."""
        deltas, replaced = [], False
        answer = self.pane.answer
        for channel, tail, parts in (
            ({"channel": "reasoning"}, self.reasoning, answer.reasoning_parts),
            ({}, self.text, answer.parts),
        ):
            new, replaces = tail.read(parts)
            replaced = replaced or replaces
            if new:
                offset = tail.length - len(new)
                deltas.append({"pane": number, **channel, "offset": offset, "text": _sendable(new)})
        return deltas, replaced

    def changes(self, figures: Figures) -> dict[str, Any]:
        """The members of the state that a page does not know yet."""
        known, self.figures, self.state = self.state, figures, asdict(figures)
        return {name: value for name, value in self.state.items() if value != known[name]}

    def whole(self) -> dict[str, Any]:
        """All of the pane as of now."""
        answer = self.pane.answer
        return {"text": _sendable(answer.text), "reasoning": _sendable(answer.reasoning), **self.state}


def _sendable(text: str) -> str:
    """Each lone surrogate replaced, for JSON on a socket holds none; as many code points as before."""
    return text.encode("utf-8", "replace").decode()


class AnswerWidget(anywidget.AnyWidget):
    """One cell's answers, a pane each.

    It may be spoken to from another thread (a subshell) while the cell's thread feeds it.

    Attributes:
        hears: Whether a page has said hello.
        pace: When the next message is due.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)  # anywidget itself makes no trait of a value handed to __init__
    _snapshot = traitlets.Any().tag(sync=True, to_json=lambda _value, widget: widget.snapshot())

    def __init__(
        self,
        panes: Sequence[Pane],
        figures: Sequence[Figures],
        press: Callable[[int | None, str], Done],
        *,
        blocks: bool,
    ) -> None:
        """Make the live cell.

        Args:
            panes: What it shows.
            figures: Their figures now.
            press: Does what the user presses, in one pane or in all (None).
            blocks: Whether the cell blocks its thread, on which messages would wait.
        """
        self._lock = threading.RLock()
        self._seq = 0
        self._sent = [_Sent(pane, now, asdict(now)) for pane, now in zip(panes, figures, strict=True)]
        self._press = press
        self.hears = False
        self.pace = Pace(monotonic())
        super().__init__(_esm=_static("widget.js"), _css=_static("widget.css"))
        self.on_msg(self._hear)
        if blocks:
            _answer_where_asked(self.comm)

    def feed(self, figures: Sequence[Figures | None]) -> None:
        """Send the text that has come since the last call, and the figures of each pane that has some.

        Where text was replaced, all is sent: messages can only add to what a page has.
        """
        with self._lock:
            deltas: list[dict[str, Any]] = []
            states, replaced = [], False
            for number, (sent, news) in enumerate(zip(self._sent, figures, strict=True)):
                new, replaces = sent.news(number)
                deltas += new
                replaced = replaced or replaces
                if news is not None and (changes := sent.changes(news)):
                    states.append({"pane": number, **changes})
            if not (replaced or deltas or states):
                return
            self._seq += 1
            self.pace.sent(self._seq, monotonic())
            if replaced:
                self.send(self.snapshot())
                return
            said = {name: told for name, told in (("deltas", deltas), ("states", states)) if told}
            self.send({"type": "update", "seq": self._seq, **said})

    def snapshot(self) -> dict[str, Any]:
        """All text and figures as of now, for a page that missed some."""
        with self._lock:
            return {"type": "snapshot", "seq": self._seq, "panes": [sent.whole() for sent in self._sent]}

    # -- what a page says ---------------------------------------------------------------------------

    def _hear(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        said = content.get("type")
        if said == "hello":
            self.hears = True
            self.pace.anew()
            self.send({"type": "welcome"})
        elif said == "sync":
            self.send(self.snapshot())
        elif said == "ack" and isinstance(content.get("seq"), int):
            self.pace.painted(content["seq"])
        elif said == "press":
            self._pressed(content.get("pane"), str(content.get("action")))

    def _pressed(self, pane: Any, action: str) -> None:  # noqa: ANN401 - whatever a page sends
        number = pane if pane is None or type(pane) is int else -1  # no pane of ours
        done = self._press(number, action)
        self.send({"type": "done", "pane": number, "action": action, **asdict(done)})


def _answer_where_asked(comm: Any) -> None:  # noqa: ANN401 - the comm is the kernel's own class
    """Handle a page's messages on the thread it asks for, also while the cell blocks the main one.

    ipykernel 7.4 sends them to the shell that last wrote to the page instead, which here is the blocked one.
    Source: ipykernel/comm/comm.py, BaseComm._reply_subshell_for, 7.4.0, read 2026-11-22.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, asked: asked  # noqa: SLF001 - there is no public way
