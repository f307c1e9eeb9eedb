"""What the client and the gateway hold on to: tasks, threads, connections, files, memory."""

import asyncio
import os
import threading
from dataclasses import dataclass

import psutil

from hs_notebook.client.engine import engine


@dataclass(frozen=True)
class Held:
    """At one moment.

    Attributes:
        tasks: On the engine's loop.
        threads: Of hs_notebook in the client's process.
        connections: TCP, of the client's process.
        files: Descriptors of the client's process, those of connections too, without the store's.
        store_files: Descriptors of the store's files. SQLite keeps those of a closed connection for the next
            one, as long as another is open: there are as many as there were connections at once.
            Source: https://www.sqlite.org/src/file/src/os_unix.c, `UnixUnusedFd` (2026-11-22)
        gateway_files: The same of the gateway's.
    """

    tasks: int
    threads: int
    connections: int
    files: int
    gateway_files: int
    store_files: int

    def exceeds(self, other):
        """Whether any figure that must fall back is higher than another time."""
        falls = {name: mine for name, mine in vars(self).items() if name != "store_files"}
        return any(mine > getattr(other, name) for name, mine in falls.items())


async def held(gateway_pid):
    me = psutil.Process()
    store = sum(".sqlite" in file.path for file in me.open_files())
    return Held(
        tasks=await asyncio.wrap_future(engine().submit(_tasks())),
        threads=sum(one.name.startswith("hs_notebook") for one in threading.enumerate()),
        connections=len(me.net_connections("tcp")),
        files=me.num_fds() - store,
        gateway_files=psutil.Process(gateway_pid).num_fds(),
        store_files=store,
    )


async def _tasks():
    return len(asyncio.all_tasks()) - 1  # without this one


def memory_mb(gateway_pid):
    """Resident memory of this process and of the gateway, MB; None for one that is being restarted."""
    mine = psutil.Process(os.getpid()).memory_info().rss / 1e6
    try:
        return mine, psutil.Process(gateway_pid).memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return mine, None
