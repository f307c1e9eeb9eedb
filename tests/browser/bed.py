"""The live cell on a page of its own, without notebook and kernel: js/tests/bed.html, served on loopback.

The kernel's messages come from the test, or from a scene of js/tests/scenes.js. The page allows no
script and no style but its own files, and no HTML from strings.
"""

import contextlib
import sys
import threading
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
LAB_THEMES = Path(sys.prefix) / "share" / "jupyter" / "lab" / "themes" / "@jupyterlab"
THEMES = {"light": "theme-light", "dark": "theme-dark", "contrast": "theme-dark-high-contrast"}

FRAMES = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"""
"""Resolves when what was sent before is on the screen."""


class Files(SimpleHTTPRequestHandler):
    """The bed's own files, the built front end, and JupyterLab's themes; nothing else."""

    def translate_path(self, path: str) -> str:
        first, _, rest = urlsplit(path).path.lstrip("/").partition("/")
        if first == "static":
            return str(ROOT / "hs_notebook" / "static" / Path(rest).name)
        if first == "themes":
            return str(LAB_THEMES / f"{THEMES[Path(rest).stem]}-extension" / "index.css")
        return str(ROOT / "js" / "tests" / first)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving():
    """The bed's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/bed.html"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Bed:
    """The page, and what its console has said that was not meant."""

    page: Page
    said: list[str] = field(default_factory=list)

    def send(self, *messages: dict) -> None:
        """Messages from the kernel; returns when they are painted."""
        self.page.evaluate("messages => live.arrive(...messages)", list(messages))
        self.page.evaluate(FRAMES)

    def states(self, seq: int, *states: dict) -> None:
        """The scene's own states, each changed by these members."""
        self.page.evaluate(
            """([seq, changes]) => {
                 const { panes } = live.scene.find((message) => message.type === "snapshot");
                 const states = panes.map(({ text, reasoning, ...state }, pane) => {
                   return { pane, ...state, ...changes[pane] };
                 });
                 live.arrive({ type: "update", seq, states });
               }""",
            [seq, list(states)],
        )
        self.page.evaluate(FRAMES)

    def sent(self, type_: str) -> list[dict]:
        """What the page sent to the kernel."""
        return [message for message in self.page.evaluate("live.sent") if message["type"] == type_]

    def button(self, name: str, nth: int = 0):
        return self.page.get_by_role("button", name=name, exact=True).nth(nth)

    def focused(self) -> str:
        """The words of what has the focus."""
        return self.page.evaluate(
            "document.activeElement.textContent.trim() || document.activeElement.className"
        )


def opened(page: Page, address: str, scene: str, theme: str = "light", **options: str) -> Bed:
    """The bed with this scene, painted."""
    bed = Bed(page)
    page.on(
        "console",
        lambda message: bed.said.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: bed.said.append(str(error)))
    page.goto(f"{address}?{urlencode({'scene': scene, 'theme': theme, **options})}")
    page.locator(".hs-model:not(:empty)").first.wait_for()
    page.evaluate(FRAMES)
    return bed
