"""A real JupyterLab with real kernels, and a real Chromium with one notebook open in it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import sync_playwright

from live_cell.texts import number_of

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosaveInterval": 3600},
}
"""Of JupyterLab: it asks nothing, and saves only when told."""
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
ENDED = r"""cell =>
  /^\[\d+\]:$/.test(document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")[cell].textContent.trim())"""
WATCH = (Path(__file__).parent / "watch.js").read_text()
PATIENCE_S = 120
"""Seconds for what is not measured: a busy machine starts a kernel late."""


class Lab:
    """JupyterLab's server, in folders of its own.

    Args:
        far_end: The server that its kernels ask.
    """

    def __init__(self, far_end):
        self._far_end = far_end

    def __enter__(self):
        self._ends = contextlib.ExitStack()
        self.root = Path(self._ends.enter_context(tempfile.TemporaryDirectory(prefix="live-cell-")))
        for name, values in SETTINGS.items():
            file = self.root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        (self.root / "notebooks").mkdir()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
        command += ["--ServerApp.port=0", f"--ServerApp.root_dir={self.root / 'notebooks'}"]
        command += ["--LabApp.expose_app_in_browser=True"]
        log = self._ends.enter_context((self.root / "lab.log").open("wb"))
        self._process = subprocess.Popen(
            command, env=self._environment(), stdout=log, stderr=log, start_new_session=True
        )
        self._ends.callback(self._end)
        self._runtime = self.root / "jupyter_runtime_dir"
        facts = self._runtime / f"jpserver-{self._process.pid}.json"
        self._until(facts.exists, "JupyterLab has begun")
        told = json.loads(facts.read_text())
        self.url, self.token = told["url"].rstrip("/"), told["token"]
        self._until(self._answers, "JupyterLab answers")
        return self

    def __exit__(self, *_):
        self._ends.close()

    def connection_file(self):
        """Of the kernel that runs: there is one at a time."""
        (file,) = self._runtime.glob("kernel-*.json")
        return file

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLYSHEEP_")}
        folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        return kept | {
            "HOLYSHEEP_HOME": str(self.root / "home"),
            "HOLYSHEEP_BASE_URL": self._far_end.url,
            "HOLYSHEEP_API_KEY": "none",
            "JUPYTERLAB_SETTINGS_DIR": str(self.root / "settings"),
            **{name: str(self.root / name.lower()) for name in folders},
        }

    def _end(self):
        self.end_kernels()
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end_kernels(self):
        for session in json.loads(self.call("sessions")):
            with contextlib.suppress(urllib.error.HTTPError):  # it has ended by itself
                self.call(f"sessions/{session['id']}", "DELETE")

    def call(self, path, method="GET"):
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            return reply.read()

    def _answers(self):
        with contextlib.suppress(OSError):
            return bool(self.call(""))

    def _until(self, condition, what):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{what}: not within {PATIENCE_S} s\n{(self.root / 'lab.log').read_text()}"
                )
            time.sleep(0.05)

    @contextlib.contextmanager
    def notebook(self, *cells, shown):
        """A notebook of these cells in a browser and a kernel of its own; the class of what shows a text."""
        kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = new_notebook(cells=[new_code_cell(c) for c in cells], metadata={"kernelspec": kernelspec})
        path = self.root / "notebooks" / f"{time.monotonic_ns()}.ipynb"
        nbformat.write(book, path)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=list(CHROMIUM)
            )
            try:
                page = chromium.new_page(viewport={"width": 1400, "height": 900})
                yield Notebook(page, f"{self.url}/doc/tree/{path.name}?token={self.token}", shown)
            finally:
                chromium.close()
                self.end_kernels()


class Notebook:
    """The page.

    Attributes:
        seen: The words that were painted, by text: their numbers, and when.
        tasks: The tasks of its main thread that took over 50 ms: when each began, and seconds.
        clicks: When something was clicked.
        loads: When the page began to load.
    """

    def __init__(self, page, address, shown):
        self.page = page
        self.seen = defaultdict(list)
        self.tasks, self.clicks, self.loads = [], [], []
        page.set_default_timeout(PATIENCE_S * 1000)
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.on("Runtime.bindingCalled", self._hear)
        self._devtools.send("Runtime.enable")
        self._devtools.send("Runtime.addBinding", {"name": "heard"})
        page.add_init_script(WATCH.replace("CLASS", shown))
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(address)
        self.ready()

    def _hear(self, event):
        for told in json.loads(event["payload"]):
            at = told["at"] / 1000
            if told["kind"] == "seen":
                self.seen[told["pane"]].append((number_of(told["word"]), at))
            elif told["kind"] == "task":
                self.tasks.append((at, told["ms"] / 1000))
            else:
                {"click": self.clicks, "page": self.loads}[told["kind"]].append(at)

    def ready(self):
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.page.wait_for_function(IDLE)

    def command(self, name):
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    def run(self, cell):
        """Run a cell; it may take long."""
        self.page.evaluate(
            """cell => {
                 const { jupyterapp } = window;
                 jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
                 jupyterapp.commands.execute("notebook:run-cell");
               }""",
            cell,
        )

    def ran(self, cell):
        """Wait for a cell's end."""
        self.page.wait_for_function(ENDED, arg=cell)

    def save(self):
        """Save the notebook, and wait until that is done."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")

    def work(self):
        """Seconds of the processor that the page's main thread has taken, and seconds gone by."""
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        figures = {metric["name"]: metric["value"] for metric in metrics}
        return figures["TaskDuration"], figures["Timestamp"]

    def until(self, condition, patience_s=PATIENCE_S):
        """Wait, while the page goes on telling; whether it came true."""
        end = time.monotonic() + patience_s
        while not (found := condition()) and time.monotonic() < end:
            self.page.wait_for_timeout(20)
        return found

    def shows(self, number, panes=(0,)):
        """Whether all these texts have come to this word."""
        return all(self.seen[pane] and self.seen[pane][-1][0] >= number for pane in panes)

    def delays(self, pane, sent):
        """Of each word that was painted, seconds since it was written; `sent`: when each was."""
        delays = []
        for number, at in self.seen[pane]:
            delays += [at - written for written in sent[len(delays) : number + 1]]
        return delays
