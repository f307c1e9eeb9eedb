"""The Google shape as a client reads it, object by object; and its request."""

import json

import pytest

from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, ToolCallDelta
from hs_notebook.wire.framing import Frame
from hs_notebook.wire.google import Reader, auth, request


def read(*objects):
    reader = Reader()
    return reader, [reader.read(obj, Frame(b"", id="e"), index) for index, obj in enumerate(objects)]


def candidate(*parts, **more):
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **more}], "modelVersion": "g"}


PARTS = {
    "text": (candidate({"text": "Hi"}), StreamChunk("Hi", model="g", event_id="e")),
    "several parts": (candidate({"text": "H"}, {"text": "i"}), StreamChunk("Hi", model="g", event_id="e")),
    "a thought": (
        candidate({"text": "Hm", "thought": True}, {"text": "Hi"}),
        StreamChunk("Hi", reasoning="Hm", model="g", event_id="e"),
    ),
    "a call": (
        candidate(
            {"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {"id": "x", "name": "g"}}
        ),
        StreamChunk(
            tool_calls=(ToolCallDelta(0, None, "f", '{"a":1}'), ToolCallDelta(1, "x", "g", "{}")),
            model="g",
            event_id="e",
        ),
    ),
    "an image": (candidate({"inlineData": {"mimeType": "image/png"}}), StreamChunk(model="g", event_id="e")),
    "no content": ({"candidates": [{"index": 0}]}, StreamChunk(event_id="e")),
    "no parts": ({"candidates": [{"content": {"role": "model"}}]}, StreamChunk(event_id="e")),
    "no candidates": ({"candidates": [], "responseId": "x"}, None),
    "feedback that blocks nothing": ({"promptFeedback": {"safetyRatings": []}}, None),
    "a finish reason that is none": (
        candidate({"text": "x"}, finishReason="FINISH_REASON_UNSPECIFIED"),
        StreamChunk("x", model="g", event_id="e"),
    ),
}


@pytest.mark.parametrize(("obj", "chunk"), PARTS.values(), ids=PARTS.keys())
def test_object(obj, chunk):
    reader, chunks = read(obj)

    assert chunks == [chunk]
    assert not reader.complete


FINISHES = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "SAFETY": FinishReason.CONTENT_FILTER,
    "RECITATION": FinishReason.CONTENT_FILTER,
    "PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
    "MALFORMED_FUNCTION_CALL": FinishReason.ERROR,
    "OTHER": FinishReason.OTHER,
}


@pytest.mark.parametrize(("raw", "reason"), FINISHES.items())
def test_finish_reason(raw, reason):
    reader, (chunk,) = read({"candidates": [{"finishReason": raw}]})

    assert (chunk.finish_reason, chunk.raw_finish_reason) == (reason, raw)
    assert reader.complete


@pytest.mark.parametrize("raw", ["SAFETY", "OTHER", "BLOCKLIST"])
def test_a_blocked_prompt_is_a_content_filter(raw):
    reader, (chunk,) = read(
        {"promptFeedback": {"blockReason": raw}, "usageMetadata": {"promptTokenCount": 3}}
    )

    assert (chunk.finish_reason, chunk.raw_finish_reason) == (FinishReason.CONTENT_FILTER, raw)
    assert chunk.usage.input_tokens == 3
    assert reader.complete


def test_calls_are_numbered_over_the_whole_stream():
    call = candidate({"functionCall": {"name": "f"}})
    _, chunks = read(call, call)

    assert [chunk.tool_calls[0].index for chunk in chunks] == [0, 1]


def test_only_the_first_candidate_is_kept_and_it_is_said_once():
    second = {"candidates": [{"index": 1, "content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]}
    reader, chunks = read(candidate({"text": "a"}), second, second)

    assert [chunk and chunk.content for chunk in chunks] == ["a", "", None]
    assert chunks[1].note == "The server sent more than one candidate; only the first is kept."
    assert not reader.complete


def test_an_error_is_a_failure():
    reader, _ = read({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}})

    assert reader.failure.code == "503"
    assert reader.closed


def test_request():
    messages = (Message("system", "Be brief."), Message("user", "Hé"), Message("assistant", "Ja"))
    chat = ChatRequest(
        model="models/gemini-2.5-flash",
        messages=messages,
        temperature=0.0,
        max_tokens=5,
        extra={"generationConfig": {"topK": 1, "temperature": None}, "safetySettings": []},
    )
    sent = request(chat)

    assert sent.path == "/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert json.loads(sent.body) == {
        "contents": [
            {"role": "user", "parts": [{"text": "Hé"}]},
            {"role": "model", "parts": [{"text": "Ja"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 5, "topK": 1},
        "safetySettings": [],
    }


def test_a_models_name_cannot_leave_its_place_in_the_path():
    sent = request(ChatRequest(model="../x?key=1#", messages=(Message("user", "x"),)))

    assert sent.path == "/models/..%2Fx%3Fkey%3D1%23:streamGenerateContent?alt=sse"
    assert json.loads(sent.body).keys() == {"contents"}


def test_auth():
    assert auth("k") == {"x-goog-api-key": "k"}
