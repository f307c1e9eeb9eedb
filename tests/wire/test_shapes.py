"""A shape is recognised by an object's own members."""

import pytest

from hs_notebook.wire import anthropic, google, ollama, openai
from hs_notebook.wire.shapes import reader_for


@pytest.mark.parametrize(
    ("obj", "shape"),
    [
        ({"choices": []}, openai),
        ({"object": "chat.completion.chunk"}, openai),
        ({"type": "message_start"}, anthropic),
        ({"type": "content_block_delta"}, anthropic),
        ({"candidates": []}, google),
        ({"promptFeedback": {}}, google),
        ({"usageMetadata": {}}, google),
        ({"message": {}, "done": False}, ollama),
        ({"response": "", "done": True}, ollama),
    ],
)
def test_recognised(obj, shape):
    assert isinstance(reader_for(obj), shape.Reader)


def test_recognised_by_its_event():
    assert isinstance(reader_for({"delta": {}}, "content_block_delta"), anthropic.Reader)


@pytest.mark.parametrize(
    "obj", [{}, {"type": "ping"}, {"type": ["message_start"]}, {"error": {}}, {"done": True}]
)
def test_not_recognised(obj):
    assert reader_for(obj) is None
