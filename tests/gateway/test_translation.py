"""Relays to servers of other shapes than OpenAI's: spoken to in their own words, counted right."""

import json

import pytest

from .conftest import running
from .far import ASK, CUTS, KEY, decode, post, respond


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), FAR_KEY=KEY) as gateway:
        yield gateway
    assert KEY not in gateway.log
    assert "Traceback" not in gateway.log


def event(kind, **members):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


CLAUDE = [
    event(
        "message_start",
        message={
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "claude-real",
            "content": [],
            "usage": {
                "input_tokens": 3,
                "cache_read_input_tokens": 20,
                "cache_creation_input_tokens": 4,
                "output_tokens": 1,
            },
        },
    ),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hel"}),
    event("ping"),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "lo"}),
    event("content_block_stop", index=0),
    event("message_delta", delta={"stop_reason": "max_tokens"}, usage={"output_tokens": 9}),
    event("message_stop"),
]


def gemini(text="", **more):
    candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}, **more.pop("about", {})}
    said = {"candidates": [candidate], "modelVersion": "gemini-real", **more}
    return f"data: {json.dumps(said)}\r\n\r\n".encode()


GEMINI = [
    gemini("Hel"),
    gemini(
        "lo",
        about={"finishReason": "MAX_TOKENS"},
        usageMetadata={
            "promptTokenCount": 27,
            "cachedContentTokenCount": 20,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 7,
            "totalTokenCount": 36,
        },
    ),
]
NAMED = '{ "claude-4.5" = "claude-4-5" }'
SAMPLING = {"temperature": 0.5, "max_tokens": 9, "top_p": 0.9, "stop": "END"}
TURNS = [{"role": "system", "content": "Brief."}, {"role": "user", "content": "Hi"}]


def test_an_anthropic_server_is_spoken_to_in_its_own_words_and_its_usage_is_right(gateway, far_behind):
    far = far_behind(respond(*CLAUDE), shape="anthropic", models=NAMED)
    more = {"stream_options": {"include_usage": True}, "messages": TURNS, **SAMPLING, "top_k": 4}
    decoder, text, chunks = decode(post(gateway, model="claude-4.5", **more))
    ((head, body),) = far.heard
    assert head.startswith("POST /v1/messages HTTP/1.1")
    assert f"x-api-key: {KEY}" in head.lower()
    assert "anthropic-version: 2023-06-01" in head.lower()
    assert "authorization" not in head.lower()
    assert body == {
        "model": "claude-4-5",
        "stream": True,
        "system": "Brief.",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "top_p": 0.9,
        "top_k": 4,
        "stop_sequences": ["END"],
    }
    assert (decoder.complete, text, chunks[0].model) == (True, "Hello", "claude-real")
    usage = chunks[-1].usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (27, 20, 4)
    assert usage.output_tokens == 9
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["length"]


def test_a_google_server_is_spoken_to_in_its_own_words_and_its_usage_is_right(gateway, far_behind):
    far = far_behind(respond(*GEMINI), shape="google")
    more = {"stream_options": {"include_usage": True}, "messages": TURNS, **SAMPLING}
    decoder, text, chunks = decode(post(gateway, model="far/gemini-9", **more))
    ((head, body),) = far.heard
    assert head.startswith("POST /v1/models/gemini-9:streamGenerateContent?alt=sse HTTP/1.1")
    assert f"x-goog-api-key: {KEY}" in head.lower()
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "Brief."}]},
        "generationConfig": {
            "temperature": 0.5,
            "maxOutputTokens": 9,
            "topP": 0.9,
            "stopSequences": ["END"],
        },
    }
    assert (decoder.complete, text, chunks[0].model) == (True, "Hello", "gemini-real")
    usage = chunks[-1].usage
    assert (usage.input_tokens, usage.cache_read_tokens) == (27, 20)
    assert (usage.output_tokens, usage.reasoning_tokens) == (9, 7)
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["length"]


@pytest.mark.parametrize(("shape", "parts"), [("anthropic", CLAUDE[:5]), ("google", GEMINI[:1])])
@pytest.mark.parametrize("end", CUTS.values(), ids=CUTS)
def test_they_too_are_never_whole_when_cut_short(gateway, far_behind, shape, parts, end):
    far_behind(respond(*parts, end=end), shape=shape)
    decoder, text, chunks = decode(post(gateway))
    assert "Hello".startswith(text)
    assert decoder.failure is not None
    assert not decoder.complete
    assert not any(each.finish_reason for each in chunks)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("anthropic", {"type": "error", "error": {"type": "invalid_request_error", "message": "TOO LONG"}}),
        ("google", {"error": {"code": 400, "message": "TOO LONG", "status": "INVALID_ARGUMENT"}}),
    ],
)
@pytest.mark.parametrize("words", ["prompt is too long: 210 > 200", "exceeds the maximum number of tokens"])
def test_their_words_for_a_prompt_that_is_too_long_are_known(gateway, far_behind, shape, said, words):
    body = json.dumps(said).replace("TOO LONG", words).encode()
    far_behind(respond(body, status="400 Bad Request", headers="content-type: application/json"), shape=shape)
    response = post(gateway)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"
    assert words in response.json()["error"]["message"]


def test_a_repeated_request_with_a_key_is_relayed_once(gateway, far_behind):
    far = far_behind(respond(*CLAUDE), shape="anthropic")
    with gateway.http() as http:
        first, again = (
            http.post("chat/completions", json=ASK, headers={"Idempotency-Key": "once"}) for _ in range(2)
        )
    assert first.content == again.content
    assert len(far.heard) == 1
