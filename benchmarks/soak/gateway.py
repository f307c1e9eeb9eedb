"""The real gateway, a process at one port, that is ended and started again while clients are at work."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

from script import MODEL

KEY = "SOAK_KEY"

SETTINGS = """
[gateway]
max_streams = 512
keep_s = 120

[soak]
base_url = "http://127.0.0.1:{port}/v1"
key_env = "{key}"
models = ["{model}"]
"""

PATIENCE_S = 60.0


class Gateway:
    """The gateway, and the clients' gateway.json, which leads to it by way of the line.

    Attributes:
        port: Its own, at every start the same.
        deaths: By which signal each one before this one was ended. Its key at the provider is its place in
            that order.
    """

    def __init__(self, home, clients_home):
        self.deaths = []
        self.port = _free_port()
        self._home = home
        self._clients_home = clients_home
        self._line_port = 0
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self, provider_port, line_port):
        """Start the first one."""
        self._line_port = line_port
        settings = SETTINGS.format(port=provider_port, key=KEY, model=MODEL)
        (self._home / "gateway.toml").write_text(settings)
        self._start()

    def restart(self, how):
        """End it by this signal and start another; meanwhile the clients wait, as for any that one starts."""
        with self._alone():
            self._process.send_signal(how)
            self._process.wait(PATIENCE_S)
            self.deaths.append(how.name)
            self._start()

    def end(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE_S)

    def _start(self):
        command = [sys.executable, "-m", "hs_notebook.gateway"]
        with (self._home / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--home", str(self._home), "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, KEY: str(len(self.deaths))},
            )
        record = self._record()
        record["url"] = f"http://127.0.0.1:{self._line_port}"
        draft = self._clients_home / "gateway.json.new"
        draft.write_text(json.dumps(record))
        draft.replace(self._clients_home / "gateway.json")

    def _record(self):
        """What its own gateway.json says, once it is there."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                told = json.loads((self._home / "gateway.json").read_text())
            except (OSError, ValueError):
                told = {}
            if told.get("pid") == self.pid:
                return told
            time.sleep(0.02)
        msg = f"the gateway did not start: {(self._home / 'gateway.log').read_text()[-1000:]}"
        raise RuntimeError(msg)

    @contextmanager
    def _alone(self):
        """Hold the lock under which `hs_notebook.embedded` starts a gateway, so that no client starts one."""
        with (self._clients_home / "gateway.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
