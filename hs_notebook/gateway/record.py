"""`gateway.json`: where this gateway listens and the token it asks for, for its user's eyes only."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Record"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Record:
    """What the file says.

    Attributes:
        url: Scheme, host and port; the API is below /v1.
        token: What every request but /health must bear. Never logged, never in arguments or environment.
        pid: This process.
        version: Of hs_notebook; another version's client replaces this gateway.
        started: When, ISO 8601 in UTC.
    """

    url: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    pid: int = field(default_factory=os.getpid)
    version: str = field(default_factory=lambda: version("hs-notebook"))
    started: str = field(default_factory=_now)

    def write(self, path: Path) -> None:
        """Put the file in place in one step, readable by its owner only."""
        draft = path.with_name(f"{path.name}.{self.pid}")
        draft.unlink(missing_ok=True)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(number, "w") as file:  # noqa: PTH123 - a descriptor, for the mode
            json.dump(asdict(self), file, indent=1)
        draft.replace(path)

    def stands_in(self, path: Path) -> bool:
        """Whether the file is this gateway's; False also when it is gone or broken."""
        try:
            return bool(json.loads(path.read_bytes())["token"] == self.token)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def remove(self, path: Path) -> None:
        """Take the file away, if it is this gateway's."""
        if self.stands_in(path):
            with contextlib.suppress(OSError):
                path.unlink()

    def prove(self, challenge: str) -> str:
        """Show knowledge of the token without showing the token (HMAC-SHA256, hex)."""
        return hmac.new(self.token.encode(), challenge.encode(), hashlib.sha256).hexdigest()

    def admits(self, token: str) -> bool:
        """Whether a request's token is the right one; takes equally long for any wrong one."""
        return hmac.compare_digest(token.encode(), self.token.encode())
