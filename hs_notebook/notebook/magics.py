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
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from hs_notebook.answer import Answer
    from hs_notebook.client.client import HolySheep
    from hs_notebook.client.stream import Stream
    from hs_notebook.notebook.views.choose import View
    from hs_notebook.notebook.views.widget import AnswerWidget

__all__ = ["HolySheepMagics", "load", "unload"]

NAME = "holysheep"
LAST = "_hs"
"""The variable that holds the last answer."""
ANSWER = ("hs_notebook.answer", "Answer")
"""Module and name of what shows as Markdown, so that nothing is imported for it."""
SETTLING_S = 5.0
"""Seconds that an earlier answer gets, to be on disk when it is looked for there."""


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
        self._last: Stream | None = None
        self._made_for: int | None = None  # a hash: the key itself has no second home

    @no_var_expand
    @line_cell_magic
    def holysheep(self, line: str, cell: str | None = None) -> None:  # noqa: D102 - its docstring is the help page, below
        if cell is None:
            commands.run(line, self)
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
        from hs_notebook.client.prompt import chat_request
        from hs_notebook.notebook import cell
        from hs_notebook.notebook.question import resuming

        where = place.find(self.ip)
        question = cell.read(line, body, self.ip.user_ns)
        chosen = question.options
        asked: dict[str, Any] = {
            "model": question.model,
            "system": chosen.system,
            "temperature": chosen.temperature,
            "max_tokens": chosen.max_tokens,
            "extra": chosen.extra,
        }

        def ask() -> Stream:
            client, chat = self.client(), chat_request(question.prompt, **asked)
            self._settle()
            return client.stream(
                question.prompt,
                **asked,
                place=where,
                resume=resuming.choose(chosen, where, chat),
                restart=chosen.restart,
                on_interrupt=chosen.on_interrupt,
            )

        self._run(ask, chosen.var, question.filled)

    def resume(self, name: str) -> None:
        """Go on with a kept answer in the running cell. `name`: its id, or "last"."""
        from hs_notebook.notebook.question import resuming

        where = place.find(self.ip)

        def ask() -> Stream:
            client = self.client()
            self._settle()
            return client.stream(resume=resuming.named(name, where), place=where)

        self._run(ask, None, ())

    def _run(self, ask: Callable[[], Stream], var: str | None, filled: tuple[str, ...]) -> None:
        from hs_notebook.notebook import cell
        from hs_notebook.notebook.views import choose

        def keep(answer: Answer) -> None:
            self.ip.user_ns[LAST] = answer
            if var is not None:
                self.ip.user_ns[var] = answer

        def show(stream: Stream) -> View:
            self._last = stream
            return choose.choose(self.ip, stream, filled, self.widgets)

        cell.run(ask, keep, show)

    def _settle(self) -> None:
        """Let the last answer come to rest on disk: a cell does not wait for all of that where ■ ended it."""
        if self._last is not None:
            self._last.wait(SETTLING_S)


HolySheepMagics.holysheep.__doc__ = commands.help_text()


def load(shell: InteractiveShell) -> None:
    """Register the magics. A second time in a row changes nothing."""
    manager = shell.magics_manager
    if isinstance(manager.registry.get(HolySheepMagics.__name__), HolySheepMagics):
        return
    magics = HolySheepMagics(shell)
    magics.replaced = {kind: table[NAME] for kind, table in manager.magics.items() if NAME in table}
    shell.register_magics(magics)
    _markdown(shell).for_type_by_name(*ANSWER, _answer_as_markdown)
    set_place_finder(lambda: place.find(shell))


def unload(shell: InteractiveShell) -> None:
    """Take the magics away, and put back what they replaced."""
    manager = shell.magics_manager
    magics = manager.registry.pop(HolySheepMagics.__name__, None)
    if not isinstance(magics, HolySheepMagics):
        return
    set_place_finder(None)
    _markdown(shell).pop(".".join(ANSWER), None)
    for table in manager.magics.values():
        table.pop(NAME, None)
    for kind, before in magics.replaced.items():
        manager.magics[kind][NAME] = before
    for widget in magics.widgets.values():
        widget.close()


def _markdown(shell: InteractiveShell) -> Any:  # noqa: ANN401 - IPython does not tell its type
    """What turns values into Markdown; every shell that runs has one."""
    return shell.display_formatter.formatters["text/markdown"]  # type: ignore[union-attr]


def _answer_as_markdown(answer: Answer) -> str:
    """What an answer shows that is a cell's last line: what stays of it below its own cell."""
    from hs_notebook.notebook import figures
    from hs_notebook.notebook.resting.bundle import bundle

    return bundle(answer, figures.of(answer))["text/markdown"]
