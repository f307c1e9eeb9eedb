"""What a cell sets going: the panes of its question, new or taken up, and where their answers are kept."""

from __future__ import annotations

import uuid
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
        return [Pane.of(asker, asker.ask(requests[0], resuming.choose(chosen, where, requests[0])))]
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
    asker = Asker(client, where)
    return [Pane.of(asker, asker.go_on(resuming.named(name, where)))]
