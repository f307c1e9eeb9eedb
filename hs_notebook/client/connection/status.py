"""An error status becomes an error that says what to do. Pure: the body was read elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from hs_notebook.client.connection.retry import LONGEST_WAIT, parse_retry_after
from hs_notebook.errors import (
    HolySheepError,
    KeyRefusedError,
    ModelNotFoundError,
    QuotaError,
    ServerFailedError,
    StatusError,
    TooLongError,
)
from hs_notebook.wire import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hs_notebook.client.secret import Secret

__all__ = ["Refusal", "request_id", "without_key"]

_NO_CREDIT = re.compile(
    r"insufficient_(quota|balance|credit|fund)|billing|exceeded_current_quota|payment_required", re.IGNORECASE
)
"""Codes by which a 429 says what a 402 is for: nothing but money helps.
Source: https://platform.openai.com/docs/guides/error-codes (insufficient_quota), 2026-11-22
"""
_REQUEST_IDS = ("x-request-id", "request-id", "x-generation-id", "x-stream-id", "cf-ray")


def request_id(headers: Mapping[str, str]) -> str | None:
    """The server's name for a request, for asking its people about it; None if it gave none."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def without_key(error: HolySheepError, key: Secret | None) -> HolySheepError:
    """`error` with the key blotted out of all its text, should a server have echoed it."""
    if key is not None:
        error.what, error.means, error.remedy = (
            key.scrub(text) for text in (error.what, error.means, error.remedy)
        )
        error.args = (error.what,)
        for name in ("code", "request_id"):
            said = getattr(error, name, None)
            if said is not None:
                setattr(error, name, key.scrub(said))
    return error


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status, as it came.

    Attributes:
        status: The HTTP status.
        headers: Its headers.
        body: As much of its body as was read.
        model: The model asked; None where the request named none.
        server: What to call the server at the beginning of a sentence.
        models: Names of models that the server is known to have; may be empty.
        has_key: Whether the request had a key.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    model: str | None
    server: str
    models: Iterable[str] = ()
    has_key: bool = True

    def error(self, now: datetime) -> StatusError:
        """The error for people. `now` is the wall clock, with a time zone."""
        said, code = failure.describe(self.body, self.headers.get("content-type"))
        wait = self._retry_after(now)
        kind, what, means, remedy = self._sort(said or "", code or "")
        if lines := failure.lines_in(self.body):
            what = f"{self.server} says: {lines[0]}"
            means, remedy = " ".join(lines[1:2]), " ".join(lines[2:]) or (remedy if len(lines) == 1 else "")
        if wait is not None:
            remedy = _wait_line(wait, now) if wait > LONGEST_WAIT else remedy
        error = kind(
            what,
            means=means,
            remedy=remedy,
            status=self.status,
            retry_after=wait,
            request_id=request_id(self.headers),
        )
        if isinstance(error, QuotaError):
            error.used_up = self._used_up(code or "")
        return error

    def _used_up(self, code: str) -> bool:
        return self.status == 402 or (self.status == 429 and bool(_NO_CREDIT.search(code)))  # noqa: PLR2004 - HTTP's own numbers

    def _retry_after(self, now: datetime) -> float | None:
        milliseconds = parse_retry_after(self.headers.get("retry-after-ms"), now)
        if milliseconds is not None:
            return milliseconds / 1000
        return parse_retry_after(self.headers.get("retry-after"), now)

    def _sort(self, said: str, code: str) -> tuple[type[StatusError], str, str, str]:
        """Class, what happened, what the server said, what to do."""
        means = f"It says: {said}" if said else ""
        too_long = self.status in (400, 422) and failure.means_too_long(said, code)
        if self.status == 413 or too_long:  # noqa: PLR2004 - HTTP's own numbers, here and below
            what = f"{self.server} finds the prompt too long for {self.model} ({self.status})."
            return TooLongError, what, means, "Shorten it, split it, or take a model with a longer context."
        if self.status in (401, 403):
            return self._denied(means)
        if self.status == 404:  # noqa: PLR2004
            return ModelNotFoundError, *self._not_found(said, code), ""
        if self._used_up(code):
            return (
                QuotaError,
                f"{self.server} says the credit is used up ({self.status}).",
                means,
                "Add credit, or use model=local.",
            )
        if self.status == 429:  # noqa: PLR2004
            what = f"{self.server} takes no more requests for now (429)."
            return (
                QuotaError,
                what,
                means,
                "Wait a little, lower max_concurrency, or check your plan's limits.",
            )
        return self._other(means)

    def _denied(self, means: str) -> tuple[type[StatusError], str, str, str]:
        page = "html" in self.headers.get("content-type", "").lower() or self.body.lstrip().startswith(b"<")
        if self.status == 403 and page:  # noqa: PLR2004 - no API speaks so: it is a firewall before it
            what = f"A web page in place of {self.server} turned the request away (403)."
            remedy = "The key was hardly looked at: check the base URL, and network, VPN and proxy."
            return StatusError, what, means, remedy
        if not self.has_key:
            what = f"{self.server} wants an API key, and none is set ({self.status})."
            return KeyRefusedError, what, means, "Set HOLYSHEEP_API_KEY, or give api_key=…."
        what = f"{self.server} refused the API key ({self.status})."
        return KeyRefusedError, what, means, "Check HOLYSHEEP_API_KEY, and whether it may use this model."

    def _other(self, means: str) -> tuple[type[StatusError], str, str, str]:
        if self.status >= 500:  # noqa: PLR2004
            return (
                ServerFailedError,
                f"{self.server} failed ({self.status}).",
                means,
                "Try again in a moment.",
            )
        if 300 <= self.status < 400:  # noqa: PLR2004
            where = self.headers.get("location", "elsewhere").partition("?")[0]
            what = f"{self.server} sends us on to {where[:200]} ({self.status})."
            return (
                StatusError,
                what,
                "A key is not carried to another address.",
                "Set the base URL to the right one.",
            )
        return StatusError, f"{self.server} did not accept the request ({self.status}).", means, ""

    def _not_found(self, said: str, code: str) -> tuple[str, str]:
        """What happened, and in one line what the server said and what to do."""
        model = self.model
        near = [] if model is None else get_close_matches(model, list(self.models), n=3, cutoff=0.5)
        about_model = model is not None and ("model" in (said + code).lower() or model in said)
        if not about_model and not near:
            return (
                f"{self.server} has nothing at this URL (404).",
                "Check the base URL: most end in /v1." + (f" It says: {said}" if said else ""),
            )
        lists = "%holysheep models (in a script: client.models()) lists the names it knows."
        hint = f"Near names: {', '.join(near)}." if near else lists
        return f"{self.server} does not know the model {model!r} (404).", f"{hint} It says: {said}"


def _wait_line(seconds: float, now: datetime) -> str:
    until = (now.astimezone(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M UTC")
    minutes = round(seconds / 60)
    length = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004
    return f"It asks to be left alone for {length}, until {until}; that is too long to wait here."
