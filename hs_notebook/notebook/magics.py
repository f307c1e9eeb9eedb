"""`%%holysheep` and `%holysheep`, and their coming and going: what load does, unload undoes.

State of the extension lives on the `HolySheepMagics` instance and goes with it. Nothing heavy is imported
here.
"""

from __future__ import annotations

import os
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from hs_notebook.notebook import awaited, commands, completion, place
from hs_notebook.notebook.background import Backgrounds
from hs_notebook.notebook.question.options import Options
from hs_notebook.store.place import set_place_finder

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from hs_notebook.answer import Answer
    from hs_notebook.client.client import HolySheep
    from hs_notebook.notebook.cell import Cell
    from hs_notebook.notebook.comparison import Comparison
    from hs_notebook.notebook.controls import Controls
    from hs_notebook.notebook.pane import Pane
    from hs_notebook.notebook.question.question import Question
    from hs_notebook.notebook.views.base import Shown
    from hs_notebook.notebook.views.widget import AnswerWidget
    from hs_notebook.store.place import Place

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
        hook: What turns a cell into its awaited form, among the shell's input transformers.
        matcher: What completes its lines, among the shell's matchers.
        backgrounds: The cells that have returned while their answers come on.
        compared: The last comparison; None before one.
        widgets: The live cells by cell id; each stays open until its cell runs again.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.ip = shell
        self.replaced: dict[str, Any] = {}
        self.hook: Callable[[list[str]], list[str]] | None = None
        self.matcher = completion.matcher(NAME, self.known_models)
        self.widgets: dict[str, AnswerWidget] = {}
        self.compared: Comparison | None = None
        self.backgrounds = Backgrounds()
        self._client: HolySheep | None = None
        self._last: list[Pane] = []
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

    def known_models(self) -> list[str]:
        """The models that a server has told of; nobody is asked."""
        return [] if self._client is None else self._client.known_models

    async def awaited(self, line: str, body: str) -> None:
        """Run a cell without blocking the kernel's loop (see awaited.py).

        Raises:
            Interrupted: ■ was pressed.
            HolySheepError: An answer did not become whole, or could not be asked for.
        """
        from hs_notebook.notebook import waiting

        cell = self._cell(line, body, blocks=False)
        if cell is not None:
            await waiting.wait(cell)

    def resume(self, name: str) -> None:
        """Go on with a kept answer in the running cell. `name`: its id, or "last"."""
        from hs_notebook.notebook import asking, waiting

        where = place.find(self.ip)
        waiting.block(self._run(lambda: asking.resume(self.client(), name, where), Options(), ()))

    def _ask(self, line: str, body: str) -> None:
        from hs_notebook.notebook import waiting

        cell = self._cell(line, body)
        if cell is not None:
            waiting.block(cell)

    def _cell(self, line: str, body: str, *, blocks: bool = True) -> Cell | None:
        """The cell, to be waited for; None where it is in the background, or nothing was to be sent."""
        from hs_notebook.notebook.question import question

        where = place.find(self.ip)
        asked = question.read(line, body, self.ip.user_ns)
        chosen = asked.options
        run = self._show_early(asked, where)
        from hs_notebook.notebook import asking, budgets

        if chosen.dry_run:
            budgets.show_costs(asked.requests)
            return None
        if where.cell_id is None and hasattr(self.ip, "kernel"):
            chosen = replace(chosen, background=False)  # what runs a whole notebook waits for its outputs
        self.backgrounds.stop_cell(where.cell_id)
        cell = self._run(
            lambda: asking.ask(self.client(), asked, where),
            chosen,
            asked.filled,
            blocks=blocks and not chosen.background,
            run=run,
        )
        if not chosen.background:
            return cell
        one = self.backgrounds.start(cell, where.cell_id)
        if not hasattr(self.ip, "kernel"):
            commands.say(f"In the background, as number {one.number}: {one}. It is in {LAST}.")
        return None

    def _show_early(self, asked: Question, where: Place) -> str | None:
        """Show what is kept for a cell, where the live cell is not imported yet; the name of that output."""
        from hs_notebook.store import glance

        chosen, [chat, *others] = asked.options, asked.requests
        plain = not (chosen.fresh or chosen.resume or chosen.dry_run or others)
        if not plain or where.cell_id is None or not hasattr(self.ip, "kernel"):
            return None
        text = glance.kept_text(where.notebook, where.cell_id, chat.digest)
        if not text:
            return None
        from hs_notebook.notebook.views import early

        return early.show(text, chat.model)

    def _run(
        self,
        ask: Callable[[], list[Pane]],
        options: Options,
        filled: tuple[str, ...],
        *,
        blocks: bool = True,
        run: str | None = None,
    ) -> Cell:
        from hs_notebook.notebook.cell import Cell
        from hs_notebook.notebook.comparison import Comparison
        from hs_notebook.notebook.views.choose import choose

        def start() -> list[Pane]:
            self._settle()
            return ask()

        def keep(panes: list[Pane]) -> None:
            self._last = [] if options.background else panes
            kept: Answer | Comparison = panes[0].answer
            if len(panes) > 1:
                kept = self.compared = Comparison(panes)
            self.ip.user_ns[LAST] = kept
            if options.var is not None:
                self.ip.user_ns[options.var] = kept

        def show(panes: list[Pane], controls: Controls) -> Shown:
            return choose(
                self.ip,
                panes,
                controls,
                filled,
                self.widgets,
                blocks=blocks,
                background=options.background,
                run=run,
            )

        return Cell(start, keep, show, hold=options.pick)

    def _settle(self) -> None:
        """Let the last answers come to rest on disk: where ■ ended a cell, it did not wait for that."""
        until = monotonic() + SETTLING_S
        for pane in self._last:
            if pane.stream is not None:
                pane.stream.wait(max(0.0, until - monotonic()))


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
    magics.hook = awaited.transformer(shell, NAME)
    shell.input_transformers_cleanup.append(magics.hook)
    shell.Completer.custom_matchers.append(magics.matcher)
    set_place_finder(lambda: place.find(shell))


def unload(shell: InteractiveShell) -> None:
    """Take the magics away, and put back what they replaced."""
    manager = shell.magics_manager
    magics = manager.registry.pop(HolySheepMagics.__name__, None)
    if not isinstance(magics, HolySheepMagics):
        return
    set_place_finder(None)
    if magics.hook in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(magics.hook)
    if magics.matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(magics.matcher)
    _markdown(shell).pop(".".join(ANSWER), None)
    for table in manager.magics.values():
        table.pop(NAME, None)
    for kind, before in magics.replaced.items():
        manager.magics[kind][NAME] = before
    magics.backgrounds.stop("all")
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
