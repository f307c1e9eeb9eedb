"""Every scenario has the outcome that the table says, and none breaks a promise."""

import contextlib
import dataclasses
import re
from pathlib import Path

import pytest

from . import page
from .bench import run
from .elsewhere import ELSEWHERE
from .promises import broken_promises
from .scenarios import SCENARIOS


def text_of(result):
    whole, text = result.scenario.whole, result.answer.text
    if not text:
        return "none"
    if text == whole:
        return "whole"
    return "a beginning" if whole.startswith(text) else "wrong"


def outcome_of(result):
    answer = result.answer
    return {
        "status": answer.status,
        "text": text_of(result),
        "error": type(answer.error) if answer.error else None,
        "taken_up": tuple(attempt.resumed_by or "retry" for attempt in answer.attempts[1:]),
        "runs": result.runs,
        "tokens": result.tokens,
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_scenario(scenario, relayed):
    """Where the client's clocks are short, a busy machine may look like a silent server: three tries."""
    for _ in range(2 if "streaming" in scenario.client else 0):
        with contextlib.suppress(AssertionError):
            look(scenario, run(scenario, relayed))
            return
    look(scenario, run(scenario, relayed))


def look(scenario, result):
    expected = dataclasses.asdict(scenario.outcome)
    told, seconds = expected.pop("told"), expected.pop("seconds")
    said = "\n".join([*result.answer.notes, str(result.answer.error or "")])
    assert outcome_of(result) == expected, said
    assert [words for words in told if words not in said] == [], said
    assert result.seconds >= seconds
    assert broken_promises(result) == []


# -- the page -----------------------------------------------------------------------------------------------

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "faults.md"


@pytest.mark.parametrize("table", [page.scenarios, page.elsewhere])
def test_the_page_shows_the_table_of_the_code(table):
    name = table.__name__
    shown = PAGE.read_text().partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
    assert shown.strip().splitlines() == list(table())


def test_every_fault_of_the_list_is_there_once():
    names = [one.name for one in (*SCENARIOS, *ELSEWHERE)]
    assert len(set(names)) == len(names)
    assert {name.split()[0] for name in names} >= {f"F{number:02d}" for number in range(1, 39)}


def test_the_tests_that_the_page_names_are_there():
    written = "\n".join(file.read_text() for file in TESTS.rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", written, re.MULTILINE))
    assert [one.test for one in ELSEWHERE if one.test not in there] == []
