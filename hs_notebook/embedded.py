"""The embedded gateway, found or started.

The gateway is a process of its own, one per user: it outlives the kernel that starts it and ends itself when
idle. Its file, `gateway.json` in `home()`, says where it listens and the token it asks for. This module needs
nothing but the standard library, and knows of the gateway only that file and two of its paths:

* `GET /health?challenge=…` proves that whoever listens there knows the token, so that neither token nor
  prompt ever goes to a stranger who took a dead gateway's port;
* `POST /shutdown` asks it to take no new work and to end once its answers are done.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hs_notebook.errors import EmbeddedError
from hs_notebook.home import home

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Endpoint", "ensure", "stop"]

_POLL_S = 0.02
_HEALTH_S = 3.0
"""A gateway that cannot say that it is well for this long is as good as dead: another takes its place."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the embedded gateway answers.

    Attributes:
        base_url: What an OpenAI client calls its base URL, "http://127.0.0.1:…/v1".
        token: What it calls its API key.
    """

    base_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Record:
    """What the gateway's file says."""

    url: str
    token: str = field(repr=False)
    version: str

    @property
    def is_ours(self) -> bool:
        """Whether it is of this version of the package."""
        return self.version == version("hs-notebook")

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(f"{self.url}/v1", self.token)


def ensure(timeout: float = 30.0) -> Endpoint:
    """The running gateway of this user; started, or started anew, where there is none of this version.

    Any number of threads and processes may call this at once: one of them starts it, the others wait for
    that.

    Args:
        timeout: Seconds to wait at most.

    Raises:
        EmbeddedError: It cannot be started; the text says why.
    """
    try:
        return _found_or_started(time.monotonic() + timeout)
    except OSError as error:
        raise EmbeddedError(
            f"The embedded gateway cannot use its folder: {error}.",
            remedy="HOLYSHEEP_HOME may name another folder, one that can be written to.",
        ) from None


def _found_or_started(deadline: float) -> Endpoint:
    known = _read()
    alive = known is not None and _lives(known)
    if known is not None and alive and known.is_ours:
        return known.endpoint
    with _alone(deadline):
        record = _read()
        if record != known:  # another kernel has started one while we waited
            alive = record is not None and _lives(record)
            if record is not None and alive and record.is_ours:
                return record.endpoint
        if record is not None and alive:
            _ask(record, "POST", "/shutdown")
        _file().unlink(
            missing_ok=True
        )  # should that gateway only sleep, it sees this when it wakes, and ends
        return _start(deadline).endpoint


def stop() -> bool:
    """Ask the gateway to end once its answers are done; False if none runs.

    From then on nobody finds it any more: the next `ensure()` starts another.
    """
    record = _read()
    return record is not None and _lives(record) and _ask(record, "POST", "/shutdown") is not None


def _file() -> Path:
    return home() / "gateway.json"


def _read() -> _Record | None:
    try:
        told = json.loads(_file().read_bytes())
        return _Record(str(told["url"]), str(told["token"]), str(told["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no file, or one that a crash or a person left broken


def _lives(record: _Record) -> bool:
    """Whether somebody answers there who knows the token; the token itself is not sent."""
    challenge = secrets.token_hex(16)
    health = _ask(record, "GET", f"/health?challenge={challenge}")
    proof = hmac.new(record.token.encode("utf-8", "replace"), challenge.encode(), hashlib.sha256).hexdigest()
    told = "" if health is None else str(health.get("proof"))
    return hmac.compare_digest(told.encode("utf-8", "replace"), proof.encode())


def _ask(record: _Record, method: str, path: str) -> dict[str, Any] | None:
    """One short request; the JSON object of the answer, None for anything else. Proxies play no part."""
    headers = {} if method == "GET" else {"Authorization": f"Bearer {record.token}"}
    try:
        place = urlsplit(record.url)
        with contextlib.closing(HTTPConnection(place.hostname or "", place.port, timeout=_HEALTH_S)) as line:
            line.request(method, path, headers=headers)
            told = json.loads(line.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    return told if isinstance(told, dict) else None


# -- starting one ---------------------------------------------------------------------------------


def _start(deadline: float) -> _Record:
    folder = home()
    log = folder / "gateway.log"
    with _private(log, os.O_APPEND) as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            # -P: no module is taken from the folder it starts in
            [sys.executable, "-P", "-m", "hs_notebook.gateway", "--home", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(),
            **_of_its_own(),
        )
    # Somebody must wait for a child, or it stays a zombie for as long as this kernel lives.
    threading.Thread(target=process.wait, name="hs_notebook gateway reaper", daemon=True).start()
    while time.monotonic() < deadline:
        record = _read()
        if record is not None and _lives(record):
            return record
        if process.poll() is not None:
            raise EmbeddedError(
                f"The embedded gateway ended as it started (exit code {process.returncode}).",
                means=_last_line(log),
                remedy=f"Its log: {log}",
            )
        time.sleep(_POLL_S)
    raise EmbeddedError(
        "The embedded gateway did not start in time.",
        means="This machine may be very busy.",
        remedy=f"Run the cell again; its log: {log}",
    )


def _environment() -> dict[str, str]:
    """Ours; a path in it is made absolute, for the process stands in another folder."""
    weights = os.environ.get("HOLYSHEEP_LOCAL_MODEL")
    if not weights:
        return dict(os.environ)
    return {**os.environ, "HOLYSHEEP_LOCAL_MODEL": str(Path(weights).expanduser().absolute())}


def _of_its_own() -> dict[str, Any]:
    """How the process is cut loose: neither Ctrl-C here nor the end of this kernel or terminal reaches it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError), log.open(errors="replace") as lines:
        return "".join(deque((line for line in lines if line.strip()), maxlen=1)).strip()[:300]
    return ""


# -- one at a time --------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(deadline: float) -> Iterator[None]:
    """Hold the lock under which a gateway is started; the system frees it if we die."""
    with _private(home() / "gateway.lock") as file:
        while not _locked(file):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    "Another program has been starting the embedded gateway for too long.",
                    remedy="Run the cell again.",
                )
            time.sleep(_POLL_S)
        yield


def _private(path: Path, more: int = 0) -> IO[bytes]:
    """A file open for reading and writing, created for its owner only."""
    return open(os.open(path, os.O_RDWR | os.O_CREAT | more, 0o600), "r+b")  # noqa: PTH123 - the mode


def _locked(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
