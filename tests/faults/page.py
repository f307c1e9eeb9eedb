"""The tables of docs/faults.md, as the scenarios make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .elsewhere import ELSEWHERE
from .scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench import Outcome, Scenario

__all__ = ["elsewhere", "scenarios"]


def scenarios() -> Iterator[str]:
    """The table of what runs on the bench."""
    yield "| scenario | done to the wire | status | text | error | taken up by | requests | told | runs | tokens |"  # noqa: E501 - a table
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for scenario in SCENARIOS:
        yield _row(*_cells(scenario))


def elsewhere() -> Iterator[str]:
    """The table of what other tests cover."""
    yield "| scenario | done to the wire | what comes of it | test |"
    yield "|---|---|---|---|"
    for one in ELSEWHERE:
        yield _row(one.name, one.wire, one.comes, f"`{one.test}`")


def _cells(scenario: Scenario) -> Iterator[str]:
    outcome: Outcome = scenario.outcome
    yield scenario.name
    yield scenario.wire
    yield outcome.status
    yield outcome.text
    yield f"`{outcome.error.__name__}`" if outcome.error else ""
    yield ", ".join(outcome.taken_up)
    yield str(1 + len(outcome.taken_up))
    yield "; ".join(f"“{words}”" for words in outcome.told)
    yield str(outcome.runs)
    yield "" if outcome.tokens is None else str(outcome.tokens)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
