"""The Anthropic shape as a client reads it, event by event; and its request."""

import json

import pytest

from hs_notebook.wire.anthropic import Reader, auth, request
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, StreamEnd, ToolCallDelta
from hs_notebook.wire.framing import Frame


def read(*objects):
    reader = Reader()
    return reader, [reader.read(obj, Frame(b"", id="e"), index) for index, obj in enumerate(objects)]


def added(index=0, **delta):
    return {"type": "content_block_delta", "index": index, "delta": delta}


def begun(index=0, **block):
    return {"type": "content_block_start", "index": index, "content_block": block}


EVENTS = {
    "start": (
        {"type": "message_start", "message": {"model": "c", "usage": {}}},
        StreamChunk(model="c", event_id="e"),
    ),
    "text": (added(type="text_delta", text="Hi"), StreamChunk("Hi", event_id="e")),
    "text in a block's start": (begun(type="text", text="Hi"), StreamChunk("Hi", event_id="e")),
    "thinking": (added(type="thinking_delta", thinking="Hm"), StreamChunk(reasoning="Hm", event_id="e")),
    "the start of a tool call": (
        begun(2, type="tool_use", id="t", name="f", input={}),
        StreamChunk(tool_calls=(ToolCallDelta(2, "t", "f"),), event_id="e"),
    ),
    "a piece of a tool call": (
        added(2, type="input_json_delta", partial_json='{"a'),
        StreamChunk(tool_calls=(ToolCallDelta(2, arguments='{"a'),), event_id="e"),
    ),
    "an empty piece": (added(type="input_json_delta", partial_json=""), None),
    "a signature": (added(type="signature_delta", signature="x"), None),
    "a citation": (added(type="citations_delta", citation={}), None),
    "an unknown delta": (added(type="dance_delta", steps=3), None),
    "a tool on the server's side": (begun(type="server_tool_use", id="s", name="web_search", input={}), None),
    "hidden thinking": (begun(type="redacted_thinking", data="x"), None),
    "the end of a block": ({"type": "content_block_stop", "index": 0}, None),
    "ping": ({"type": "ping"}, None),
    "an unknown event": ({"type": "future_thing"}, None),
    "no type": ({}, None),
}


@pytest.mark.parametrize(("obj", "chunk"), EVENTS.values(), ids=EVENTS.keys())
def test_event(obj, chunk):
    reader, chunks = read(obj)

    assert chunks == [chunk]
    assert not reader.complete


STOPS = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.REFUSAL,
    "pause_turn": FinishReason.OTHER,
}


@pytest.mark.parametrize(("raw", "reason"), STOPS.items())
def test_stop_reason(raw, reason):
    reader, (chunk,) = read({"type": "message_delta", "delta": {"stop_reason": raw}})

    assert (chunk.finish_reason, chunk.raw_finish_reason) == (reason, raw)
    assert reader.complete
    assert not reader.closed


def test_message_stop_closes():
    reader, chunks = read({"type": "message_stop"})

    assert chunks == [None]
    assert reader.complete
    assert reader.closed


def test_our_closing_record():
    _, (chunk,) = read({"type": "message_stop", "stream_end": {"events": 3, "sha256": "0"}})

    assert chunk.end == StreamEnd(3, "0")


def test_an_error_is_a_failure():
    reader, _ = read({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})

    assert reader.failure.code == "overloaded_error"
    assert reader.closed
    assert not reader.complete


def test_an_error_that_says_nothing_is_still_a_failure():
    reader, _ = read({"type": "error"})

    assert reader.failure is not None


def test_the_events_name_serves_where_the_json_has_no_type():
    reader = Reader()
    chunk = reader.read({"delta": {"text": "Hi"}}, Frame(b"", event="content_block_delta"), 0)

    assert chunk == StreamChunk("Hi")


def test_request():
    messages = (Message("system", "Be brief."), Message("system", "Be kind."), Message("user", "Hé"))
    sent = request(ChatRequest(model="claude", messages=messages, temperature=0.0, extra={"top_k": 1}))

    assert sent.path == "/messages"
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert json.loads(sent.body) == {
        "model": "claude",
        "max_tokens": 4096,
        "system": "Be brief.\n\nBe kind.",
        "messages": [{"role": "user", "content": "Hé"}],
        "stream": True,
        "temperature": 0.0,
        "top_k": 1,
    }


def test_request_leaves_out_what_was_not_asked_for():
    sent = json.loads(request(ChatRequest(model="c", messages=(Message("user", "x"),), max_tokens=5)).body)

    assert sent.keys() == {"model", "max_tokens", "messages", "stream"}
    assert sent["max_tokens"] == 5


def test_auth():
    assert auth("k") == {"x-api-key": "k"}
