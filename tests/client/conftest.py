"""A server at the other end of the socket, and a client that asks it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `misbehaving` is a module of these tests alone

from misbehaving import Server

from hs_notebook import HolySheep


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
def client():
    """A client of a server; its streams are ended with the test."""
    clients = []

    def make(server, **options):
        clients.append(HolySheep(base_url=server if isinstance(server, str) else server.url, **options))
        return clients[-1]

    yield make
    for one in clients:
        one.close()


@pytest.fixture
def rows():
    """The usage rows written so far, oldest first, each as a dict of its known values."""
    from hs_notebook.store import ledger

    def read():
        frame = ledger.default().frame()
        return [row.dropna().to_dict() for _, row in frame.iterrows()]

    return read


@pytest.fixture
def own_prices(holysheep_home):
    """A price of GPT-4.1 in the user's own book: the tests' servers are not HolySheep's."""
    path = holysheep_home / "prices.toml"
    path.write_text('[[price]]\nmodel = "gpt-4.1"\ninput = 2.5\noutput = 10\n', "utf-8")
    return path


@pytest.fixture
def nothing_is_stored(monkeypatch):
    """Rows and journal take half of the time: for tests with hundreds of answers and no eye for them."""
    from hs_notebook.client.record import Recorder

    monkeypatch.setattr(Recorder, "put", lambda *_: None)


@pytest.fixture
def no_back_off(monkeypatch):
    """Back-off is drawn from the same rule, a hundred times faster: what is tested is the retrying."""
    from hs_notebook.client.resuming import rules

    monkeypatch.setattr(rules, "LONGEST_PAUSE", 0.01)
