"""The database under the ledger and the journal: which one, how to open it, one transaction at a time.

`HOLYSHEEP_STORE` names it: nothing for one SQLite file in `home()`, the path of another file, or any URL of
SQLAlchemy's (`postgresql+psycopg://…` for teams). What is particular to either is in `sqlite.py` and
`postgresql.py`.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import exc, make_url

from hs_notebook.errors import SettingError, StoreError
from hs_notebook.store import postgresql, schema, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection, Engine

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """A store of rows that any thread may use.

    Raises (every method): StoreError when it cannot be opened, read or written.
    """

    def __init__(self, where: str) -> None:
        """Open the database at a path or a URL, creating the tables where there are none.

        Raises:
            SettingError: The URL cannot be used.
        """
        self._url = _parse(where)
        with _told(self._url):
            self._engine = _open(self._url)

    def close(self) -> None:
        """Let go of the file or the server; the next use takes it up again."""
        self._engine.dispose()

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do one piece of work in one transaction."""
        return self._run(work, reads=False)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do one piece of work that changes nothing; it does not wait for writers."""
        return self._run(work, reads=True)

    def _run(self, work: Callable[[Connection], T], *, reads: bool) -> T:
        with _told(self._url):
            for mend in (self._reopen, self._begin_anew):
                try:
                    return self._transact(work, reads=reads)
                except sqlite.ERRORS as error:
                    if not sqlite.is_broken(error):
                        raise
                mend()
            return self._transact(work, reads=reads)

    def _transact(self, work: Callable[[Connection], T], *, reads: bool) -> T:
        with self._engine.connect() as connection:
            if reads:
                connection.execution_options(**sqlite.READ_ONLY)
            with connection.begin():
                return work(connection)

    def _reopen(self) -> None:
        # Another process may have set the broken file aside already: then the path leads to a good one.
        self._engine.dispose()
        self._engine = _open(self._url)

    def _begin_anew(self) -> None:
        self._engine.dispose()
        sqlite.set_aside(sqlite.file_of(self._engine.url))
        self._engine = _open(self._url)


def _parse(where: str) -> URL:
    try:
        url = make_url(where if "://" in where else f"sqlite:///{Path(where).expanduser().absolute()}")
    except (exc.ArgumentError, ValueError):
        url = None  # the error's text may hold the password
    if url is None or (url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}):
        raise SettingError(
            "HOLYSHEEP_STORE names no store.",
            remedy="Give the path of a file, or a URL such as postgresql+psycopg://user@host/database.",
        )
    return url


def _open(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return sqlite.open_file(url)
    if url.get_backend_name() != "postgresql":
        raise SettingError(
            f"HOLYSHEEP_STORE names a store of the kind {url.drivername}, which is none of ours.",
            remedy="Give the path of a file, or a URL such as postgresql+psycopg://user@host/database.",
        )
    try:
        return postgresql.open_server(url)
    except (exc.NoSuchModuleError, ImportError) as error:
        raise SettingError(
            f"There is no driver for a store of the kind {url.drivername}.",
            remedy='Write postgresql+psycopg://…, and: pip install "hs-notebook[postgres]".',
        ) from error
    except schema.NewerError as error:
        raise StoreError(
            f"The usage store {_name(url)} belongs to a newer hs_notebook ({error}) and is left alone.",
            remedy="Update hs_notebook.",
        ) from None


@contextmanager
def _told(url: URL) -> Iterator[None]:
    """Turn what a driver raises into a StoreError that says what to do."""
    try:
        yield
    except (exc.SQLAlchemyError, *sqlite.ERRORS, OSError) as error:
        # Not chained: the text of a driver's error may hold what was to be written.
        raise StoreError(
            f"The usage store {_name(url)} cannot be used: {_reason(error)}.",
            means="Answers go on; what they take, and the text to resume them from, is not recorded.",
            remedy=_remedy(error),
        ) from None


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(sqlite.file_of(url))
    return f"{url.host or 'on this machine'}/{url.database}"


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    origin = getattr(error, "orig", None) or error
    return (str(origin).strip().splitlines() or [type(origin).__name__])[0].rstrip(".")


def _remedy(error: BaseException) -> str:
    if "locked" in str(error):
        return f"Another program has held it for more than {sqlite.BUSY_S:.0f} s; close that program."
    return "Free the disk, mend the rights of the file, or name another store in HOLYSHEEP_STORE."
