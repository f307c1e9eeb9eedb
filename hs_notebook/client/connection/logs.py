"""Keys kept out of logs: httpcore writes headers and stray bytes at DEBUG, where a server may echo a key."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hs_notebook.client.secret import Secret

__all__ = ["hide"]


class _WithoutKeys(logging.Filter):
    """Blots the keys that were sent out of what httpx and httpcore log."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: frozenset[Secret] = frozenset()  # another with each key: every thread may be reading it

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        for key in self.keys:
            message = key.scrub(message)
        record.msg, record.args = message, ()
        return True


_filter = _WithoutKeys()
for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_filter)


def hide(key: Secret) -> None:
    """Blot out this key from now on."""
    _filter.keys |= {key}
