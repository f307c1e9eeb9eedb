"""The Anthropic shape as our gateway reads and writes it; what it writes, our own Reader reads back."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.errors import SettingError
from hs_notebook.wire import anthropic, sse
from hs_notebook.wire.anthropic_server import Writer, body, error_body, read_request
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
from hs_notebook.wire.response import ResponseDecoder


def test_read_request_reads_what_request_writes():
    messages = (Message("system", "s"), Message("user", "u"), Message("assistant", "a"))
    chat = ChatRequest(model="m", messages=messages, temperature=0.5, max_tokens=7, extra={"top_k": 1})

    assert read_request(anthropic.request(chat).body) == ServerRequest(chat, stream=True, include_usage=True)


def test_system_and_content_may_come_in_blocks():
    block = [{"type": "text", "text": "a"}]
    sent = {"model": "m", "max_tokens": 9, "system": block, "messages": [{"role": "user", "content": block}]}
    chat = read_request(json.dumps(sent).encode()).chat

    assert chat.messages == (Message("system", "a"), Message("user", "a"))


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "system", "content": "x"}], "role 'system'"),
        (["x"], "role None"),
        ([{"role": ["user"], "content": "x"}], "role"),
        ([{"role": "user", "content": [{"type": "image"}]}], "type 'image'"),
    ],
    ids=["a system message", "text", "a list", "an image"],
)
def test_read_request_refuses(messages, said):
    with pytest.raises(SettingError, match=said):
        read_request(json.dumps({"model": "m", "messages": messages}).encode())


def written(chunks):
    writer = Writer("msg_1", "m")
    frames = [frame for chunk in chunks for frame in writer.write(chunk)]
    return frames + writer.end()


def read_back(frames):
    decoder = ResponseDecoder("text/event-stream")
    chunks = decoder.feed(b"".join(sse.encode(frame.data, event=frame.event) for frame in frames))
    chunks += decoder.end(framed=True)
    assert decoder.failure is None
    assert decoder.complete
    return chunks


texts = st.text(max_size=20)
deltas = st.builds(StreamChunk, content=texts, reasoning=texts)
usages = st.none() | st.builds(
    Usage,
    input_tokens=st.integers(2000, 3000),
    cache_read_tokens=st.none() | st.integers(0, 1000),
    cache_write_tokens=st.none() | st.integers(0, 1000),
    output_tokens=st.integers(1000, 2000),
    reasoning_tokens=st.none() | st.integers(0, 1000),
)
FINISHES = [None, FinishReason.STOP, FinishReason.LENGTH, FinishReason.TOOL_CALLS, FinishReason.REFUSAL]


@given(st.lists(deltas), st.sampled_from(FINISHES), usages)
def test_what_the_writer_writes_the_reader_reads(pieces, finish, usage):
    frames = written([*pieces, StreamChunk(finish_reason=finish), StreamChunk(usage=usage)])
    chunks = read_back(frames)

    for channel in ("content", "reasoning"):
        joined = "".join(getattr(chunk, channel) for chunk in pieces)
        assert "".join(getattr(chunk, channel) for chunk in chunks) == joined
    assert [c.finish_reason for c in chunks if c.finish_reason] == ([finish] if finish else [])
    assert [c.usage for c in chunks if c.usage][-1] == (usage or Usage())
    text = "".join(chunk.content for chunk in pieces)
    assert chunks[-1].end == StreamEnd(len(frames), hashlib.sha256(text.encode()).hexdigest())
    assert [c.model for c in chunks if c.model] == ["m"]


def test_blocks_open_and_close_in_turn():
    chunks = [
        StreamChunk(reasoning="Hm"),
        StreamChunk("a"),
        StreamChunk("b"),
        StreamChunk(tool_calls=(ToolCallDelta(0, "c1", "f"),)),
        StreamChunk(tool_calls=(ToolCallDelta(0, arguments="{}"), ToolCallDelta(1, "c2", "g", "{}"))),
        StreamChunk(finish_reason=FinishReason.TOOL_CALLS),
    ]
    events = [json.loads(frame.data) for frame in written(chunks)]
    told = [
        (e["type"], e.get("index"), e.get("delta", e.get("content_block", {})).get("type")) for e in events
    ]

    assert told == [
        ("message_start", None, None),
        ("content_block_start", 0, "thinking"),
        ("content_block_delta", 0, "thinking_delta"),
        ("content_block_stop", 0, None),
        ("content_block_start", 1, "text"),
        ("content_block_delta", 1, "text_delta"),
        ("content_block_delta", 1, "text_delta"),
        ("content_block_stop", 1, None),
        ("content_block_start", 2, "tool_use"),
        ("content_block_delta", 2, "input_json_delta"),
        ("content_block_stop", 2, None),
        ("content_block_start", 3, "tool_use"),
        ("content_block_delta", 3, "input_json_delta"),
        ("content_block_stop", 3, None),
        ("message_delta", None, None),
        ("message_stop", None, None),
    ]
    assert all(frame.event == event["type"] for frame, event in zip(written(chunks), events, strict=True))


def test_an_answer_of_nothing_still_has_a_start():
    assert [frame.event for frame in written([])] == ["message_start", "message_delta", "message_stop"]


def test_another_stop_reason_keeps_its_word():
    frames = written([StreamChunk(finish_reason=FinishReason.OTHER, raw_finish_reason="pause_turn")])

    assert read_back(frames)[-2].raw_finish_reason == "pause_turn"


def test_an_error_ends_the_stream_and_is_a_failure():
    writer = Writer("msg_1", "m")
    frames = writer.write(StreamChunk("a")) + writer.error("too busy", "overloaded_error")
    decoder = ResponseDecoder("text/event-stream")
    chunks = decoder.feed(b"".join(sse.encode(frame.data, event=frame.event) for frame in frames))

    assert "".join(chunk.content for chunk in chunks) == "a"
    assert decoder.failure.what == "The server reported an error (overloaded_error): too busy"


def test_a_body_reads_as_the_stream_does():
    chunks = [
        StreamChunk("a", reasoning="Hm"),
        StreamChunk(refusal="No."),
        StreamChunk(tool_calls=(ToolCallDelta(0, "c1", "f", '{"a"'),)),
        StreamChunk(tool_calls=(ToolCallDelta(0, arguments=":1}"), ToolCallDelta(1, "c2", "g", '{"cut'))),
        StreamChunk(finish_reason=FinishReason.LENGTH, usage=Usage(9, 4, None, 5)),
    ]
    decoder = ResponseDecoder("application/json")
    (chunk,) = decoder.feed(body(chunks, "msg_1", "m"))

    assert (chunk.content, chunk.reasoning, chunk.finish_reason) == ("aNo.", "Hm", FinishReason.LENGTH)
    assert chunk.tool_calls == (
        ToolCallDelta(2, "c1", "f", '{"a":1}'),
        ToolCallDelta(3, "c2", "g", '{"unreadable":"{\\"cut"}'),
    )
    assert chunk.usage == Usage(9, 4, None, 5)
    assert decoder.complete


def test_error_body():
    assert json.loads(error_body("no")) == {"type": "error", "error": {"type": "api_error", "message": "no"}}


def test_unknown_counts_are_null_and_not_0():
    sent = json.loads(body([StreamChunk("a", reasoning="Hm", usage=Usage(output_tokens=3))], "msg_1", "m"))

    assert (sent["usage"]["input_tokens"], sent["usage"]["output_tokens"]) == (None, 3)
    assert json.loads(body([], "msg_1", "m"))["usage"] == {"input_tokens": None, "output_tokens": None}
