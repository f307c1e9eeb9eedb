"""Where a request comes from: which notebook, which cell, which run of the kernel.

The notebook room knows best and sets a finder; without one, the environment tells what it can.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Place", "current_place", "session", "set_place_finder"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from.

    Attributes:
        notebook: The notebook's name or path; "kernel:<session>" where nobody knows it.
        cell_id: The cell's id, as the front end sends it; None outside a notebook.
        execution_count: The number beside the cell; None outside a notebook.
        session: One id for each run of a kernel or script.
    """

    notebook: str
    cell_id: str | None
    execution_count: int | None
    session: str


PlaceFinder = Callable[[], Place | None]
"""Finds the place; None (or an error) leaves it to the environment."""

_finder: PlaceFinder | None = None
_session = uuid.uuid4().hex


def session() -> str:
    """The id of this run of this process: 32 hex digits, another one in a forked child."""
    return _session


def set_place_finder(finder: PlaceFinder | None) -> None:
    """Let `finder` say where requests come from, from now on; None takes it away again."""
    global _finder  # noqa: PLW0603 - one finder for the process
    _finder = finder


def current_place() -> Place:
    """Where a request made now comes from.

    The finder's word if one is set; else the notebook is, in this order, `HS_NOTEBOOK_ID`, `JPY_SESSION_NAME`
    (Jupyter Server sets it), "kernel:<session>".
    """
    found = _finder() if _finder is not None else None
    if found is not None:
        return found
    named = os.environ.get("HS_NOTEBOOK_ID") or os.environ.get("JPY_SESSION_NAME")
    return Place(named or f"kernel:{_session}", None, None, _session)


def _renew_session() -> None:
    global _session  # noqa: PLW0603 - a forked child is another process
    _session = uuid.uuid4().hex


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_session)
