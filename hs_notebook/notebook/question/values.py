"""Values of options: each reader gives the value, or a ValueError that says what it should be."""

from __future__ import annotations

import keyword
import math
from typing import TYPE_CHECKING

from hs_notebook.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

__all__ = ["answer", "budget", "count", "flag", "model", "models", "name", "one_of", "temperature", "text"]


def model(value: str) -> str:
    """A model, or several between commas."""
    models(value)
    return value


def text(value: str) -> str:
    """Any text."""
    return value


def models(value: str) -> tuple[str, ...]:
    """The models named, in that order; the same one may come twice.

    Raises:
        ValueError: None is named, or an empty one.
    """
    names = tuple(name.strip() for name in value.split(","))
    if not all(names):
        raise ValueError("should be the name of a model, or of several with a comma and no space between")
    return names


def temperature(value: str) -> float:
    """A number from 0 to 2."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 2:  # noqa: PLR2004 - the widest range any provider takes
        raise ValueError("should be a number from 0 to 2")
    return number


def count(value: str) -> int:
    """A whole number from 1 up."""
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError("should be a whole number, 1 or more")
    return number


def name(value: str) -> str:
    """A name that Python takes for a variable."""
    if not value.isidentifier() or keyword.iskeyword(value):
        raise ValueError("should be a name that Python takes for a variable")
    return value


def answer(value: str) -> str:
    """The id of an answer, or "last"."""
    if not value:
        raise ValueError("should be the id of an answer, or last")
    return value


def one_of(*words: str) -> Callable[[str], str]:
    """A reader that takes one of these words."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"should be {', '.join(words[:-1])} or {words[-1]}")
        return value

    return read


def flag(value: str) -> bool:
    """Whether it is on."""
    if value.lower() not in {"true", "false"}:
        raise ValueError("is on when its name is written; or write =true, =false")
    return value.lower() == "true"


def budget(value: str) -> Decimal:
    """An amount of USD above 0."""
    from hs_notebook.money.budget import amount

    try:
        return amount(value)
    except SettingError:
        raise ValueError("should be an amount of USD above 0, as budget=0.05") from None
