"""Which models a server has: GET /models, in whichever shape it answers, page after page.

Anthropic's and Google's lists come in pages.
Source: https://platform.claude.com/docs/en/api/models-list (has_more, last_id, after_id) and
https://ai.google.dev/api/models (nextPageToken, pageToken), 2026-11-22
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from hs_notebook.client import resources
from hs_notebook.client.connection import status
from hs_notebook.errors import HolySheepError, NotReachedError, ProtocolError
from hs_notebook.wire import request as wire_request

if TYPE_CHECKING:
    from hs_notebook.client.config import HolySheepConfig, Target
    from hs_notebook.client.engine import Engine

__all__ = ["fetch_models", "names_in", "next_page"]

_LONGEST_LIST = 8 * 2**20
_MOST_PAGES = 100
"""A server that always says there is more comes to an end."""


async def fetch_models(engine: Engine, config: HolySheepConfig) -> list[str]:
    """Ask the server, for all pages; on the engine's loop.

    Raises:
        HolySheepError: It cannot be asked, or does not say.
    """
    import asyncio

    target = config.target() or await resources.embedded_target(engine)
    failure: HolySheepError
    try:
        async with asyncio.timeout(config.timeout):
            return await _all_pages(engine, target)
    except HolySheepError as error:
        failure = status.without_key(error, target.key)
    except TimeoutError:
        failure = NotReachedError(
            f"{target.server} did not list its models within {config.timeout:g} s.", remedy="Try again."
        )
    raise failure.with_traceback(None)


async def _all_pages(engine: Engine, target: Target) -> list[str]:
    names: set[str] = set()
    seen: set[str] = set()
    page: str | None = ""
    while page is not None and page not in seen and len(seen) < _MOST_PAGES:
        seen.add(page)
        body = await _get(engine, target, page)
        names.update(names_in(body))
        page = next_page(body)
    return sorted(names)


async def _get(engine: Engine, target: Target, page: str) -> bytes:
    """One page's body; `page` is the query that asks for it, with its "?", or ""."""
    transport = await resources.transport(engine, target.base_url)
    shape = target.shape or "openai"
    headers = {"Accept": "application/json"}
    if target.key is not None:
        headers.update(wire_request.auth(shape, target.key.reveal()))
    path = "/api/tags" if shape == "ollama" else "/models"
    reply = await transport.send("GET", path + page, headers, key=target.key)
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

    What holds a control character is no name that anybody could ask for, and is left out.

    Raises:
        ProtocolError: There is no such list in it.
    """
    try:
        value: Any = msgspec.json.decode(body)
        items = value.get("data") if isinstance(value.get("data"), list) else value["models"]
        names = {str(item.get("id") or item.get("name") or "").removeprefix("models/") for item in items}
    except (ValueError, AttributeError, KeyError, TypeError):
        names = None
    if names is None:
        raise ProtocolError(
            "The server's list of models cannot be read.", remedy="Check the base URL: most end in /v1."
        )
    return sorted(name for name in names if name and name.isprintable())


def next_page(body: bytes) -> str | None:
    """The query that asks for what follows this page of the list; None where it is the last."""
    value: Any = msgspec.json.decode(body)
    if value.get("has_more") is True and isinstance(value.get("last_id"), str):
        return "?" + urlencode({"after_id": value["last_id"]})
    token = value.get("nextPageToken")
    return "?" + urlencode({"pageToken": token}) if isinstance(token, str) and token else None
