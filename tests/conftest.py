"""What every test stands on: a home of its own, no setting from the machine, and no gateway left behind."""

import contextlib
import json
import os
import platform
import signal
import time
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import settings

LEAKS = (
    "HS_NOTEBOOK_ID",
    "JPY_SESSION_NAME",
    "PYTHONPATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    *(
        name
        for scheme in ("HTTP", "HTTPS", "ALL", "NO")
        for name in (f"{scheme}_PROXY", f"{scheme}_proxy".lower())
    ),
)
"""Variables of the machine that would change what a test sees, beside HOLYSHEEP_*."""

TESTS = Path(__file__).parent

LONGEST = (
    "browser/test_live_cell.py",
    "notebook/test_elsewhere.py",
    "client/test_reconnect.py",
    "browser/test_pane.py",
    "notebook/test_resuming.py",
    "test_notebooks.py",
    "store/test_ledger.py",
    "gateway/test_local.py",
    "gateway/test_spool.py",
    "test_embedded.py",
    "browser/test_hostile_at_rest.py",
    "store/export/test_files.py",
    "notebook/test_live.py",
    "gateway/test_lifetime.py",
    "test_readme.py",
    "browser/test_markdown.py",
    "faults/test_every_byte.py",
    "notebook/test_kills.py",
    "client/test_real_gateway.py",
    "faults/test_scenarios.py",
    "client/test_record.py",
    "browser/test_compare.py",
)
"""Files that take 15 s and more, the longest first."""

SHOWN = ("httpx", "msgspec", "ipython", "ipykernel", "anywidget", "pandas", "sqlalchemy", "starlette")
"""Whose versions the report begins with."""


def pytest_report_header():
    python = f"{platform.python_implementation()} {platform.python_version()}"
    packages = " ".join(f"{name}-{version(name)}" for name in SHOWN)
    return f"{python} on {os.cpu_count()} cores: {packages}"


def pytest_configure():
    """Hear SIGINT, which is what ■ sends: under nohup a process and all its children would ignore it.

    And let no property fail because an example took longer than 200 ms, on a machine that is slow or busy.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("any machine", settings(), deadline=None)
    settings.load_profile("any machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest files first, so that none is left to run alone at the end."""
    last = len(LONGEST)
    rank = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, last))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Half characters that a test logged or printed would not get from a worker to the main process."""
    report = yield
    report.sections = [(name, said.encode("utf-8", "replace").decode()) for name, said in report.sections]
    return report


@pytest.fixture(scope="session", autouse=True)
def jupyter_folders(tmp_path_factory):
    """Kernels and servers read no profile and no setting of the person at the keyboard."""
    root = tmp_path_factory.mktemp("jupyter")
    names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            folder = root / name.lower()
            folder.mkdir()
            patch.setenv(name, str(folder))
        yield root


@pytest.fixture(autouse=True)
def holysheep_home(tmp_path_factory, monkeypatch):
    """An empty HOLYSHEEP_HOME, no other HOLYSHEEP_*, no proxy; a gateway started in it ends with the test."""
    for name in [name for name in os.environ if name.startswith("HOLYSHEEP_")]:
        monkeypatch.delenv(name)
    for name in LEAKS:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOLYSHEEP_HOME", str(home))
    yield home
    end_gateway(home)


def end_gateway(home: Path, patience_s: float = 10.0) -> None:
    """End the embedded gateway that runs in this home, if one does, and wait until it is gone."""
    try:
        pid = int(json.loads((home / "gateway.json").read_text())["pid"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return  # none ran, or a test planted a file that names none
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if not _is_gateway(pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        end = time.monotonic() + patience_s
        while _is_gateway(pid) and time.monotonic() < end:
            time.sleep(0.02)


def _is_gateway(pid: int) -> bool:
    """Whether this process runs and is a gateway: a planted or recycled pid must never be ended."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False  # it was our child and has ended
    except ChildProcessError:
        pass  # started by a kernel, or detached
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between open and read
        return False
    return b"hs_notebook.gateway" in command
