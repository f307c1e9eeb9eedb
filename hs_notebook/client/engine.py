"""One background thread with one event loop, for everything this package does on the network.

It starts with the first request and ends with the interpreter. A forked child gets an engine of its own.
On the user's own loop nothing of ours ever runs.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from hs_notebook.errors import HolySheepError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Engine", "engine"]

T = TypeVar("T")
_GOODBYE = 5.0
"""Seconds that running streams get to close their connections and write their rows at exit."""


class Engine:
    """A daemon thread that runs an event loop.

    Attributes:
        loop: The loop; only `submit` and `call` are for other threads.
        shared: What all clients share on this loop (connections, the ledger's writer), by name.
        stoppers: Called on the loop when the interpreter ends, one for each stream that runs.
        closers: Called then, in turn, when the loop has ended.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(_DaemonThreads())
        self.shared: dict[object, Any] = {}
        self.stoppers: set[Callable[[], None]] = set()
        self.closers: list[Callable[[], None]] = []
        self._gate = threading.Lock()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="hs_notebook", daemon=True)
        self._thread.start()

    def submit(self, coro: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `coro` on the loop; from any thread.

        Raises:
            HolySheepError: The engine has ended, or is about to.
        """
        with self._gate:
            if not self._ending:
                return asyncio.run_coroutine_threadsafe(coro, self.loop)
        coro.close()
        raise _over()

    def begin(self, function: Callable[[], object]) -> None:
        """Call `function` on the loop soon, to begin something that ends with the engine; from any thread.

        Raises:
            HolySheepError: The engine has ended, or is about to: nobody would bring it to an end.
        """
        with self._gate:  # so what is begun is on the loop before the goodbye is
            if not self._ending:
                self.call(function)
                return
        raise _over()

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call `function` on the loop soon; from any thread. After the end it does nothing."""
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed: the interpreter is on its way out
            return

    def stop(self) -> None:
        """Let what runs end itself, for a bounded time, then end the loop."""
        with self._gate:
            self._ending = True
        self.call(self._goodbye)
        self._thread.join(_GOODBYE + 1)
        for close in self.closers:
            close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def _goodbye(self) -> None:
        for stop in list(self.stoppers):
            stop()
        tasks = asyncio.all_tasks(self.loop)
        self._last = self.loop.create_task(self._wait_then_stop(tasks))

    async def _wait_then_stop(self, tasks: set[asyncio.Task[Any]]) -> None:
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE)
        # Whoever is not done by now is not waited for, and not complained about to a user who wants out.
        self.loop.set_exception_handler(lambda _loop, _context: None)
        self.loop.stop()


def _over() -> HolySheepError:
    return HolySheepError(
        "Python is ending, and hs_notebook with it; nothing was sent.",
        remedy="Ask before the program's end, not in what runs at exit.",
    )


class _DaemonThreads(ThreadPoolExecutor):
    """An executor whose work never holds up the end of the interpreter (a name look-up may hang for long)."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401 - as the base says
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it is the caller's, whatever it is
                future.set_exception(error)

        threading.Thread(target=work, name="hs_notebook-work", daemon=True).start()
        return future


_lock = threading.Lock()
_engine: Engine | None = None
_abandoned: list[Engine] = []


def engine() -> Engine:
    """This process's engine, started when first asked for."""
    global _engine  # noqa: PLW0603 - one engine a process
    with _lock:
        if _engine is None:
            _engine = Engine()
            atexit.register(_engine.stop)
        return _engine


def _forget_after_fork() -> None:
    """In a forked child the thread is gone, and loop and sockets are the parent's: keep them untouched."""
    global _engine, _lock  # noqa: PLW0603 - one engine a process
    _lock = threading.Lock()
    if _engine is not None:
        atexit.unregister(_engine.stop)
        _abandoned.append(_engine)
        _engine = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
