"""How the gateway says no: an error as the JSON that the asking client's own library understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from hs_notebook.errors import (
    EmbeddedError,
    HolySheepError,
    ModelNotFoundError,
    ProviderError,
    SettingError,
    StatusError,
    TooLongError,
)
from hs_notebook.wire import anthropic_server, openai_server

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MESSAGES_PATH", "refusal", "refusal_for"]

MESSAGES_PATH = "/v1/messages"
"""Below this path Anthropic's shape is spoken; OpenAI's everywhere else."""

_BAD_GATEWAY = 502
_FAILED_DEPENDENCY = 424
"""For a model whose parts are not installed. No 5xx: clients would ask again and again, and nothing would
change."""

_CODES = {
    EmbeddedError: "embedded_unavailable",
    ModelNotFoundError: "model_not_found",
    TooLongError: "context_length_exceeded",
}

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    424: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
"""Anthropic's word for a status (any other: api_error); OpenAI's clients only show it.
Source: https://docs.anthropic.com/en/api/errors, 2026-11-22."""


def refusal(
    status: int, message: str, code: str | None, *, path: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The whole response for an error."""
    kind = _TYPES.get(status, "api_error")
    if path.startswith(MESSAGES_PATH):
        body = anthropic_server.error_body(message, kind)
    else:
        body = openai_server.error_body(message, code, kind=kind)
    return Response(body, status, headers, media_type="application/json")


def refusal_for(error: HolySheepError, *, path: str) -> Response:
    """The response for an error of ours that came before the first event."""
    headers: dict[str, str] = {}
    if isinstance(error, StatusError) and error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    return refusal(_status(error), str(error), _code(error), path=path, headers=headers)


def _status(error: HolySheepError) -> int:
    """The HTTP status that says best what an error means."""
    if isinstance(error, StatusError):
        return error.status
    if isinstance(error, SettingError):
        return 400
    if isinstance(error, EmbeddedError):
        return _FAILED_DEPENDENCY
    return _BAD_GATEWAY


def _code(error: HolySheepError) -> str | None:
    """OpenAI's `code` member: the provider's own, or one word of ours where a client may branch on it."""
    if isinstance(error, ProviderError):
        return error.code
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)
