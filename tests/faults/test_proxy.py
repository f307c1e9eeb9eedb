"""The proxy does what its docstring says, and nothing where nothing is planned."""

import socket
import time

import httpx
import pytest
from misbehaving import good_events, until

from .proxy import Fault, Then, among, changed, in_turn, order, twice

BODY = b"".join(good_events())


async def answering(peer):
    """A whole answer; a length in the place of chunks where the request says so."""
    if peer.request.path == "/length":
        await peer.plain("200 OK", BODY, "text/event-stream")
    else:
        await peer.answer()


def received(proxy, path="/v1/chat/completions", body=b'{"a": 1}', wait=5.0):
    """All bytes of a response, and how they ended: "end", "reset" or "silence"."""
    with socket.create_connection(("127.0.0.1", proxy.port)) as line:
        line.settimeout(wait)
        line.sendall(
            b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body))
        )
        line.sendall(body)
        came = b""
        try:
            while data := line.recv(65536):
                came += data
        except ConnectionResetError:
            return came, "reset"
        except TimeoutError:
            return came, "silence"
        return came, "end"


def content(came):
    """The body as far as it came, out of its chunks."""
    _, _, rest = came.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16)
        body += rest[:length]
        rest = rest[length + 2 :]
    return body


@pytest.fixture
def server(serve):
    return serve(answering)


@pytest.fixture
def proxy(server, through):
    return through(server.port)


def test_nothing_planned_nothing_done(server, proxy):
    came, end = received(proxy)
    assert (content(came), end) == (BODY, "end")
    assert came.endswith(b"0\r\n\r\n")
    (asked,) = proxy.asked
    assert (asked.number, asked.method, asked.path, asked.json) == (
        1,
        "POST",
        "/v1/chat/completions",
        {"a": 1},
    )
    assert server.requests[0].body == asked.body
    assert httpx.post(f"{proxy.url}/length", trust_env=False).content == BODY
    assert until(lambda: proxy.open == 0 and server.open == 0)


@pytest.mark.parametrize(
    ("then", "end", "whole"),
    [
        (Then.RESET, "reset", False),
        (Then.CLOSE, "end", False),
        (Then.HALF_CLOSE, "end", False),
        (Then.CLEAN, "end", True),
        (Then.HANG, "silence", False),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/length"])
def test_a_body_is_cut_at_any_byte(proxy, then, end, whole, path):
    for at in (0, 1, 99, 300, len(BODY)):
        proxy.plan = in_turn(Fault(at=at, then=then))
        came, how = received(proxy, path, wait=0.2 if then is Then.HANG else 5)
        assert how == end
        body = came.partition(b"\r\n\r\n")[2] if b"ontent-length" in came.lower() else content(came)
        assert body == BODY[:at]
        assert came.endswith(b"0\r\n\r\n") == whole
    assert until(lambda: proxy.open == 0)


def test_a_body_is_cut_after_any_event(proxy):
    events = good_events()
    for after in range(len(events) + 1):
        proxy.plan = in_turn(Fault(after=after, then=Then.RESET))
        came, how = received(proxy)
        assert (content(came), how) == (b"".join(events[:after]), "reset")


def test_a_response_is_cut_at_any_byte_of_its_head_and_its_framing(proxy):
    whole, _ = received(proxy)
    for at in range(0, len(whole), 17):
        proxy.plan = in_turn(Fault(wire_at=at, then=Then.CLOSE))
        assert received(proxy) == (whole[:at], "end")


def test_it_waits_and_goes_on(proxy):
    proxy.plan = in_turn(Fault(at=50, pause_s=0.15))
    began = time.monotonic()
    assert content(received(proxy)[0]) == BODY
    assert time.monotonic() - began >= 0.15


def test_a_body_whose_end_is_the_connection_s(proxy):
    proxy.plan = in_turn(Fault(framing="close"), Fault(framing="close", at=70, then=Then.CLEAN))
    for expected in (BODY, BODY[:70]):
        came, end = received(proxy)
        head, _, body = came.partition(b"\r\n\r\n")
        assert (body, end) == (expected, "end")
        assert b"chunked" not in head


def test_byte_by_byte_it_is_the_same(proxy):
    proxy.plan = in_turn(Fault(piece=1))
    assert content(received(proxy)[0]) == BODY


def test_any_status_with_the_server_asked_or_not(server, proxy):
    for status in (204, 418, 503):
        proxy.plan = in_turn(Fault(status=status, headers={"Retry-After": "2"}, body=b"{}"))
        answer = httpx.post(f"{proxy.url}/v1/chat/completions", json={}, trust_env=False)
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "2")
    assert server.requests == []
    proxy.plan = in_turn(Fault(status=502, asks=True))
    assert httpx.post(f"{proxy.url}/x", json={}, trust_env=False).status_code == 502
    assert len(server.requests) == 1


def test_headers_are_put_over_the_server_s(proxy):
    proxy.plan = in_turn(Fault(headers={"Content-Type": None, "X-More": "1"}))
    answer = httpx.post(f"{proxy.url}/v1/chat/completions", json={}, trust_env=False)
    assert "content-type" not in answer.headers
    assert (answer.headers["x-more"], answer.content) == ("1", BODY)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/length"])
def test_events_twice_in_disorder_and_in_company(proxy, path):
    events = good_events()
    expected = {
        order(0, 0, 2, 1): [events[at] for at in (0, 0, 2, 1, *range(3, len(events)))],
        twice(0.5, iter([0.1, 0.9] * 9).__next__): [
            each for number, one in enumerate(events) for each in [one] * (2 - number % 2)
        ],
        changed(b"prefix", b"suffix"): [one.replace(b"prefix", b"suffix") for one in events],
        among(b": hb\n"): [b": hb\n" + one for one in events],
        order(2): events[2:],
    }
    for change, those in expected.items():
        proxy.plan = in_turn(Fault(events=change))
        assert httpx.post(f"{proxy.url}{path}", json={}, trust_env=False).content == b"".join(those)


def test_a_server_that_breaks_is_passed_on(serve, through):
    async def script(peer):
        await peer.head()
        await peer.piece(b"abc")
        peer.end()

    came, end = received(through(serve(script).port))
    assert (content(came), end) == (b"abc", "end")
    assert not came.endswith(b"0\r\n\r\n")


def test_no_server_and_a_client_that_leaves(serve, through):
    proxy = through(1)
    assert received(proxy) == (b"", "end")

    async def script(peer):
        await peer.head()
        await peer.gone()

    server = serve(script)
    proxy.to = server.port
    assert received(proxy, wait=0.1)[1] == "silence"
    assert until(lambda: proxy.open == 0 and server.gone_at)


def test_what_is_no_answer_is_not_counted_as_one(proxy):
    for path in ("/v1/stream/check", "/v1/stream/cancel", "/v1/chat/completions"):
        received(proxy, path)
    assert [asked.number for asked in proxy.chats] == [3]
