"""Settings of a client: where each value came from, and which server a model is asked at.

Nothing here is sent: a wrong setting is a `SettingError` before any request.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast, get_args
from urllib.parse import urlsplit

from hs_notebook.client.secret import Secret
from hs_notebook.errors import InsecureURLError, MissingKeyError, SettingError
from hs_notebook.wire.chunk import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT, _RETRIES, _CONCURRENCY = 30.0, 3, 10

__all__ = [
    "DEFAULT_BASE_URL",
    "EMBEDDED",
    "EMBEDDED_MODELS",
    "HolySheepConfig",
    "StreamingConfig",
    "Target",
    "is_loopback",
]

DEFAULT_BASE_URL = "https://api.holysheep.ai/v1"
HOLYSHEEP = "holysheep"
"""What the server at that URL is called; no other server is."""
EMBEDDED = "embedded"
"""As a base URL: the gateway on this machine, started when it is needed."""
EMBEDDED_MODELS = frozenset({"local", "demo"})
"""Models that only the embedded gateway has."""


@dataclass(frozen=True, slots=True)
class StreamingConfig:
    """How a stream is watched and, once broken, taken up again.

    Attributes:
        reconnect: Whether a broken stream is taken up again by itself.
        reconnect_delay: Seconds before the first time at most; doubled with each, up to 30 (docs/resume.md).
        max_reconnects: How many times in a row without anything new.
        heartbeat_interval: Seconds between the server's signs of life, if it sends any on a stream; after
            three without a byte the connection then counts as dead.
        progress_timeout: Seconds without content after which a stream counts as stalled, heartbeats or not.
    """

    reconnect: bool = True
    reconnect_delay: float = 1.0
    max_reconnects: int = 5
    heartbeat_interval: float = 15.0
    progress_timeout: float = 120.0

    def __post_init__(self) -> None:
        for name in ("heartbeat_interval", "progress_timeout"):
            _positive(name, getattr(self, name))
        for name in ("reconnect_delay", "max_reconnects"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} is {getattr(self, name)!r}.", remedy="Give 0 or more.")

    @property
    def liveness_timeout(self) -> float:
        """Seconds without a byte after which a connection counts as dead, if the server sends heartbeats."""
        return 3 * self.heartbeat_interval


@dataclass(frozen=True, slots=True)
class Target:
    """The server one request goes to.

    Attributes:
        base_url: Without a trailing slash.
        key: None: none is sent.
        shape: Whose JSON it speaks; None: OpenAI's is sent, and the answer's is recognised.
        provider: How an answer names it: "holysheep", "embedded" or the host.
    """

    base_url: str
    key: Secret | None
    shape: Shape | None
    provider: str

    @property
    def server(self) -> str:
        """What the server is called at the beginning of a sentence."""
        return "The embedded gateway" if self.provider == EMBEDDED else urlsplit(self.base_url).netloc


@dataclass(frozen=True, slots=True)
class HolySheepConfig:
    """All settings of a client.

    Attributes:
        base_url: The server's URL down to its version ("…/v1"), or "embedded".
        key: None where no key is set.
        shape: Whose JSON the server speaks; None: OpenAI's is sent, and the answer's is recognised.
        timeout: Seconds for reaching a server, with all tries, and for requests that do not stream.
        max_retries: How often a request that got no answer is sent again.
        max_concurrency: How many streams may have a connection at once.
        streaming: How streams are watched.
        sources: Where each value came from: "argument", the environment variable's name, or "default".
    """

    base_url: str = DEFAULT_BASE_URL
    key: Secret | None = None
    shape: Shape | None = None
    timeout: float = _TIMEOUT
    max_retries: int = _RETRIES
    max_concurrency: int = _CONCURRENCY
    streaming: StreamingConfig = field(default_factory=StreamingConfig)
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def resolve(  # noqa: PLR0913 - these are the settings
        cls,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        shape: str | None = None,
        timeout: float = _TIMEOUT,
        max_retries: int = _RETRIES,
        max_concurrency: int = _CONCURRENCY,
        streaming: StreamingConfig | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> HolySheepConfig:
        """Arguments first, then the environment, then the defaults.

        Args:
            api_key: "" says: send no key, whatever the environment holds.
            base_url: A URL, or "embedded".
            shape: "openai", "anthropic", "google" or "ollama".
            timeout: See `HolySheepConfig`.
            max_retries: See `HolySheepConfig`.
            max_concurrency: See `HolySheepConfig`.
            streaming: None: the defaults.
            environ: None: `os.environ`.
        """
        env = os.environ if environ is None else environ
        key, key_from = _first(api_key, env, "HOLYSHEEP_API_KEY")
        url, url_from = _first(base_url, env, "HOLYSHEEP_BASE_URL")
        form, form_from = _first(shape, env, "HOLYSHEEP_SHAPE")
        _positive("timeout", timeout)
        if max_retries < 0:
            raise SettingError(f"max_retries is {max_retries!r}.", remedy="Give 0 or more.")
        if max_concurrency < 1:
            raise SettingError(f"max_concurrency is {max_concurrency!r}.", remedy="Give 1 or more.")
        return cls(
            base_url=_checked_url(url or DEFAULT_BASE_URL, url_from),
            key=_checked_key(key, key_from),
            shape=_checked_shape(form, form_from),
            timeout=timeout,
            max_retries=max_retries,
            max_concurrency=max_concurrency,
            streaming=streaming or StreamingConfig(),
            sources={
                "key": key_from,
                "base_url": url_from,
                "shape": form_from,
                "timeout": "default" if timeout == _TIMEOUT else "argument",
                "max_retries": "default" if max_retries == _RETRIES else "argument",
                "max_concurrency": "default" if max_concurrency == _CONCURRENCY else "argument",
                "streaming": "default" if streaming is None else "argument",
            },
        )

    def provider(self, model: str) -> str:
        """Where `model` is asked: "embedded", "holysheep" or the server's host."""
        if self._is_embedded(model):
            return EMBEDDED
        return HOLYSHEEP if self.base_url == DEFAULT_BASE_URL else urlsplit(self.base_url).netloc

    def _is_embedded(self, model: str | None) -> bool:
        if self.base_url == EMBEDDED:
            return True
        return model in EMBEDDED_MODELS and self.sources.get("base_url") != "argument"

    def target(self, model: str | None = None) -> Target | None:
        """The server that `model` is asked at; None: the embedded gateway.

        `local` and `demo` are the embedded gateway's, unless the URL was given as an argument: then the
        caller means that server.

        Raises:
            MissingKeyError: The server needs a key and none is set.
            InsecureURLError: A key would travel over plain http to another machine.
        """
        if self._is_embedded(model):
            return None
        parts = urlsplit(self.base_url)
        hosted = self.base_url == DEFAULT_BASE_URL
        if hosted and self.key is None:
            near = get_close_matches(model or "", EMBEDDED_MODELS, n=1, cutoff=0.75)
            raise MissingKeyError(
                "No API key is set, and api.holysheep.ai needs one; nothing was sent.",
                means=f"Did you mean model={near[0]}?" if near else "",
                remedy="Set HOLYSHEEP_API_KEY; or use model=local or model=demo, which need no key; "
                "or set HOLYSHEEP_BASE_URL to a server of your own.",
            )
        if self.key is not None and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise InsecureURLError(
                f"The API key would travel unencrypted to {parts.netloc}; nothing was sent.",
                means="Over plain http anyone on the way can read it.",
                remedy='Use an https:// URL; if it needs no key, set HOLYSHEEP_API_KEY="" (or api_key="").',
            )
        return Target(self.base_url, self.key, self.shape, HOLYSHEEP if hosted else parts.netloc)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _first(argument: str | None, env: Mapping[str, str], name: str) -> tuple[str | None, str]:
    """The value and where it came from; an empty environment variable counts as unset."""
    if argument is not None:
        return argument, "argument"
    if env.get(name, "").strip():
        return env[name], name
    return None, "default"


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise SettingError(f"{name} is {value!r}.", remedy="Give a number of seconds above 0.")


def _checked_key(key: str | None, source: str) -> Secret | None:
    key = (key or "").strip()
    if not key:
        return None
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingError(
            f"The API key ({source}) holds a space or a character that no key has.",
            remedy="Copy it again, without quotes and line breaks.",
        )
    return Secret(key)


def _checked_url(url: str, source: str) -> str:
    url = url.strip().rstrip("/")
    if url == EMBEDDED:
        return url
    where = f"The base URL ({source})"
    remedy = f"Give a URL such as {DEFAULT_BASE_URL}, or embedded."
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise SettingError(f"{where} is not a web address.", remedy=remedy)
    if "@" in parts.netloc:
        raise SettingError(
            f"{where} holds a user name or a password.",
            means="It would show in outputs and in the usage table.",
            remedy="Take it out, and set HOLYSHEEP_API_KEY to the key.",
        )
    if parts.query or parts.fragment:
        raise SettingError(f"{where} holds a ? or a #.", remedy=remedy)
    return url


def _checked_shape(shape: str | None, source: str) -> Shape | None:
    if shape is None:
        return None
    known = [name for name in get_args(Shape) if name != "text"]
    if shape not in known:
        raise SettingError(
            f"The shape {shape!r} ({source}) is unknown.", remedy=f"It is one of: {', '.join(known)}."
        )
    return cast("Shape", shape)
