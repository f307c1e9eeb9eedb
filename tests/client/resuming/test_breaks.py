"""Every error as a break."""

import pytest

from hs_notebook import errors
from hs_notebook.client.resuming.breaks import break_of
from hs_notebook.client.resuming.rules import Action, Break


def status(number):
    return errors.StatusError("x", status=number)


@pytest.mark.parametrize("doing", [None, *Action])
@pytest.mark.parametrize("number", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_busy_server_is_busy_whatever_was_asked(number, doing):
    assert break_of(status(number), doing) is Break.BUSY


@pytest.mark.parametrize("doing", [None, *Action])
@pytest.mark.parametrize("number", [301, 401, 402, 403])
def test_what_no_other_request_mends(number, doing):
    assert break_of(status(number), doing) is Break.FATAL


@pytest.mark.parametrize(
    ("number", "doing", "expected"),
    [
        (400, None, Break.FATAL),
        (404, None, Break.FATAL),
        (410, None, Break.FATAL),
        (422, Action.RESTART, Break.FATAL),
        (400, Action.RETRY, Break.FATAL),
        (400, Action.REPLAY, Break.MALFORMED),
        (405, Action.REPLAY, Break.MALFORMED),
        (404, Action.REPLAY, Break.UNKNOWN),
        (410, Action.REPLAY, Break.EXPIRED),
        (400, Action.CONTINUE, Break.REFUSED_PREFILL),
        (422, Action.CONTINUE, Break.REFUSED_PREFILL),
        (404, Action.CONTINUE, Break.FATAL),
    ],
)
def test_the_same_status_means_what_was_asked(number, doing, expected):
    assert break_of(status(number), doing) is expected


@pytest.mark.parametrize(
    "code",
    [
        "overloaded_error", "engine_overloaded", "server_error", "internal_error", "INTERNAL", "UNAVAILABLE",
        "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "timeout_error", "rate_limit_error", "api_error", "429",
        "502", "gateway_failed",
    ],
)  # fmt: skip
def test_errors_in_the_stream_that_may_pass(code):
    assert break_of(errors.ProviderError("x", code=code)) is Break.ERROR_EVENT


@pytest.mark.parametrize(
    "code", [None, "", "invalid_request_error", "insufficient_quota", "400", "1500", "5000"]
)
def test_errors_in_the_stream_that_stay(code):
    assert break_of(errors.ProviderError("x", code=code)) is Break.FATAL


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.NotReachedError("x", transient=True), Break.REFUSED),
        (errors.NotReachedError("x"), Break.FATAL),
        (errors.StalledError("x"), Break.STALLED),
        (errors.CutError("x"), Break.RESET),
        (errors.ProtocolError("x"), Break.FATAL),
        (errors.SettingError("x"), Break.FATAL),
        (errors.EmbeddedError("x"), Break.FATAL),
    ],
)
def test_other_errors(error, expected):
    assert break_of(error) is expected
