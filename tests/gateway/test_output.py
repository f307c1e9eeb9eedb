"""A stream as JSON lines: the same events, whatever pieces they come in."""

import json

import pytest

from hs_notebook.gateway.output import JsonLines, ServerSentEvents, output_for
from hs_notebook.wire.response import ResponseDecoder
from hs_notebook.wire.sse import encode

from .asking import ASK, FAST, events
from .conftest import running

LINES = {"Accept": "application/x-ndjson"}
ODD = [b'{"a":"data: {x}\\n\\nid: b"}', b'{"type":"ping"}', "{“ü”:1}".encode(), b'{"event_id":0}']
LOG = b"".join(
    encode(data, id=f"ab.01.{number:08d}", event="ping" if number == 2 else None)
    for number, data in enumerate(ODD, start=1)
) + encode(b"[DONE]", id="ab.01.00000005")


def joined(data):
    return b"".join(b'{"event_id":"ab.01.%08d",%b\n' % (n, each[1:]) for n, each in enumerate(data, start=1))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, len(LOG)])
def test_events_cut_anywhere_are_the_same_lines(size):
    output = JsonLines()
    pieces = [output.encode(LOG[at : at + size]) for at in range(0, len(LOG), size)]
    assert b"".join(pieces) == joined(ODD)
    assert all(piece.endswith(b"\n") for piece in pieces if piece)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", ServerSentEvents),
        ("*/*", ServerSentEvents),
        ("text/event-stream, application/json", ServerSentEvents),
        ("application/x-ndjson", JsonLines),
        ("Application/X-NDJSON;q=1, */*", JsonLines),
        ("text/event-stream, application/x-ndjson", ServerSentEvents),
    ],
)
def test_the_accept_header_chooses(accept, kind):
    assert isinstance(output_for(accept), kind)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), "--heartbeat", "0.05") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
def test_both_kinds_hold_the_same_events_and_each_can_be_resumed_as_the_other(gateway, path):
    asked = {**ASK, "max_tokens": 99, "demo": {"tokens": 12, **FAST}}
    with gateway.http() as http:
        lines = http.post(path, json=asked, headers={**LINES, "Idempotency-Key": path})
        again = http.post(path, json=asked, headers={"Idempotency-Key": path})
        sent = events(again.content)
        back = {"X-Stream-Resume": "true", "X-Stream-Event-Id": sent[3].id}
        rest = http.post(path, json=asked, headers={**LINES, **back})
    assert lines.headers["content-type"] == "application/x-ndjson"
    told = [json.loads(line) for line in lines.text.splitlines() if line]
    assert [each.pop("event_id") for each in told] == [each.id for each in sent if each.data != b"[DONE]"]
    assert told == [json.loads(each.data) for each in sent if each.data != b"[DONE]"]
    assert lines.text.endswith("".join(line for line in rest.text.splitlines(keepends=True) if line.strip()))
    assert json.loads(rest.text.splitlines()[0])["event_id"] == sent[4].id
    ids = [
        [chunk.event_id for chunk in ResponseDecoder(response.headers["content-type"]).feed(response.content)]
        for response in (lines, again)
    ]
    assert ids[0] == ids[1]


def test_our_own_decoder_reads_the_lines_and_proves_them_whole(gateway):
    asked = {**ASK, "demo": {"text": "a b c d", "tokens_per_s": 10}}
    decoder = ResponseDecoder("application/x-ndjson")
    with gateway.http() as http:
        response = http.post("chat/completions", json=asked, headers=LINES)
    assert b"\n\n" in response.content  # heartbeats
    chunks = decoder.feed(response.content) + decoder.end(framed=True)
    assert decoder.complete
    assert "".join(chunk.content for chunk in chunks) == "a b c d"
