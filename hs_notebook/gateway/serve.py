"""The gateway's process: its socket, its file, its signals."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from hs_notebook.gateway.app import build
from hs_notebook.gateway.lifetime import Lifetime
from hs_notebook.gateway.logs import start_logging
from hs_notebook.gateway.models import Models
from hs_notebook.gateway.record import Record
from hs_notebook.gateway.settings import Settings
from hs_notebook.gateway.spool import Spool
from hs_notebook.gateway.streams import Streams
from hs_notebook.home import home

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    _Work = Callable[[], Coroutine[None, None, None]]

__all__ = ["serve"]

_LOG = logging.getLogger("hs_notebook.gateway")
_GRACE_S = 5
"""How long answers in flight may go on after SIGTERM or Ctrl-C."""
_KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection (httpx: 5 s), so that none meets one that we just
closed."""


def serve(*, port: int, idle_s: float, heartbeat_s: float) -> None:
    """Serve on 127.0.0.1 until told to end, or not needed any more.

    Args:
        port: 0 takes a free one.
        idle_s: Seconds without a request after which it ends.
        heartbeat_s: Seconds of silence in a stream after which a heartbeat goes out.
    """
    start_logging()
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    # asyncio sees to this only on sockets of its own making; without it a token that follows close upon
    # another waits up to 40 ms for the other's acknowledgement. Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    record = Record(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    path = home() / "gateway.json"
    lifetime = Lifetime(record, path, idle_s)
    models = Models(home() / "gateway.toml")
    settings = Settings.read(home() / "gateway.toml")
    spool = Spool(home() / "streams", settings.keep_bytes)
    streams = Streams(settings, lifetime, spool)
    server = uvicorn.Server(
        uvicorn.Config(
            build(record, lifetime, models, streams, heartbeat_s),
            http="h11",  # whatever else is installed, what is tested is what runs
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    # uvicorn takes the signals over while it serves, and raises the one that ended it once more afterwards.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    record.write(path)
    _LOG.info("hs_notebook %s listens on %s, process %d", record.version, record.url, record.pid)
    try:
        works, ends = (streams.watch, spool.run), (streams.close, spool.flush, models.close)
        asyncio.run(_run(server, listener, lifetime, works, ends))
    finally:
        record.remove(path)
    _LOG.info("ended")


async def _run(
    server: uvicorn.Server,
    listener: socket.socket,
    lifetime: Lifetime,
    works: Iterable[_Work],
    ends: Iterable[_Work],
) -> None:
    """Serve while the works go on beside it; then bring to each end, in this order."""

    async def end_in_time() -> None:
        await lifetime.over()
        server.should_exit = True

    beside = [asyncio.create_task(work()) for work in (end_in_time, *works)]
    try:
        await server.serve(sockets=[listener])
    finally:
        for end in ends:
            await end()
        for task in beside:
            task.cancel()
