"""One request for an answer, in one of the ways there are: which server, which body, which headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hs_notebook.client.config import EMBEDDED
from hs_notebook.client.resume import Action
from hs_notebook.wire import request as wire_request

if TYPE_CHECKING:
    from hs_notebook.client.config import Target
    from hs_notebook.wire.chunk import ChatRequest, Shape, WireRequest

__all__ = ["Asking", "auth"]


def auth(target: Target) -> dict[str, str]:
    """The headers that hold the key; none where there is no key."""
    key = target.key
    return {} if key is None else wire_request.auth(target.shape or "openai", key.reveal())


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
        forget: Key and stream id of a run that this request supersedes; None if there is none.
    """

    doing: Action | None
    target: Target
    base_url: str
    chat: ChatRequest
    key: str
    event_id: str | None = None
    forget: tuple[str, str | None] | None = None

    @property
    def shape(self) -> Shape:
        """Whose JSON it is written in."""
        return self.target.shape or "openai"

    @property
    def needs_check(self) -> bool:
        """Whether the server is asked first if it kept the rest; ours says so by its answer itself."""
        return self.doing is Action.REPLAY and self.target.provider != EMBEDDED

    def wire(self) -> WireRequest:
        """Path and body."""
        return wire_request.build(self.shape, self.chat)

    def headers(self, wire: WireRequest) -> dict[str, str]:
        """All headers; the key is in them."""
        return {
            "Accept": "text/event-stream, application/json",
            **wire.headers,
            "Idempotency-Key": self.key,
            **_resume(self.event_id),
            **auth(self.target),
        }


def _resume(event_id: str | None) -> dict[str, str]:
    """What asks for the events after one. Source: the article this package implements, and the WHATWG."""
    if event_id is None:
        return {}
    return {"X-Stream-Resume": "true", "X-Stream-Event-Id": event_id, "Last-Event-ID": event_id}
