"""Tab completion: the words of a `%%holysheep` line and of `%holysheep`, by the tables that parse them.

Nothing is asked and nothing heavy imported: models are those that settings and price books name. In a prompt,
Python's own names are kept out too, but for those within `{{…`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from hs_notebook.errors import SettingError
from hs_notebook.notebook.commands import COMMANDS
from hs_notebook.notebook.question.options import OPTIONS
from hs_notebook.notebook.question.words import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from hs_notebook.notebook.question.options import Option

    Matcher = Callable[[CompletionContext], SimpleMatcherResult]

__all__ = ["matcher", "models"]

_FIRST = 1000
"""Priority: before IPython's own matchers, which then are not asked."""
_WORD = re.compile(r"\S*$")
_OPEN_FIELD = re.compile(r"\{\{[^{}\n]*$")


def matcher(name: str, found: Callable[[], Iterable[str]]) -> Matcher:
    """What completes the lines of the magics of that name.

    Args:
        name: The magics' name.
        found: Names of models that a server has told of.
    """
    first = re.compile(rf"%%{name}(?=\s|$)")
    line_magic = re.compile(rf"\s*%{name}\s")

    def match(context: CompletionContext) -> SimpleMatcherResult:
        before, line = context.text_until_cursor, context.cursor_line
        above = context.full_text.split("\n")[:line]
        asks = next((number for number, text in enumerate([*above, before]) if text.strip()), line)
        head = first.match([*above, before][asks])
        if head is not None and asks < line:
            return _nothing_else(context)
        if head is not None:
            return _offer(_WORD, before, _words_of_a_question(before[head.end() :], found))
        said = line_magic.match(before)
        return _offer(_WORD, before, [] if said is None else _words_of_a_command(before[said.end() :]))

    marked: Matcher = context_matcher(priority=_FIRST, identifier=f"{name}_matcher")(match)
    return marked


def models(found: Iterable[str] = ()) -> list[str]:
    """Every model that is known without asking anybody, the default one first.

    Args:
        found: Names that a server has told of.
    """
    from hs_notebook.client.config import EMBEDDED_MODELS

    default = os.environ.get("HOLYSHEEP_MODEL", "").strip()
    named = [*default.split(","), *_relayed(), *_priced(), *sorted(EMBEDDED_MODELS), *found]
    return [name for name in dict.fromkeys(named) if name]


def _priced() -> list[str]:
    """The models of the price books: not their aliases, which are the same models."""
    from hs_notebook.money import prices

    try:
        return [price.model for book in prices.books() for held in book.prices.values() for price in held]
    except (SettingError, OSError):  # a book of the user's that cannot be read says so when it is needed
        return []


def _relayed() -> list[str]:
    """The models and aliases that gateway.toml names, where the embedded gateway is asked."""
    import tomllib

    from hs_notebook.home import home

    if os.environ.get("HOLYSHEEP_BASE_URL", "").strip() != "embedded":
        return []
    try:
        servers = tomllib.loads((home() / "gateway.toml").read_text("utf-8")).values()
        return [str(name) for server in servers for name in server.get("models", ())]
    except (OSError, ValueError, AttributeError, TypeError):
        return []  # there is none, or it is wrong: the gateway says how


# -- what may stand where -----------------------------------------------------------------------------


def _words_of_a_question(line: str, found: Callable[[], Iterable[str]]) -> list[str]:
    """The words that may stand at the end of this line, each whole."""
    start = _WORD.search(line).start()  # type: ignore[union-attr] # it finds at least the end
    try:
        said = split(line[:start])
    except SettingError:  # within a quoted value
        return []
    known = {word.key or word.text for word in said}
    free = [option for option in OPTIONS.values() if option.name not in known]
    key, equals, value = line[start:].partition("=")
    if equals:
        return [f"{key}={one}" for one in _values(key, value, found)]
    words = [option.name if option.flag else f"{option.name}=" for option in free]
    return [*_values("model", key, found), *words] if not said else words


def _values(key: str, value: str, found: Callable[[], Iterable[str]]) -> list[str]:
    """The values that an option may have; of several models, the last one is completed."""
    option: Option | None = OPTIONS.get(key)
    if option is None:
        return []
    if key != "model":
        return list(option.choices)
    before, comma, _ = value.rpartition(",")
    taken = before.split(",")
    return [f"{before}{comma}{name}" for name in models(found()) if name not in taken]


def _words_of_a_command(said: str) -> list[str]:
    """A command, and behind it the words that its line in the help shows in brackets."""
    name, space, rest = said.partition(" ")
    if not space:
        return list(COMMANDS)
    command = COMMANDS.get(name)
    shown = re.findall(r"\[([^\]]*)\]", command.takes) if command is not None else []
    words = [word.rstrip("…") for group in shown for word in group.split("|") if word[:1].islower()]
    return [word for word in words if word not in rest.split()]


# -- in IPython's words -------------------------------------------------------------------------------


def _offer(word: re.Pattern[str], before: str, words: Iterable[str]) -> SimpleMatcherResult:
    """Those of the words that go on from what is written, and nothing else where there are some."""
    written = word.search(before)[0]  # type: ignore[index] # it finds at least ""
    fitting = [one for one in words if one.startswith(written)]
    # Front ends show what is inserted: not the key again, nor the models before the last comma.
    shared = max(written.rfind("="), written.rfind(",")) + 1
    return _result([one[shared:] for one in fitting], written[shared:])


def _nothing_else(context: CompletionContext) -> SimpleMatcherResult:
    """In a prompt: what is written as it is, for only an offer keeps Python's names out."""
    if not context.token or _OPEN_FIELD.search(context.text_until_cursor):
        return _result([], "")
    return _result([context.token], context.token)


def _result(words: list[str], fragment: str) -> SimpleMatcherResult:
    offers: list[Any] = [SimpleCompletion(text=word, type="magic") for word in words]
    return {"completions": offers, "matched_fragment": fragment, "suppress": bool(words), "ordered": True}
