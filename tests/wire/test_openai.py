"""The OpenAI shape as a client reads it, event by event; and its request."""

import json

import pytest

from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, ToolCallDelta, Usage
from hs_notebook.wire.framing import Frame
from hs_notebook.wire.openai import Reader, auth, request


def read(*objects):
    reader = Reader()
    return reader, [reader.read(obj, Frame(b"", id="e"), index) for index, obj in enumerate(objects)]


def delta(content=None, finish=None, index=0, **more):
    added = more if content is None else {"content": content, **more}
    return {"model": "m", "choices": [{"index": index, "delta": added, "finish_reason": finish}]}


DELTAS = {
    "text": (delta("Hi"), StreamChunk("Hi", model="m", event_id="e")),
    "role alone": (delta(role="assistant"), StreamChunk(model="m", event_id="e")),
    "role and text": (delta("Hi", role="assistant"), StreamChunk("Hi", model="m", event_id="e")),
    "null content": (
        {"model": "m", "choices": [{"index": 0, "delta": {"content": None}}]},
        StreamChunk(model="m", event_id="e"),
    ),
    "no delta": ({"choices": [{"index": 0, "finish_reason": None}]}, StreamChunk(event_id="e")),
    "null delta": ({"choices": [{"index": 0, "delta": None}]}, StreamChunk(event_id="e")),
    "no model": ({"choices": [{"index": 0, "delta": {"content": "x"}}]}, StreamChunk("x", event_id="e")),
    "no index": ({"choices": [{"delta": {"content": "x"}}]}, StreamChunk("x", event_id="e")),
    "unknown members": (
        {**delta("x"), "obfuscation": "zz", "service_tier": None, "system_fingerprint": "fp"},
        StreamChunk("x", model="m", event_id="e"),
    ),
    "logprobs": (
        {
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": "x"}, "logprobs": {}, "finish_reason": None}],
        },
        StreamChunk("x", model="m", event_id="e"),
    ),
    "refusal": (delta(refusal="No."), StreamChunk(refusal="No.", model="m", event_id="e")),
    "reasoning of DeepSeek": (
        delta(reasoning_content="Hm"),
        StreamChunk(reasoning="Hm", model="m", event_id="e"),
    ),
    "reasoning of OpenRouter": (
        delta("", reasoning="Hm"),
        StreamChunk(reasoning="Hm", model="m", event_id="e"),
    ),
    "reasoning under both names counts once": (
        delta("", reasoning="Hm", reasoning_content="Hm"),
        StreamChunk(reasoning="Hm", model="m", event_id="e"),
    ),
    "content in parts": (
        delta(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                {"type": "text", "text": "Hi"},
            ]
        ),
        StreamChunk("Hi", reasoning="Hm", model="m", event_id="e"),
    ),
    "the start of a tool call": (
        delta(
            tool_calls=[
                {"index": 1, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
            ]
        ),
        StreamChunk(tool_calls=(ToolCallDelta(1, "c", "f"),), model="m", event_id="e"),
    ),
    "a piece of a tool call": (
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"a'}}]),
        StreamChunk(tool_calls=(ToolCallDelta(0, arguments='{"a'),), model="m", event_id="e"),
    ),
    "a function call of old": (
        delta(function_call={"name": "f", "arguments": "{}"}),
        StreamChunk(tool_calls=(ToolCallDelta(0, None, "f", "{}"),), model="m", event_id="e"),
    ),
    "no choices, nothing else": ({"choices": [], "prompt_filter_results": []}, None),
    "choices missing": ({"object": "chat.completion.chunk"}, None),
    "usage alone": (
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        StreamChunk(usage=Usage(1, output_tokens=2), event_id="e"),
    ),
}


@pytest.mark.parametrize(("obj", "chunk"), DELTAS.values(), ids=DELTAS.keys())
def test_delta(obj, chunk):
    reader, chunks = read(obj)

    assert chunks == [chunk]
    assert not reader.complete


FINISHES = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    "MAX_TOKENS": FinishReason.LENGTH,
    "eos": FinishReason.STOP,
    "error": FinishReason.ERROR,
    "who knows": FinishReason.OTHER,
}


@pytest.mark.parametrize(("raw", "reason"), FINISHES.items())
def test_finish_reason_keeps_the_servers_own_word(raw, reason):
    reader, (chunk,) = read(delta(finish=raw))

    assert (chunk.finish_reason, chunk.raw_finish_reason) == (reason, raw)
    assert reader.complete


def test_an_empty_finish_reason_is_none():
    reader, (chunk,) = read(delta("x", finish=""))

    assert chunk.finish_reason is None
    assert not reader.complete


def test_only_the_first_choice_is_kept_and_it_is_said_once():
    reader, chunks = read(
        delta("a0"),
        delta("b1", index=1),
        delta("c2", "stop", index=2),
        delta("d0"),
        delta("", "stop", index=1),
    )

    assert [chunk and chunk.content for chunk in chunks] == ["a0", "", None, "d0", None]
    assert [chunk.note for chunk in chunks if chunk and chunk.note] == [
        "The server sent more than one choice; only the first is kept."
    ]
    assert not reader.complete  # other choices ended; the first did not


def test_the_first_choice_is_found_among_several_in_one_event():
    both = {"choices": [*delta("b", index=1)["choices"], *delta("a", "stop")["choices"]]}
    reader, (chunk,) = read(both)

    assert (chunk.content, chunk.finish_reason) == ("a", FinishReason.STOP)
    assert reader.complete


def test_an_error_beside_choices_keeps_the_text_and_fails():
    reader, (chunk,) = read({**delta("x", "error"), "error": {"code": 502, "message": "Upstream broke"}})

    assert chunk.content == "x"
    assert reader.failure.code == "502"
    assert reader.failure.lines[0] == "The server reported an error (502): Upstream broke"


def test_an_error_that_is_a_mere_string():
    reader, chunks = read({"error": "boom"})

    assert chunks == [None]
    assert reader.failure.lines[0] == "The server reported an error: boom"


def test_a_null_error_is_none():
    reader, (chunk,) = read({**delta("x"), "error": None})

    assert chunk.content == "x"
    assert reader.failure is None


def test_a_whole_completion_is_complete_even_without_a_finish_reason():
    message = {"role": "assistant", "content": "Hi", "refusal": None}
    reader, (chunk,) = read({"model": "m", "choices": [{"index": 0, "message": message}]})

    assert chunk == StreamChunk("Hi", model="m", event_id="e")
    assert reader.complete


def test_request():
    chat = ChatRequest(
        model="gpt-4.1",
        messages=(Message("system", "Be brief."), Message("user", "Hé")),
        temperature=0.0,
        extra={"seed": 1},
    )
    sent = request(chat)

    assert sent.path == "/chat/completions"
    assert json.loads(sent.body) == {
        "model": "gpt-4.1",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hé"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "seed": 1,
    }


def test_an_extra_none_takes_a_member_out():
    chat = ChatRequest(model="m", messages=(Message("user", "x"),), extra={"stream_options": None})

    assert "stream_options" not in json.loads(request(chat).body)


def test_auth():
    assert auth("k") == {"Authorization": "Bearer k"}
