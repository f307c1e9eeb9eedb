"""One request for an answer, in one of the ways there are: which server, which body, which headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hs_notebook.client.config import EMBEDDED
from hs_notebook.client.resuming.rules import Action
from hs_notebook.wire import request as wire_request
from hs_notebook.wire.chunk import WireRequest

if TYPE_CHECKING:
    from hs_notebook.client.config import Target
    from hs_notebook.wire.chunk import ChatRequest, Shape

__all__ = ["Asking", "Running", "auth", "conversation_path"]


def auth(target: Target) -> dict[str, str]:
    """The headers that hold the key; none where there is no key."""
    key = target.key
    return {} if key is None else wire_request.auth(target.shape or "openai", key.reveal())


def conversation_path(key: str) -> str:
    """Where llama.cpp keeps the answer of a conversation, as seen on the wire (2026-11-22)."""
    return f"/stream?conv_id={key}"


@dataclass(frozen=True, slots=True)
class Running:
    """A run of the model, as a server that keeps it is told which one is meant.

    Attributes:
        key: The Idempotency-Key of its request.
        stream_id: The server's name for it; None if it had not said.
        conversation: It is kept by its conversation, which goes by the key.
    """

    key: str
    stream_id: str | None
    conversation: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """A request, before it is sent.

    Attributes:
        doing: What it does about a break; None for a first request.
        target: The server.
        base_url: Where to send it: the target's, but where a continuation has an address of its own.
        chat: What it asks.
        key: Its Idempotency-Key: the same one asks for the same run of the model.
        event_id: The last event held, for a replay; None else.
        conversation: The server keeps answers by the conversation they are of, as llama.cpp does.
        forget: The run that this request supersedes; None if there is none.
    """

    doing: Action | None
    target: Target
    base_url: str
    chat: ChatRequest
    key: str
    event_id: str | None = None
    conversation: bool = False
    forget: Running | None = None

    @property
    def shape(self) -> Shape:
        """Whose JSON it is written in."""
        return self.target.shape or "openai"

    @property
    def needs_check(self) -> bool:
        """Whether the server is asked first if it kept the rest; ours says so by its answer itself."""
        return self.doing is Action.REPLAY and self.target.provider != EMBEDDED

    @property
    def reads_again(self) -> bool:
        """Whether the answer is read once more from its beginning, without asking the model."""
        return self.conversation and self.doing is Action.REPLAY

    def for_the_rest(self, event_id: str) -> Asking:
        """The request for what follows an event of the same run."""
        return replace(self, doing=Action.REPLAY, event_id=event_id, conversation=False, forget=None)

    def wire(self) -> WireRequest:
        """Path and body; no body where the answer is only read again."""
        if self.reads_again:
            return WireRequest(conversation_path(self.key), {}, b"")
        return wire_request.build(self.shape, self.chat)

    def headers(self, wire: WireRequest) -> dict[str, str]:
        """All headers; the key is in them."""
        return {
            "Accept": "text/event-stream, application/json",
            **wire.headers,
            "Idempotency-Key": self.key,
            **_resume(self.event_id),
            **({"X-Conversation-Id": self.key} if self.conversation else {}),
            **auth(self.target),
        }


def _resume(event_id: str | None) -> dict[str, str]:
    """What asks for the events after one. Source: the article this package implements, and the WHATWG."""
    if event_id is None:
        return {}
    return {"X-Stream-Resume": "true", "X-Stream-Event-Id": event_id, "Last-Event-ID": event_id}
