"""The figures of an answer: unknown stays unknown, money in full, one line below."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hs_notebook.answer import Answer, Status
from hs_notebook.notebook.figures import Figures, footer, of
from hs_notebook.notebook.resting.bundle import harmless, placeholder
from hs_notebook.wire.chunk import ChatRequest, Message, Usage

UNKNOWN = Figures(
    model="gpt-4.1",
    model_served=None,
    status=str(Status.COMPLETE),
    elapsed_s=None,
    ttft_s=None,
    input_tokens=None,
    output_tokens=None,
    output_estimated=False,
    tokens_per_s=None,
    reasoning_tokens=None,
    cost=None,
    cost_usd=None,
    finish_reason="stop",
    message=None,
    stop_hint=None,
)


def test_what_is_unknown_is_left_out_of_the_line():
    assert footer(UNKNOWN) == "gpt-4.1 · complete"


def test_what_is_known_is_in_it():
    known = replace(
        UNKNOWN,
        model_served="gpt-4.1-2025",
        input_tokens=1500,
        output_tokens=850,
        tokens_per_s=52.0,
        ttft_s=0.314,
        cost="$0.01225",
    )
    assert footer(known, ("df (5 rows)",)) == (
        "gpt-4.1-2025 · 1,500 + 850 tokens · 52 tokens/s · first token 0.31 s · $0.01225"
        " · with df (5 rows) · complete"
    )


def test_an_estimate_is_marked():
    estimated = replace(UNKNOWN, output_tokens=7, output_estimated=True, tokens_per_s=3.5)
    assert "~7 tokens out · ~3.5 tokens/s" in footer(estimated)


@pytest.mark.parametrize(
    ("usage", "estimate", "said"),
    [
        (Usage(500, output_tokens=700), None, "≥ $0.013614"),
        (None, Usage(500, output_tokens=700), "~$0.013614"),
    ],
)
def test_an_answer_that_took_two_requests_shows_the_tokens_of_the_last_and_the_cost_of_both(
    usage, estimate, said
):
    answer = Answer(
        "a-1", ChatRequest(model="claude-sonnet-4.5", messages=(Message("user", "Hi"),)), "holysheep"
    )
    for cost, status, counts, guess in (
        ("0.012024", Status.INTERRUPTED, usage, estimate),
        ("0.00159", Status.COMPLETE, Usage(500, output_tokens=6), None),
    ):
        attempt = answer.begin(datetime.now(UTC), 0.0, resumed_by="continue" if answer.attempts else None)
        attempt.usage, attempt.estimate = counts, guess
        answer.end(status, 1.0)
        attempt.cost_usd = Decimal(cost)
    assert footer(of(answer)) == f"claude-sonnet-4.5 · 500 + 6 tokens · {said} · complete"
    assert of(answer).cost_usd == 0.013614


@pytest.mark.parametrize(
    ("status", "finish", "said"),
    [
        ("complete", "length", "cut at the model's limit"),
        ("complete", "content_filter", "ended by the content filter"),
        ("complete", "other", "complete"),
        ("complete", None, "complete"),
        ("interrupted", None, "interrupted"),  # nothing had come
        ("failed", "stop", "failed"),
    ],
)
def test_the_end_is_named(status, finish, said):
    assert footer(replace(UNKNOWN, status=status, finish_reason=finish)).endswith(f"· {said}")


def test_a_limit_of_the_users_own_is_named_as_such():
    assert footer(replace(UNKNOWN, finish_reason="length"), max_tokens=5).endswith(
        "complete up to max_tokens"
    )
    assert footer(UNKNOWN, max_tokens=5).endswith("· complete")


def test_what_was_interrupted_names_the_next_step():
    line = footer(replace(UNKNOWN, status="interrupted", output_tokens=3))
    assert line.endswith("3 tokens out · interrupted: run the cell again to go on from here")


def test_a_hostile_model_name_stays_text():
    shown = placeholder("<img src=x>*[a](b)_\x1b[2J")["text/markdown"]
    assert "\\<img" not in shown
    assert "&lt;img src=x\\>\\*\\[a\\](b)\\_" in shown
    assert "\x1b" not in shown


def test_text_cannot_steer_a_terminal():
    assert harmless("a\x1b[31mb\x07\x9b\r\nc\td\ud800") == "a[31mb\nc\td?"
