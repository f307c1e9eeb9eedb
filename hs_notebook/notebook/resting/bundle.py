"""The copy of an answer that stays in the notebook: Markdown and plain text, readable without this package.

The Markdown is inert (see inert.py); the plain text is the model's own, without control characters. Both end
in the same one line of figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.notebook.figures import AGAIN, Figures, footer
from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.inert import inert

if TYPE_CHECKING:
    from hs_notebook.answer import Answer

__all__ = ["Rest", "bundle", "escaped", "harmless", "one", "placeholder", "small", "whole"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What could steer a terminal; line feed and tab are text."""
_MARKUP = re.compile(r"[\\`*_{}\[\]<>|~$&]")


@dataclass(frozen=True, slots=True)
class Rest:
    """An answer at its end, with what is said of it.

    Attributes:
        stopped: Whether the user stopped it from the page.
        told: An error that shows nowhere else; "" if there is none.
    """

    answer: Answer
    figures: Figures
    stopped: bool = False
    told: str = ""

    def footer(self, filled: tuple[str, ...] = ()) -> str:
        """The line below it."""
        limit = self.answer.request.max_tokens
        line = footer(self.figures, filled, max_tokens=limit, stopped=self.stopped)
        return harmless(f"{line} · {' '.join(self.told.split())}" if self.told else line)


def bundle(answer: Answer, figures: Figures, filled: tuple[str, ...] = ()) -> dict[str, str]:
    """What stays of an answer by itself, by MIME type. `filled`: what was put into the prompt."""
    return one(Rest(answer, figures), filled)


def one(rest: Rest, filled: tuple[str, ...] = ()) -> dict[str, str]:
    """What stays of one answer, by MIME type. `filled`: what was put into the prompt, one phrase each."""
    text, line = whole(rest.answer), rest.footer(filled)
    return {
        "text/markdown": f"{inert(dollars(text))}\n\n{small(line)}" if text else small(line),
        "text/plain": f"{harmless(text)}\n\n{line}" if text else line,
    }


def small(line: str) -> str:
    """A line of ours in Markdown: slanted, and nothing in it is markup."""
    return f"*{escaped(line)}*"


def escaped(line: str) -> str:
    """Text of one line in Markdown, as it stands."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}" if found[0] != "<" else "&lt;", line)


def placeholder(models: str) -> dict[str, str]:
    """What a reader sees without our code while answers are under way, and if the kernel dies meanwhile."""
    are = "are" if "," in models else "is"
    line = harmless(
        f"{models} {are} answering. Read in a saved notebook, this means that the kernel "
        f"ended first: {AGAIN}."
    )
    return {"text/markdown": small(line), "text/plain": line}


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
