"""What a server says went wrong, whatever body it says it in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire.failure import as_json, describe, excerpt, means_too_long

HTML = "text/html"
BODIES = {
    "OpenAI": (
        b'{"error":{"message":"Incorrect API key","type":"invalid_request","code":"invalid_api_key"}}',
        None,
        ("Incorrect API key", "invalid_api_key"),
    ),
    "Anthropic": (
        b'{"type":"error","error":{"type":"not_found_error","message":"model: x"},"request_id":"r"}',
        None,
        ("model: x", "not_found_error"),
    ),
    "Google": (
        b'{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}',
        None,
        ("Quota", "429"),
    ),
    "Google, in an array": (b'[{"error":{"code":400,"message":"Bad"}}]', None, ("Bad", "400")),
    "Ollama": (b'{"error":"model not found"}', None, ("model not found", None)),
    "FastAPI": (b'{"detail":"Not Found"}', None, ("Not Found", None)),
    "FastAPI, a list": (
        b'{"detail":[{"loc":["body"],"msg":"missing"}]}',
        None,
        ('[{"loc":["body"],"msg":"missing"}]', None),
    ),
    "vLLM": (
        b'{"object":"error","message":"too long","type":"BadRequest","code":400}',
        None,
        ("too long", "400"),
    ),
    "a list of errors": (b'{"errors":[{"message":"no","code":7}]}', None, ("no", "7")),
    "an error with a message beside it": (
        b'{"error":"forbidden","message":"no entry"}',
        None,
        ("no entry", None),
    ),
    "a message alone": (b'{"message":"no Route matched"}', None, ("no Route matched", None)),
    "an error without words": (b'{"error":{"code":13}}', None, ('{"code":13}', "13")),
    "half a character in an error without words": (
        b'{"error":{"why":"\\ud800","n":99999999999999999999999}}',
        None,
        ('{"why":" ","n":99999999999999999999999}', None),
    ),
    "half a character in a list": (b'{"detail":["\\ud800"]}', None, ('[" "]', None)),
    "half a character in a code": (
        b'{"error":{"message":"no \\ud800","code":"a\\ud800"}}',
        None,
        ("no", "a"),
    ),
    "an error that is true": (b'{"error":true}', None, ('{"error":true}', None)),
    "JSON of another kind": (b'{"a":1}', None, ('{"a":1}', None)),
    "JSON that is no object": (b"[]", None, ("[]", None)),
    "a page": (
        b"<html><head><title>413 Request\n Entity &amp; more</title></head><body>nginx</body></html>",
        HTML,
        ("413 Request Entity & more", None),
    ),
    "a page without a title": (
        b"<html><head><style>p{}</style></head><body><!-- x --><p>Bad <b>gateway</b></p></body></html>",
        None,
        ("Bad gateway", None),
    ),
    "a page cut": (b"<html><body>Bad gate", HTML, ("Bad gate", None)),
    "text called a page": (b"Bad gateway", HTML, ("Bad gateway", None)),
    "text": (b"  upstream connect\r\n error\x1b[0m ", "text/plain", ("upstream connect error [0m", None)),
    "BOM": (b'\xef\xbb\xbf{"error":"x"}', None, ("x", None)),
    "bytes": (b"\xff\xfe\x00", None, ("\ufffd\ufffd", None)),
    "nothing": (b"", None, ("", None)),
}


@pytest.mark.parametrize(("body", "content_type", "expected"), BODIES.values(), ids=BODIES.keys())
def test_describe(body, content_type, expected):
    assert describe(body, content_type) == expected


@given(st.binary() | st.text().map(str.encode))
def test_a_description_is_one_short_line(body):
    message, _ = describe(body)

    assert len(message) <= 200
    assert message.isprintable()


def test_an_excerpt_shows_that_it_is_cut():
    assert excerpt("x" * 201) == "x" * 199 + "…"
    assert excerpt("x" * 200) == "x" * 200


def test_a_hostile_page_takes_no_long_time():
    began = time.process_time()
    describe(b"<script" * 200_000, HTML)
    describe(b"<title>" * 200_000, HTML)

    assert time.process_time() - began < 1


def test_a_value_nested_too_deep_to_write_is_no_error():
    deep = []
    for _ in range(10**5):
        deep = [deep]
    assert as_json(deep) == ""


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 8192 tokens, your messages resulted in 9000",  # OpenAI
        "Your input exceeds the context window of this model",  # OpenAI
        "prompt is too long: 9 tokens > 8 maximum",  # Anthropic
        "input length and `max_tokens` exceed context limit: 9 + 9 > 8",  # Anthropic
        "The input token count (40) exceeds the maximum number of tokens allowed (8)",  # Google
        "the request exceeds the available context size, try increasing it",  # llama.cpp
        "Prompt contains 9 tokens and 0 draft tokens, too large for model with 8 maximum context length",
    ],
)
def test_a_prompt_too_long_is_known_by_its_words(said):
    assert means_too_long(said, None)


@pytest.mark.parametrize("code", ["context_length_exceeded", "model_context_window_exceeded"])
def test_a_prompt_too_long_is_known_by_its_code(code):
    assert means_too_long("no", code)


@pytest.mark.parametrize(
    "said",
    [
        "context_management is not permitted",
        "Unknown parameter: context",
        "context_window must be a number",
        "temperature is not permitted in this context; its length is checked elsewhere",
        "max_tokens is larger than the maximum number of tokens for output",
        "",
    ],
)
def test_the_word_context_alone_means_nothing(said):
    assert not means_too_long(said, "invalid_request_error")
