"""`%holysheep`: one small word each, in one table that help reads too."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from hs_notebook.errors import MissingKeyError, SettingError
from hs_notebook.notebook import usage_table
from hs_notebook.notebook.question.options import OPTIONS
from hs_notebook.notebook.question.resuming import LATEST
from hs_notebook.notebook.question.words import EXTRA

if TYPE_CHECKING:
    from collections.abc import Callable

    from hs_notebook.client.limit import Stats
    from hs_notebook.notebook.magics import HolySheepMagics

BUDGET_TAKES = "[2.00|off] [per day|per notebook|per kernel] [soft] [unpriced=allow]"

__all__ = ["COMMANDS", "help_text", "run", "say"]

EXAMPLES = """\
%%holysheep local                                  a small real model on this machine, no key
%%holysheep model=gpt-4.1 temperature=0.2 var=reply    and then: reply.text, reply.usage, reply.cost_usd
%%holysheep claude-sonnet-4.5 system="You review SQL."
%%holysheep deepseek-v3.2 max_tokens=400           {{df|head}} in the prompt is filled in
%%holysheep gpt-4.1,deepseek-v3.2                  side by side; then reply[0], %holysheep pick
%%holysheep demo raw                               a script, no model; the prompt goes out as written
"""

KEYS = """\
The key is read from HOLYSHEEP_API_KEY, never from the line; the server from HOLYSHEEP_BASE_URL; the model,
where no line names one, from HOLYSHEEP_MODEL. ■ stops an answer and keeps its text.
The answer is in _hs and var=, whatever its end; the same cell run again goes on with an interrupted one.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """A word after `%holysheep`.

    Attributes:
        run: Does it, for a kernel's magics and the words behind.
        takes: What may stand behind it; "" for nothing.
    """

    name: str
    help: str
    run: Callable[[HolySheepMagics, str], None]
    takes: str = ""


def run(line: str, magics: HolySheepMagics) -> None:
    """Do what the line says; the empty line says `status`.

    Raises:
        SettingError: There is no such command.
    """
    name, _, rest = line.strip().partition(" ")
    command = COMMANDS.get(name or "status")
    if command is not None and (command.takes or not rest):
        command.run(magics, rest.strip())
        return
    if "=" in name:
        raise SettingError(
            "%holysheep asks no model; nothing was sent.",
            remedy="Write %%holysheep, with two %; the prompt goes below %%holysheep, in the same cell.",
        )
    if command is not None:
        raise SettingError(f"%holysheep {name} takes nothing behind it.", remedy="Leave the rest out.")
    near = get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    raise SettingError(
        f"%holysheep has no '{name[:40]}'.",
        means=f"Did you mean %holysheep {near[0]}?" if near else "",
        remedy=f"It has: {', '.join(COMMANDS)}. A prompt goes in a cell, below %%holysheep.",
    )


def help_text() -> str:
    """One screen: examples, options, commands."""
    options = [
        (f"{option.name}={option.example}" if option.example else option.name, option.help)
        for option in OPTIONS.values()
    ]
    options.append((f"{EXTRA}NAME=json", "any other member of the request's body"))
    commands = [
        (f"%holysheep {command.name} {command.takes}".rstrip(), command.help) for command in COMMANDS.values()
    ]
    page = (
        "Ask a model; the prompt is the cell's body.\n",
        EXAMPLES,
        _table(options),
        "",
        KEYS,
        _table(commands),
    )
    return "\n".join(page)


def _table(rows: list[tuple[str, str]]) -> str:
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"{left:<{width}}  {right}" for left, right in rows)


def say(text: str) -> None:
    """Print it, as a line magic does."""
    print(text)  # noqa: T201 - what a line magic says goes to standard output


def _status(magics: HolySheepMagics, _rest: str) -> None:
    config = magics.client().config
    stats = magics.client().stats()
    model = os.environ.get("HOLYSHEEP_MODEL", "").strip()
    rows = [
        ("server", f"{config.base_url} ({_source(config.sources.get('base_url'))})"),
        (
            "key",
            f"found in {config.sources.get('key')}" if config.key else "none (local and demo need none)",
        ),
        ("model", f"{model} (HOLYSHEEP_MODEL)" if model else "none by default; write model=…"),
        ("streams", _streams(stats)),
        *((f"background {one.number}", str(one)) for one in magics.backgrounds.running),
        ("more", "%holysheep help"),
    ]
    say(_table(rows))


def _streams(stats: Stats) -> str:
    return f"{stats.active_streams} running, {stats.available_slots} of {stats.max_concurrent} slots free"


def _source(name: str | None) -> str:
    return "the default" if name in (None, "default") else str(name)


def _usage(_magics: HolySheepMagics, rest: str) -> None:
    from IPython.display import display

    from hs_notebook import accounts

    display(usage_table.shown(rest), raw=True)  # type: ignore[no-untyped-call]
    for note in accounts.unpriced():
        say(note)


def _export(_magics: HolySheepMagics, rest: str) -> None:
    say(usage_table.export(rest))


def _models(magics: HolySheepMagics, _rest: str) -> None:
    from hs_notebook.client.config import EMBEDDED_MODELS

    try:
        names = magics.client().models()
    except MissingKeyError as missing:
        names = [*sorted(EMBEDDED_MODELS), "", *missing.lines]
    say("\n".join(names))


def _stats(magics: HolySheepMagics, _rest: str) -> None:
    stats = magics.client().stats()
    say(_streams(stats))
    for session in stats.sessions:
        say(str(session))


def _nest(_magics: HolySheepMagics, _rest: str) -> None:
    import hs_notebook

    hs_notebook.enable_nested_loops()
    say("asyncio.run(…) now works inside a cell.")


def _resume(magics: HolySheepMagics, rest: str) -> None:
    magics.resume(rest or LATEST)


def _show(magics: HolySheepMagics, rest: str) -> None:
    from IPython.display import display

    from hs_notebook.notebook import figures, place
    from hs_notebook.notebook.question import resuming
    from hs_notebook.notebook.resting.bundle import bundle

    kept = resuming.named(rest or LATEST, place.find(magics.ip))
    display(bundle(kept.answer(), figures.at_rest(kept)), raw=True)  # type: ignore[no-untyped-call]


def _stop(magics: HolySheepMagics, rest: str) -> None:
    stopped = magics.backgrounds.stop(rest)
    say("\n".join(f"Stopped {one.number}: {one}; its text is kept." for one in stopped) or "None is running.")


def _pick(magics: HolySheepMagics, rest: str) -> None:
    compared = magics.compared
    if compared is None:
        raise SettingError("Nothing was compared yet.", remedy="Write %%holysheep model=a,b and a prompt.")
    if not rest:
        raise SettingError(
            "%holysheep pick names no answer.", remedy="Write its model, or its number from 1."
        )
    compared.pick(int(rest) - 1 if rest.isdecimal() else rest)


def _budget(magics: HolySheepMagics, rest: str) -> None:
    from hs_notebook.notebook import budgets, place

    say(budgets.run(rest, place.find(magics.ip)))


def _help(_magics: HolySheepMagics, _rest: str) -> None:
    say(help_text())


def _version(_magics: HolySheepMagics, _rest: str) -> None:
    from importlib.metadata import version

    say(f"hs_notebook {version('hs-notebook')}")


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "status",
            "the server, the key, the default model, what runs in the background",
            _status,
        ),
        Command("usage", "what was used, in short; all of it: hs.usage()", _usage, usage_table.USAGE_TAKES),
        Command("export", "the usage table as a file, by its suffix", _export, usage_table.EXPORT_TAKES),
        Command("budget", "what may be spent, over all kernels; what is left", _budget, BUDGET_TAKES),
        Command("resume", "go on with an answer that was interrupted", _resume, "[ID|last]"),
        Command("show", "a kept answer as far as it came, also from before a restart", _show, "[ID|last]"),
        Command("stop", "stop answers in the background; their text is kept", _stop, "[NUMBER|all]"),
        Command("pick", "say which answer of the last comparison is the best", _pick, "MODEL|NUMBER"),
        Command("models", "the models the server has", _models),
        Command("stats", "the streams of this kernel", _stats),
        Command("nest", "let asyncio.run(…) work inside a cell", _nest),
        Command("help", "this page", _help),
        Command("version", "the version of this package", _version),
    )
}
