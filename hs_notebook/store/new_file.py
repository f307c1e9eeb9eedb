"""A file of the user's that is there as a whole or not at all, and replaces nothing unasked."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from hs_notebook.errors import SettingError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["check_free", "new_file"]


def check_free(target: Path, *, overwrite: bool) -> None:
    """Make sure that the name is free, or may be taken.

    Raises:
        SettingError: It is not.
    """
    if target.exists() and not overwrite:
        raise SettingError(
            f"{target} is there already; nothing was written.", remedy="Say overwrite=True to replace it."
        )


@contextmanager
def new_file(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """A file beside the target, to be written; it takes the target's place at the end, or goes.

    Raises:
        SettingError: Somebody else has taken the name meanwhile.
        StoreError: It cannot be written.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        if overwrite:
            part.replace(target)
        else:
            _put(part, target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StoreError(f"{target} cannot be written: {reason}.", remedy="Name another folder.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _put(part: Path, target: Path) -> None:
    """Give the file its name, unless that is taken by now."""
    try:
        os.link(part, target)
    except OSError:  # it is taken, or the file system has no links
        check_free(target, overwrite=False)
        part.replace(target)
