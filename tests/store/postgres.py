"""A real PostgreSQL of a test run's own: a cluster in a folder of its own, reached by a socket in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

OWNER = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
"""PostgreSQL refuses to run as root: there it runs as the user that Debian's package made for it."""

QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB")
"""Nothing of it has to survive."""

PATIENCE_S = 60


def programs() -> Path | None:
    """The folder of the newest server on this machine; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


class Cluster:
    """A server that runs from `with` to the end of it."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hs-pg-"))  # short: a socket's path has 107 bytes at most
        if OWNER:
            shutil.chown(self.folder, OWNER["user"], OWNER["group"])
        self.folder.chmod(0o755)
        data = self.folder / "data"
        made = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")
        self._run("initdb", *made, "-D", data).communicate()
        settings = [word for setting in QUICK for word in ("-c", setting)]
        self.server = self._run("postgres", "-D", data, "-k", self.folder, "-h", "", *settings)
        self._wait()
        return self

    def __exit__(self, *_):
        self.server.send_signal(signal.SIGINT)  # at once, whoever is still connected
        try:
            self.server.wait(PATIENCE_S)
        finally:
            self.server.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def new_store(self) -> str:
        """The URL of an empty store: a schema of its own, which is made sooner than a database."""
        name = f"s{uuid.uuid4().hex}"
        with self._connect() as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}&options=-csearch_path%3D{name}"

    def _run(self, program, *words):
        log = (self.folder / f"{program}.log").open("wb")
        with log:
            return subprocess.Popen(
                [programs() / program, *words],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"LC_ALL": "C"},
                **OWNER,
            )

    def _connect(self):
        import psycopg

        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)

    def _wait(self):
        end = time.monotonic() + PATIENCE_S
        asks = [programs() / "pg_isready", "-q", "-h", self.folder]
        while subprocess.run(asks, check=False).returncode:
            if self.server.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "postgres.log").read_text())
            time.sleep(0.05)
