"""Two ways for a cell to wait on its one course: blocking its thread, or awaiting on the kernel's loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from hs_notebook.notebook.presses import Presses

if TYPE_CHECKING:
    from hs_notebook.notebook.cell import Cell

__all__ = ["block", "wait"]


def block(cell: Cell) -> None:
    """Run a cell to its end on this thread.

    Raises:
        Interrupted: ■ was pressed.
        HolySheepError: An answer did not become whole, or could not be asked for.
    """
    news = threading.Event()
    with Presses() as presses:
        for pause in cell.steps(presses, news.set):
            try:
                news.wait(pause)
            except KeyboardInterrupt:  # thrown where Presses cannot count: by a debugger
                presses.press()
            news.clear()


async def wait(cell: Cell) -> None:
    """The same on this loop, which does other things meanwhile: it hears the page.

    ■ would be felt only at the end of a long sleep, for its signal does not wake the loop: a pause is short.

    Raises:
        Interrupted: ■ was pressed, or the task was cancelled.
        HolySheepError: An answer did not become whole, or could not be asked for.
    """
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to wake
            loop.call_soon_threadsafe(news.set)

    with Presses() as presses:
        for pause in cell.steps(presses, wake):
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), pause)
            except asyncio.CancelledError:
                presses.press()
                task = asyncio.current_task()
                if task is not None:
                    task.uncancel()
            news.clear()
