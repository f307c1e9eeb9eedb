"""All that is particular to SQLite: one file, several kernels writing to it, and what can befall a file."""

from __future__ import annotations

import os
import random
import sqlite3
import time
import warnings
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, exc

from hs_notebook.store import checkpoint, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

__all__ = ["BUSY_S", "is_broken", "open_file", "set_aside"]

BUSY_S = 5.0
"""Seconds to wait for another writer's lock."""

_TURN_S = (0.0001, 0.0009)
"""Seconds between two tries to write: a transaction holds the lock for about as long."""

READ_ONLY = {"hs_read_only": True}
"""Execution option of a connection that only reads: it need not wait for the write lock."""

ERRORS = (exc.DatabaseError, sqlite3.DatabaseError)
"""What a file at fault raises: through SQLAlchemy, or past it while the connection is being made."""

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "beegfs",
    "gpfs",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
}
"""File systems on which several machines may hold the file, and WAL's shared memory is not shared.

Source: https://www.sqlite.org/wal.html "WAL does not work over a network filesystem" (2026-11-22)
"""


def open_file(url: URL) -> Engine:
    """Open, and where needed create or upgrade, the store in one SQLite file.

    A broken file is set aside under another name and a new one begun; a file of a newer version of this
    package is left as it is and a file of this version kept beside it. Either is told in one warning; no file
    is deleted.
    """
    broken = False
    while True:
        path = file_of(url)
        _create_private(path)
        engine = _engine(url)
        try:
            _choose_journal(engine, path)
            with engine.begin() as connection:
                schema.prepare(connection)
        except schema.NewerError as error:
            engine.dispose()
            url = _beside(url, error.found)
        except ERRORS as error:
            engine.dispose()
            if broken or not is_broken(error):
                raise
            broken = True
            set_aside(path)
        else:
            return engine


def is_broken(error: Exception) -> bool:
    """Whether the file itself is at fault: not a database, or damaged."""
    origin = getattr(error, "orig", error)
    return (getattr(origin, "sqlite_errorcode", 0) & 0xFF) in _BROKEN


def set_aside(path: Path) -> None:
    """Give a broken file, and what SQLite keeps beside it, another name; and say so.

    Several kernels may find it broken at once: one at a time looks, and only what is still broken goes.
    """
    kept = path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    with _alone(path):
        if not path.exists() or _is_sound(path):
            return
        for suffix in ("-wal", "-shm", "-journal", ""):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + suffix))
    _tell(f"The usage store {path} is damaged; it was kept as {kept.name} and a new one begun.")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes out; the system lets go of the lock when this one dies."""
    with path.with_name(f"{path.name}.lock").open("wb") as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_S)) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        return not is_broken(error)


def _beside(url: URL, found: int) -> URL:
    path = file_of(url)
    ours = path.with_name(f"{path.stem}.v{schema.VERSION}{path.suffix}")
    _tell(
        f"The usage store {path} belongs to a newer hs_notebook (version {found} of its tables) and is left"
        f" alone; this one writes to {ours.name}. Update hs_notebook to see all in one."
    )
    return url.set(database=str(url.database).replace(str(path), str(ours)))


def _tell(message: str) -> None:
    warnings.warn(message, stacklevel=2)


def file_of(url: URL) -> Path:
    """The file a URL names, also when it is written as SQLite's own `file:` URI."""
    return Path(str(url.database).removeprefix("file:")).absolute()


def _create_private(path: Path) -> None:
    """Make the file readable by its owner only; SQLite gives what it keeps beside it the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, hide_parameters=True)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    if not url.query:  # else only its own words open it, and SQLite copies the log in its own way
        checkpoint.beside_writers(engine, file_of(url))
    return engine


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's type for any driver
    connection.isolation_level = None  # else the driver begins by itself, and deferred


def _on_begin(connection: Connection) -> None:
    # Safe when the process dies; only a power cut can take the last rows with it.
    connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
    if connection.get_execution_options().get("hs_read_only", False):
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_to_write(connection.connection.driver_connection)


def _begin_to_write(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's type for any driver
    """Begin a transaction that may write, when it is our turn.

    A deferred BEGIN that reads and then writes fails at once when another wrote in between, whatever the busy
    timeout. An immediate one waits; but SQLite's own waiting sleeps the longer the longer it has lasted, so
    that among many writers some starve. Ours asks as often after a second as at first.
    """
    deadline = time.monotonic() + BUSY_S
    connection.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(*_TURN_S))  # noqa: S311 - so that two do not meet again and again
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}")


def _choose_journal(engine: Engine, path: Path) -> None:
    """WAL: readers and a writer do not wait for each other; a rollback journal where it cannot work."""
    wanted = "delete" if is_on_network(path) else "wal"
    deadline = time.monotonic() + BUSY_S
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        while True:
            try:
                # Answers the mode that holds, which stays "delete" where the file system cannot do WAL.
                cursor.execute(f"PRAGMA journal_mode={wanted}")
            except sqlite3.OperationalError as error:
                # Changing the mode needs the file for a moment, and the busy timeout does not cover it.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
    finally:
        connection.close()


def is_on_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a file lies on a network drive, by the longest mount point above it; False if nobody tells."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    best, kind = -1, ""
    for line in lines:
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), found
    return kind in _NETWORK
