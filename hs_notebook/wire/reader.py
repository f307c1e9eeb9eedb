"""What every shape's Reader is, and the little that they share: tolerant looks into JSON from outside.

A Reader never raises, whatever JSON it is given: a field of a wrong type counts as absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hs_notebook.errors import ProviderError
from hs_notebook.wire.chunk import StreamChunk, StreamEnd
from hs_notebook.wire.failure import as_json, error_in, lines_in

if TYPE_CHECKING:
    from hs_notebook.wire.framing import Frame

__all__ = ["Reader", "closing_record", "compact", "inner", "items", "provider_error", "reported", "text"]


class Reader(Protocol):
    """One provider's JSON objects to StreamChunks, and what they prove."""

    complete: bool
    """A finish reason or the terminal marker was seen."""
    closed: bool
    """The terminal marker or an error was seen: nothing after it counts."""
    failure: ProviderError | None
    """The error the provider reported in the stream."""

    done_proves: bool
    """Whether a bare `[DONE]` proves an answer of this shape complete: some servers give no finish reason."""

    def read(self, obj: dict[str, Any], frame: Frame, index: int) -> StreamChunk | None:
        """The chunk that an object stands for; None where it brings nothing (a ping)."""


def inner(obj: dict[str, Any], name: str) -> dict[str, Any]:
    """The object in a field; empty if there is none."""
    value = obj.get(name)
    return value if isinstance(value, dict) else {}


def items(obj: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in a list field; empty if there are none."""
    value = obj.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(obj: dict[str, Any], *names: str) -> str:
    """The first of these fields that holds text; "" if none does."""
    for name in names:
        value = obj.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def compact(value: object) -> str:
    """A JSON value as text; "" for None, and text as it is."""
    if value is None or isinstance(value, str):
        return value or ""
    return as_json(value)


def closing_record(obj: dict[str, Any]) -> StreamEnd | None:
    """Our gateway's closing record; None where there is none."""
    record = inner(obj, "stream_end")
    events, digest = record.get("events"), record.get("sha256")
    return StreamEnd(events, digest) if isinstance(events, int) and isinstance(digest, str) else None


def provider_error(message: str, code: str | None) -> ProviderError:
    """An error that the server reported in an answer's place, or in its middle."""
    named = f" ({code})" if code else ""
    return ProviderError(
        f"The server reported an error{named}: {message or 'it gave no reason'}",
        means="The answer is not complete; any text above came before the error.",
        remedy="Run the cell again; if the error stays, try another model.",
        code=code,
    )


def reported(obj: dict[str, Any]) -> ProviderError | None:
    """The error that an object reports; None if it reports none."""
    found = error_in(obj)
    if not found:
        return None
    message, code = found
    if lines := lines_in(obj):
        means, remedy = " ".join(lines[1:2]), " ".join(lines[2:])
        return ProviderError(f"The server says: {lines[0]}", means=means, remedy=remedy, code=code)
    return provider_error(message, code)
