"""The OpenAI shape as our gateway reads and writes it; what it writes, our own Reader reads back."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.errors import SettingError
from hs_notebook.wire import openai, sse
from hs_notebook.wire.chunk import (
    ChatRequest,
    FinishReason,
    Message,
    ServerRequest,
    StreamChunk,
    StreamEnd,
    ToolCallDelta,
    Usage,
)
from hs_notebook.wire.openai_server import Writer, body, error_body, read_request
from hs_notebook.wire.response import ResponseDecoder

CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


def test_read_request_reads_what_request_writes():
    messages = (Message("system", "s"), Message("user", "u"), Message("assistant", "a"))
    chat = ChatRequest(model="m", messages=messages, temperature=0.5, max_tokens=7, extra={"seed": 1})

    assert read_request(openai.request(chat).body) == ServerRequest(chat, stream=True, include_usage=True)


READ = {
    "no stream": ({}, ServerRequest(ChatRequest(model="m", messages=(Message("user", "x"),)))),
    "text in parts": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
            ]
        },
        ServerRequest(ChatRequest(model="m", messages=(Message("user", "ab"),))),
    ),
    "a developer is the system": (
        {"messages": [{"role": "developer", "content": "x"}]},
        ServerRequest(ChatRequest(model="m", messages=(Message("system", "x"),))),
    ),
    "the newer name of max_tokens": (
        {"max_completion_tokens": 5},
        ServerRequest(ChatRequest(model="m", messages=(Message("user", "x"),), max_tokens=5)),
    ),
    "nulls": (
        {"temperature": None, "max_tokens": None, "stream": None, "stream_options": None},
        ServerRequest(ChatRequest(model="m", messages=(Message("user", "x"),))),
    ),
    "a stream without counts": (
        {"stream": True, "stream_options": {"include_usage": False}},
        ServerRequest(ChatRequest(model="m", messages=(Message("user", "x"),)), stream=True),
    ),
}


@pytest.mark.parametrize(("members", "expected"), READ.values(), ids=READ.keys())
def test_read_request(members, expected):
    assert read_request(json.dumps({**CHAT, **members}).encode()) == expected


REFUSED = {
    "not JSON": (b"{", "not JSON"),
    "not UTF-8": (b'{"model":"\xff"}', "not JSON"),
    "nested too deep": (b"[" * 100_000, "not JSON"),
    "a list": (b"[]", "JSON object"),
    "no model": (b"{}", "names no model"),
    "an empty model": (b'{"model":" "}', "names no model"),
    "no messages": (b'{"model":"m"}', "no messages"),
    "empty messages": (b'{"model":"m","messages":[]}', "no messages"),
    "a message that is text": (b'{"model":"m","messages":["x"]}', "role None"),
    "a strange role": (b'{"model":"m","messages":[{"role":"tool","content":"x"}]}', "role 'tool'"),
    "no content": (b'{"model":"m","messages":[{"role":"user"}]}', "must be text"),
    "an image": (
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
        "type 'image_url'",
    ),
    "a temperature in words": (json.dumps({**CHAT, "temperature": "hot"}).encode(), "temperature must be"),
    "a temperature that is true": (json.dumps({**CHAT, "temperature": True}).encode(), "temperature must be"),
    "no tokens": (json.dumps({**CHAT, "max_tokens": 0}).encode(), "max_tokens must be"),
    "half a token": (json.dumps({**CHAT, "max_tokens": 1.5}).encode(), "max_tokens must be"),
}


@pytest.mark.parametrize(("sent", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_read_request_refuses(sent, said):
    with pytest.raises(SettingError, match=said):
        read_request(sent)


def written(chunks, *, include_usage=True):
    writer = Writer("chatcmpl-1", "m", created=1, include_usage=include_usage)
    frames = [frame for chunk in chunks for frame in writer.write(chunk)]
    return frames + writer.end()


def read_back(frames):
    decoder = ResponseDecoder("text/event-stream")
    stream = b"".join(
        sse.encode(frame.data, id=f"s.{n}", event=frame.event) for n, frame in enumerate(frames)
    )
    chunks = decoder.feed(stream) + decoder.end(framed=True)
    assert decoder.failure is None
    assert decoder.complete
    return chunks


texts = st.text(max_size=20)
deltas = st.builds(
    StreamChunk,
    content=texts,
    reasoning=texts,
    refusal=texts,
    tool_calls=st.lists(
        st.builds(
            ToolCallDelta,
            index=st.integers(0, 3),
            id=st.none() | st.text(min_size=1),
            name=st.none() | st.text(min_size=1),
            arguments=texts,
        ),
        max_size=2,
    ).map(tuple),
)
finishes = st.none() | st.sampled_from(
    [reason for reason in FinishReason if reason is not FinishReason.OTHER]
)
usages = st.none() | st.builds(
    Usage,
    input_tokens=st.integers(2000, 3000),
    cache_read_tokens=st.none() | st.integers(0, 1000),
    cache_write_tokens=st.none() | st.integers(0, 1000),
    output_tokens=st.integers(1000, 2000),
    reasoning_tokens=st.none() | st.integers(0, 1000),
    cost_usd=st.none() | st.just("0.0012"),
)


@given(st.lists(deltas), finishes, usages, st.booleans())
def test_what_the_writer_writes_the_reader_reads(pieces, finish, usage, include_usage):
    sent = [*pieces, StreamChunk(finish_reason=finish), StreamChunk(usage=usage)]
    frames = written(sent, include_usage=include_usage)
    chunks = read_back(frames)

    for channel in ("content", "reasoning", "refusal"):
        joined = "".join(getattr(chunk, channel) for chunk in pieces)
        assert "".join(getattr(chunk, channel) for chunk in chunks) == joined
    assert [c for chunk in chunks for c in chunk.tool_calls] == [c for p in pieces for c in p.tool_calls]
    assert [c.finish_reason for c in chunks if c.finish_reason] == ([finish] if finish else [])
    assert [c.usage for c in chunks if c.usage] == ([usage] if usage and include_usage else [])
    text = "".join(chunk.content for chunk in pieces)
    assert [c.end for c in chunks if c.end] == [
        StreamEnd(len(chunks), hashlib.sha256(text.encode()).hexdigest())
    ]
    assert chunks[-1].end is not None
    assert {chunk.model for chunk in chunks} == {"m"}


def test_the_finish_reason_waits_for_the_counts_that_follow_it():
    frames = written(
        [
            StreamChunk("a"),
            StreamChunk(finish_reason=FinishReason.STOP),
            StreamChunk(usage=Usage(1, output_tokens=2)),
        ]
    )
    events = [json.loads(frame.data) for frame in frames[:-1]]

    assert [event["choices"] and event["choices"][0]["finish_reason"] for event in events] == [
        None,
        "stop",
        [],
    ]
    assert [event["usage"] and event["usage"]["total_tokens"] for event in events] == [None, None, 3]
    assert frames[-1].data == b"[DONE]"


def test_the_first_event_names_the_role():
    first = json.loads(written([StreamChunk("a"), StreamChunk("b")])[0].data)

    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "a"}


def test_another_finish_reason_keeps_its_word():
    frames = written([StreamChunk(finish_reason=FinishReason.OTHER, raw_finish_reason="pause_turn")])

    assert read_back(frames)[0].raw_finish_reason == "pause_turn"


def test_an_error_ends_the_stream_and_is_a_failure():
    writer = Writer("c", "m", created=1)
    frames = writer.write(StreamChunk("a")) + writer.error("the model broke", "model_failed")
    decoder = ResponseDecoder("text/event-stream")
    chunks = decoder.feed(b"".join(sse.encode(frame.data) for frame in frames)) + decoder.end(framed=True)

    assert [chunk.content for chunk in chunks] == ["a"]
    assert decoder.failure.what == "The server says: the model broke"
    assert decoder.failure.code == "model_failed"


@given(st.lists(deltas), finishes, usages)
def test_a_body_reads_as_the_stream_does(pieces, finish, usage):
    sent = [*pieces, StreamChunk(finish_reason=finish), StreamChunk(usage=usage)]
    decoder = ResponseDecoder("application/json")
    (chunk,) = decoder.feed(body(sent, "c", "m", created=1))

    for channel in ("content", "reasoning", "refusal"):
        assert getattr(chunk, channel) == "".join(getattr(piece, channel) for piece in pieces)
    assert (chunk.finish_reason, chunk.usage, decoder.complete) == (finish, usage, True)


def test_tool_calls_are_joined_in_a_body():
    pieces = [
        StreamChunk(tool_calls=(ToolCallDelta(0, "c1", "f", '{"a"'), ToolCallDelta(1, "c2", "g"))),
        StreamChunk(tool_calls=(ToolCallDelta(0, arguments=": 1}"),)),
    ]
    message = json.loads(body(pieces, "c", "m", created=1))["choices"][0]["message"]

    assert message["tool_calls"] == [
        {"type": "function", "function": {"arguments": '{"a": 1}', "name": "f"}, "id": "c1"},
        {"type": "function", "function": {"arguments": "", "name": "g"}, "id": "c2"},
    ]


def test_unknown_counts_are_null_and_not_0():
    sent = json.loads(body([StreamChunk("a", usage=Usage(input_tokens=3))], "c", "m", created=1))

    assert (sent["usage"]["prompt_tokens"], sent["usage"]["completion_tokens"]) == (3, None)
    assert json.loads(body([StreamChunk("a")], "c", "m", created=1))["usage"] is None


def test_error_body():
    assert json.loads(
        error_body("no such model\nAsk for another.", "model_not_found", kind="invalid_request_error")
    ) == {
        "error": {
            "message": "no such model Ask for another.",
            "type": "invalid_request_error",
            "param": None,
            "code": "model_not_found",
            "lines": ["no such model", "Ask for another."],
        }
    }
