"""How soon a cell that is run again shows the text that was kept, before the server has said a word.

A real kernel. From the request to execute the cell to the first message of the kernel that holds the text:
as the first cell of a kernel that took the place of a killed one, imports included, and as a later cell.
"""

import os
import signal
import statistics
import time
from datetime import UTC, datetime

from jupyter_client.manager import KernelManager
from server import Server
from tables import table

from hs_notebook.store import journal

NOTEBOOK = "the-notebook"
CELL = "%%holysheep model=paced-3000-30-4\nGo on."
KEPT = "xxx " * 50
"""What must be in one message: half a second of the answer, where a message of the stream has a twentieth."""


def run(options):
    with Server() as url:
        os.environ.update(HOLYSHEEP_BASE_URL=url, HOLYSHEEP_API_KEY="none", HS_NOTEBOOK_ID=NOTEBOOK)
        kernel = Kernel()
        try:
            seconds = [measured(kernel) for _ in range(options.rounds)]
        finally:
            kernel.end()
    first, later = zip(*seconds, strict=True)
    return table(
        f"Kept text is shown again, {options.rounds} times each",
        ["", "median, ms", "slowest, ms"],
        [row("the first cell of a new kernel, with its imports", first), row("a later cell", later)],
    )


def row(name, seconds):
    return [name, *(f"{1000 * value:.0f}" for value in (statistics.median(seconds), max(seconds)))]


def measured(kernel):
    """Seconds for the first cell of a new kernel, and for a later one."""
    kernel.begin_answer()
    kernel.kill()
    kernel.run("%load_ext hs_notebook")
    first = kernel.seconds_to_kept_text()
    kernel.stop()
    kernel.begin_answer()
    kernel.stop()
    later = kernel.seconds_to_kept_text()
    kernel.stop()
    return first, later


class Kernel:
    def __init__(self):
        self.manager = KernelManager()
        self.manager.start_kernel()
        self._connect()
        self.run("%load_ext hs_notebook")

    def _connect(self):
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def begin_answer(self):
        """Ask afresh, until twice as much is on disk as must be shown later."""
        self._send(CELL.replace("\n", " fresh\n"))
        begun = datetime.now(UTC)
        while not ((kept := journal.default().latest(NOTEBOOK)) and kept.created_at > begun and holds(kept)):
            time.sleep(0.05)

    def seconds_to_kept_text(self):
        began = time.perf_counter()
        asked = self._send(CELL)
        self._until(lambda message: KEPT in str(message["content"]), asked)
        return time.perf_counter() - began

    def run(self, code):
        self._until(idle, self._send(code))

    def stop(self):
        """■, and wait for the cell's end."""
        self.manager.interrupt_kernel()
        self._until(idle, self._asked)

    def kill(self):
        os.kill(self.manager.provisioner.pid, signal.SIGKILL)
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self._connect()

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def _send(self, code):
        """Ask for a cell's execution with its id, as a front end with a page does."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": "the-cell"})
        self.client.shell_channel.send(message)
        self._asked = message["header"]["msg_id"]
        return self._asked

    def _until(self, wanted, asked):
        while not wanted(self._next(asked)):
            pass

    def _next(self, asked):
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == asked:
                return message


def idle(message):
    return message["content"].get("execution_state") == "idle"


def holds(kept):
    return len(kept.text) >= 2 * len(KEPT)
