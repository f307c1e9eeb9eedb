"""What broke: an error of one request, as a kind of break that `rules` has rows for."""

from __future__ import annotations

import re

from hs_notebook.client.resuming.rules import Action, Break
from hs_notebook.errors import (
    CutError,
    HolySheepError,
    NotReachedError,
    ProviderError,
    QuotaError,
    StalledError,
    StatusError,
)

__all__ = ["break_of"]

_BUSY = frozenset({408, 409, 429})
_NOT_ABOUT_REPLAY = frozenset({401, 402, 403, *_BUSY})
_MAY_PASS = re.compile(
    r"overload|unavailable|internal|server_error|api_error|timeout|deadline|exhausted|rate_limit"
    r"|gateway_failed|^(429|5\d\d)$",
    re.IGNORECASE,
)


def break_of(error: HolySheepError, doing: Action | None = None) -> Break:
    """The break that an error stands for.

    SILENT, CLEAN_END, GAP and DIGEST are the reader's to tell: no error does.

    Args:
        error: Why the request ended.
        doing: The step that the request was; None for the first.
    """
    if isinstance(error, QuotaError) and error.used_up:
        return Break.FATAL
    if isinstance(error, StatusError):
        return _break_of_status(error.status, doing)
    if isinstance(error, NotReachedError):
        return Break.REFUSED if error.transient else Break.FATAL
    if isinstance(error, ProviderError):
        return Break.ERROR_EVENT if _MAY_PASS.search(error.code or "") else Break.FATAL
    if isinstance(error, StalledError):
        return Break.STALLED
    return Break.RESET if isinstance(error, CutError) else Break.FATAL


def _break_of_status(status: int, doing: Action | None) -> Break:
    if status >= 500 or status in _BUSY:  # noqa: PLR2004 - HTTP's own line
        return Break.BUSY
    if doing is Action.CONTINUE and status in (400, 422):
        return Break.REFUSED_PREFILL
    if doing is Action.REPLAY and status >= 400 and status not in _NOT_ABOUT_REPLAY:  # noqa: PLR2004
        return {404: Break.UNKNOWN, 410: Break.EXPIRED}.get(status, Break.MALFORMED)
    return Break.FATAL
