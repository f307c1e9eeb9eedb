"""The journal's rows: how they are written and read. The only part of it that speaks SQL."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from hs_notebook.answer import Attempt, Status, UsageSource
from hs_notebook.store.kept import Kept
from hs_notebook.store.moment import from_micros, now
from hs_notebook.store.schema import answers, attempts, pieces
from hs_notebook.store.text import plain
from hs_notebook.store.unwritten import joined
from hs_notebook.store.writer import is_gone, was_left
from hs_notebook.wire.chunk import ChatRequest, FinishReason, ToolCallDelta, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

__all__ = ["TakenError", "add_piece", "begin", "end", "find", "has_text_or_may", "prune", "texts"]

_ENDED = tuple(status.value for status in (Status.COMPLETE, Status.FAILED))
"""What nobody will take up again."""

_IDS = 500
"""Ids asked for at a time: every database takes so many."""

_WRITER = select(answers.c.writer).where(answers.c.id == bindparam("of")).with_for_update()
_ADD = insert(pieces)


class TakenError(Exception):
    """The answer belongs to another process by now, or is no longer in the store."""


# -- in ---------------------------------------------------------------------------------------


_COUNTED = {UsageSource.FINAL.value, UsageSource.PARTIAL.value}
"""Sources of counts that are the provider's own."""


def begin(connection: Connection, row: dict[str, Any], *, restarts: bool) -> int:
    """Write an answer's row, or take over the one there is; the number of its next piece."""
    same = answers.c.id == row["id"]
    last = connection.execute(select(func.max(pieces.c.number)).where(pieces.c.answer_id == row["id"]))
    found = last.scalar()
    number = 0 if found is None else int(found) + 1
    fresh = {"updated_at": now(), "status": None, "finish_reason": None, "error": None}
    if restarts:
        fresh["first_piece"] = number
    known = {name: value for name, value in row.items() if name != "created_at"}
    if connection.execute(update(answers).where(same).values(known | fresh)).rowcount == 0:
        connection.execute(insert(answers).values({"first_piece": 0} | row | fresh))
    return number


def add_piece(connection: Connection, row: dict[str, Any], number: int, piece: dict[str, Any]) -> None:
    """Append a piece.

    Raises:
        TakenError: The answer is not ours any more.
    """
    _check(connection, row)
    values = {"answer_id": row["id"], "number": number, "at": now(), "attempt": row["attempts"]}
    connection.execute(_ADD, values | piece)


def end(connection: Connection, row: dict[str, Any], ending: dict[str, Any]) -> None:
    """Write how it ended.

    Raises:
        TakenError: The answer is not ours any more.
    """
    _check(connection, row)
    connection.execute(
        update(answers).where(answers.c.id == row["id"]).values(ending | {"updated_at": now()})
    )


def _check(connection: Connection, row: dict[str, Any]) -> None:
    if connection.execute(_WRITER, {"of": row["id"]}).scalar() != row["writer"]:
        raise TakenError


def prune(connection: Connection, before: int) -> None:
    """Delete the answers that ended before that moment; interrupted ones stay."""
    old = and_(answers.c.status.in_(_ENDED), answers.c.updated_at < before)
    connection.execute(delete(pieces).where(pieces.c.answer_id.in_(select(answers.c.id).where(old))))
    connection.execute(delete(answers).where(old))


# -- out --------------------------------------------------------------------------------------


def find(connection: Connection, *where: ColumnElement[bool], limit: int | None = None) -> list[Kept]:
    """Answers, the one begun or ended last first."""
    newest = (answers.c.updated_at.desc(), answers.c.created_at.desc(), answers.c.id)
    query = select(answers).where(*where).order_by(*newest).limit(limit)
    return [_kept(connection, row) for row in connection.execute(query).all()]


def texts(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Prompt and answer by id, as text that every file takes."""
    found: dict[str, tuple[str, str]] = {}
    for first in range(0, len(ids), _IDS):
        some = ids[first : first + _IDS]
        counting = and_(pieces.c.answer_id == answers.c.id, pieces.c.number >= answers.c.first_piece)
        query = select(answers.c.id, answers.c.request, pieces.c.text).outerjoin(pieces, counting)
        rows = connection.execute(query.where(answers.c.id.in_(some)).order_by(pieces.c.number))
        for name, request, text in rows:
            prompt, answer = found.get(name) or (_prompt(request), "")
            found[name] = (prompt, answer + plain(text or ""))
    return found


def _prompt(request: str) -> str:
    messages = msgspec.json.decode(request, type=ChatRequest).messages
    if len(messages) == 1:
        return plain(messages[0].content)
    return plain("\n\n".join(f"{message.role}: {message.content}" for message in messages))


def has_text_or_may() -> ColumnElement[bool]:
    """Of all answers but those that failed with no text that counts."""
    counting = and_(pieces.c.answer_id == answers.c.id, pieces.c.number >= answers.c.first_piece)
    text = exists().where(counting, pieces.c.text != "")
    return or_(answers.c.status.is_(None), answers.c.status != Status.FAILED.value, text)


def _kept(connection: Connection, row: Row[Any]) -> Kept:
    every = connection.execute(
        select(pieces).where(pieces.c.answer_id == row.id).order_by(pieces.c.number)
    ).all()
    counting = [piece for piece in every if piece.number >= row.first_piece]
    updated_at = max([row.updated_at, *(piece.at for piece in every[-1:])])
    usage = _last_usage(counting, row.attempts)
    tried = _attempts(connection, row, usage)
    return Kept(
        id=row.id,
        digest=row.digest,
        request=msgspec.json.decode(row.request, type=ChatRequest),
        provider=row.provider,
        base_url=row.base_url,
        shape=row.shape,
        notebook=row.notebook,
        cell_id=row.cell_id,
        session=row.session,
        created_at=from_micros(row.created_at),
        updated_at=from_micros(updated_at),
        status=_status(row, updated_at),
        text=_text(counting, "text"),
        reasoning=_text(counting, "reasoning"),
        refusal=_text(counting, "refusal"),
        tool_calls=_calls(counting),
        event_id=_last(counting, "event_id") or None,
        stream_id=_last(counting, "stream_id") or None,
        finish_reason=None if row.finish_reason is None else FinishReason(row.finish_reason),
        usage=tried[-1].usage if tried else usage,
        attempts=tried,
        notes=() if row.notes is None else msgspec.json.decode(row.notes, type=tuple[str, ...]),
        error=row.error,
        superseded=_text([piece for piece in every if piece.number < row.first_piece], "text"),
    )


def _status(row: Row[Any], updated_at: int) -> Status:
    if row.status is not None:
        return Status(row.status)
    left = was_left(is_gone(row.writer), updated_at)
    return Status.INTERRUPTED if left else Status.STREAMING


def _text(read: Iterable[Row[Any]], channel: str) -> str:
    return "".join(text for piece in read if (text := getattr(piece, channel)) is not None)


def _last(read: Sequence[Row[Any]], name: str) -> str | None:
    found = (getattr(piece, name) for piece in reversed(read))
    return next((value for value in found if value is not None), None)


def _calls(read: Iterable[Row[Any]]) -> tuple[ToolCallDelta, ...]:
    texts = [piece.tool_calls for piece in read if piece.tool_calls is not None]
    return tuple(
        joined([call for text in texts for call in msgspec.json.decode(text, type=list[ToolCallDelta])])
    )


def _last_usage(read: Sequence[Row[Any]], attempt: int) -> Usage | None:
    text = _last([piece for piece in read if piece.attempt == attempt], "usage")
    return None if text is None else msgspec.json.decode(text, type=Usage)


def _attempts(connection: Connection, row: Row[Any], usage: Usage | None) -> tuple[Attempt, ...]:
    """The attempts as the ledger has them. One that it lacks is known by its number alone."""
    query = select(attempts).where(attempts.c.answer_id == row.id)
    recorded = {one.attempt: _attempt(one) for one in connection.execute(query)}
    began = from_micros(row.created_at)
    numbers = range(1, row.attempts + 1)
    tried = [recorded.get(number) or _unknown(number, began) for number in numbers]
    if tried and tried[-1].usage is None:
        tried[-1].usage = usage
    return tuple(tried)


def _unknown(number: int, began: datetime) -> Attempt:
    return Attempt(number, began, 0.0, status=Status.INTERRUPTED)


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        number=row.attempt,
        started_at=from_micros(row.started_at),
        began=0.0,  # the monotonic clock of another process means nothing here
        status=Status.INTERRUPTED if row.status is None else Status(row.status),
        finish_reason=None if row.finish_reason is None else FinishReason(row.finish_reason),
        usage=_usage(row) if row.usage_source in _COUNTED else None,
        estimate=_estimate(row),
        model_served=row.model_served,
        request_id=row.request_id,
        ttft_s=row.ttft_s,
        duration_s=row.duration_s,
        cost_usd=_money(row.cost_usd),
        reported_cost_usd=_money(row.reported_cost_usd),
        book_cost_usd=_money(row.book_cost_usd),
        price_book=row.price_book,
        price_date=row.price_date,
        list_cost_usd=_money(row.list_cost_usd),
        list_price_book=row.list_price_book,
        resumed_by=row.resumed_by,
        error=row.error,
    )


def _money(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written)


def _estimate(row: Row[Any]) -> Usage | None:
    sent, made = row.estimated_input_tokens, row.estimated_output_tokens
    return None if sent is None and made is None else Usage(input_tokens=sent, output_tokens=made)


def _usage(row: Row[Any]) -> Usage:
    return Usage(
        input_tokens=row.input_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        output_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens,
    )
