"""`hs.usage()`: the usage table of this notebook, of this kernel, of everything; row by row or in groups."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from hs_notebook.errors import SettingError
from hs_notebook.store import renamed
from hs_notebook.store.ledger import default
from hs_notebook.store.moment import now, to_micros
from hs_notebook.store.place import current_place
from hs_notebook.store.place import session as this_session
from hs_notebook.store.reading import Selection

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["By", "Scope", "Since", "check_by", "select", "usage"]

Scope = Literal["kernel", "notebook", "all"]
By = Literal["model", "cell", "session", "day", "comparison"]
Since = datetime | date | timedelta | str

_AGO = re.compile(r"(\d{1,5})\s*(min|h|d|w)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def usage(
    by: By | None = None,
    *,
    scope: Scope = "notebook",
    since: Since | None = None,
    session: str | None = None,
) -> pd.DataFrame:
    """What was used: one row for each attempt, the oldest first, or one for each group of them.

    Columns, dtypes and what <NA> means: `Ledger.frame` row by row, `groups.grouped` in groups. Money is a
    Float64 here, to plot and to add up; `df["cost_usd"].sum()` leaves out what is unknown, so look at
    `df["cost_usd"].isna().sum()` too, and with `groupby` say `.sum(min_count=1)`, else a group of which
    nothing is known shows 0. (`by=` does so, and its sums are made in decimal.)

    Args:
        by: "model", "cell", "session", "day" (UTC) or "comparison"; None: row by row.
        scope: Of this "notebook" (whatever its name was before), of this run of the "kernel", or of "all".
        since: Begun then or later: a moment or its ISO text (UTC where no zone is said), a date, or how long
            ago ("30min", "24h", "7d", "2w", a timedelta).
        session: Of that run of a kernel (the column `session`), in any notebook unless `scope` says kernel.

    Raises:
        SettingError: An argument is none of these.
        StoreError: The store cannot be read.
    """
    chosen = select(scope, since, session)
    if by is None:
        return default().frame(chosen.notebook, session=chosen.session, since=chosen.since)
    from hs_notebook.store.views import groups

    check_by(by)
    return groups.grouped(default().columns(groups.needed(by), chosen), by)


def select(scope: Scope = "notebook", since: Since | None = None, session: str | None = None) -> Selection:
    """Which rows that means, here and now.

    Raises:
        SettingError: An argument is none of `usage`'s.
    """
    _check("scope", scope, get_args(Scope))
    moment = None if since is None else _micros(since)
    if session is not None:
        return Selection(session=session, since=moment)
    if scope == "kernel":
        return Selection(session=this_session(), since=moment)
    if scope == "all":
        return Selection(since=moment)
    notebook = current_place().notebook
    renamed.default().follow(notebook)
    return Selection(notebook=notebook, since=moment)


def check_by(by: str) -> None:
    """Make sure that there are such groups.

    Raises:
        SettingError: There are none.
    """
    _check("by", by, get_args(By))


def _check(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingError(f"{name}={str(value)[:40]!r} is none of {', '.join(known)}.")


def _micros(since: Since) -> int:
    if isinstance(since, str):
        since = _parsed(since.strip())
    if isinstance(since, timedelta):
        return now() - to_micros(since)
    if not isinstance(since, datetime):
        since = datetime.combine(since, time())
    return to_micros(since if since.tzinfo is not None else since.replace(tzinfo=UTC))


def _parsed(text: str) -> datetime | timedelta:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SettingError(
            f"since={text[:40]!r} is no moment.",
            remedy="Write 2026-11-22, 2026-11-22T14:30+01:00, or how long ago: 30min, 24h, 7d, 2w.",
        ) from None
