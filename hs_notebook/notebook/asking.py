"""What a cell sets going: the panes of its question, new or taken up, and where their answers are kept."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hs_notebook.money.budget import purse
from hs_notebook.notebook.pane import Asker, Pane
from hs_notebook.notebook.question import resuming

if TYPE_CHECKING:
    from hs_notebook.client.client import HolySheep
    from hs_notebook.notebook.question.question import Question
    from hs_notebook.store.place import Place

__all__ = ["ask", "resume"]


def ask(client: HolySheep, question: Question, where: Place) -> list[Pane]:
    """Ask each model, or go on with what this cell had come to; nothing is sent before all is checked.

    Raises:
        SettingError: One of them cannot be asked; nothing was sent, to none.
    """
    chosen, requests = question.options, question.requests
    for chat in requests:
        client.config.target(chat.model)
    within = purse(chosen.budget, chosen.unpriced)
    asker = Asker(client, where, None, chosen.restart, chosen.on_interrupt, within)
    if len(requests) == 1:
        before = resuming.choose(chosen, where, requests[0])
        if before is not None:
            _make_ready(where)
        return [Pane.of(asker, asker.ask(requests[0], before))]
    known = resuming.compared(chosen, where, requests)
    asker = replace(asker, comparison_id=known.id if known else uuid.uuid4().hex)
    panes: list[Pane] = []
    try:
        for chat, before in zip(requests, known.answers if known else [None] * len(requests), strict=True):
            if before is not None and resuming.is_whole(before):
                panes.append(Pane.kept(asker, before))
            else:
                panes.append(Pane.of(asker, asker.ask(chat, before)))
    except BaseException:
        for pane in panes:
            pane.cancel()
        raise
    return panes


def resume(client: HolySheep, name: str, where: Place) -> list[Pane]:
    """Go on with a kept answer. `name`: its id, or "last".

    Raises:
        SettingError: There is none, or it cannot be taken up; nothing was sent.
    """
    asker, before = Asker(client, where), resuming.named(name, where)
    _make_ready(where)
    return [Pane.of(asker, asker.go_on(before))]


def _make_ready(where: Place) -> None:
    """Import what a live cell takes, for one that has text to show at once.

    In the first cell of a kernel the engine else imports httpx meanwhile, for a request that has time, and
    holds the interpreter: the kept text was there twice as late.
    """
    if where.cell_id is not None:
        with suppress(ImportError, OSError):  # then there is another view
            from hs_notebook.notebook.views import widget  # noqa: F401 - for the import
