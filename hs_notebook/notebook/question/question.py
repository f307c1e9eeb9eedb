"""What a cell asks: from its line and body to the requests, one a model, all checked first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.client.prompt import chat_request
from hs_notebook.errors import SettingError
from hs_notebook.notebook.question import options, template, values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hs_notebook.notebook.question.options import Options
    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["Question", "read"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a cell asks.

    Attributes:
        requests: One for each model, in the order they are named.
        filled: What was put into the prompt and the options, one phrase each.
    """

    requests: tuple[ChatRequest, ...]
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
    requests = tuple(
        chat_request(
            prompt,
            model=model,
            system=chosen.system,
            temperature=chosen.temperature,
            max_tokens=chosen.max_tokens,
            extra=chosen.extra,
        )
        for model in values.models(chosen.model or _default_models())
    )
    return Question(requests, chosen, tuple(filled))


def _default_models() -> str:
    named = os.environ.get("HOLYSHEEP_MODEL", "").strip()
    if named:
        return named
    raise SettingError(
        "No model is named; nothing was sent.",
        means="There are gpt-4.1, claude-sonnet-4.5, gemini-2.5-flash, deepseek-v3.2, local and demo.",
        remedy="Write %%holysheep model=…, or set HOLYSHEEP_MODEL.",
    )
