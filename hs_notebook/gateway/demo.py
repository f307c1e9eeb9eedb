"""A script in the place of a model, for trying the notebook out and for tests. It says that it is one.

It is deterministic, echoes nothing, and counts exactly: a token is a word with the white space after it, in
the prompt as in the answer. Given the beginning of its answer, as a last message of the assistant, it goes on
from there. The member `demo` of a request's body changes what it does (`Script`); faults too are made only on
request.
"""

from __future__ import annotations

import asyncio
import re
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from hs_notebook.errors import ProviderError, SettingError, StatusError
from hs_notebook.wire.chunk import FinishReason, StreamChunk, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from hs_notebook.wire.chunk import ChatRequest

__all__ = ["MODEL", "Broken", "Demo", "Script", "tokens"]

MODEL = "demo-script"

SCRIPT = """\
**This is a script, not a language model.** It reads nothing of what you wrote and answers everybody with
these same words, so that you can see what an answer looks like as it arrives.

## What you are seeing

1. Each word comes down a real connection, as the tokens of a model do, about forty a second.
2. The header counts tokens, seconds and cost while the text grows. A script costs nothing.
3. The ■ button stops it. The text that came is kept, and so is its row in the usage table.

| ask | and you get |
|:--|:--|
| `model=demo` | this script |
| `model=local` | a small but real model, on this machine |
| any other name | that model, with your key |

Code is shown as code:

```python
import hs_notebook as hs

hs.usage()
```

> When the last word has arrived, the live view gives way to plain text that any viewer of the saved notebook
> can read.
"""

_PACE = 40.0
"""Tokens a second when the request names no pace: about what a person can just follow."""
_WORD = re.compile(r"\S+\s*|\s+")


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request may ask of the demo.

    Attributes:
        text: The answer; None for the script.
        tokens: Length of the answer, the text repeated if need be; None for the whole text once.
        tokens_per_s: Pace; 0 for as fast as it goes.
        first_token_s: Seconds of silence before the first token.
        fail_after: Tokens before the fault, those of a given beginning included.
        fault: None for none, or
            "cut": the connection breaks off;
            "end": the response ends cleanly, with no finish reason and no terminal marker;
            "error": an error event;
            "stall": silence, but for heartbeats, for ever.
        status: Refuse with this HTTP status before anything is generated; None not to.
        retry_after: Seconds for the Retry-After header of such a refusal; None for no header.
    """

    text: str | None = None
    tokens: int | None = None
    tokens_per_s: float = _PACE
    first_token_s: float = 0.0
    fail_after: int = 0
    fault: Literal["cut", "end", "error", "stall"] | None = None
    status: int | None = None
    retry_after: float | None = None

    @property
    def words(self) -> Iterator[str]:
        """The tokens of the answer."""
        text = SCRIPT if self.text is None else self.text
        once = tokens(text)
        if self.tokens is None or not once:
            return iter(once)
        again = tokens(f"\n\n{text}") if self.text is None else once
        return islice(chain(once, cycle(again)), self.tokens)


class Broken(Exception):  # noqa: N818 - not an error of the gateway: a break made on request
    """The demo was asked to break its own stream here.

    Attributes:
        cleanly: Whether the response ends as HTTP wants it (it still lacks a finish reason).
    """

    def __init__(self, *, cleanly: bool) -> None:
        super().__init__("the demo breaks its stream on request")
        self.cleanly = cleanly


def tokens(text: str) -> list[str]:
    """The demo's tokens: words, each with the white space after it. Joined, they are the text."""
    return _WORD.findall(text)


def _read(asked: Any) -> Script:  # noqa: ANN401 - JSON from outside
    try:
        return msgspec.convert(asked, Script)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"The member `demo` of the request is wrong: {error}.",
            remedy=f"It may have: {', '.join(Script.__struct_fields__)}.",
        ) from None


class Demo:
    """The upstream behind `model=demo`."""

    async def answer(self, chat: ChatRequest) -> AsyncGenerator[StreamChunk, None]:
        """The script, word by word."""
        script = _read(chat.extra.get("demo", {}))
        if script.status is not None:
            raise StatusError(
                "The demo refuses, as asked.", status=script.status, retry_after=script.retry_after
            )
        done, words = _rest(list(script.words), _given(chat))
        yield StreamChunk(model=MODEL)
        kept = words if chat.max_tokens is None else words[: chat.max_tokens]
        async for word in _paced(kept, script, done):
            yield StreamChunk(word)
        cut = len(kept) < len(words)
        yield StreamChunk(finish_reason=FinishReason.LENGTH if cut else FinishReason.STOP)
        asked = sum(len(tokens(message.content)) for message in chat.messages)
        yield StreamChunk(usage=Usage(input_tokens=asked, output_tokens=len(kept)))

    async def close(self) -> None:
        """Nothing is held."""


def _given(chat: ChatRequest) -> str:
    """The beginning of the answer that came with the request; "" if none did."""
    last = chat.messages[-1] if chat.messages else None
    return last.content.rstrip() if last is not None and last.role == "assistant" else ""


def _rest(words: list[str], given: str) -> tuple[int, list[str]]:
    """How many tokens the given beginning has, and those that follow it.

    White space that was cut off its end comes with the token after it, and counts for none.

    Raises:
        StatusError: 400: it is the beginning of something else.
    """
    if not "".join(words).startswith(given):
        raise StatusError("The demo goes on from its own words alone; these are others.", status=400)
    done, left = 0, len(given)
    while left and left >= len(words[done]):
        left -= len(words[done])
        done += 1
    if not left:
        return done, words[done:]
    cut, following = words[done][left:], words[done + 1 :]
    if not cut.isspace():
        return done, [cut, *following]
    return done + 1, [cut + "".join(following[:1]), *following[1:]]


async def _paced(words: list[str], script: Script, done: int) -> AsyncGenerator[str, None]:
    clock = asyncio.get_running_loop().time
    begun = clock() + script.first_token_s
    step = 1 / script.tokens_per_s if script.tokens_per_s > 0 else 0.0
    for number, word in enumerate(words):
        await asyncio.sleep(max(0.0, begun + number * step - clock()))
        if script.fault is not None and done + number >= script.fail_after:
            await _fail(script.fault)
        yield word
    if script.fault is not None and script.fail_after >= done + len(words):
        await _fail(script.fault)


async def _fail(fault: Literal["cut", "end", "error", "stall"]) -> None:
    if fault == "error":
        raise ProviderError("The demo fails, as asked.", code="demo_fault")
    if fault == "stall":
        await asyncio.Event().wait()
    raise Broken(cleanly=fault == "end")
