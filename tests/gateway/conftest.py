"""A real gateway in its own process for each test that asks, with heartbeats so close that every client meets
some."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .far import Far

PATIENCE_S = 60.0


def wait_for(condition, what, patience_s=PATIENCE_S):
    """The first true value of a condition; a failure that names it if there is none in time."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    pytest.fail(f"waited {patience_s:g} s for {what}")


class Gateway:
    """A running gateway."""

    def __init__(self, process: subprocess.Popen, home: Path) -> None:
        self.process = process
        self.home = home
        self.file = home / "gateway.json"
        self.record = wait_for(self._record, "gateway.json")
        self.url = self.record["url"]
        self.base_url = f"{self.url}/v1"
        self.token = self.record["token"]

    def _record(self):
        assert self.process.poll() is None, "the gateway ended as it started"
        try:
            return json.loads(self.file.read_text())
        except FileNotFoundError:
            return None

    def http(self, timeout: float = 30.0) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=timeout, trust_env=False)

    @property
    def log(self) -> str:
        return (self.home / "gateway.log").read_text()


@contextmanager
def leaving(http: httpx.Client, request: httpx.Request):
    """Send a request; close the connection at the end of the block, whatever has come."""
    with socket.create_connection((http.base_url.host, http.base_url.port)) as line:
        head = "\r\n".join(f"{name}: {value}" for name, value in request.headers.items())
        line.sendall(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n\r\n".encode() + request.content)
        yield


@contextmanager
def running(home: Path, *arguments: str, **environment: str):
    """Start a gateway; it is ended, and must end well, when the block does."""
    with (home / "gateway.log").open("a+b") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hs_notebook.gateway", "--home", str(home), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
    try:
        yield Gateway(process, home)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def idle_long_enough(home: Path, test):
    """Run a test with a gateway that ends when idle, as soon as a busy machine is quick enough for it.

    `test(gateway, idle_s)` raises Idle where the gateway may have ended because we came too late.
    """
    for idle_s in (0.3, 1.5, 7.5):
        try:
            with running(home, "--idle", str(idle_s)) as gateway:
                return test(gateway, idle_s)
        except (Idle, httpx.ConnectError):
            continue
    with running(home, "--idle", "40") as gateway:
        return test(gateway, 40)


class Idle(Exception):  # noqa: N818 - no error of the gateway's
    """We came so late that the gateway may rightly have ended."""


@pytest.fixture
def gateway(holysheep_home):
    with running(holysheep_home, "--heartbeat", "0.05") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log


@pytest.fixture
def far_behind(gateway):
    """A function that puts a far server behind the gateway's `far/…`."""
    servers = []

    def put(answer, key_env="FAR_KEY", shape="openai", models='["model-x"]'):
        far = Far(answer)
        servers.append(far)
        lines = ["[far]", f'base_url = "{far.url}"', f'shape = "{shape}"', f"models = {models}"]
        lines += [f'key_env = "{key_env}"'] if key_env else []
        (gateway.home / "gateway.toml").write_text("\n".join(lines))
        return far

    yield put
    for far in servers:
        far.close()
