"""Which models a server has: GET /models, in whichever shape it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from hs_notebook.client import resources, status
from hs_notebook.errors import HolySheepError, NotReachedError, ProtocolError
from hs_notebook.wire import request as wire_request

if TYPE_CHECKING:
    from hs_notebook.client.config import HolySheepConfig, Target
    from hs_notebook.client.engine import Engine

__all__ = ["fetch_models", "names_in"]

_LONGEST_LIST = 8 * 2**20


async def fetch_models(engine: Engine, config: HolySheepConfig) -> list[str]:
    """Ask the server once; on the engine's loop.

    Raises:
        HolySheepError: It cannot be asked, or does not say.
    """
    import asyncio

    target = config.target() or await resources.embedded_target(engine)
    failure: HolySheepError
    try:
        async with asyncio.timeout(config.timeout):
            return names_in(await _get(engine, target))
    except HolySheepError as error:
        failure = status.without_key(error, target.key)
    except TimeoutError:
        failure = NotReachedError(
            f"{target.server} did not list its models within {config.timeout:g} s.", remedy="Try again."
        )
    raise failure.with_traceback(None)


async def _get(engine: Engine, target: Target) -> bytes:
    transport = await resources.transport(engine, target.base_url)
    shape = target.shape or "openai"
    headers = {"Accept": "application/json"}
    if target.key is not None:
        headers.update(wire_request.auth(shape, target.key.reveal()))
    reply = await transport.send(
        "GET", "/api/tags" if shape == "ollama" else "/models", headers, key=target.key
    )
    try:
        body = await reply.head(_LONGEST_LIST)
    finally:
        await reply.close()
    if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's own line
        if target.key is not None:
            body = target.key.scrub_body(body)
        has_key = target.key is not None
        refusal = status.Refusal(reply.status, reply.headers, body, None, target.server, has_key=has_key)
        raise refusal.error(datetime.now(UTC))
    return body


def names_in(body: bytes) -> list[str]:
    """The names in a list of models: OpenAI's and Anthropic's (`data`), Google's and Ollama's (`models`).

    Raises:
        ProtocolError: There is no such list in it.
    """
    try:
        value: Any = msgspec.json.decode(body)
        items = value.get("data") if isinstance(value.get("data"), list) else value["models"]
        names = {str(item.get("id") or item.get("name")).removeprefix("models/") for item in items}
    except (ValueError, AttributeError, KeyError, TypeError):
        names = None
    if names is None:
        raise ProtocolError(
            "The server's list of models cannot be read.", remedy="Check the base URL: most end in /v1."
        )
    return sorted(names)
