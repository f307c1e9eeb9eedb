"""The figures of an answer, live and at rest: state, seconds, tokens, money.

Unknown is None, never 0. Before the server has counted, output tokens are estimated and marked so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING

from hs_notebook.answer import Status, UsageSource
from hs_notebook.client.stream import Phase
from hs_notebook.store.views.report import dollars
from hs_notebook.wire.chunk import FinishReason

if TYPE_CHECKING:
    from hs_notebook.answer import Answer
    from hs_notebook.client.stream import Stream
    from hs_notebook.notebook.pane import Pane
    from hs_notebook.store.kept import Kept

__all__ = ["AGAIN", "Figures", "at_rest", "cost_of", "footer", "of", "read"]

AGAIN = "run the cell again to go on from here"
"""What to do about an answer that was interrupted."""

CHARACTERS_A_TOKEN = 4
"""For the estimate while streaming; English prose in today's vocabularies has four to five."""
_SETTLED_S = 0.5
"""Seconds of streaming before a rate means anything."""


_MARKS = {UsageSource.ESTIMATED: "~", UsageSource.PARTIAL: "≥ "}
"""What stands before a cost that is not the last word."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a pane's header shows: the `state` of docs/protocol.md, member by member.

    Tokens are those of the answer as it stands; the cost is that of all attempts it took.
    """

    model: str
    model_served: str | None
    status: str
    elapsed_s: float | None
    ttft_s: float | None
    input_tokens: int | None
    output_tokens: int | None
    output_estimated: bool
    tokens_per_s: float | None
    reasoning_tokens: int | None
    cost: str | None
    cost_usd: float | None
    finish_reason: str | None
    message: str | None
    stop_hint: str | None
    actions: dict[str, str] = field(default_factory=dict)
    chosen: bool = False


def read(pane: Pane, characters: int, actions: dict[str, str], *, stopped: bool = False) -> Figures:
    """The figures of a pane now.

    Args:
        pane: The pane.
        characters: How much text and reasoning has come.
        actions: What can be pressed in it.
        stopped: Whether the user stopped the cell.
    """
    stream = pane.stream
    now = monotonic()
    known = _known(pane.answer, characters, now)
    if stream is None:
        return replace(known, message=_notes(pane.answer), actions=actions, chosen=pane.chosen)
    until = now if stream.ended_at is None else stream.ended_at
    return replace(
        known,
        status=_status(stream, stopped=stopped),
        elapsed_s=round(until - stream.asked_at, 2),
        message=_message(stream, now) if not pane.stopped else _stopped(pane),
        stop_hint=None if stream.ended or stopped or pane.stopped else "■ stops",
        actions=actions,
        chosen=pane.chosen,
    )


def at_rest(kept: Kept) -> Figures:
    """The figures of an answer that the journal keeps."""
    return replace(of(kept.answer()), status=str(kept.status))


def of(answer: Answer) -> Figures:
    """The figures of an answer by itself."""
    return _known(answer, len(answer.text) + len(answer.reasoning), None)


def _known(answer: Answer, characters: int, now: float | None) -> Figures:
    """What the answer itself tells. `now`: by the monotonic clock; None: its last attempt does not run."""
    usage = answer.usage
    counted = usage.output_tokens if usage is not None else None
    estimate = -(-characters // CHARACTERS_A_TOKEN) if characters else None
    output = estimate if counted is None else counted
    ttft = answer.ttft_s
    return Figures(
        model=answer.model,
        model_served=answer.model_served,
        status=str(answer.status),
        elapsed_s=None,
        ttft_s=None if ttft is None else round(ttft, 3),
        input_tokens=usage.input_tokens if usage is not None else None,
        output_tokens=output,
        output_estimated=counted is None and output is not None,
        tokens_per_s=_rate(answer, output, now),
        reasoning_tokens=usage.reasoning_tokens if usage is not None else None,
        cost=cost_of(answer),
        cost_usd=None if answer.cost_usd is None else float(answer.cost_usd),
        finish_reason=None if answer.finish_reason is None else str(answer.finish_reason),
        message=None,
        stop_hint=None,
    )


def cost_of(answer: Answer) -> str | None:
    """What all attempts cost together, ready to show, marked where it is not the last word; None: unknown."""
    cost = answer.cost_usd
    if cost is None:
        return None
    listed = any(attempt.is_by_list for attempt in answer.attempts)
    return _MARKS.get(answer.cost_source, "") + dollars(cost) + (" at list price" if listed else "")


def _status(stream: Stream, *, stopped: bool) -> str:
    if not stream.ended:
        return str(Status.INTERRUPTED if stopped else stream.phase)
    return str(stream.answer.status)


def _rate(answer: Answer, output: int | None, now: float | None) -> float | None:
    """Output tokens a second, from the first text on; None for a replay.

    Of a continuation, when it is counted: until then the tokens are those of all the text.
    """
    attempt = answer.attempts[-1] if answer.attempts else None
    if attempt is None or attempt.replayed or attempt.ttft_s is None or output is None:
        return None
    if attempt.tokens_per_s is not None:
        return round(attempt.tokens_per_s, 1)
    end = attempt.duration_s
    if attempt.resumed_by == "continue":
        return None
    if end is None:
        if now is None:
            return None
        end = now - attempt.began
    seconds = end - attempt.ttft_s
    return round(output / seconds, 1) if seconds >= _SETTLED_S else None


def _message(stream: Stream, now: float) -> str | None:
    answer = stream.answer
    if stream.phase is Phase.WAITING and stream.retry_at is not None and answer.error is not None:
        seconds = round(stream.retry_at - now)
        return f"{answer.error.what} Trying again {f'in {seconds} s' if seconds > 0 else 'now'}."
    if stream.phase is Phase.STARTING:
        return "Starting the gateway on this machine."
    if stream.ended and answer.error is not None:
        return str(answer.error)
    if not answer.parts and answer.reasoning_parts:
        return f"Thinking: {sum(map(len, answer.reasoning_parts)):,} characters so far."
    return _notes(answer)


def _notes(answer: Answer) -> str | None:
    return "\n".join(answer.notes) or None


def _stopped(pane: Pane) -> str | None:
    if pane.under_way:
        return "Stopping…"
    said = [] if pane.whole else ["Stopped by you; the text is kept."]
    return "\n".join([*said, *pane.answer.notes]) or None


# -- the line below an answer -------------------------------------------------------------------------

_ENDINGS = {
    FinishReason.LENGTH: "cut at the model's limit",
    FinishReason.CONTENT_FILTER: "ended by the content filter",
    FinishReason.REFUSAL: "refused",
    FinishReason.TOOL_CALLS: "asks for tools",
    FinishReason.ERROR: "the server ended it with an error",
}


def footer(
    figures: Figures,
    filled: tuple[str, ...] = (),
    *,
    max_tokens: int | None = None,
    stopped: bool = False,
) -> str:
    """One plain line: model · tokens · tokens/s · first token · cost · state. What is unknown is left out.

    Args:
        figures: The last figures.
        filled: What was put into the prompt, one phrase each.
        max_tokens: The most tokens asked for; None if that was left to the model.
        stopped: Whether the user stopped this answer from the page.
    """
    parts = [
        figures.model_served or figures.model,
        _tokens(figures),
        _rate_of(figures),
        f"first token {figures.ttft_s:.2f} s" if figures.ttft_s is not None else "",
        figures.cost or "",
        f"with {', '.join(filled)}" if filled else "",
        _ending(figures, max_tokens, stopped=stopped),
    ]
    return " · ".join(part for part in parts if part)


def _tokens(figures: Figures) -> str:
    if figures.output_tokens is None:
        return ""
    out = f"{'~' if figures.output_estimated else ''}{figures.output_tokens:,}"
    if figures.input_tokens is None:
        return f"{out} tokens out"
    return f"{figures.input_tokens:,} + {out} tokens"


def _rate_of(figures: Figures) -> str:
    if figures.tokens_per_s is None:
        return ""
    return f"{'~' if figures.output_estimated else ''}{figures.tokens_per_s:g} tokens/s"


def _ending(figures: Figures, max_tokens: int | None, *, stopped: bool) -> str:
    if figures.status == Status.INTERRUPTED:
        word = "stopped by you" if stopped else figures.status
        return f"{word}: {AGAIN}" if figures.output_tokens else word
    if figures.status != Status.COMPLETE or figures.finish_reason is None:
        return figures.status
    if figures.finish_reason == FinishReason.LENGTH and max_tokens is not None:
        return "complete up to max_tokens"
    return _ENDINGS.get(FinishReason(figures.finish_reason), figures.status)
