"""The course of an answer: under which key a run is asked for, and how much of the limit is left to it."""

from datetime import UTC, datetime

import pytest

from hs_notebook.answer import Answer, Status
from hs_notebook.attempt import Attempt
from hs_notebook.client.config import Target
from hs_notebook.client.resuming.course import Course
from hs_notebook.client.resuming.rules import Action, Policy
from hs_notebook.money import tokens
from hs_notebook.wire.chunk import ChatRequest, Message, Usage

OURS = Target("http://127.0.0.1:1/v1", None, None, "embedded")
TEXT = "Some words that have come. "
COUNTED = tokens.of_text(TEXT, "demo")
LIMIT = 100
STRUCTURED = {"response_format": {"type": "json_object"}}  # of which no beginning is taken


def attempt(number, how=None, counted=None):
    usage = None if counted is None else Usage(input_tokens=5, output_tokens=counted)
    return Attempt(number, datetime.now(UTC), 0.0, status=Status.INTERRUPTED, usage=usage, resumed_by=how)


def interrupted(*attempts, parts=(TEXT,), extra=None, **more):
    turns = (Message("user", "Go on."),)
    chat = ChatRequest(model="demo", messages=turns, max_tokens=LIMIT, extra=extra or {})
    return Answer(
        "an-answer",
        chat,
        "embedded",
        parts=list(parts),
        attempts=list(attempts),
        status=Status.INTERRUPTED,
        **more,
    )


def asked(answer):
    """The step by which an answer is taken up, and its request."""
    course = Course(answer, Policy(), OURS)
    step = course.take_up()
    return step.action, course.asking(OURS)


@pytest.mark.parametrize(
    ("attempts", "spent"),
    [
        ([(None, None)], COUNTED),  # stopped: nobody told
        ([(None, 20)], 20),
        ([(None, 20), ("continue", 30)], 50),
        ([(None, 20), ("continue", None)], 20),
        ([(None, None), ("replay", 20)], 20),  # the counts of both
        ([(None, 50), ("restart", 20), ("continue", 10)], 30),  # what was superseded is no part of the answer
        ([(None, 3)], COUNTED),  # it stopped counting before it stopped writing
        ([(None, 500)], LIMIT - 1),
    ],
)
def test_what_the_text_has_cost_is_taken_off_the_limit(attempts, spent):
    answer = interrupted(*(attempt(number, *one) for number, one in enumerate(attempts, 1)))
    action, asking = asked(answer)
    assert action is Action.CONTINUE
    assert asking.chat.max_tokens == LIMIT - spent


def test_a_run_is_asked_for_by_the_same_key_after_the_death_of_the_kernel():
    before, after = interrupted(attempt(1)), interrupted(attempt(1), attempt(2, "continue"))
    assert asked(before)[1].key == asked(after)[1].key
    longer = interrupted(attempt(1), attempt(2, "continue"), parts=[TEXT, "More."])
    assert asked(longer)[1].key != asked(before)[1].key


def test_what_nothing_came_of_is_asked_for_by_its_first_key():
    action, asking = asked(interrupted(attempt(1), parts=()))
    assert (action, asking.key) == (Action.RETRY, "an-answer")


def test_a_restart_has_one_key_whether_its_first_words_were_kept_or_not():
    shown = interrupted(attempt(1), extra=STRUCTURED)
    set_aside = interrupted(
        attempt(1), attempt(2, "restart"), parts=(), superseded=[TEXT], generation=1, extra=STRUCTURED
    )
    (first, began), (again, asking) = asked(shown), asked(set_aside)
    assert (first, again) == (Action.RESTART, Action.RETRY)
    assert began.key == asking.key != "an-answer"
