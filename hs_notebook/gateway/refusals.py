"""How the gateway says no: an error as the JSON that the asking client's own library understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from hs_notebook.errors import EmbeddedError, HolySheepError, ProviderError, SettingError, StatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MESSAGES_PATH", "error_body", "refusal", "refusal_for", "status_of"]

MESSAGES_PATH = "/v1/messages"
"""Below this path Anthropic's shape is spoken; OpenAI's everywhere else."""

_BAD_GATEWAY = 502
_FAILED_DEPENDENCY = 424
"""For a model whose parts are not installed. No 5xx: clients would ask again and again, and nothing would
change."""

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


def error_body(status: int, message: str, code: str | None, *, path: str) -> dict[str, Any]:
    """The JSON body for an error."""
    kind = _TYPES.get(status, "api_error")
    if path.startswith(MESSAGES_PATH):
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refusal(
    status: int, message: str, code: str | None, *, path: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The whole response for an error."""
    return JSONResponse(error_body(status, message, code, path=path), status, headers)


def refusal_for(error: HolySheepError, *, path: str) -> JSONResponse:
    """The response for an error of ours that came before the first event."""
    headers: dict[str, str] = {}
    if isinstance(error, StatusError) and error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    return refusal(status_of(error), " ".join(error.lines), code_of(error), path=path, headers=headers)


def status_of(error: HolySheepError) -> int:
    """The HTTP status that says best what an error means."""
    if isinstance(error, StatusError):
        return error.status
    if isinstance(error, SettingError):
        return 400
    if isinstance(error, EmbeddedError):
        return _FAILED_DEPENDENCY
    return _BAD_GATEWAY


def code_of(error: HolySheepError) -> str | None:
    """OpenAI's `code` member: the provider's own, or one word of ours where a client may branch on it."""
    if isinstance(error, ProviderError):
        return error.code
    if isinstance(error, EmbeddedError):
        return "embedded_unavailable"
    if isinstance(error, StatusError) and error.status == 404:  # noqa: PLR2004 - HTTP's "not found"
        return "model_not_found"
    return None
