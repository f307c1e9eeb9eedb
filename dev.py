"""Every command of this project, on a machine that has only Python (3.8 or later) and git.

    python3 dev.py quickstart      open the quickstart in JupyterLab, answered by a real model on this machine
    python3 dev.py quickstart --headless    run the same notebook here; print its answers and the usage table
    python3 dev.py test            every check and every test;  -- ARGS: only pytest, with these arguments
    python3 dev.py coverage        the same tests, but those of every byte, and what they ran, by branch
    python3 dev.py check           only what runs no code of ours: lint, format, types, walls
    python3 dev.py js              only the front end: install, types, tests, build
    python3 dev.py bench           the benchmarks, as tables;  -- NAMES: only these
    python3 dev.py soak            10,000 streams, cut and repeated, under gateways that end;  -- --help: less
    python3 dev.py format          put the code into the project's format

Each command first sets up what it needs: uv (fetched into .tools/ where there is none), the locked packages
in .venv/, node from PyPI, and Chromium and PostgreSQL from Debian's packages. Apart from caches and these
system packages, nothing outside this folder is touched.

Rule of this file: only the standard library of Python 3.8, because nothing is installed when it starts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING

from tools.machine import (
    ROOT,
    TOOLS,
    VENV,
    SetupError,
    command_of,
    ensure_chromium,
    ensure_kernels,
    ensure_postgresql,
    find_python,
    heed_sigterm,
    npm,
    python_in,
    run,
    running,
    scripts,
    sync,
    version_of,
)
from tools.report import Report

if TYPE_CHECKING:
    from pathlib import Path

ARTIFACTS = ROOT / "artifacts"
PLAYGROUND = ROOT / "playground"
QUICKSTART = ROOT / "notebooks" / "quickstart.ipynb"
STATIC = ROOT / "hs_notebook" / "static"

PYTHONS = ("3.11", "3.13")
"""The Pythons tested: one with everything, the other, where it is on the machine, with the fast tests."""

FAST = "not browser and not model and not kernel and not long"

WORKERS = min(4, (os.cpu_count() or 1) + 1)
"""Test files run beside each other, one more than there are cores: most of a test's time is waiting."""

SIDE_BY_SIDE = ("-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder")
"""In the order of tests/conftest.py, which begins with the longest files."""

SERVER_SETTINGS = ("HOLYSHEEP_API_KEY", "HOLYSHEEP_BASE_URL", "HOLYSHEEP_SHAPE")
"""What a person at the quickstart may have set, to go on with servers of their own."""


# -- checks -----------------------------------------------------------------------------------


def sync_everything(venv: Path = VENV, python: str | None = None) -> None:
    """All packages, for every check and test."""
    sync("--all-extras", "--all-groups", venv=venv, python=python)


def check_steps(report: Report) -> None:
    """Lint, format, types and walls."""
    for name, *command in (
        ("lint", "ruff", "check"),
        ("format", "ruff", "format", "--check"),
        ("types", "mypy"),
        ("walls", "lint-imports"),
    ):
        report.begin()
        report.step(name, run(str(scripts(VENV) / command[0]), *command[1:]))


def js_steps(report: Report) -> None:
    """Install, types, tests and build of the front end."""
    for name, *command in (("js install", "ci"), ("js types", "run", "check")):
        report.begin()
        report.step(name, npm(*command))
    report.begin()
    record = new_record("js")
    reporters = ("spec", "--test-reporter-destination=stdout", "--test-reporter=junit")
    options = [f"--test-reporter={reporters[0]}", *reporters[1:], f"--test-reporter-destination={record}"]
    report.step("js tests", npm("test", "--", *options), record)
    report.begin()
    report.step("js build", build_is_committed())


def build_is_committed() -> int:
    """Build the front end; 1 if what lay in hs_notebook/static was not what its source gives."""
    before = digests(STATIC)
    if npm("run", "build"):
        return 1
    if digests(STATIC) == before:
        return 0
    print("hs_notebook/static was not what js/ builds. Now it is: commit it.")
    return 1


def digests(folder: Path) -> dict[str, str]:
    """The content of a folder, in short."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# -- tests ------------------------------------------------------------------------------------


def new_record(name: str) -> Path:
    """Where a test run writes its record; an old one is gone."""
    ARTIFACTS.mkdir(exist_ok=True)
    record = ARTIFACTS / f"{name}.xml"
    if record.exists():
        record.unlink()
    return record


def full_tests(report: Report, version: str) -> None:
    """Every test."""
    report.begin()
    record = new_record(f"pytest-{version}")
    status = run(python_in(VENV), "-m", "pytest", *SIDE_BY_SIDE, f"--junitxml={record}")
    report.step(f"pytest {version}", status, record)


def soak_step(report: Report) -> None:
    """A short soak: fewer streams and restarts, and everything must hold as in the long one."""
    report.begin()
    report.step("soak", soak(["--streams", "400", "--at-once", "32", "--restarts", "2"]))


def fast_tests(report: Report, version: str) -> None:
    """The fast tests on another Python, if the machine has it."""
    found = find_python(version)
    if found is None:
        report.left_out(f"pytest {version}", "this Python is not on the machine")
        return
    venv = TOOLS / f"python{version}"
    report.begin()
    sync_everything(venv, found)
    report.step(f"install {version}", 0)
    report.begin()
    record = new_record(f"pytest-{version}")
    report.step(
        f"pytest {version}",
        run(python_in(venv), "-m", "pytest", *SIDE_BY_SIDE, "-m", FAST, f"--junitxml={record}"),
        record,
    )


# -- commands ---------------------------------------------------------------------------------


def test(arguments: list[str]) -> int:
    """Everything that must hold; with arguments, only pytest with these."""
    report = Report()
    if arguments:
        sync_everything()
        ensure_kernels()
        return run(python_in(VENV), "-m", "pytest", *arguments)
    prepare()
    report.step("install", 0)
    check_steps(report)
    js_steps(report)
    here = version_of(python_in(VENV))
    full_tests(report, here)
    soak_step(report)
    fast_tests(report, next(version for version in PYTHONS if version != here))
    return report.close()


def prepare() -> None:
    """All that the tests need, on this machine."""
    sync_everything()
    ensure_kernels()
    ensure_chromium()
    ensure_postgresql()


def coverage() -> int:
    """Which lines and branches the tests run: all but those of every byte, which it would slow down most."""
    prepare()
    python = python_in(VENV)
    run(python, "-m", "coverage", "erase")
    failed = run(python, "-m", "coverage", "run", "-m", "pytest", *SIDE_BY_SIDE, "-m", "not long")
    run(python, "-m", "coverage", "combine", "--quiet")
    return run(python, "-m", "coverage", "report") or failed


def check() -> int:
    """The checks alone."""
    sync_everything()
    report = Report()
    check_steps(report)
    return report.close()


def js() -> int:
    """The front end alone."""
    sync_everything()
    report = Report()
    js_steps(report)
    return report.close()


def bench(arguments: list[str]) -> int:
    """The benchmarks."""
    sync_everything()
    ensure_chromium()
    return run(python_in(VENV), str(ROOT / "benchmarks" / "run.py"), *arguments)


def soak(arguments: list[str]) -> int:
    """Many streams through a line that breaks and gateways that end; 1 if anything does not hold."""
    sync_everything()
    return run(python_in(VENV), str(ROOT / "benchmarks" / "soak"), *arguments)


def format_code() -> int:
    """Format, and mend what ruff can mend."""
    sync_everything()
    ruff = str(scripts(VENV) / "ruff")
    return run(ruff, "check", "--fix") or run(ruff, "format")


def quickstart(*, headless: bool, browser: bool) -> int:
    """The quickstart notebook, as text or in JupyterLab, its store and gateway in this folder."""
    extras = ("local",) if headless else ("local", "export", "plot")  # what its own cells use, or a user's
    chosen = [option for extra in extras for option in ("--extra", extra)]
    sync("--inexact", *chosen, "--no-default-groups", "--group", "weights", "--group", "lab")
    home = TOOLS / ("home-headless" if headless else "home")
    environment = dict(running(), HOLYSHEEP_HOME=str(home))
    if headless:
        shutil.rmtree(home, ignore_errors=True)  # so that the usage table is of this run alone
    try:
        if headless:
            return run(
                python_in(VENV), str(ROOT / "tools" / "show_notebook.py"), str(QUICKSTART), env=environment
            )
        return open_lab(environment, browser=browser)
    finally:
        end_gateway(home)


def open_lab(environment: dict[str, str], *, browser: bool) -> int:
    """JupyterLab on copies of the notebooks, so that running them changes no file under git."""
    PLAYGROUND.mkdir(exist_ok=True)
    copy = PLAYGROUND / QUICKSTART.name
    for notebook in QUICKSTART.parent.glob("*.ipynb"):
        if not (PLAYGROUND / notebook.name).exists():
            shutil.copyfile(notebook, PLAYGROUND / notebook.name)
    print("Your copy: playground/quickstart.ipynb (delete it to start afresh). Ctrl-C twice ends JupyterLab.")
    environment.update({name: os.environ[name] for name in SERVER_SETTINGS if name in os.environ})
    environment["JUPYTER_CONFIG_PATH"] = str(without_news())
    options = [f"--ServerApp.root_dir={PLAYGROUND}", f"--LabApp.default_url=/lab/tree/{copy.name}"]
    if not browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container there is nobody else
    # Ctrl-C in a terminal reaches JupyterLab too, which asks whether it is meant: leave it to that.
    signal.signal(signal.SIGINT, lambda *_: None)
    return run(python_in(VENV), "-m", "jupyterlab", *options, env=environment)


def without_news() -> Path:
    """A folder of settings with which JupyterLab does not ask about its newsletter on the first page."""
    folder = TOOLS / "jupyter"
    page = folder / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    return folder


def end_gateway(home: Path) -> None:
    """End the embedded gateway of this home, which would else wait half an hour for more work."""
    try:
        pid = int(json.loads((home / "gateway.json").read_text())["pid"])
    except (OSError, KeyError, TypeError, ValueError):
        return  # none runs
    if "hs_notebook.gateway" in command_of(pid):
        os.kill(pid, signal.SIGTERM)


# -- the command line -------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Read the command line and do what it says."""
    heed_sigterm()
    at = arguments.index("--") if "--" in arguments else len(arguments)
    theirs = arguments[at + 1 :]  # for the tool behind the command
    options = parser().parse_args(arguments[:at])
    commands = {
        "quickstart": lambda: quickstart(headless=options.headless, browser=not options.no_browser),
        "test": lambda: test(theirs),
        "coverage": coverage,
        "check": check,
        "js": js,
        "bench": lambda: bench(theirs),
        "soak": lambda: soak(theirs),
        "format": format_code,
    }
    return commands[options.command]()


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    opening = commands.add_parser("quickstart", help="the quickstart notebook")
    opening.add_argument("--headless", action="store_true", help="execute it here and print it as text")
    opening.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    for name in ("test", "coverage", "check", "js", "bench", "soak", "format"):
        commands.add_parser(name)
    return whole


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        sys.exit(f"\n{error}")
