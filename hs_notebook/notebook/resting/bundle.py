"""The copy of an answer that stays in the notebook: Markdown and plain text, readable without this package.

The Markdown is inert (see inert.py); the plain text is the model's own, without control characters. Both end
in the same one line of figures.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hs_notebook.notebook.figures import AGAIN, Figures, footer
from hs_notebook.notebook.resting.inert import inert

if TYPE_CHECKING:
    from hs_notebook.answer import Answer

__all__ = ["bundle", "harmless", "placeholder", "whole"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What could steer a terminal; line feed and tab are text."""
_MARKUP = re.compile(r"[\\`*_{}\[\]<>|~$&]")


def bundle(answer: Answer, figures: Figures, filled: tuple[str, ...] = ()) -> dict[str, str]:
    """What stays, by MIME type. `filled`: what was put into the prompt, one phrase each."""
    text = whole(answer)
    line = harmless(footer(figures, filled, max_tokens=answer.request.max_tokens))
    below = f"*{_MARKUP.sub(_escaped, line)}*"
    return {
        "text/markdown": f"{inert(text)}\n\n{below}" if text else below,
        "text/plain": f"{harmless(text)}\n\n{line}" if text else line,
    }


def placeholder(model: str) -> dict[str, str]:
    """What a reader sees without our code while an answer is under way, and if the kernel dies meanwhile."""
    line = harmless(
        f"{model} is answering. Read in a saved notebook, this means that the kernel ended first: {AGAIN}."
    )
    return {"text/markdown": f"*{_MARKUP.sub(_escaped, line)}*", "text/plain": line}


def whole(answer: Answer) -> str:
    """The text, and what the model said instead of text: a refusal, calls of tools."""
    said = [answer.text]
    if answer.refusal:
        said.append(f"The model refused: {answer.refusal}")
    called = [call.name for call in answer.tool_calls if call.name]
    if called:
        said.append(f"The model asks for the tools {', '.join(called)}; a cell has none.")
    said += answer.notes
    return "\n\n".join(part for part in said if part)


def harmless(text: str) -> str:
    """Text that cannot steer a terminal, and that UTF-8 can hold."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode()


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}" if found[0] != "<" else "&lt;"
