"""What all clients of a process share, on the engine's loop: connections, usage writer, gateway."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from hs_notebook.client.config import Target
from hs_notebook.client.record import Recorder
from hs_notebook.client.secret import Secret

if TYPE_CHECKING:
    from hs_notebook.client.connection.transport import Transport
    from hs_notebook.client.engine import Engine

__all__ = ["embedded_target", "recorder", "server_name", "transport"]


def recorder(engine: Engine) -> Recorder:
    """The engine's writer of usage rows."""
    if "recorder" not in engine.shared:
        engine.shared["recorder"] = recorder = Recorder()
        engine.closers.append(recorder.close)
    return cast("Recorder", engine.shared["recorder"])


def server_name(engine: Engine, base_url: str, said: str | None = None) -> str | None:
    """What a server calls itself, as it has just `said` or had said before; None if it never did."""
    names = cast("dict[str, str | None]", engine.shared.setdefault("server names", {}))
    names[base_url] = said or names.get(base_url)
    return names[base_url]


async def transport(engine: Engine, base_url: str) -> Transport:
    """The connections to a server, made on the first call and whenever the proxy or CA settings changed."""
    from hs_notebook.client.connection.surroundings import surroundings
    from hs_notebook.client.connection.transport import Transport

    name = ("transport", base_url, surroundings())
    if name not in engine.shared:
        # A future, not the transport: ten streams that start at once share one.
        engine.shared[name] = asyncio.ensure_future(Transport.build(base_url))
    making = engine.shared[name]
    try:
        return cast("Transport", await asyncio.shield(making))
    except Exception:
        engine.shared.pop(name, None)
        raise


async def embedded_target(engine: Engine) -> Target:
    """The gateway on this machine, started if it does not run.

    Raises:
        EmbeddedError: It cannot run.
    """
    from hs_notebook import embedded

    endpoint = await engine.loop.run_in_executor(None, embedded.ensure)
    return Target(endpoint.base_url.rstrip("/"), Secret(endpoint.token), None, "embedded")
