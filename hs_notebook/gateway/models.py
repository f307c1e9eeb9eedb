"""Which models this gateway answers for, and who answers.

Two are built in: `local`, a real small model on this machine, and `demo`, a script. Others stand in
`gateway.toml` beside `gateway.json`, a table for each server, read again whenever the file changes:

    [deepseek]
    base_url = "https://api.deepseek.com/v1"    # any server that speaks OpenAI's API
    key_env = "DEEPSEEK_API_KEY"                # the variable that holds the key; left out: none is sent
    models = ["deepseek-chat"]                  # what it answers for, beside deepseek/<any name>

    [anthropic]
    shape = "anthropic"                         # openai, anthropic, google or ollama; left out: openai
    base_url = "https://api.anthropic.com/v1"
    key_env = "ANTHROPIC_API_KEY"
    models = { "claude-sonnet-4.5" = "claude-sonnet-4-5" }    # the name here, the name there

The table `[gateway]` is no server: see settings.py.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from typing import TYPE_CHECKING, Annotated, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from hs_notebook.errors import InsecureURLError, ModelNotFoundError, SettingError
from hs_notebook.gateway import demo, settings
from hs_notebook.gateway.demo import Demo
from hs_notebook.gateway.local import Local
from hs_notebook.gateway.upstreams import Relay, is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from hs_notebook.wire.chunk import ChatRequest, Shape, StreamChunk

__all__ = ["Models", "Upstream"]


class Upstream(Protocol):
    """Somebody who answers."""

    def answer(self, chat: ChatRequest) -> AsyncGenerator[StreamChunk, None]:
        """Generate; closing the generator stops the generation.

        Raises:
            HolySheepError: Before the first chunk where nothing was generated, else within the stream.
        """

    async def close(self) -> None:
        """Let go of what is held."""


class _Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of gateway.toml."""

    base_url: Annotated[str, msgspec.Meta(pattern="^https?://")]
    key_env: str | None = None
    models: tuple[str, ...] | dict[str, str] = ()
    shape: Literal["openai", "anthropic", "google", "ollama"] = "openai"

    def name_there(self, model: str) -> str:
        """What the server calls a model of ours."""
        return self.models[model] if isinstance(self.models, dict) else model


class Models:
    """Finds the upstream for a model's name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._demo = Demo()
        self._local = Local()
        self._relays: dict[tuple[str, str, Shape, str | None, str | None], Relay] = {}
        self._seen: tuple[int, int] | None = None  # the file's time and size when it was read
        self._servers: dict[str, _Server] = {}

    def names(self) -> list[str]:
        """Every model that can be asked for by a name of its own."""
        return ["local", "demo", *(name for server in self._configured().values() for name in server.models)]

    def find(self, model: str) -> tuple[Upstream, str]:
        """Who answers for a model, and its name there.

        Raises:
            ModelNotFoundError: Nobody does.
            SettingError: gateway.toml is wrong, or lacks what this model needs.
        """
        if model in ("local", self._local.model):
            return self._local, model
        if model in ("demo", demo.MODEL):
            return self._demo, demo.MODEL
        for name, server in self._configured().items():
            prefix = f"{name}/"
            if model in server.models:
                return self._relay(name, server), server.name_there(model)
            if model.startswith(prefix):
                return self._relay(name, server), model.removeprefix(prefix)
        raise self._unknown(model)

    def _unknown(self, model: str) -> ModelNotFoundError:
        near = difflib.get_close_matches(model, self.names(), n=3, cutoff=0.5)
        guess = f" Did you mean {' or '.join(near)}?" if near else ""
        return ModelNotFoundError(
            f"No model here is named {model[:100]!r}.{guess}",
            means=f"It answers for: {', '.join(self.names())}.",
            remedy=f"More models can be named in {self._path}.",
            status=404,
        )

    def _relay(self, name: str, server: _Server) -> Relay:
        key = None if server.key_env is None else os.environ.get(server.key_env)
        if server.key_env is not None and not key:
            raise SettingError(
                f"{name} needs a key, and {server.key_env} is not set where the gateway was started.",
                remedy="Set it, run hs_notebook.embedded.stop() to end the gateway, and run the cell again.",
            )
        url = urlsplit(server.base_url)
        if key and url.scheme != "https" and not is_loopback(url.hostname or ""):
            raise InsecureURLError(
                f"The key for {name} would travel over plain http to {url.hostname}.",
                remedy=f"Write https:// in {self._path}, or leave out key_env.",
            )
        known = (name, server.base_url, server.shape, server.key_env, key)
        if known not in self._relays:
            self._relays[known] = Relay(
                name, server.base_url, key, server.shape, on_refused_key=self._on_refused_key(name, server)
            )
        return self._relays[known]

    def _on_refused_key(self, name: str, server: _Server) -> str:
        check = (
            f"Name the variable that holds the key as key_env in [{name}] of {self._path}"
            if server.key_env is None
            else f"Check {server.key_env}, which [{name}] of {self._path} names for it"
        )
        return f"{check}; then run hs_notebook.embedded.stop() to end the gateway, and the cell again."

    def _configured(self) -> dict[str, _Server]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._servers = None, {}
            return {}
        if (found.st_mtime_ns, found.st_size) != self._seen:
            self._servers = self._read()
            self._seen = (found.st_mtime_ns, found.st_size)
        return self._servers

    def _read(self) -> dict[str, _Server]:
        try:
            told = tomllib.loads(self._path.read_text(encoding="utf-8"))
            told.pop(settings.TABLE, None)
            return msgspec.convert(told, dict[str, _Server])
        except (OSError, ValueError) as error:  # both TOML's and msgspec's errors are ValueErrors
            raise SettingError(
                f"{self._path} cannot be read: {error}",
                means="Only local and demo answer until it is mended.",
                remedy='Each table needs base_url = "https://…"; key_env, models and shape are optional.',
            ) from None

    async def close(self) -> None:
        """Let go of every upstream."""
        held: list[Upstream] = [self._demo, self._local, *self._relays.values()]
        for upstream in held:
            await upstream.close()
