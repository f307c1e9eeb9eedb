"""A stream over real HTTP: ids, heartbeats, closing record, immediacy, breaks; what a leaving client ends."""

import hashlib
import json
import subprocess
import time
from itertools import islice
from pathlib import Path

import httpx
import pytest

from hs_notebook.gateway.demo import SCRIPT
from hs_notebook.wire.response import ResponseDecoder
from hs_notebook.wire.sse import Decoder

from .conftest import idle_long_enough, running, wait_for

ASK = {"model": "demo", "messages": [{"role": "user", "content": "Hello there"}], "stream": True}
FAST = {"tokens_per_s": 0}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), "--heartbeat", "0.05") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log


@pytest.fixture
def stream(gateway):
    """A function that asks for a stream and hands out the open response."""
    with gateway.http() as http:

        def open_stream(**asked):
            return http.stream("POST", "chat/completions", json={**ASK, **asked})

        yield open_stream


def body_of(stream, **asked):
    with stream(**asked) as response:
        assert response.status_code == 200, response.read()
        return response.read()


def events(body):
    return Decoder(2**24).feed(body)


def test_the_headers_name_the_stream_and_forbid_buffering(stream):
    with stream(demo={"tokens": 1}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        assert "no-transform" in response.headers["cache-control"]
        assert response.headers["x-stream-id"].isalnum()
        assert "content-length" not in response.headers


def test_every_event_has_an_id_and_they_sort_as_they_come(stream):
    with stream(demo={"tokens": 120, **FAST}) as response:
        ids = [event.id for event in events(response.read())]
        name = response.headers["x-stream-id"]
    assert len(ids) == len(set(ids)) == 122  # 120 tokens, the finish, [DONE]
    assert ids == sorted(ids)
    assert ids[0] == f"{name}.01.00000001"


@pytest.mark.parametrize("include_usage", [True, False])
def test_the_closing_record_proves_the_text(stream, include_usage):
    options = {"stream_options": {"include_usage": include_usage}}
    *data, done = events(body_of(stream, demo={"tokens": 40, **FAST}, **options))
    assert done.data == b"[DONE]"
    objects = [json.loads(event.data) for event in data]
    text = "".join(
        choice["delta"].get("content", "") for each in objects for choice in each["choices"]
    ).encode()
    assert objects[-1]["stream_end"] == {"events": len(data), "sha256": hashlib.sha256(text).hexdigest()}
    assert not any("stream_end" in each for each in objects[:-1])
    assert bool(objects[-1].get("usage")) is include_usage


def test_our_own_decoder_proves_it_complete(stream):
    decoder = ResponseDecoder("text/event-stream")
    chunks = decoder.feed(body_of(stream, demo=FAST)) + decoder.end(framed=True)
    assert decoder.complete
    assert "".join(chunk.content for chunk in chunks) == SCRIPT
    assert chunks[0].model == "demo-script"


def test_silence_is_filled_with_heartbeats_of_one_newline(stream):
    body = body_of(stream, demo={"text": "a b", "tokens_per_s": 4})
    assert body.count(b": hb\n") >= 3
    assert b": hb\n\n" not in body


def test_a_first_token_that_is_late_leaves_the_stream_open_and_alive(stream):
    """The status line waits no longer than a heartbeat."""
    with stream(demo={"first_token_s": 0.6, "tokens": 1}) as response:
        assert response.read().startswith(b": hb\n: hb\n")


def test_a_refusal_too_late_for_the_status_is_an_error_event(stream):
    (event,) = events(body_of(stream, demo={"first_token_s": 0.3, "fault": "error"}))
    assert json.loads(event.data)["error"]["code"] == "demo_fault"


def test_each_token_leaves_at_once(stream):
    """It is here before the next one is due, which here never comes: only heartbeats do."""
    for fail_after in range(1, 4):
        decoder, came = Decoder(2**24), 0
        with stream(demo={"tokens": 9, "fault": "stall", "fail_after": fail_after, **FAST}) as response:
            for piece in islice(response.iter_raw(), 200):
                came += len(decoder.feed(piece))
                if came == fail_after:
                    break
        assert came == fail_after


def test_no_answer_waits_for_an_acknowledgement(gateway):
    """The system holds a small piece back, for up to 40 ms, until the piece before it is acknowledged.

    It would hold back most of them, each time; a busy machine is slow now and then.
    """
    with gateway.http() as http:
        assert any(quarter_s(http) < 0.03 for _ in range(20))


def quarter_s(http):
    """Seconds in which a quarter of some short answers are there."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        http.get("models")
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 4]


def test_an_error_in_the_middle_is_an_event_and_no_terminal_marker_follows(stream):
    *content, last = events(body_of(stream, demo={"tokens": 9, "fault": "error", "fail_after": 3, **FAST}))
    assert len(content) == 3
    assert json.loads(last.data)["error"]["message"].startswith("The demo fails")


def test_a_clean_end_on_request_proves_nothing(stream):
    decoder = ResponseDecoder("text/event-stream")
    decoder.feed(body_of(stream, demo={"tokens": 9, "fault": "end", "fail_after": 3, **FAST}))
    decoder.end(framed=True)
    assert not decoder.complete


def test_a_cut_on_request_breaks_the_connection(stream):
    received = b""
    with stream(demo={"tokens": 9, "fault": "cut", "fail_after": 3}) as response:  # noqa: SIM117 - what breaks
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 - what came before the break counts
            for piece in response.iter_raw():
                received += piece
    assert len(events(received)) == 3


def test_a_stall_on_request_is_nothing_but_heartbeats(stream):
    with stream(demo={"tokens": 9, "fault": "stall", "fail_after": 1, **FAST}) as response:
        pieces = response.iter_raw()
        assert b'"content"' in next(pieces)
        assert {next(pieces) for _ in range(5)} == {b": hb\n"}


STALL = {"tokens": 2, "fault": "stall", "fail_after": 1}


def test_a_stream_whose_client_leaves_goes_on_until_it_is_cancelled(holysheep_home):
    """Seen from outside: a gateway that may end when idle does not, for the demo would stall for ever; once
    the stream is cancelled it does."""

    def leave(gateway, idle_s):
        with gateway.http() as http:
            with http.stream("POST", "chat/completions", json={**ASK, "demo": STALL}) as response:
                next(response.iter_raw())
                name = response.headers["x-stream-id"]
            with pytest.raises(subprocess.TimeoutExpired):
                gateway.process.wait(5 * idle_s)
            told = http.post("stream/cancel", headers={"X-Stream-Id": name}).json()
            assert told == {"stream": name, "state": "cancelled"}
        wait_for(lambda: gateway.process.poll() is not None, "the gateway to be idle, and end")
        assert "Traceback" not in gateway.log

    idle_long_enough(holysheep_home, leave)


def test_a_whole_answer_whose_client_leaves_is_not_generated_on(holysheep_home):
    """Nobody could come back for it: its client was told no name, and had sent no key."""

    def leave(gateway, idle_s):
        with gateway.http(timeout=2 * idle_s) as http, pytest.raises(httpx.ReadTimeout):
            http.post("chat/completions", json={**ASK, "stream": False, "demo": STALL})
        wait_for(lambda: gateway.process.poll() is not None, "the gateway to be idle, and end")
        assert "Traceback" not in gateway.log

    idle_long_enough(holysheep_home, leave)


def test_a_hundred_clients_that_leave_cost_nothing_that_stays(gateway, stream):
    folder = Path(f"/proc/{gateway.process.pid}/fd")

    def open_files():
        return len(list(folder.iterdir()))

    before = open_files()
    with gateway.http() as http:
        for number in range(100):
            with stream(demo={"tokens": 1000, "tokens_per_s": 200}) as response:
                for _ in zip(range(number % 3), response.iter_raw(), strict=False):
                    pass
            http.post("stream/cancel", headers={"X-Stream-Id": response.headers["x-stream-id"]})
    wait_for(lambda: open_files() <= before + 2, "the connections to be gone")
