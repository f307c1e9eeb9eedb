"""Servers that keep what they sent: whether they have the rest, and how they are told to stop.

Source of the headers: the article this package implements; the embedded gateway speaks them too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import msgspec

from hs_notebook.client import resources
from hs_notebook.client.asking import auth, conversation_path
from hs_notebook.errors import HolySheepError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import Any

    from hs_notebook.client.asking import Running
    from hs_notebook.client.config import Target
    from hs_notebook.client.connection.transport import Transport
    from hs_notebook.client.engine import Engine

__all__ = ["cancel", "is_kept", "stop"]

T = TypeVar("T")
_PATIENCE = 5.0
"""Seconds for the check, which is only advice."""
_GOODBYE = 1.0
"""Seconds for telling a server to stop."""
_ANSWERED = range(200, 300)


async def is_kept(transport: Transport, target: Target, event_id: str) -> bool | None:
    """Ask whether a stream can be resumed after an event; None: the server does not say.

    Its word is advice: what the request to resume itself is answered is the truth.
    """
    headers = {"Accept": "application/json", "X-Event-Id": event_id}
    body = await _within(_PATIENCE, _call(transport, target, "/stream/check", headers))
    valid = _member(body, "valid")
    return valid if isinstance(valid, bool) else None


async def cancel(transport: Transport, target: Target, run: Running) -> str | None:
    """Tell a server to stop generating.

    Returns:
        How the run ended, as the server says ("cancelled", or "complete" where it had ended), "" if it does
        not say; None: it did not take that in.
    """
    if run.conversation:
        call = _call(transport, target, conversation_path(run.key), {}, method="DELETE")
    elif run.stream_id is None:
        call = _call(transport, target, "/stream/cancel", {"Idempotency-Key": run.key})
    else:
        call = _call(transport, target, "/stream/cancel", {"X-Stream-Id": run.stream_id})
    body = await _within(_GOODBYE, call)
    return None if body is None else str(_member(body, "state") or "")


async def stop(engine: Engine, target: Target | None, run: Running) -> str | None:
    """Find the server and `cancel`. `target` None: the embedded gateway."""
    try:
        server = target or await resources.embedded_target(engine)
        transport = await resources.transport(engine, server.base_url)
    except HolySheepError:
        return None
    return await cancel(transport, server, run)


def _member(body: bytes | None, name: str) -> object:
    """A member of the JSON object that a server sent; None where there is none."""
    try:
        return msgspec.json.decode(body or b"").get(name)
    except (msgspec.DecodeError, AttributeError, UnicodeDecodeError):
        return None


async def _call(
    transport: Transport, target: Target, path: str, headers: Mapping[str, str], *, method: str = "POST"
) -> bytes | None:
    """The answer's body; None where there was none, or it is an error's."""
    headers = {**headers, **auth(target), "Content-Length": "0"}
    try:
        reply = await transport.send(method, path, headers, key=target.key)
    except HolySheepError:
        return None
    try:
        body = await reply.head()
    finally:
        await asyncio.shield(reply.close())
    return body if reply.status in _ANSWERED else None


async def _within(seconds: float, coro: Coroutine[Any, Any, T]) -> T | None:
    """Its result; None if it took longer. Cancelled once only: httpx loses a connection to a second one."""
    task = asyncio.ensure_future(coro)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        return None
    return task.result()
