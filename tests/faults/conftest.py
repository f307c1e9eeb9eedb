"""Servers, proxies and clients of the fault bench; the servers are those of `tests/client`."""

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))  # for `misbehaving` and `replaying`

from misbehaving import Server

from ..gateway.conftest import running  # noqa: TID252 - tests are no package with a name
from .bench import Relayed, warm_up
from .proxy import Proxy, on_a_thread


@pytest.fixture
def serve():
    """Start a server by its script; all are ended with the test."""
    servers = []

    def start(script, **options):
        servers.append(Server(script, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def through():
    """Put a proxy before a port; all are ended with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda port, plan=None: stack.enter_context(
            on_a_thread(Proxy(port) if plan is None else Proxy(port, plan))
        )


@pytest.fixture(scope="session")
def relayed(tmp_path_factory):
    """The real gateway and a provider behind it, for all scenarios."""
    with running(tmp_path_factory.mktemp("gateway"), "--heartbeat", "0.05") as gateway:
        relayed = Relayed(gateway)
        warm_up(relayed)
        yield relayed
        relayed.close()
    assert "Traceback" not in gateway.log
