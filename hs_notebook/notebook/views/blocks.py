"""Answers as finished Markdown blocks, for a page without widgets: whole paragraphs, lists and fences.

The output is replaced as a whole each time, so it is done at most twice a second, and less often the longer
the text is; only what can no longer change its looks is shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hs_notebook.notebook.figures import footer
from hs_notebook.notebook.resting.bundle import escaped, harmless, small
from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.inert import inert
from hs_notebook.notebook.views.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.notebook.figures import Figures
    from hs_notebook.notebook.pane import Pane

__all__ = ["Blocks", "Finished"]

EVERY_S = 0.5
A_SECOND = 40_000
"""Characters that are sent again in a second."""
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})(?P<info>.*)$")


class Finished:
    """The part of a Markdown text that is finished: up to its last blank line outside a fence.

    Attributes:
        text: That part.
    """

    def __init__(self) -> None:
        self.text = ""
        self._parts: list[str] = []
        self._rest = ""
        self._fence = ""

    def add(self, text: str) -> None:
        """The text goes on."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._parts.append(line + "\n")
            self._look(line)

    def _look(self, line: str) -> None:
        found = _FENCE.match(line)
        if found and not self._fence:
            self._fence = found["mark"]
        elif found and found["mark"].startswith(self._fence) and not found["info"].strip():
            self._fence = ""
            self._cut()
        elif not line.strip() and not self._fence:
            self._cut()

    def _cut(self) -> None:
        self.text += "".join(self._parts)
        self._parts.clear()


class Blocks:
    """What such a page shows of a cell's panes."""

    def __init__(self, panes: Sequence[Pane], filled: tuple[str, ...]) -> None:
        self._panes = panes
        self._filled = filled
        self._read = [(Tail(), Finished()) for _ in panes]
        self._next_at = 0.0
        self._shown: dict[str, str] = {}

    def news(self, now: float, figures: Sequence[Figures]) -> dict[str, str] | None:
        """What to show, by MIME type; None: nothing new, or not yet. `now`: by the monotonic clock."""
        if now < self._next_at:
            return None
        texts = [self._finished(number) for number in range(len(self._panes))]
        self._next_at = now + max(EVERY_S, sum(map(len, texts)) / A_SECOND)
        told = list(zip(texts, figures, strict=True))
        markdown = "\n\n---\n\n".join(self._markdown(text, one) for text, one in told)
        shown = {
            "text/markdown": markdown,
            "text/plain": "\n\n".join(f"{harmless(text)}\n{one.model}: {one.status}" for text, one in told),
        }
        if shown == self._shown:
            return None
        self._shown = shown
        return shown

    def _finished(self, number: int) -> str:
        tail, _ = self._read[number]
        new, replaces = tail.read(self._panes[number].answer.parts)
        if replaces:
            self._read[number] = (tail, Finished())
        _, finished = self._read[number]
        finished.add(new)
        return finished.text

    def _markdown(self, text: str, one: Figures) -> str:
        head = [f"### {escaped(harmless(one.model))}"] if len(self._panes) > 1 else []
        below = small(harmless(f"{footer(one)} · {one.stop_hint or ''}".rstrip(" ·")))
        return "\n\n".join(part for part in (*head, inert(dollars(text.rstrip("\n"))), below) if part)
