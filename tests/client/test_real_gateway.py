"""The client and the real gateway: lines that break, a gateway that is killed, a stop that ends the work."""

import contextlib
import json
import os
import signal
import socket
import threading

import httpx
import pytest
from misbehaving import until

from hs_notebook import HolySheep, StreamingConfig, embedded
from hs_notebook.answer import Status

FAST = {"demo": {"tokens": 120, "tokens_per_s": 400}}
SLOW = {"demo": {"tokens": 400, "tokens_per_s": 100}}
AT_ONCE = {"demo": {"tokens": 400, "tokens_per_s": 0}}
"""The same, without its pace."""
QUICK = StreamingConfig(reconnect_delay=0.01)


@pytest.fixture
def gateway():
    return embedded.ensure(60)


class Line:
    """A TCP line to a server: each connection ends after so many bytes of the answer, the last ones never."""

    def __init__(self, port, cuts):
        self.cuts = list(cuts)
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        far = socket.create_connection(("127.0.0.1", self._to))
        threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
        left = self.cuts.pop(0) if self.cuts else None
        while data := self._read(far):
            piece = data if left is None else data[:left]
            near.sendall(piece)
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    break
        for one in (near, far):
            with contextlib.suppress(OSError):  # it has gone by itself
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _pump(self, near, far):
        try:
            while data := near.recv(65536):
                far.sendall(data)
        except OSError:
            pass

    @staticmethod
    def _read(far):
        try:
            return far.recv(65536)
        except OSError:
            return b""

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)


@pytest.fixture
def line(gateway):
    lines = []

    def make(*cuts):
        lines.append(Line(int(gateway.base_url.split(":")[2].split("/")[0]), cuts))
        return HolySheep(gateway.token, f"http://127.0.0.1:{lines[-1].port}/v1", streaming=QUICK)

    yield make
    for one in lines:
        one.close()


def uncut(gateway, extra):
    return HolySheep(gateway.token, gateway.base_url).ask("hello", model="demo", extra=extra)


def test_a_line_that_breaks_again_and_again(line, gateway, rows):
    """Each connection but the last dies: at the first byte, in the headers, in an event, anywhere."""
    whole = uncut(gateway, FAST)
    for cuts in ([1], [200], [900, 900], [3000, 0, 5000, 50], [20_000, 300, 1200]):
        answer = line(*cuts).ask("hello", model="demo", extra=FAST)
        assert (answer.text, answer.status) == (whole.text, Status.COMPLETE)
        assert answer.superseded == []
        assert answer.usage == whole.usage
        mine = [row for row in rows() if row["answer_id"] == answer.id]
        assert sum(row.get("output_tokens", 0) for row in mine) == 120


REPLAYED = "Replayed after a break: the server had kept the rest; nothing was billed again."
CONTINUED = "Continued after a break: the model went on from the text; the prompt was billed again."
RESTARTED = "Restarted after a break: it is billed again; what was shown before is superseded."


def stopped(asker, **options):
    """A stream that was stopped after a few words, and the last event that it had seen."""
    stream = asker.stream("hello", model="demo", **options)
    assert until(lambda: len(stream.answer.parts) > 3)
    event = stream.answer.last_event_id
    stream.cancel()
    assert stream.wait(60)
    assert stream.answer.notes == []
    return stream.answer, event


def test_lost_before_its_first_byte_it_is_found_by_its_key_and_billed_once(line, gateway, rows):
    answer = line(0).ask("hello", model="demo", extra=FAST)
    assert answer.text == uncut(gateway, FAST).text
    assert [one.resumed_by for one in answer.attempts] == [None, "replay"]
    assert answer.notes == [REPLAYED]
    table = [row for row in rows() if row["answer_id"] == answer.id]
    assert [row.get("resumed_by") for row in table] == [None, "replay"]
    assert [row.get("output_tokens") for row in table] == [None, 120]


def test_a_stop_ends_the_generation_and_the_answer_goes_on_from_there(gateway):
    """The gateway says so itself, and is not asked for a rest that it cannot have."""
    asker = HolySheep(streaming=QUICK)
    answer, event = stopped(asker, extra=SLOW)
    headers = {"Authorization": f"Bearer {gateway.token}", "X-Event-Id": event}
    told = httpx.post(f"{gateway.base_url}/stream/check", headers=headers, trust_env=False).json()
    assert told["state"] == "cancelled"
    had = answer.text
    asker.stream(resume=answer).result(60)
    assert [one.resumed_by for one in answer.attempts] == [None, "continue"]
    assert (answer.notes, answer.superseded) == ([CONTINUED], [])
    assert answer.text.startswith(had)
    assert answer.text == uncut(gateway, AT_ONCE).text


def test_stopped_again_and_again_it_is_the_same_text(gateway):
    asker, pace = HolySheep(streaming=QUICK), {"demo": {"tokens": 60, "tokens_per_s": 100}}
    answer, _ = stopped(asker, extra=pace)
    for _ in range(2):
        stream = asker.stream(resume=answer)
        had = len(answer.parts)
        assert until(lambda: len(answer.parts) > had + 3)  # noqa: B023 - asked before the next turn
        stream.cancel()
        assert stream.wait(60)
    asker.stream(resume=answer).result(60)
    assert [one.resumed_by for one in answer.attempts] == [None, "continue", "continue", "continue"]
    assert answer.text == uncut(gateway, {"demo": {"tokens": 60, "tokens_per_s": 0}}).text


def test_what_cannot_be_continued_starts_over_and_is_said_to_be_billed_once_more(gateway):
    """Structured output: nothing is put together. What was replayed before was free, but is superseded."""
    asker = HolySheep(streaming=QUICK)
    wanted = {"response_format": {"type": "json_object"}, **FAST}
    answer, event = stopped(asker, extra=wanted)
    answer.last_event_id = f"{event.rpartition('.')[0]}.00000001"  # as if it had not heard of the end
    del answer.parts[1:]
    asker.stream(resume=answer).result(60)
    assert [one.resumed_by for one in answer.attempts][-1] == "restart"
    assert "replay" in [one.resumed_by for one in answer.attempts]
    assert answer.notes == [RESTARTED]
    assert len(answer.superseded) == 1


def test_detached_it_runs_to_its_end(gateway):
    asker = HolySheep(streaming=QUICK)
    stream = asker.stream("hello", model="demo", extra=FAST, on_interrupt="detach")
    assert until(lambda: len(stream.answer.parts) > 3)
    stream.cancel()
    assert stream.wait(60)
    assert stream.answer.status is Status.INTERRUPTED
    answer = asker.stream(resume=stream.answer).result(60)
    assert [one.resumed_by for one in answer.attempts] == [None, "replay"]
    assert answer.text == uncut(gateway, FAST).text


def test_a_gateway_that_is_killed(holysheep_home, rows):
    """Another is started, and the answer becomes whole: the old run is gone, so it is continued."""
    asker = HolySheep(streaming=QUICK)
    stream = asker.stream("hello", model="demo", extra=SLOW)
    assert until(lambda: len(stream.answer.parts) > 20, 60)
    os.kill(json.loads((holysheep_home / "gateway.json").read_text())["pid"], signal.SIGKILL)
    answer = stream.result(60)
    assert answer.status is Status.COMPLETE
    assert answer.text == asker.ask("hello", model="demo", extra=AT_ONCE).text
    assert answer.attempts[-1].resumed_by == "continue"
    assert answer.superseded == []
    assert [row["status"] for row in rows()][-1] == "complete"
