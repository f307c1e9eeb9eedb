"""An answer in a terminal: text as it comes, then the line of figures; several one after the other."""

from __future__ import annotations

from hs_notebook.notebook.resting.bundle import harmless, whole
from hs_notebook.notebook.views.base import SLICE_S, Shown
from hs_notebook.notebook.views.ink import Ink, Plain, ink, put
from hs_notebook.notebook.views.tail import Tail

__all__ = ["TerminalView"]


class TerminalView(Shown):
    """Prints the first answer as it comes, then the next from where it has got to meanwhile."""

    _now = 0
    _printed: Tail | None = None
    _ink: Ink = Plain()

    def show(self) -> float:
        """Print the text that is new."""
        while self._now < len(self.panes) - 1 and not self.panes[self._now].under_way:
            self._end(stopped=False)
        self._print_news()
        return SLICE_S

    def finish(self, *, stopped: bool) -> None:
        """Print the rest and the figures."""
        while self._now < len(self.panes):
            self._end(stopped=stopped)

    def _print_news(self) -> Tail:
        """Print what is new of the answer whose turn it is; how far it was printed."""
        answer = self.panes[self._now].answer
        if self._printed is None:
            self._printed, self._ink = Tail(), ink()
            if len(self.panes) > 1:
                put(f"== {harmless(answer.model)} ==\n\n")
        new, replaces = self._printed.read(answer.parts)
        new = harmless(new)
        if replaces:
            self._ink.end()
            put("\n\n[What stands above counts no more; it starts over.]\n\n")
            self._ink = ink()
        if new:
            self._ink.write(new)
        return self._printed

    def _end(self, *, stopped: bool) -> None:
        """Print the end of the answer whose turn it is; the next has its turn."""
        printed = self._print_news()
        self._ink.end()
        rest = self._rest(self._now, self.panes[self._now], stopped=stopped)
        beyond = harmless(whole(rest.answer)[len(rest.answer.text) :])
        line = rest.footer(self.filled)
        put(f"{beyond}\n\n{line}\n" if printed.length or beyond else f"{line}\n")
        self._now, self._printed = self._now + 1, None
        if self._now < len(self.panes):
            put("\n")
