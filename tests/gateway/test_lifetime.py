"""How the gateway's process begins and ends: its file, its idle end, signals."""

import contextlib
import json
import signal
import stat
import threading
import time
from pathlib import Path

import httpx
import pytest

from .conftest import Idle, idle_long_enough, running, wait_for

ASK = {"model": "demo", "messages": [{"role": "user", "content": "x"}], "stream": True}


def ended(gateway):
    return lambda: gateway.process.poll() is not None


def test_the_file_is_for_its_owner_only_and_says_where_and_who(gateway):
    assert stat.S_IMODE(gateway.file.stat().st_mode) == 0o600
    assert set(gateway.record) == {"url", "token", "pid", "version", "started"}
    assert gateway.record["url"].startswith("http://127.0.0.1:")
    assert gateway.record["pid"] == gateway.process.pid
    assert len(gateway.token) >= 32


def test_it_listens_on_loopback_only(gateway):
    port = int(gateway.url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"]
    assert listening == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(gateway, sign):
    gateway.process.send_signal(sign)
    assert gateway.process.wait(60) == 0
    assert not gateway.file.exists()


def test_it_ends_when_idle(holysheep_home):
    with running(holysheep_home, "--idle", "1") as gateway:
        wait_for(ended(gateway), "the idle end")
        assert gateway.process.returncode == 0
        assert not gateway.file.exists()


def test_a_request_in_flight_is_no_idleness(holysheep_home):
    """An answer three times as long as the idle limit arrives whole, and then the gateway ends."""

    def ask(gateway, idle_s):
        with gateway.http(120) as http:
            asked = {**ASK, "demo": {"tokens": 10, "tokens_per_s": 3 / idle_s}}
            body = http.post("chat/completions", json=asked).text
        assert body.endswith("data: [DONE]\n\n")
        wait_for(ended(gateway), "the idle end")

    idle_long_enough(holysheep_home, ask)


def test_to_be_asked_its_health_with_a_challenge_keeps_it_but_no_more_than_that(holysheep_home):
    def ask(gateway, idle_s):
        began = before = time.monotonic()
        while before < began + 3 * idle_s:
            answer = httpx.get(f"{gateway.url}/health?challenge=x")
            if time.monotonic() - before > idle_s / 2:
                raise Idle
            assert answer.status_code == 200
            before = time.monotonic()
            time.sleep(idle_s / 10)
        assert gateway.process.poll() is None

        def ended_although_asked():
            with contextlib.suppress(httpx.TransportError):  # as it ends
                httpx.get(f"{gateway.url}/health", timeout=1)
            return gateway.process.poll() is not None

        wait_for(ended_although_asked, "the idle end", 120)

    idle_long_enough(holysheep_home, ask)


@pytest.mark.parametrize("rival", [None, {"url": "http://127.0.0.1:1", "token": "x", "version": "9"}, "{"])
def test_it_ends_when_nobody_can_find_it_any_more(gateway, rival):
    if rival is None:
        gateway.file.unlink()
    else:
        gateway.file.write_text(rival if isinstance(rival, str) else json.dumps(rival))
    wait_for(ended(gateway), "the gateway to end")
    assert gateway.process.returncode == 0
    assert gateway.file.exists() is (rival is not None)  # another's file is left alone


def test_asked_to_end_it_is_found_no_more_but_finishes_what_it_began(gateway):
    received = []

    def read():
        with gateway.http() as http:
            asked = {**ASK, "demo": {"tokens": 30, "tokens_per_s": 20}}
            with http.stream("POST", "chat/completions", json=asked) as response:
                received.extend(response.iter_raw())

    reader = threading.Thread(target=read)
    reader.start()
    wait_for(lambda: received, "the first token")
    with gateway.http() as http:
        assert http.post(f"{gateway.url}/shutdown").json() == {"status": "ending"}
    assert not gateway.file.exists()
    ended_early = gateway.process.poll() is not None
    assert not ended_early or b"".join(received).endswith(b"data: [DONE]\n\n")
    reader.join()
    assert b"".join(received).endswith(b"data: [DONE]\n\n")
    wait_for(ended(gateway), "the gateway to end")


def test_a_signal_leaves_answers_in_flight_a_few_seconds(gateway):
    """Then they are cut: a client that cares sees that there was no proof of the end."""
    with gateway.http() as http:
        asked = {**ASK, "demo": {"tokens": 2, "fault": "stall", "fail_after": 1}}
        with http.stream("POST", "chat/completions", json=asked) as response:
            pieces = response.iter_raw()
            next(pieces)
            gateway.process.terminate()
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
    assert gateway.process.wait(60) == 0
