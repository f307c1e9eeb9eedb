"""Ollama's shape as a client reads it, line by line; and its request."""

import json

import pytest

from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, StreamChunk, ToolCallDelta
from hs_notebook.wire.framing import Frame
from hs_notebook.wire.ollama import Reader, auth, request


def read(*objects):
    reader = Reader()
    return reader, [reader.read(obj, Frame(b""), index) for index, obj in enumerate(objects)]


def test_lines():
    reader, chunks = read(
        {"model": "o", "message": {"role": "assistant", "content": "", "thinking": "Hm"}, "done": False},
        {"model": "o", "message": {"content": "Hi"}, "done": False},
        {
            "model": "o",
            "message": {"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            "done": False,
        },
        {"response": "!", "done": False},
    )

    assert chunks == [
        StreamChunk(index=0, model="o", reasoning="Hm"),
        StreamChunk("Hi", 1, model="o"),
        StreamChunk(index=2, model="o", tool_calls=(ToolCallDelta(0, None, "f", '{"a":1}'),)),
        StreamChunk("!", 3),
    ]
    assert not reader.complete


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("load", FinishReason.OTHER),
        (None, None),
    ],
)
def test_done_is_the_proof_and_its_reason_is_never_made_up(raw, reason):
    reader, (chunk,) = read({"message": {"content": ""}, "done": True, "done_reason": raw})

    assert (chunk.finish_reason, chunk.raw_finish_reason) == (reason, raw)
    assert reader.complete
    assert reader.closed


def test_an_error_is_a_failure():
    reader, chunks = read({"error": "out of memory"})

    assert chunks == [None]
    assert reader.failure.lines[0] == "The server reported an error: out of memory"


def test_request():
    chat = ChatRequest(
        model="llama3",
        messages=(Message("system", "s"), Message("user", "u")),
        temperature=0.0,
        max_tokens=5,
        extra={"options": {"top_k": 1}, "keep_alive": "5m"},
    )
    sent = request(chat)

    assert sent.path == "/api/chat"
    assert json.loads(sent.body) == {
        "model": "llama3",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "stream": True,
        "options": {"temperature": 0.0, "num_predict": 5, "top_k": 1},
        "keep_alive": "5m",
    }


def test_auth():
    assert auth("k") == {"Authorization": "Bearer k"}
