"""The line after `%%holysheep`: `key=value` words to `Options`.

`OPTIONS` is the one table that parsing, help and completion read. The first bare word is the model, another
one is a flag; `--key value` and `--key=value` are understood too (words.py cuts the line into words). Nothing
is sent before every word is understood.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from hs_notebook.errors import SettingError
from hs_notebook.notebook.question import values
from hs_notebook.notebook.question.words import EXTRA, Word, shorten, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from decimal import Decimal

__all__ = ["OPTIONS", "Option", "Options", "parse"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the line said; None where it said nothing.

    Attributes:
        var: Name of the variable that gets the answer; of several models, all answers in order.
        raw: The prompt goes out as it is written, `{{…}}` included.
        fresh: It starts anew, even where an interrupted answer to the same question is kept.
        resume: The kept answer to go on with: an id, or "last"; None: the cell's own, if it is unchanged.
        budget: USD that all its answers together may cost.
        unpriced: Whether a model without a known price may be asked under a budget.
        dry_run: Only say what it may cost; nothing is sent.
        pick: A comparison's cell stays open until one answer is picked.
        background: The cell returns at once; its answers come on.
        restart: Whether a broken answer may be started over if nothing else helps.
        on_interrupt: What ■ means for a server that goes on by itself.
        extra: Further members of the request's body, by name.
    """

    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    var: str | None = None
    raw: bool = False
    fresh: bool = False
    resume: str | None = None
    budget: Decimal | None = None
    unpriced: Literal["refuse", "allow"] = "refuse"
    dry_run: bool = False
    pick: bool = False
    background: bool = False
    restart: Literal["auto", "ask", "never"] = "auto"
    on_interrupt: Literal["stop", "detach"] = "stop"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the line.

    Attributes:
        name: As written before `=`, and the field of `Options`.
        read: Reads the value; its ValueError says what the value should be.
        example: A value to show, in help.
        help: One line.
        short: The letter understood after one dash; "" for none.
        flag: Whether the name alone switches it on.
        choices: The values there are, for completion; none where any will do.
    """

    name: str
    read: Callable[[str], Any]
    example: str
    help: str
    short: str = ""
    flag: bool = False
    choices: tuple[str, ...] = ()


_RESTART = ("auto", "ask", "never")
_ON_INTERRUPT = ("stop", "detach")
_UNPRICED = ("refuse", "allow")

OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option(
            "model",
            values.model,
            "gpt-4.1",
            "which model answers, or a,b,c side by side; the first bare word is the model too",
            "m",
        ),
        Option("system", values.text, '"Answer in one line."', "the system message", "s"),
        Option("temperature", values.temperature, "0.2", "0 to 2; without it, the model's own", "t"),
        Option("max_tokens", values.count, "400", "the most tokens the answer may have"),
        Option("var", values.name, "answer", "variable that gets the Answer, also when it is cut short"),
        Option("raw", values.flag, "", "send the prompt as written: no {{name}} is filled in", flag=True),
        Option("fresh", values.flag, "", "start anew, even where it could go on with what it had", flag=True),
        Option(
            "budget", values.budget, "0.05", "USD it may cost: refused before, or stopped there, text kept"
        ),
        Option(
            "unpriced",
            values.one_of(*_UNPRICED),
            "allow",
            "under a budget: models without a price",
            choices=_UNPRICED,
        ),
        Option("dry_run", values.flag, "", "only show what it may cost, by model; send nothing", flag=True),
        Option(
            "pick", values.flag, "", "keep a comparison's cell open until you pick an answer in it", flag=True
        ),
        Option(
            "background", values.flag, "", "return at once; the answer comes on (%holysheep stop)", flag=True
        ),
        Option(
            "resume",
            values.answer,
            "last",
            "go on with this answer (id, or last) to the same prompt",
            choices=("last",),
        ),
        Option(
            "restart",
            values.one_of(*_RESTART),
            "ask",
            "where the rest cannot be had: start over (auto), ask, never",
            choices=_RESTART,
        ),
        Option(
            "on_interrupt",
            values.one_of(*_ON_INTERRUPT),
            "detach",
            "■ leaves the server at work, for taking it up later",
            choices=_ON_INTERRUPT,
        ),
    )
}

_OURS = frozenset({"messages", "stream", "stream_options"})
_KEYS = frozenset({"api_key", "apikey", "key", "token", "secret", "password", "authorization", "bearer"})


def parse(line: str, expand: Callable[[str], str] | None = None) -> Options:
    """Read the line. `expand` fills in `{{name}}` in values, unless `raw` is on.

    Raises:
        SettingError: A word is unknown, said twice, of the wrong type or out of range.
    """
    said = _say(split(line))
    if expand is not None and not _read("raw", said.get("raw", "false")):
        said = {key: expand(value) for key, value in said.items()}
    extra = {
        key.removeprefix(EXTRA): _json(key, said.pop(key)) for key in list(said) if key.startswith(EXTRA)
    }
    options = Options(**{key: _read(key, value) for key, value in said.items()}, extra=extra)
    if options.fresh and options.resume is not None:
        raise SettingError("'fresh' and 'resume' exclude each other.", remedy="Keep one; nothing was sent.")
    return options


def _read(key: str, value: str) -> Any:  # noqa: ANN401 - the type is the option's
    try:
        return OPTIONS[key].read(value)
    except ValueError as wrong:
        shown = f"{key}={value}" if len(value) <= 60 else key  # noqa: PLR2004 - a line's worth
        raise SettingError(f"'{shown}': {key} {wrong}.", remedy="Nothing was sent.") from None


def _json(key: str, value: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(value)
    except ValueError:
        raise SettingError(
            f"'{key}' should be JSON: a number, true, false, null, \"text\", […] or {{…}}.",
            remedy=f"For text, write {key}='\"text\"'.",
        ) from None


# -- words to keys ------------------------------------------------------------------------------------


def _say(words: list[Word]) -> dict[str, str]:
    """Key to value as written; every word has its key, and no key comes twice."""
    said: dict[str, str] = {}
    before: Word | None = None
    rest = iter(words)
    for position, word in enumerate(rest):
        key, value = _key_and_value(word, rest, first=position == 0, before=before)
        if key in said:
            raise SettingError(f"'{key}' is said twice.", remedy=f"Keep one {key}=…; nothing was sent.")
        said[key] = value
        before = word
    return said


def _key_and_value(word: Word, rest: Iterator[Word], *, first: bool, before: Word | None) -> tuple[str, str]:
    if word.key is None:
        return _bare(word, first=first, before=before)
    key = _known(word.key)
    if word.value is not None:
        return key, word.value
    if key in OPTIONS and OPTIONS[key].flag:
        return key, "true"
    following = next(rest, None)  # --key value
    if following is None:
        raise SettingError(f"'{word.text}' has no value.", remedy=f"Write {key}=….")
    return key, following.value if following.quoted and following.value is not None else following.text


def _bare(word: Word, *, first: bool, before: Word | None) -> tuple[str, str]:
    if word.text in OPTIONS and OPTIONS[word.text].flag:
        return word.text, "true"
    if _known_secret(word.text):
        raise _no_keys_here(word.text)
    value = word.text if word.value is None else word.value
    if value.startswith("=") or (value in OPTIONS and not first):
        raise SettingError(
            f"'{shorten(value)}' stands alone.", remedy="Write key=value, no space around the '='."
        )
    if first:
        return "model", value
    if before is not None and before.key is not None and before.value is not None and not before.quoted:
        raise SettingError(
            f"'{shorten(value)}' is a word of its own after '{shorten(before.text)}'.",
            means="A value with spaces needs quotes.",
            remedy=f'Write {before.key}="{shorten(before.value)} {shorten(value)} …".',
        )
    raise SettingError(f"'{shorten(value)}' is not an option.", means=_near(value), remedy=_all_options())


def _known(name: str) -> str:
    """The option's name in our spelling."""
    key = name.replace("-", "_").lower()
    if _known_secret(key.removeprefix(EXTRA)):
        raise _no_keys_here(name)
    for option in OPTIONS.values():
        if key in {option.name, option.short}:
            return option.name
    if key.startswith(EXTRA) and len(key) > len(EXTRA):
        member = name[len(EXTRA) :]
        if member in OPTIONS or member in _OURS:
            remedy = f"Write {member}=…." if member in OPTIONS else "It is set by the cell itself."
            raise SettingError(f"'{name}' cannot be an extra.", remedy=remedy)
        return EXTRA + member
    raise SettingError(f"Unknown option '{shorten(name)}'.", means=_near(key), remedy=_all_options())


def _known_secret(word: str) -> bool:
    plain = word.replace("-", "_").lower()
    return plain in _KEYS or plain.endswith("api_key") or word.startswith(("sk-", "hs-sk"))


def _no_keys_here(word: str) -> SettingError:
    said = "A key" if word.startswith(("sk-", "hs-sk")) else f"'{word}'"
    return SettingError(
        f"{said} does not belong on this line: it would be saved in the notebook. Nothing was sent.",
        means="If a real key stood here, it is in the notebook's file and history now: replace it.",
        remedy="Set HOLYSHEEP_API_KEY in the environment, before Jupyter starts or with getpass in a cell.",
    )


def _near(word: str) -> str:
    near = get_close_matches(word.lower(), OPTIONS, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def _all_options() -> str:
    return f"Options: {', '.join(OPTIONS)}, extra.NAME. Nothing was sent."
