"""What of an answer in flight is not on disk yet. Nothing here does I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.store.text import Blotter
    from hs_notebook.wire.chunk import ToolCallDelta, Usage

__all__ = ["Unwritten"]

_ARGUMENTS = "arguments"
"""The channel of the tool call that came last."""


class Unwritten:
    """What came since the last piece was written. It is let go of only when the next one is on disk.

    Attributes:
        row: The answer's row as it is to be; it is written before the first piece.
        is_begun: Whether that row is on disk.
        restarts: Whether what is on disk of this answer is superseded when the row is written.
        number: The number of the next piece; known once the row is on disk.
        ending: How the answer's row is to end; None while it runs.
        is_lost: Whether the answer was taken out of our hands.
    """

    def __init__(self, blotter: Blotter) -> None:
        self.row: dict[str, Any] = {}
        self.is_begun = False
        self.restarts = False
        self.number = 0
        self.ending: dict[str, Any] | None = None
        self.is_lost = False
        self._blotter = blotter
        self._is_blotted = False
        self._tails: dict[str, str] = {}
        self._texts: dict[str, list[str]] = {}
        self._calls: list[ToolCallDelta] = []
        self._state: dict[str, str] = {}

    def clear(self) -> None:
        """It is on disk."""
        for channel, text in self._came().items():
            self._tails[channel] = self._blotter.tail(self._tails.get(channel, "") + text)
        self._texts, self._calls, self._state = {}, [], {}

    def begin(self, row: dict[str, Any], *, restarts: bool) -> None:
        """Another attempt has begun."""
        if restarts:
            self.clear()
            self._tails, self._is_blotted = {}, False
        self.row, self.is_begun, self.ending = row, False, None
        self.restarts = self.restarts or restarts

    def add(
        self,
        texts: dict[str, str],
        calls: Sequence[ToolCallDelta],
        ids: dict[str, str | None],
        usage: Usage | None,
    ) -> None:
        """Take in what has come, and where the stream stands after it."""
        for channel, text in texts.items():
            if text:
                self._texts.setdefault(channel, []).append(text)
        self._calls += calls
        self._state |= {name: value for name, value in ids.items() if value is not None}
        if usage is not None:
            self._state["usage"] = msgspec.json.encode(usage).decode()

    def piece(self) -> dict[str, Any] | None:
        """The values of the next piece; None where there is none.

        None, too, while a secret may have come in half: the other half is waited for, unless there is none
        to come. Then text and event id stay behind together.
        """
        came = self._came()
        ends = (self._tails.get(channel, "") + text for channel, text in came.items())
        if self.ending is None and any(self._blotter.is_cut(end) for end in ends):
            return None
        texts = {channel: self._blot(channel, text) for channel, text in came.items()}
        arguments = texts.pop(_ARGUMENTS, None)
        values = texts | {name: self._blotter.blot(value) for name, value in self._state.items()}
        if arguments is not None:
            values["tool_calls"] = self._blot("tool_calls", _calls_json(joined(self._calls), arguments))
        if self._is_blotted:
            values["event_id"] = ""  # a replay would go on from a text that nobody sent
        return values or None

    def _came(self) -> dict[str, str]:
        """What came, by channel; of tool calls, the arguments of the one that may go on."""
        came = {channel: "".join(texts) for channel, texts in self._texts.items()}
        if self._calls:
            came[_ARGUMENTS] = joined(self._calls)[-1].arguments
        return came

    def _blot(self, channel: str, text: str) -> str:
        blotted = self._blotter.blot(text, self._tails.get(channel, ""))
        self._is_blotted = self._is_blotted or blotted != text
        return blotted


def _calls_json(calls: list[ToolCallDelta], arguments: str) -> str:
    last = msgspec.structs.replace(calls[-1], arguments=arguments)
    return msgspec.json.encode([*calls[:-1], last]).decode()


def joined(calls: Sequence[ToolCallDelta]) -> list[ToolCallDelta]:
    """The same fragments of tool calls, those that follow one another in the same call in one."""
    whole: list[ToolCallDelta] = []
    for call in calls:
        if whole and whole[-1].index == call.index and call.id is None and call.name is None:
            arguments = whole[-1].arguments + call.arguments
            whole[-1] = msgspec.structs.replace(whole[-1], arguments=arguments)
        else:
            whole.append(call)
    return whole
