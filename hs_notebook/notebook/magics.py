"""`%%holysheep` and `%holysheep`, and their coming and going: what load does, unload undoes.

State of the extension lives on the `HolySheepMagics` instance and goes with it. Nothing heavy is imported
here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from hs_notebook.notebook import commands, place
from hs_notebook.store.place import set_place_finder

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from hs_notebook.answer import Answer
    from hs_notebook.client.client import HolySheep
    from hs_notebook.client.stream import Stream
    from hs_notebook.notebook.view import View
    from hs_notebook.notebook.widget import AnswerWidget

__all__ = ["HolySheepMagics", "load", "unload"]

NAME = "holysheep"
LAST = "_hs"
"""The variable that holds the last answer."""


@magics_class
class HolySheepMagics(Magics):
    """The magics of one shell.

    Attributes:
        replaced: Magics of the same name that were there before, by kind.
        widgets: The live cells by cell id; each stays open until its cell runs again.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.ip = shell
        self.replaced: dict[str, Any] = {}
        self.widgets: dict[str, AnswerWidget] = {}
        self._client: HolySheep | None = None
        self._made_for: int | None = None  # a hash: the key itself has no second home

    @no_var_expand
    @line_cell_magic
    def holysheep(self, line: str, cell: str | None = None) -> None:  # noqa: D102 - its docstring is the help page, below
        if cell is None:
            commands.run(line, self.client)
        else:
            self._ask(line, cell)

    def client(self) -> HolySheep:
        """The kernel's client; a new one when the environment names another key or server."""
        asked = hash(tuple(os.environ.get(f"HOLYSHEEP_{name}") for name in ("API_KEY", "BASE_URL", "SHAPE")))
        if self._client is None or asked != self._made_for:
            from hs_notebook.client.client import HolySheep

            self._client, self._made_for = HolySheep(), asked
        return self._client

    def _ask(self, line: str, body: str) -> None:
        from hs_notebook.notebook import cell, view

        shell = self.ip
        where = place.find(shell)
        question = cell.read(line, body, shell.user_ns)
        chosen = question.options

        def ask() -> Stream:
            return self.client().stream(
                question.prompt,
                model=question.model,
                system=chosen.system,
                temperature=chosen.temperature,
                max_tokens=chosen.max_tokens,
                extra=dict(chosen.extra) or None,
                place=where,
            )

        def keep(answer: Answer) -> None:
            shell.user_ns[LAST] = answer
            if chosen.var is not None:
                shell.user_ns[chosen.var] = answer

        def show(stream: Stream) -> View:
            return view.choose(shell, stream, question.filled, self.widgets)

        cell.run(ask, keep, show)


HolySheepMagics.holysheep.__doc__ = commands.help_text()


def load(shell: InteractiveShell) -> None:
    """Register the magics. A second time in a row changes nothing."""
    manager = shell.magics_manager
    if isinstance(manager.registry.get(HolySheepMagics.__name__), HolySheepMagics):
        return
    magics = HolySheepMagics(shell)
    magics.replaced = {kind: table[NAME] for kind, table in manager.magics.items() if NAME in table}
    shell.register_magics(magics)
    set_place_finder(lambda: place.find(shell))


def unload(shell: InteractiveShell) -> None:
    """Take the magics away, and put back what they replaced."""
    manager = shell.magics_manager
    magics = manager.registry.pop(HolySheepMagics.__name__, None)
    if not isinstance(magics, HolySheepMagics):
        return
    set_place_finder(None)
    for table in manager.magics.values():
        table.pop(NAME, None)
    for kind, before in magics.replaced.items():
        manager.magics[kind][NAME] = before
    for widget in magics.widgets.values():
        widget.close()
