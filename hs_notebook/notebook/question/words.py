"""The line after `%%holysheep`, cut into words: what is a key, what is its value, what stands alone.

Words are apart by white space; a value is bare, in '…' or in "…" (a backslash before the quote keeps it);
`{{…}}` and the JSON of an `extra.` are one word whatever they hold. An apostrophe that no other one closes is
an apostrophe.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from hs_notebook.errors import SettingError

__all__ = ["EXTRA", "Word", "shorten", "split"]

EXTRA = "extra."
"""`extra.NAME=json` puts any other member into the request's body."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the line.

    Attributes:
        key: The option's name; None for a bare word.
        value: What stands after `=`, without its quotes; None for a word without `=`.
        text: The word as written.
        quoted: Whether the value stood in quotes.
    """

    key: str | None
    value: str | None
    text: str
    quoted: bool = False


_KEY = re.compile(r"(?P<dash>--?(?=[A-Za-z]))?(?P<key>[A-Za-z_][\w.\-]*)(?P<equals>=)?")
_BARE = re.compile(r"(?:\{\{[^{}\n]*\}\}|\S)*")


def split(line: str) -> list[Word]:
    """The words of a line.

    Raises:
        SettingError: A double quote opens a value and none closes it.
    """
    words = []
    at = 0
    while (at := _skip_space(line, at)) < len(line):
        word, at = _word(line, at)
        words.append(word)
    return words


def _skip_space(line: str, at: int) -> int:
    while at < len(line) and line[at].isspace():
        at += 1
    return at


def _word(line: str, start: int) -> tuple[Word, int]:
    head = _KEY.match(line, start)
    if head is None or not (head["equals"] or head["dash"]):  # a bare word, perhaps in quotes
        value, quoted, end = _value(line, start)
        return Word(None, value, line[start:end], quoted), end
    if not head["equals"]:
        end = _skip_word(line, start)
        return Word(line[start:end].lstrip("-"), None, line[start:end]), end
    json_too = head["key"].startswith(EXTRA)
    value, quoted, end = _value(line, head.end(), json_too=json_too)
    return Word(head["key"], value, line[start:end], quoted), end


def _skip_word(line: str, at: int) -> int:
    bare = _BARE.match(line, at)
    return bare.end() if bare else at


def _value(line: str, at: int, *, json_too: bool = False) -> tuple[str, bool, int]:
    """The value that begins at `at`, whether it was quoted, and where it ends."""
    if json_too and (end := _json_end(line, at)) is not None:
        return line[at:end], True, end
    quote = line[at : at + 1]
    if quote and quote in "'\"":
        closing = re.compile(rf"(?<!\\){quote}(?=\s|$)").search(line, at + 1)
        if closing is not None:
            return line[at + 1 : closing.start()].replace(f"\\{quote}", quote), True, closing.end()
        if quote == '"':
            raise SettingError(
                f"No quote closes the one before '{shorten(line[at + 1 :].strip())}'.",
                remedy='Write key="a value with spaces".',
            )
    end = _skip_word(line, at)
    return line[at:end], False, end


def _json_end(line: str, at: int) -> int | None:
    """Where the JSON object, list or string that begins here ends; None if none does."""
    if line[at : at + 1] not in ("{", "[", '"'):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(line, at)
    except ValueError:
        return None
    return end if end == len(line) or line[end].isspace() else None


def shorten(text: str) -> str:
    """Enough of a word to find it again."""
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004 - a third of a line
