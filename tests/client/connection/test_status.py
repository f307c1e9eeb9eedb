"""What each status becomes, in words that name the remedy."""

import json
from datetime import UTC, datetime

import pytest

from hs_notebook import errors
from hs_notebook.client.connection.status import Refusal, request_id
from hs_notebook.client.resuming.breaks import break_of
from hs_notebook.client.resuming.rules import Break

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def refusal(status, body=b"", models=(), **headers):
    headers = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Refusal(status, headers, body, "gpt-4.1", "api.test", models).error(NOW)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, errors.StatusError, "did not accept"),
        (401, errors.KeyRefusedError, "HOLYSHEEP_API_KEY"),
        (402, errors.QuotaError, "credit"),
        (404, errors.ModelNotFoundError, "base URL"),
        (408, errors.StatusError, "408"),
        (413, errors.TooLongError, "Shorten"),
        (418, errors.StatusError, "418"),
        (429, errors.QuotaError, "max_concurrency"),
        (500, errors.ServerFailedError, "500"),
        (503, errors.ServerFailedError, "Try again"),
        (529, errors.ServerFailedError, "529"),
        (301, errors.StatusError, "base URL"),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b'{"error": {"message": "the reason"}}', b"<html><title>the reason</title>"]
)
def test_each_status(status, kind, words, body):
    error = refusal(status, body)
    assert type(error) is kind
    assert error.status == status
    assert words in str(error)
    assert ("the reason" in str(error)) == (bool(body) and status != 301)
    assert 1 <= len(str(error).splitlines()) <= 3
    assert all(len(line) < 400 for line in error.lines)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "too big", "code": "context_length_exceeded"}}',
        b'{"error": {"message": "This model\'s maximum context length is 8192 tokens"}}',
        b'{"type": "error", "error": {"type": "x", "message": "prompt is too long: 9 tokens > 8 maximum"}}',
        b'{"error": {"message": "The input token count (40) exceeds the maximum number of tokens."}}',
        b'{"error": {"message": "the request exceeds the available context size"}}',
    ],
)
def test_a_prompt_that_is_too_long(body):
    assert isinstance(refusal(400, body), errors.TooLongError)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}',
        b'{"error": {"message": "x", "code": "billing_hard_limit_reached"}}',
        b'{"error": {"message": "x", "type": "exceeded_current_quota_error"}}',
    ],
)
def test_a_429_for_want_of_money(body):
    error = refusal(429, body)
    assert type(error) is errors.QuotaError
    assert error.used_up
    assert "Add credit" in str(error)
    assert break_of(error) is Break.FATAL


@pytest.mark.parametrize(
    "body",
    [b"", b'{"error": {"code": "rate_limit_exceeded"}}', b'{"error": {"status": "RESOURCE_EXHAUSTED"}}'],
)
def test_a_429_for_want_of_patience(body):
    error = refusal(429, body)
    assert not error.used_up
    assert break_of(error) is Break.BUSY


def test_a_400_of_another_kind():
    assert (
        type(refusal(400, b'{"error": {"message": "temperature must be at most 2"}}')) is errors.StatusError
    )


def test_a_403_in_json_is_about_the_key():
    error = refusal(403, b'{"error": {"message": "not yours"}}')
    assert type(error) is errors.KeyRefusedError
    assert "refused the API key" in str(error)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", ""),
        (b"Attention Required!", "text/html"),
    ],
)
def test_a_403_on_a_web_page_is_a_firewalls(body, content_type):
    error = refusal(403, body, Content_Type=content_type)
    assert type(error) is errors.StatusError
    assert "refused the API key" not in str(error)
    assert "Attention Required!" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_where_no_key_was_sent_one_is_wanted(status):
    error = Refusal(status, {}, b"", "m", "api.test", has_key=False).error(NOW)
    assert type(error) is errors.KeyRefusedError
    assert error.what == f"api.test wants an API key, and none is set ({status})."
    assert "HOLYSHEEP_API_KEY" in error.remedy


def test_a_404_for_no_model_is_about_the_url():
    page = b"<html><title>No such page; our models are elsewhere</title>"
    error = Refusal(404, {}, page, None, "api.test").error(NOW)
    assert error.what == "api.test has nothing at this URL (404)."


def test_an_unknown_model():
    body = b'{"error": {"message": "The model gpt-4.1 does not exist", "code": "model_not_found"}}'
    assert "%holysheep models (in a script: client.models()) lists" in str(refusal(404, body))
    assert "does not know the model 'gpt-4.1'" in str(refusal(404, body))
    near = refusal(404, body, models=["gpt-4.1-mini", "sonnet", "gpt-4.1-nano"])
    assert "gpt-4.1-mini" in str(near)
    assert "sonnet" not in str(near)


def test_how_long_to_wait():
    assert refusal(429, Retry_After="7").retry_after == 7
    assert refusal(429, retry_after_ms="1500", Retry_After="7").retry_after == 1.5
    assert refusal(503, Retry_After="Sun, 22 Nov 2026 12:01:00 GMT").retry_after == 60
    assert refusal(429).retry_after is None
    assert "2 h 0 min, until 2026-11-22 14:00 UTC" in str(refusal(429, Retry_After="7200"))


def test_a_redirect_names_the_place_without_its_query():
    error = refusal(307, Location="https://other.test/v1/chat?token=abc")
    assert "https://other.test/v1/chat" in str(error)
    assert "abc" not in str(error)


def test_request_id():
    assert request_id({"x-request-id": "a", "cf-ray": "b"}) == "a"
    assert request_id({"request-id": "c"}) == "c"
    assert request_id({"x-request-id": ""}) is None
    assert refusal(500, X_Request_Id="req-1").request_id == "req-1"


def test_an_error_worded_in_lines_is_told_in_lines_and_whole():
    lines = ["far refused it.", "w" * 300, "r" * 300]
    body = json.dumps({"error": {"message": " ".join(lines), "lines": lines}}).encode()
    error = refusal(401, body)
    assert type(error) is errors.KeyRefusedError
    assert error.lines == ["api.test says: far refused it.", *lines[1:]]
    body = json.dumps({"error": {"message": "no credit", "lines": ["no credit"]}}).encode()
    assert "Add credit" in refusal(402, body).remedy
