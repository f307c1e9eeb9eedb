"""What to do when a stream breaks: what broke, what is held, what the server can do -> the next step.

Pure: no socket, no clock, no chance of its own. The rules are a table, `RULES`, read from the top; the first
that fits holds. `docs/resume.md` prints it, and a test compares the two.

There are three ways to take an answer up again, in the order they are tried:

    replay     the server kept the events and sends those that are missing: exact, nothing is billed again
    continue   the text goes back as the beginning of the model's answer: the prompt is billed again
    restart    all over again, once at most by itself: what was shown is visibly superseded
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from hs_notebook.client.connection.retry import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LONGEST_PAUSE",
    "RULES",
    "Action",
    "Break",
    "Given",
    "Held",
    "Policy",
    "Rule",
    "Server",
    "Step",
    "backoff",
    "next_step",
]


class Break(StrEnum):
    """What went wrong."""

    REFUSED = "refused"  # not reached, or closed before it answered
    RESET = "reset"  # the connection broke
    SILENT = "silent"  # not a byte for three heartbeats
    CLEAN_END = "clean_end"  # the body ended properly, with no proof that the answer was whole
    BUSY = "busy"  # 408, 409, 429, 5xx
    STALLED = "stalled"  # alive, but no content for the progress limit
    ERROR_EVENT = "error_event"  # the provider reported, in the stream, an error that may pass
    EXPIRED = "expired"  # 410 on replay
    UNKNOWN = "unknown"  # 404 on replay; or what came belongs to another run
    MALFORMED = "malformed"  # 400, or the like, on replay
    GAP = "gap"  # event ids leave some out
    DIGEST = "digest"  # the text is not the text the gateway sent
    REFUSED_PREFILL = "refused_prefill"  # 400 on continue
    FATAL = "fatal"  # other 4xx, the key, a setting, an error that will not pass


class Action(StrEnum):
    """What to do next. The middle three are what `Attempt.resumed_by` says."""

    RETRY = "retry"  # the same POST with the same Idempotency-Key; nothing was shown yet
    REPLAY = "replay"
    CONTINUE = "continue"
    RESTART = "restart"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Held:
    """What we have of the answer. After a restart it speaks of the new run, but for the last two counts.

    Attributes:
        text: Some text of the run that counts was shown.
        event_id: The id of its last event; None where the server sends none.
        splicable: Nothing but text has begun (see `splice.splicable`).
        replay_failed: The server refused to replay this run.
        continue_failed: The server refused to continue this answer.
        reconnects_outage: New requests made since content last came.
        reconnects_total: New requests made for this answer.
        restarts: How often it was started over by itself.
    """

    text: bool = False
    event_id: str | None = None
    splicable: bool = True
    replay_failed: bool = False
    continue_failed: bool = False
    reconnects_outage: int = 0
    reconnects_total: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Server:
    """What the server can do.

    Attributes:
        replays: "events": by event id, and a repeated Idempotency-Key attaches to the run. "conversation": by
            itself, from the first event. None: not at all.
        prefill: It takes an answer's beginning (see `wire.prefill.form`).
    """

    replays: Literal["events", "conversation"] | None = None
    prefill: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user wants.

    Attributes:
        reconnect: Whether an answer that has begun is taken up again at all.
        max_retries: New requests while nothing was shown, in a row.
        max_reconnects: New requests once something was, in a row without progress.
        max_total: New requests for one answer, progress or not: a flapping line comes to an end.
        restart: Whether an answer may be started over by itself.
    """

    reconnect: bool = True
    max_retries: int = 3
    max_reconnects: int = 5
    max_total: int = 20
    restart: Literal["auto", "ask", "never"] = "auto"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, whether to back off before it, and why, in one line for people."""

    action: Action
    wait: bool
    why: str


@dataclass(frozen=True, slots=True)
class Given:
    """A condition with its words."""

    words: str
    holds: Callable[[Held, Server, Policy], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: for these breaks, given all of these, do this.

    `breaks` empty: for any.
    """

    breaks: tuple[Break, ...]
    given: tuple[Given, ...]
    step: Step

    def fits(self, broke: Break, held: Held, server: Server, policy: Policy) -> bool:
        """Whether the row holds here."""
        return (not self.breaks or broke in self.breaks) and all(
            given.holds(held, server, policy) for given in self.given
        )


def _replayable(held: Held, server: Server, _: Policy) -> bool:
    if server.replays is None or held.replay_failed:
        return False
    return held.event_id is not None or (server.replays == "conversation" and held.text)


def _continuable(held: Held, server: Server, _: Policy) -> bool:
    return server.prefill and held.text and held.splicable and not held.continue_failed


_UNSHOWN = Given("nothing was shown", lambda held, _, __: not held.text)
_REPLAYABLE = Given("the server can replay it", _replayable)
_NOT_REPLAYABLE = Given("the server cannot replay it", lambda h, s, p: not _replayable(h, s, p))
_ATTACHES = Given("the server knows a repeated key", lambda _, server, __: server.replays == "events")
_CONTINUABLE = Given("the server can continue it", _continuable)
_TRIES_LEFT = Given("retries are left", lambda held, _, p: held.reconnects_outage < p.max_retries)
_OUTAGE_OVER = Given(
    "the reconnects of an outage are used up", lambda h, _, p: h.reconnects_outage >= p.max_reconnects
)
_TOTAL_OVER = Given(
    "the requests of an answer are used up", lambda h, _, p: h.reconnects_total >= p.max_total
)
_AGAIN = Given("a second time without progress", lambda held, _, __: held.reconnects_outage >= 1)
_NOT_THRICE = Given("not a third time without progress", lambda h, _, __: h.reconnects_outage < 2)  # noqa: PLR2004
_OFF = Given("reconnect is off", lambda _, __, policy: not policy.reconnect)
_MAY_RESTART = Given(
    "restart=auto, none yet", lambda held, _, policy: policy.restart == "auto" and held.restarts == 0
)
_ASK = Given("restart=ask", lambda _, __, policy: policy.restart == "ask")
_NEVER = Given("restart=never", lambda _, __, policy: policy.restart == "never")

_UNANSWERED = (Break.REFUSED, Break.RESET, Break.BUSY)
_DENIED = (Break.EXPIRED, Break.UNKNOWN, Break.MALFORMED)
_LOST = (*_UNANSWERED, Break.SILENT, Break.CLEAN_END, Break.STALLED, Break.ERROR_EVENT)


def _row(breaks: tuple[Break, ...], *given: Given, to: Action, why: str, wait: bool = False) -> Rule:
    return Rule(breaks, given, Step(to, wait, why))


RULES: tuple[Rule, ...] = (
    _row((Break.FATAL,), to=Action.GIVE_UP, why="Trying again cannot mend this."),
    _row((), _TOTAL_OVER, to=Action.GIVE_UP, why="The connection broke too often for one answer."),
    # Nothing was shown: the same request again, unless it might be billed twice.
    _row(
        (*_UNANSWERED, *_DENIED), _UNSHOWN, _NOT_REPLAYABLE, _TRIES_LEFT,
        to=Action.RETRY, wait=True, why="Nothing had come yet; the same request is sent again.",
    ),
    _row(
        (*_UNANSWERED, *_DENIED), _UNSHOWN, _NOT_REPLAYABLE,
        to=Action.GIVE_UP, why="The server did not answer, after all retries.",
    ),
    _row((), _OFF, to=Action.GIVE_UP, why="Reconnecting is switched off."),
    _row((Break.STALLED,), _AGAIN, to=Action.GIVE_UP, why="The server itself makes no progress."),
    _row(_LOST, _OUTAGE_OVER, to=Action.GIVE_UP, why="The server could not be reached again."),
    _row(
        (Break.CLEAN_END, Break.SILENT, Break.STALLED), _UNSHOWN, _NOT_REPLAYABLE, _ATTACHES,
        to=Action.RETRY, wait=True, why="The same request finds the answer under way; it is billed once.",
    ),
    _row(
        (Break.GAP,), _UNSHOWN, _NOT_REPLAYABLE, _ATTACHES, _NOT_THRICE,
        to=Action.RETRY, why="The first events are missing; the same request brings them again.",
    ),
    _row(
        (Break.STALLED,), _UNSHOWN, _NOT_REPLAYABLE,
        to=Action.GIVE_UP, why="The server may be answering to nobody; asking again would be billed twice.",
    ),
    # Replay, as long as it brings anything.
    _row(
        (*_UNANSWERED, Break.SILENT, Break.STALLED), _REPLAYABLE,
        to=Action.REPLAY, wait=True, why="The server kept the rest and sends it; nothing is billed again.",
    ),
    _row(
        (Break.CLEAN_END,), _REPLAYABLE, _NOT_THRICE,
        to=Action.REPLAY, wait=True, why="The server kept the rest and sends it; nothing is billed again.",
    ),
    _row(
        (Break.GAP,), _REPLAYABLE, _NOT_THRICE,
        to=Action.REPLAY, why="Some events are missing; the server is asked for them again.",
    ),
    # Continue. Never after DIGEST: there the text held is wrong. Each try is billed, so not one after another
    # to a server that answers properly and says nothing.
    _row(
        (*_UNANSWERED, Break.SILENT, Break.STALLED, Break.ERROR_EVENT), _CONTINUABLE,
        to=Action.CONTINUE, wait=True, why="The model goes on from the text; the prompt is billed again.",
    ),
    _row(
        (Break.CLEAN_END,), _CONTINUABLE, _NOT_THRICE,
        to=Action.CONTINUE, wait=True, why="The model goes on from the text; the prompt is billed again.",
    ),
    _row(
        (*_DENIED, Break.GAP), _CONTINUABLE,
        to=Action.CONTINUE, why="The model goes on from the text; the prompt is billed again.",
    ),
    # Restart, once and said.
    _row(
        _LOST, _MAY_RESTART,
        to=Action.RESTART, wait=True, why="The rest cannot be had; it starts over and is billed again.",
    ),
    _row(
        (), _MAY_RESTART,
        to=Action.RESTART, why="The rest cannot be had; it starts over and is billed again.",
    ),
    _row((), _ASK, to=Action.GIVE_UP, why="The rest cannot be had; run it with `fresh` to start over."),
    _row((), _NEVER, to=Action.GIVE_UP, why="The rest cannot be had, and restart=never."),
    _row((), to=Action.GIVE_UP, why="The rest cannot be had, and it was started over once already."),
)  # fmt: skip
"""Read from the top; the first row that fits holds. The last fits always."""


def next_step(broke: Break, held: Held, server: Server, policy: Policy) -> Step:
    """What to do about a break."""
    return next(rule.step for rule in RULES if rule.fits(broke, held, server, policy))


LONGEST_PAUSE = 30.0
"""Seconds at most that are waited without a `Retry-After`."""


def backoff(attempt: int, retry_after: float | None, jitter: float, *, first: float = 1.0) -> float | None:
    """Seconds to wait before the next request; None: too long to wait, so give up and name the time.

    Full jitter, U(0, min(first * 2**attempt, 30)), so that ten streams of one notebook do not come back in
    lockstep. What the server asks for is never undercut.

    Args:
        attempt: How many requests were made since content last came, from 0.
        retry_after: What the server asks for, seconds; None if it does not say.
        jitter: Drawn evenly from [0, 1).
        first: The bound of the first wait, seconds.
    """
    own = min(first * 2.0 ** min(attempt, 30), LONGEST_PAUSE) * jitter
    if retry_after is None:
        return own
    if retry_after > LONGEST_WAIT:
        return None
    return max(own, retry_after + 0.1 * jitter)
