"""One `%%holysheep` cell: from its two texts to the answer, and to how the cell ends.

A cell ends well only with a complete answer. ■ keeps the text and raises one line, so that the queue of cells
is dropped; an error keeps the text and raises its lines. Whatever the end, the answer is in its variable.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.client.stream import stop_line
from hs_notebook.errors import Interrupted, SettingError
from hs_notebook.notebook.figures import AGAIN
from hs_notebook.notebook.presses import Presses
from hs_notebook.notebook.question import options, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hs_notebook.answer import Answer
    from hs_notebook.client.stream import Stream
    from hs_notebook.notebook.question.options import Options
    from hs_notebook.notebook.views.choose import View

__all__ = ["Question", "read", "run", "watch"]

CLOSING_S = 1.0
"""Seconds a stopped stream gets to close its connection and write its row."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a cell asks.

    Attributes:
        model: Which model.
        filled: What was put into the prompt and the options, one phrase each.
    """

    prompt: str
    model: str
    options: Options
    filled: tuple[str, ...]


def read(line: str, body: str, names: Mapping[str, object]) -> Question:
    """The question in a cell's line and body. `names`: the user's variables.

    Raises:
        SettingError: Something in it is wrong or missing; nothing was sent.
    """
    filled: list[str] = []

    def expand(text: str) -> str:
        result = template.fill(text, names)
        filled.extend(note for note in result.notes if note not in filled)
        return result.text

    chosen = options.parse(line, expand)
    prompt = body.removesuffix("\n")
    if not prompt.strip():
        raise SettingError(
            "The prompt is empty; nothing was sent.", remedy="Write it below the %%holysheep line."
        )
    prompt = prompt if chosen.raw else expand(prompt)
    return Question(prompt, chosen.model or _default_model(), chosen, tuple(filled))


def _default_model() -> str:
    model = os.environ.get("HOLYSHEEP_MODEL", "").strip()
    if model:
        return model
    raise SettingError(
        "No model is named; nothing was sent.",
        means="There are gpt-4.1, claude-sonnet-4.5, gemini-2.5-flash, deepseek-v3.2, local and demo.",
        remedy="Write %%holysheep model=…, or set HOLYSHEEP_MODEL.",
    )


def run(ask: Callable[[], Stream], keep: Callable[[Answer], None], show: Callable[[Stream], View]) -> None:
    """Ask, show what comes, and end the cell.

    Args:
        ask: Starts the stream.
        keep: Takes the answer, which still grows, for the user's variables.
        show: Makes the view.

    Raises:
        Interrupted: ■ was pressed.
        HolySheepError: The answer did not become whole, or could not be asked for.
    """
    with Presses() as presses:
        stream = ask()
        try:
            keep(stream.answer)
            view = show(stream)
            _wait(stream, view, presses)
        finally:
            stream.cancel()  # changes nothing where it has ended
        stream.wait(CLOSING_S)
        view.finish(stopped=bool(presses))
    answer = stream.answer
    if presses or (answer.error is None and answer.status is Status.INTERRUPTED):  # or stopped by other code
        raise Interrupted(_next_step(stop_line([answer]), answer), answer)
    if answer.error is not None:
        raise answer.error.with_traceback(None)  # without frames: their variables hold headers


def _next_step(line: str, answer: Answer) -> str:
    return f"{line} {AGAIN[0].upper()}{AGAIN[1:]}." if answer.text else line


def _wait(stream: Stream, view: View, presses: Presses) -> None:
    try:
        for pause in watch(stream, view, presses):
            stream.wait_news(pause)
    except KeyboardInterrupt:  # thrown where Presses cannot count: not on the main thread, or by a debugger
        presses.press()


def watch(stream: Stream, view: View, presses: Presses) -> Iterator[float]:
    """Show the stream until it ends or ■ is pressed; yields seconds to pause, to block for or to await."""
    while not (stream.ended or presses):
        yield view.show()
