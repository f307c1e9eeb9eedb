"""One way to ask, whatever the shape; and no key in what is built."""

import pytest

from hs_notebook.wire import request
from hs_notebook.wire.chunk import ChatRequest, Message

CHAT = ChatRequest(model="m", messages=(Message("user", "x"),))


@pytest.mark.parametrize(
    ("shape", "path", "header"),
    [
        ("openai", "/chat/completions", "Authorization"),
        ("text", "/chat/completions", "Authorization"),
        ("anthropic", "/messages", "x-api-key"),
        ("google", "/models/m:streamGenerateContent?alt=sse", "x-goog-api-key"),
        ("ollama", "/api/chat", "Authorization"),
    ],
)
def test_shapes(shape, path, header):
    built = request.build(shape, CHAT)

    assert built.path == path
    assert built.headers["Content-Type"] == "application/json"
    assert request.auth(shape, "secret").keys() == {header}
    assert header not in built.headers
