"""One real JupyterLab and one real Chromium for all browser tests.

The notebook's own actions (open, run, save) go through Lab's commands; what a person looks at or clicks goes
through the page.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, Route, sync_playwright

from ..notebook.far_end import FarEnd  # noqa: TID252 - tests are no package with a name
from . import bed

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
"""Screenshots: for people to look at, not for comparison; git ignores them."""

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page whose headers a test changes counts as from elsewhere, and may not speak to this machine.
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
]

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosaveInterval": 3600},
}
"""Of JupyterLab: it asks nothing, and saves only when told."""

KERNEL_READY = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
"""Before that, Lab would ask which kernel to start."""

PATIENCE_S = 60.0


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its folder of notebooks, its HOLYSHEEP_HOME."""

    url: str
    token: str
    root: Path
    home: Path

    def end_kernels(self):
        for session in json.loads(self._call("sessions", "GET")):
            with contextlib.suppress(urllib.error.HTTPError):  # it has ended by itself
                self._call(f"sessions/{session['id']}", "DELETE")

    def _call(self, path: str, method: str) -> bytes:
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            return reply.read()


@pytest.fixture(scope="session")
def lab(jupyter_folders, tmp_path_factory):
    root, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("lab-home")
    settings = tmp_path_factory.mktemp("lab-settings")
    for name, values in SETTINGS.items():
        file = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HOLYSHEEP_")}
    environment = kept | {"HOLYSHEEP_HOME": str(home), "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += ["--ServerApp.port=0", f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    with (root.parent / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{server.pid}.json"
        until(lambda: _answers(runtime), "JupyterLab answers", patience_s=150, log=root.parent / "lab.log")
        facts = json.loads(runtime.read_text())
        yield Lab(facts["url"].rstrip("/"), facts["token"], root, home)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        _end_gateway(home)


def _answers(runtime: Path) -> bool:
    try:
        facts = json.loads(runtime.read_text())
        with urllib.request.urlopen(f"{facts['url']}api?token={facts['token']}", timeout=5) as reply:
            return reply.status == 200
    except (OSError, ValueError):
        return False


def _end_gateway(home: Path) -> None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(json.loads((home / "gateway.json").read_text())["pid"], signal.SIGTERM)


def until(condition, what: str, *, patience_s: float = PATIENCE_S, log: Path | None = None):
    """Wait for a condition and give back what made it true; fail by naming it."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    tail = "" if log is None else log.read_text()[-2000:]
    raise AssertionError(f"not within {patience_s:g} s: {what}\n{tail}")


@pytest.fixture(scope="module")
def browser():
    """Chromium, for one file: while it is open, an event loop runs in this thread, and no other can."""
    path = shutil.which("chromium")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield chromium
        chromium.close()


@dataclass
class LiveNotebook:
    """A notebook open in JupyterLab, or in Notebook 7."""

    page: Page
    path: Path
    received: list[int]

    def command(self, name: str, **arguments):
        self.page.evaluate(
            "([name, args]) => { window.jupyterapp.commands.execute(name, args); }", [name, arguments]
        )

    until = staticmethod(until)

    def run_all(self):
        self.command("notebook:run-all-cells")

    def theme(self, name: str):
        self.command("apputils:change-theme", theme=name)
        self.page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def live(self):
        """The live cell's pane; there is one at most in each of these notebooks."""
        return self.page.locator(".hs-pane")

    def text(self) -> str:
        """What the live pane shows; "" while there is none."""
        return "".join(self.page.locator(".hs-text").all_text_contents())

    def cell(self, index: int):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index)

    def output(self, index: int):
        return self.cell(index).locator(".jp-OutputArea")

    def prompt(self, index: int) -> str:
        return self.cell(index).locator(".jp-InputPrompt").inner_text().strip()

    def ended(self, index: int, patience_s: float = PATIENCE_S):
        until(
            lambda: re.fullmatch(r"\[\d+\]:", self.prompt(index)),
            f"cell {index} ended",
            patience_s=patience_s,
        )

    def interrupt(self):
        """Press ■ in the notebook's toolbar."""
        self.page.locator('[data-command="notebook:interrupt-kernel"]').first.click()

    def saved(self) -> nbformat.NotebookNode:
        """Save, and read the file."""
        before = self.path.stat().st_mtime_ns
        self.command("docmanager:save")
        until(lambda: self.path.stat().st_mtime_ns != before, "the notebook is saved")
        until(self._valid, "the file is whole")
        return nbformat.read(self.path, 4)

    def _valid(self):
        with contextlib.suppress(ValueError):
            return json.loads(self.path.read_text())

    def screenshot(self, name: str):
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


@pytest.fixture
def open_notebook(lab, browser, request):
    """A function that writes a notebook of these cells and opens it; or opens a file that is there.

    `where`: "doc/tree" is JupyterLab, "notebooks" Notebook 7. `policy`: the Content-Security-Policy that the
    page is served under, as a server with `tornado_settings` of its own would; None: Jupyter's.
    """
    with contextlib.ExitStack() as ends:
        ends.callback(lab.end_kernels)

        def open_(
            *cells: str,
            path: Path | None = None,
            kernel: bool = True,
            where: str = "doc/tree",
            policy: str | None = None,
        ):
            path = path or _write(lab.root / f"{request.node.name}.ipynb", cells)
            page = ends.enter_context(browser.new_context(viewport={"width": 1100, "height": 760})).new_page()
            received: list[int] = []
            page.set_default_timeout(PATIENCE_S * 1000)
            page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))
            if policy is not None:
                page.route(re.compile(rf"/{where}/"), lambda route: _answer_under(policy, route))
            if not kernel:
                ends.callback(_let_go, _hold_kernels(page))
            page.goto(f"{lab.url}/{where}/{path.name}?token={lab.token}")
            page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            if kernel:
                page.wait_for_function(KERNEL_READY)
            return LiveNotebook(page, path, received)

        yield open_


def _write(path: Path, cells: tuple[str, ...]) -> Path:
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = new_notebook(cells=[new_code_cell(c) for c in cells], metadata={"kernelspec": kernelspec})
    nbformat.write(book, path)
    return path


def _answer_under(policy: str, route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})


def _hold_kernels(page: Page) -> list[Route]:
    """Let the page start no kernel: its requests for one stay without an answer."""
    held: list[Route] = []
    page.route(
        re.compile(r"/api/sessions"),
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    return held


def _let_go(held: list[Route]) -> None:
    for route in held:
        route.abort()


@pytest.fixture
def far():
    """A server that a notebook's kernel may ask."""
    server = FarEnd()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def bed_address():
    with bed.serving() as address:
        yield address


@pytest.fixture
def open_bed(browser, bed_address):
    """A function that opens the live cell without a notebook; the console must stay silent."""
    with contextlib.ExitStack() as ends:
        beds: list[bed.Bed] = []

        def open_(scene: str, theme: str = "light", *, width: int = 1000, height: int = 700, **options):
            address = {name: options.pop(name) for name in ("rtl",) if name in options}
            context = ends.enter_context(
                browser.new_context(viewport={"width": width, "height": height}, **options)
            )
            context.set_default_timeout(PATIENCE_S * 1000)
            beds.append(bed.opened(context.new_page(), bed_address, scene, theme, **address))
            return beds[-1]

        yield open_
        assert [line for bed_ in beds for line in bed_.said] == []
