"""Several requests at once: all are checked before the first is sent, and a stop stops all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hs_notebook.client.prompt import chat_request
from hs_notebook.client.stream import CLOSING, stop_line
from hs_notebook.errors import Interrupted, SettingError
from hs_notebook.money.budget import purse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hs_notebook.answer import Answer
    from hs_notebook.client.client import HolySheep
    from hs_notebook.client.prompt import Prompt
    from hs_notebook.client.stream import Stream

__all__ = ["ask_all", "refuse_one"]

_CHECKED = ("system", "temperature", "max_tokens", "extra")
"""The options that a request is made of."""


def ask_all(client: HolySheep, asked: list[tuple[Prompt, str]], options: Mapping[str, Any]) -> list[Answer]:
    """Ask each prompt of its model; the answers in that order. One that fails is in its `error`.

    Raises:
        SettingError: One of them cannot be asked so; nothing was sent, of none.
        Interrupted: The user stopped them; all text is kept.
    """
    parts = {name: options[name] for name in _CHECKED if name in options}
    for prompt, model in asked:
        client.config.target(chat_request(prompt, model=model, **parts).model)
    shared = purse(options.get("budget"), options.get("unpriced", "refuse"))
    options = {**options, "budget": shared}  # one for all of them
    streams: list[Stream] = []
    try:
        for prompt, model in asked:
            streams.append(client.stream(prompt, model=model, **options))
    except BaseException:
        for stream in streams:
            stream.cancel()
        raise
    return _wait(streams)


def refuse_one(several: object, function: str, name: str) -> None:
    """A lone string is no list: it would be taken letter by letter, each a request that costs.

    Raises:
        SettingError: It is a string.
    """
    if isinstance(several, str):
        raise SettingError(
            f"{function}() takes a list of {name}, not one string; nothing was sent.",
            remedy=f"Write [{several[:40]!r}], or use ask() for one.",
        )


def _wait(streams: list[Stream]) -> list[Answer]:
    """Wait for all; an interrupt stops all."""
    try:
        for stream in streams:
            stream.wait()
    except KeyboardInterrupt:
        pass
    else:
        return [stream.answer for stream in streams]
    for stream in streams:
        stream.cancel()
    for stream in streams:
        stream.wait(CLOSING)
    answers = [stream.answer for stream in streams]
    raise Interrupted(stop_line(answers), answers[0])
