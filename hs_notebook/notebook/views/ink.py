"""How text gets on a terminal: as it comes, or as formatted Markdown block by block where `rich` is there."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Protocol

from hs_notebook.notebook.views.blocks import Finished

__all__ = ["Ink", "Plain", "Rich", "ink", "put"]


class Ink(Protocol):
    """Writes one answer."""

    def write(self, text: str) -> None:
        """The answer goes on."""

    def end(self) -> None:
        """It has ended: what is held back comes out."""


class Plain:
    """Text as it comes."""

    def write(self, text: str) -> None:
        """Write it at once."""
        put(text)

    def end(self) -> None:
        """Nothing is held back."""


class Rich:
    """Each block of Markdown once it is finished; links with their address, none to click on unseen."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(file=sys.stdout)
        self._finished = Finished()
        self._text = ""
        self._printed = 0

    def write(self, text: str) -> None:
        """Write the blocks that are finished now."""
        self._text += text
        self._finished.add(text)
        self._print(len(self._finished.text))

    def end(self) -> None:
        """Write the last one too."""
        self._print(len(self._text))

    def _print(self, end: int) -> None:
        from rich.markdown import Markdown

        block, self._printed = self._text[self._printed : end], end
        if block.strip():
            self._console.print(Markdown(block.strip("\n"), hyperlinks=False))
            self._console.print()


def ink() -> Ink:
    """What suits standard output; `rich` is not asked for, but used where it is installed."""
    return Rich() if sys.stdout.isatty() and find_spec("rich") is not None else Plain()


def put(text: str) -> None:
    """Write to standard output what its encoding has, and ? for the rest: not every terminal is UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
