"""P1 to P7: what holds whatever is done to the wire. One function looks at them all, after every scenario.

P1, that the same bytes give the same answer wherever they are cut, cannot be seen on one result: it is tested
where bytes become chunks (tests/wire), and here the schedules cut at random.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hs_notebook.answer import Status
from hs_notebook.client.resuming.event_ids import Follows, follows
from hs_notebook.errors import HolySheepError

from .bench import KEY, PROMPT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bench import Result

    Looks = Iterator[tuple[str, bool]]

__all__ = ["broken_promises"]

_NEW_RUN = ("continue", "restart")


def broken_promises(result: Result) -> list[str]:
    """The promises that a result breaks, in words; none is what is wanted."""
    kept = [*_p2(result), *_p3(result), *_p4(result), *_p5(result), *_p6(result), *_p7(result)]
    return [words for words, holds in kept if not holds]


def _p2(result: Result) -> Looks:
    """The whole text, or a true beginning and a reason; no finish reason of our own making."""
    answer, whole = result.answer, result.scenario.whole
    complete = answer.status is Status.COMPLETE
    yield "P2: whole, or not said to be", answer.text == whole or not complete
    if not result.scenario.lies:
        yield "P2: a true beginning", whole.startswith(answer.text)
        yield "P2: what was superseded was true as well", all(map(whole.startswith, answer.superseded))
    stopped = answer.status is Status.INTERRUPTED and answer.error is None
    yield "P2: not whole, and why", complete or answer.error is not None or stopped
    true = answer.text == whole or result.scenario.lies
    yield "P2: no finish reason was made up", true or answer.finish_reason is None


def _p3(result: Result) -> Looks:
    """Each event once, in order, and nothing else in the text."""
    right = {Follows.NEW, Follows.UNKNOWN}
    if "shape" in result.scenario.client:  # of a shape some of whose events bring no chunk
        right.add(Follows.GAP)
    last: str | None = None
    text, ordered = "", True
    for chunk in result.chunks:
        if (chunk.note or "").startswith(("Restarted", "Asked again")):
            text, last = "", None
        elif (chunk.note or "").startswith("Continued"):
            last = None
        text += chunk.content
        if chunk.event_id is not None:
            ordered = ordered and follows(chunk.event_id, last) in right
            last = chunk.event_id
    yield "P3: each event once and in order", ordered
    yield "P3: the text is its chunks", text == result.answer.text


def _p4(result: Result) -> Looks:
    """Token counts as the server gave them at the end, or none."""
    usage = result.answer.usage
    if result.answer.status is Status.COMPLETE and usage is not None:
        yield "P4: the server's last word", usage.output_tokens == result.scenario.counts
        yield "P4: the prompt too", usage.input_tokens in (PROMPT_TOKENS, None)
    for row in result.rows:
        final = row["usage_source"] == "final"
        yield "P4: final only where whole", not final or row["status"] in ("complete", "replayed")


def _p5(result: Result) -> Looks:
    """Errors of ours, in one to three lines, without the key; and in time."""
    answer = result.answer
    error = answer.error
    yield "P5: an error of ours", error is None or isinstance(error, HolySheepError)
    yield "P5: one to three lines", error is None or 1 <= len(str(error).splitlines()) <= 3
    said = f"{error} {error!r} {answer.notes} {answer!r} {result.rows}"
    yield "P5: the key is nowhere", KEY not in said
    yield "P5: no defect of ours", "hs_notebook itself failed" not in said
    yield "P5: in time", result.seconds <= result.scenario.deadline_s


def _p6(result: Result) -> Looks:
    """Nothing is left behind."""
    for name, number in result.left.items():
        yield f"P6: no {name} left behind ({number})", number == 0


def _p7(result: Result) -> Looks:
    """One run of the model, but for those that the user is told of; no token counted twice."""
    answer = result.answer
    said = [attempt.resumed_by for attempt in answer.attempts if attempt.resumed_by in _NEW_RUN]
    keys = set(result.keys)
    asked = sum(attempt.resumed_by != "replay" for attempt in answer.attempts)
    yield "P7: no more runs than keys", result.runs <= (len(keys) if result.attaches else asked)
    yield "P7: no more keys than runs that were said", len(keys) <= 1 + len(said)
    yield "P7: no token counted twice", (result.tokens or 0) <= result.scenario.counts * result.runs
    for row, following in pairwise(result.rows):
        replayed = following.get("resumed_by") == "replay"
        yield "P7: what is replayed counts where it is whole", not (replayed and "output_tokens" in row)
