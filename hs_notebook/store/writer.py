"""Which process wrote a row, and is it still there?

A row that has a beginning and no end is either in flight or was left behind by a kernel that died. The one
thing that tells them apart is whether its process lives; a process id alone does not do, since ids are used
again.
"""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from hs_notebook.store.moment import now, to_micros

__all__ = ["is_gone", "this_writer", "was_left"]

_GIVEN_UP = to_micros(timedelta(days=1))
"""When a row without an end counts as left behind though nobody can ask its process (another machine's)."""


def this_writer() -> str:
    """The name of this process, unlike any other's before or after: machine, boot, process id, its start."""
    return _writer(os.getpid())


def is_gone(writer: str) -> bool | None:
    """True when the process of that name has ended; None where nobody can tell (another machine, Windows)."""
    machine, pid, _ = writer.split("|")
    if os.name == "nt" or machine != _machine():
        return None
    return _writer(int(pid)) != writer


def was_left(gone: bool | None, written_at: int) -> bool:  # noqa: FBT001 - what `is_gone` says
    """Whether a row without an end, last written at that moment (microseconds), gets none any more."""
    return bool(gone) or (gone is None and written_at < now() - _GIVEN_UP)


@lru_cache(maxsize=4)
def _writer_once(pid: int) -> str:
    return f"{_machine()}|{pid}|{_start(pid)}"


def _writer(pid: int) -> str:
    # Our own start does not change and is asked for at every row; another's is looked up each time.
    return _writer_once(pid) if pid == os.getpid() else f"{_machine()}|{pid}|{_start(pid)}"


@lru_cache(maxsize=1)
def _machine() -> str:
    """Host and, where the system tells it, the boot: process ids and start times are counted from there."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = ""
    return f"{socket.gethostname()}/{boot}".replace("|", "_")


def _start(pid: int) -> str:
    """When a process started, in the system's own words; "" if there is no such process, or on Windows."""
    if Path("/proc/self/stat").exists():
        return _start_in_proc(pid)
    if os.name == "nt":
        return ""
    return _start_by_ps(pid)


def _start_by_ps(pid: int) -> str:
    asked = subprocess.run(  # noqa: S603 - a number and no shell
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "TZ": "UTC"},  # else another kernel's zone or language would tell another start
    )
    return asked.stdout.strip()


def _start_in_proc(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    # The command in parentheses may hold anything; after it the state comes first and the start time 20th.
    # Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (2026-11-22)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
