"""Every scenario has the outcome that the table says, and none breaks a promise."""

import dataclasses

import pytest

from hs_notebook.wire import prefill

from ..gateway.conftest import running
from .bench import Relayed, run, warm_up
from .promises import broken_promises
from .scenarios import SCENARIOS


@pytest.fixture(scope="module")
def relayed(tmp_path_factory):
    """The real gateway and a provider behind it, for all scenarios of this file."""
    with running(tmp_path_factory.mktemp("gateway"), "--heartbeat", "0.05") as gateway:
        relayed = Relayed(gateway)
        warm_up(relayed)
        yield relayed
        relayed.close()
    assert "Traceback" not in gateway.log


@pytest.fixture(autouse=True)
def models_take_beginnings(monkeypatch):
    """What one scenario learns of a model is no news to the next."""
    monkeypatch.setattr(prefill, "_refused", set())


def text_of(result):
    whole, text = result.scenario.whole, result.answer.text
    if not text:
        return "none"
    if text == whole:
        return "whole"
    return "a beginning" if whole.startswith(text) else "wrong"


def outcome_of(result):
    answer = result.answer
    counts = [row["output_tokens"] for row in result.rows if "output_tokens" in row]
    return {
        "status": answer.status,
        "text": text_of(result),
        "error": type(answer.error) if answer.error else None,
        "taken_up": tuple(attempt.resumed_by or "retry" for attempt in answer.attempts[1:]),
        "runs": result.runs,
        "tokens": sum(counts) if counts else None,
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_scenario(scenario, relayed):
    result = run(scenario, relayed)
    expected = dataclasses.asdict(scenario.outcome)
    told = expected.pop("told")
    said = "\n".join([*result.answer.notes, str(result.answer.error or "")])
    assert outcome_of(result) == expected, said
    assert [words for words in told if words not in said] == [], said
    assert broken_promises(result) == []
