"""What a gateway can be told beside its models: the table `[gateway]` of gateway.toml, read at its start."""

from __future__ import annotations

import logging
import tomllib
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TABLE", "Settings"]

_LOG = logging.getLogger("hs_notebook.gateway")

TABLE = "gateway"
"""The name no server in the file can have."""

_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table.

    Attributes:
        max_streams: How many answers are generated at once; more are refused with 429.
        orphan_grace_s: Seconds for which an answer that nobody reads is still generated.
        keep_s: Seconds for which an answer can be read again after its end.
        keep_bytes: How much all answers that have ended may take on disk; and one that runs.
    """

    max_streams: _Count = 32
    orphan_grace_s: _Seconds = 600.0
    keep_s: _Seconds = 3600.0
    keep_bytes: _Count = 256 * 2**20

    @classmethod
    def read(cls, path: Path) -> Settings:
        """The file's table; where it cannot be read, the defaults, and the log says so."""
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8")).get(TABLE, {})
            return msgspec.convert(told, cls)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:  # both TOML's and msgspec's errors are ValueErrors
            _LOG.warning("%s: [%s] is not heeded: %s", path, TABLE, error)
            return cls()
