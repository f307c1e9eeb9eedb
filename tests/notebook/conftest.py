"""Real kernels, a far end on a real socket, and a key that must show nowhere."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package: kernel.py and far_end.py stand beside

from far_end import FarEnd
from kernel import Kernel

KEY = "planted-7f3b9c-must-not-show"


@pytest.fixture(scope="session")
def _far_end():
    server = FarEnd()
    yield server
    server.stop()


@pytest.fixture
def far(_far_end):
    """The server that the kernels ask: a fresh plan, nothing received."""
    _far_end.reset()
    return _far_end


@contextmanager
def _kernel(home, far_end, **more):
    """A kernel with the extension loaded; at its end no message and no file of it may hold the key.

    `more`: variables of its environment.
    """
    ours = ("HOLYSHEEP_", "HS_", "JPY_SESSION")
    env = {k: v for k, v in os.environ.items() if not k.startswith(ours) and not k.lower().endswith("_proxy")}
    env |= {
        "HOLYSHEEP_HOME": str(home),
        "HOLYSHEEP_BASE_URL": far_end.url,
        "HOLYSHEEP_API_KEY": KEY,
        "HS_NOTEBOOK_ID": "the-notebook",
        **more,
    }
    kernel = Kernel(env, far_end.show)
    try:
        assert kernel.run("%load_ext hs_notebook").status == "ok"
        yield kernel
        kernel.leftovers()
    finally:
        kernel.end()
    assert not [message for message in kernel.seen if KEY in message]
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.fixture(scope="session")
def kernel_at():
    """Makes such a kernel, for a file that shares kernels of its own."""
    return _kernel


@pytest.fixture(scope="module")
def _shared_kernel(tmp_path_factory, jupyter_folders, _far_end):
    with _kernel(tmp_path_factory.mktemp("kernel-home"), _far_end) as kernel:
        yield kernel


@pytest.fixture
def kernel(_shared_kernel, far, request):
    """A kernel that the tests of a file share, each in a notebook of its own; `far` is the server it asks."""
    _shared_kernel.run(f"import os; os.environ['HS_NOTEBOOK_ID'] = {request.node.name!r}")
    return _shared_kernel


@pytest.fixture
def own_kernel(holysheep_home, far):
    """A kernel for one test, at home where the test is; `far` is the server it asks."""
    with _kernel(holysheep_home, far) as kernel:
        yield kernel


@pytest.fixture
def setting(kernel):
    """Set variables of the shared kernel's environment (None: take it away) until the test ends.

    What was there before stays in the kernel's memory: the key must not travel in a message.
    """
    kernel.run("import os; _before = dict(os.environ)")

    def change(**variables):
        for name, value in variables.items():
            change = f"os.environ[{name!r}] = {value!r}" if value else f"os.environ.pop({name!r}, None);"
            assert kernel.run(change).status == "ok"

    yield change
    kernel.run("os.environ.clear(); os.environ.update(_before); del _before")
