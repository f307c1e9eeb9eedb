"""The errors a person can meet, drawn as a tree.

    HolySheepError
    ├── SettingError            a setting, an option or an argument is wrong; nothing was sent
    │   ├── MissingKeyError     the server needs a key and none is set
    │   └── InsecureURLError    a key would travel over plain http
    ├── BudgetError             a budget has no room: nothing was sent, or the answer was stopped there
    ├── NotReachedError         no answer from the server: DNS, refused, TLS, proxy, connect timeout
    ├── StatusError             the server answered with an error status
    │   ├── KeyRefusedError     401, 403
    │   ├── ModelNotFoundError  404
    │   ├── TooLongError        413, or 400 for the context length
    │   ├── QuotaError          402, 429
    │   └── ServerFailedError   5xx
    ├── StreamError             the answer began and did not end well
    │   ├── ProtocolError       these bytes are no stream we can read
    │   ├── ProviderError       the server reported an error inside the stream
    │   ├── StalledError        a clock ran out: no byte, or no progress
    │   └── CutError            the stream ended with no proof that it was complete
    ├── ComparisonError         of several models asked at once, some gave no whole answer
    ├── StoppedError            something else in the program stopped the stream that was awaited
    ├── EmbeddedError           the embedded gateway or its local model cannot run
    └── StoreError              the usage store cannot be read or written
    Interrupted                 (a KeyboardInterrupt) the user pressed ■

Rule of this file: an error is one to three lines, namely what happened, what it means and what to do,
and it never holds a key. In a notebook these lines are all that shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hs_notebook.answer import Answer

__all__ = [
    "BudgetError",
    "ComparisonError",
    "CutError",
    "EmbeddedError",
    "HolySheepError",
    "InsecureURLError",
    "Interrupted",
    "KeyRefusedError",
    "MissingKeyError",
    "ModelNotFoundError",
    "NotReachedError",
    "ProtocolError",
    "ProviderError",
    "QuotaError",
    "ServerFailedError",
    "SettingError",
    "StalledError",
    "StatusError",
    "StoppedError",
    "StoreError",
    "StreamError",
    "TooLongError",
]


class HolySheepError(Exception):
    """What every error of this package is.

    Attributes:
        what: What happened, one line.
        means: What that means for the user; "" where the first line says it.
        remedy: What to do about it; "" where nothing can be done.
        answer: The answer with all text received until then; None if no request was made.
    """

    def __init__(self, what: str, *, means: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.means = means
        self.remedy = remedy
        self.answer: Answer | None = None

    @property
    def lines(self) -> list[str]:
        """The error in one to three lines, without its class name."""
        return [" ".join(line.split()) for line in (self.what, self.means, self.remedy) if line.strip()]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _render_traceback_(self) -> list[str]:
        """Show these lines in a notebook in place of a traceback (IPython's protocol)."""
        first, *rest = self.lines or [""]
        return [f"{type(self).__name__}: {first}", *rest]


class SettingError(HolySheepError):
    """A setting, an option or an argument is wrong; nothing was sent."""


class MissingKeyError(SettingError):
    """The server needs a key and none is set; nothing was sent."""


class InsecureURLError(SettingError):
    """A key would travel over plain http to another machine; nothing was sent."""


class BudgetError(HolySheepError):
    """A budget has no room for the call: nothing was sent, or it was stopped there and the text is kept."""


class NotReachedError(HolySheepError):
    """No answer from the server (DNS, refused, TLS, proxy, connect timeout, closed before it answered).

    Attributes:
        transient: Whether the same request may well succeed a little later.
    """

    def __init__(self, what: str, *, means: str = "", remedy: str = "", transient: bool = False) -> None:
        super().__init__(what, means=means, remedy=remedy)
        self.transient = transient


class StatusError(HolySheepError):
    """The server answered with an error status.

    Attributes:
        status: The HTTP status.
        retry_after: Seconds the server asks us to wait; None if it does not say.
        request_id: The server's name for the request; None if it gave none.
    """

    def __init__(  # noqa: PLR0913 - three lines of text and three facts
        self,
        what: str,
        *,
        means: str = "",
        remedy: str = "",
        status: int,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(what, means=means, remedy=remedy)
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id


class KeyRefusedError(StatusError):
    """The server refused the key (401, 403)."""


class ModelNotFoundError(StatusError):
    """The server does not know the model, or the URL (404)."""


class TooLongError(StatusError):
    """The prompt is longer than the model or the server takes (413, or 400 for the context length)."""


class QuotaError(StatusError):
    """Out of credit or over a rate limit (402, 429).

    Attributes:
        used_up: Whether the credit is used up, so that no waiting helps.
    """

    used_up = False


class ServerFailedError(StatusError):
    """The server failed (5xx)."""


class StreamError(HolySheepError):
    """The answer began and did not end well; `answer` holds what came."""


class ProtocolError(StreamError):
    """These bytes are no stream we can read (HTML, broken JSON, an event over the limit)."""


class ProviderError(StreamError):
    """The server reported an error inside the stream, or in a body under HTTP 200.

    Attributes:
        code: The provider's own code or type for the error; None if it gave none.
    """

    def __init__(self, what: str, *, means: str = "", remedy: str = "", code: str | None = None) -> None:
        super().__init__(what, means=means, remedy=remedy)
        self.code = code


class StalledError(StreamError):
    """A clock ran out: no byte for three heartbeats, or no content for the progress limit."""


class CutError(StreamError):
    """The stream ended with no proof that it was complete; the text kept is a true prefix."""


class ComparisonError(HolySheepError):
    """Of several models asked at once, some gave no whole answer; the others' are kept.

    Attributes:
        answers: All of them, in the order asked; each one's own error is in its `error`.
    """

    def __init__(
        self, what: str, *, answers: Sequence[Answer] = (), means: str = "", remedy: str = ""
    ) -> None:
        super().__init__(what, means=means, remedy=remedy)
        self.answers = list(answers)


class StoppedError(HolySheepError):
    """Something else in the program stopped the stream that was awaited; `answer` holds what came.

    No CancelledError: nobody cancelled the task that awaits. No Interrupted: that would end its loop.
    """


class EmbeddedError(HolySheepError):
    """The embedded gateway or its local model cannot run."""


class StoreError(HolySheepError):
    """The usage store cannot be read or written."""


class Interrupted(KeyboardInterrupt):
    """The user pressed ■: the text is kept, the spending stopped, the queue of cells is dropped."""

    def __init__(self, line: str, answer: Answer | None = None) -> None:
        super().__init__(line)
        self.line = line
        self.answer = answer

    def _render_traceback_(self) -> list[str]:
        return [self.line]
