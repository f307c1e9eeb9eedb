"""The event-stream standard, case by case: its own examples, and the format cases of web-platform-tests.

Each case is restated in our words under the name it has there; what differs from a browser is said where it
does. Sources: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation and
https://github.com/web-platform-tests/wpt/tree/master/eventsource (both 2026-11-22).
"""

import pytest

from hs_notebook.wire.framing import from_content_type
from hs_notebook.wire.response import ResponseDecoder
from hs_notebook.wire.sse import Decoder

BOM = b"\xef\xbb\xbf"
LONG = b"x" * 2048


def message(data, *, id=None, event=None):  # noqa: A002 - the standard's own words
    """What a browser would tell its page; None: the empty string, or the type `message`."""
    return data, id, event


EXAMPLES = {
    "three lines of data": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [message(b"YHOO\n+2\n10")]),
    "four blocks": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
        [message(b"first event", id="1"), message(b"second event")],  # the third lacks its blank line
    ),
    "four blocks, all whole": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [message(b"first event", id="1"), message(b"second event"), message(b" third event")],
    ),
    "empty data": (b"data\n\ndata\ndata\n\ndata:", [message(b""), message(b"\n")]),
    "a space or none": (b"data:test\n\ndata: test\n\n", [message(b"test"), message(b"test")]),
    "named events": (
        b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
        [
            message(b"73857293", event="add"),
            message(b"2153", event="remove"),
            message(b"113411", event="add"),
        ],
    ),
}

FORMATS = {
    "format-bom": (
        BOM + b"data:1\n\n" + BOM + b"data:2\n\ndata:3\n\n",  # the second is part of a field's name
        [message(b"1"), message(b"3")],
    ),
    "format-bom-2": (
        BOM + BOM + b"data:1\n\ndata:2\n\ndata:3\n\n",  # one is dropped, not two
        [message(b"2"), message(b"3")],
    ),
    "format-comments": (
        b"data:1\r:\0\n:\r\ndata:2\n:%b\rdata:3\n:data:fail\r:%b\ndata:4\n\n" % (LONG, LONG),
        [message(b"1\n2\n3\n4")],
    ),
    "format-data-before-final-empty-line": (
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2\n",  # what is not whole leaves no id behind either
        [message(b"test1")],
    ),
    "format-field-data": (
        b"data:\n\ndata\ndata\n\ndata:test\n\n",
        [message(b""), message(b"\n"), message(b"test")],
    ),
    "format-field-event": (
        b"event:test\ndata:x\n\ndata:x\n\n",
        [message(b"x", event="test"), message(b"x")],
    ),
    "format-field-event-empty": (b"event: \ndata:data\n\n", [message(b"data")]),
    "format-field-id": ("id: …\ndata: hello\n\n".encode(), [message(b"hello", id="…")]),
    "format-field-id-2": (
        "id: …\ndata: hello\n\ndata: hello\n\n: hb\n\ndata: hello\n\n".encode(),
        [message(b"hello", id="…")] * 3,
    ),
    "format-field-id-3": (
        b"id: 1\ndata:0\n\ndata:0\n\nid:2\ndata:0\n\ndata:0\n\nid:\ndata:0\n\nid:1\ndata:0\n\nid\ndata:0\n\n",
        [message(b"0", id=name) for name in ("1", "1", "2", "2", None, "1", None)],
    ),
    "format-field-id-null": (
        b"".join(b"id:%b\ndata:hello\n\n" % name for name in (b"\0\0", b"x\0", b"\0x", b"x\0x", b" \0")),
        [message(b"hello")] * 5,
    ),
    "format-field-parsing": (
        (
            b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\n"
            b"data:3\rdata:\r\n data:32\ndata:4\n\n"
        ),
        [message(b"\0\n 2\n1\n3\n\n4")],
    ),
    "format-field-retry": (b"retry:03000\ndata:x\n\n", [message(b"x")]),
    "format-field-retry-bogus": (b"retry:3000\nretry:1000x\ndata:x\n\n", [message(b"x")]),
    "format-field-retry-empty": (b"retry\ndata:test\n\n", [message(b"test")]),
    "format-field-unknown": (
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:comment\ndata:test\n\n",
        [message(b"test\n\ntest")],
    ),
    "format-leading-space": (b"data:\ttest\rdata: \ndata:test\n\n", [message(b"\ttest\n\ntest")]),
    "format-newlines": (b"data:test\r\ndata\ndata:test\r\n\r\n", [message(b"test\n\ntest")]),
    "format-null-character": (b"data:\0\n\n", [message(b"\0")]),
    "format-utf-8": ("data:ok…\n\n".encode(), [message("ok…".encode())]),
    "event-data": (
        b"data:msg\ndata:msg\n\n:\nfalsefield:msg\n\nMsg\n\ndata:\n\ndata:end\n\n",
        [message(b"msg\nmsg"), message(b""), message(b"end")],
    ),
}

RETRIES = {"format-field-retry": 3000, "format-field-retry-bogus": 3000, "format-field-retry-empty": None}

TYPES = {
    "format-mime-trailing-semicolon": ("text/event-stream;", "sse"),
    "format-utf-8": ("text/event-stream;charset=windows-1252", "sse"),
    # A browser refuses these two. We look at the first bytes, for servers do send odd types.
    "format-mime-bogus": ("x bogus", None),
    "format-mime-valid-bogus": ("text/x-bogus", None),
}


def told(*segments):
    decoder = Decoder(2**20)
    return [message(f.data, id=f.id, event=f.event) for data in segments for f in decoder.feed(data)]


@pytest.mark.parametrize(
    ("body", "expected"), [*EXAMPLES.values(), *FORMATS.values()], ids=[*EXAMPLES, *FORMATS]
)
def test_the_case(body, expected):
    """In one piece, and byte by byte."""
    assert told(body) == expected
    assert told(*(body[at : at + 1] for at in range(len(body)))) == expected


@pytest.mark.parametrize(("name", "milliseconds"), RETRIES.items())
def test_the_time_to_wait(name, milliseconds):
    decoder = Decoder(2**20)
    decoder.feed(FORMATS[name][0])
    assert decoder.retry_ms == milliseconds


@pytest.mark.parametrize(("content_type", "framing"), TYPES.values(), ids=TYPES)
def test_the_type(content_type, framing):
    assert from_content_type(content_type) == framing


@pytest.mark.parametrize("content_type", [None, *(kind for kind, _ in TYPES.values())])
def test_whatever_the_type_the_text_is_utf_8(content_type):
    decoder = ResponseDecoder(content_type)
    (chunk,) = decoder.feed('data:{"choices":[{"index":0,"delta":{"content":"ok…"}}]}\n\n'.encode())
    assert chunk.content == "ok…"
