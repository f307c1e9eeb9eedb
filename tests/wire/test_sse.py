"""Event streams as servers really send them, cut anywhere; and our own encoder against our decoder."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire.sse import HEARTBEAT, Decoder, encode

LIMIT = 16 * 2**20
BOM = b"\xef\xbb\xbf"


def decoded(*segments, limit=LIMIT):
    decoder = Decoder(limit)
    return [frame for segment in segments for frame in decoder.feed(segment)]


def data(*segments):
    return [frame.data for frame in decoded(*segments)]


# What every event stream may hold; the cases of the standard itself are in `test_sse_standard.py`.
BODIES = {
    "two spaces leave one": (b"data:  A\n\n", [b" A"]),
    "an event: without data is nothing": (b"event: ping\n\ndata: A\n\n", [b"A"]),
    "an id: alone is nothing": (b"id: 5\n\n", []),
    "a retry: alone is nothing": (b"retry: 100\n\n", []),
    "a heartbeat after an id is nothing": (b"id: 1\ndata: A\n\n: hb\n\n: hb\ndata: B\n\n", [b"A", b"B"]),
    "JSON over two data lines": (b'data: {"a":\ndata: 1}\n\n', [b'{"a":\n1}']),
    "U+2028, U+2029, U+0085, VT, FF and FS..RS end no line": (
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        ["a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei".encode()],
    ),
    "broken UTF-8 passes through": (b"data: H\xffl\n\n", [b"H\xffl"]),
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES.keys())
def test_data(body, expected):
    assert data(body) == expected
    assert data(*(body[at : at + 1] for at in range(len(body)))) == expected


NAMES = {
    "the last of two counts": (b"event: a\nevent: b\ndata: x\n\n", ["b"]),
    "an event without data leaves no name behind": (b"event: a\n\ndata: x\n\n", [None]),
}


@pytest.mark.parametrize(("body", "expected"), NAMES.values(), ids=NAMES.keys())
def test_event(body, expected):
    assert [frame.event for frame in decoded(body)] == expected


IDS = {
    "an id set without data holds": (b"id: 5\n\ndata\n\n", ["5"]),
    "no space": (b"id:x\ndata\n\n", ["x"]),
    **{
        f"an id with NUL is ignored: {value!r}": (b"id: a\ndata\n\nid:" + value + b"\ndata\n\n", ["a", "a"])
        for value in (b"\0\0", b"x\0", b"\0x", b"x\0x", b" \0")
    },
}


@pytest.mark.parametrize(("body", "expected"), IDS.values(), ids=IDS.keys())
def test_id(body, expected):
    assert [frame.id for frame in decoded(body)] == expected


RETRIES = {
    b"retry: 1000\n\n": 1000,
    b"retry:3000\nretry\ndata:test\n\n": 3000,
    b"retry:\n\n": None,
    b"retry: -5\n\n": None,
    b"retry: +5\n\n": None,
    b"retry: 1_000\n\n": None,
    "retry: ٣\n\n".encode(): None,
    b"retry: 1 0\n\n": None,
}


@pytest.mark.parametrize(("body", "expected"), RETRIES.items())
def test_retry_takes_ascii_digits_only(body, expected):
    decoder = Decoder(LIMIT)
    decoder.feed(body)

    assert decoder.retry_ms == expected


@pytest.mark.parametrize(
    "end", [b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r", b"\r\n\r", b"\n\r\n", b"\r\n\n", b"\r\r\n"]
)
def test_an_event_comes_out_with_its_last_byte_at_the_latest(end):
    # Nothing is held back for a byte that may never come: not even the LF that may follow a CR.
    assert data(b"data: A" + end) == [b"A"]
    assert data(b"data: A" + end, b"data: B" + end) == [b"A", b"B"]


def test_crlf_cut_in_two_is_one_line_end():
    assert data(b"data: A\r", b"\n\r", b"\n", b"data: B\r", b"", b"\ndata: C\r\n\r\n") == [b"A", b"B\nC"]


def test_bom_cut_in_three():
    assert data(b"\xef", b"\xbb", b"\xbf", b"data: A\n\n") == [b"A"]
    assert data(b"\xef\xbb", b"data: A\n\ndata: B\n\n") == [b"B"]


def test_stray_is_what_is_no_event_stream():
    decoder = Decoder(LIMIT)
    decoder.feed(b': hb\ndata: A\n\n{\n  "error": {\n "code": 429\n}}')

    assert decoder.stray() == b'{\n  "error": {\n "code": 429\n}}'


def test_a_field_cut_in_two_is_not_stray():
    decoder = Decoder(LIMIT)
    decoder.feed(b"data: A\n\nda")

    assert decoder.stray() == b""


def test_where_a_body_may_end_without_being_torn():
    """After an event and after a comment between two; in the middle of either it may not."""
    first, comment, second = b"id: 1\ndata: A\n\n", HEARTBEAT, b"id: 2\r\ndata: B\r\n\r\n"
    whole = first + comment + second
    rests = set()
    for length in range(len(whole) + 1):
        decoder = Decoder(LIMIT)
        decoder.feed(whole[:length])
        if not decoder.unfinished:
            rests.add(length)

    after_the_blank_line = len(whole) - 1  # of CR LF the CR alone ends it
    at_rest = {0, len(first), len(first + comment), after_the_blank_line, len(whole)}
    assert rests == at_rest


@given(st.data())
def test_any_chunking_gives_the_same_frames(draw):
    piece = st.sampled_from(
        [
            b"data: ",
            b"data:",
            b"data",
            b"id: 1",
            b"id:",
            b"event: e",
            b":c",
            b"\n",
            b"\r",
            b"\r\n",
            b"\n\n",
            b"x",
            BOM,
            b"\0",
            b" ",
        ]
    )
    body = b"".join(draw.draw(st.lists(piece, max_size=40)))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    segments = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    assert decoded(*segments) == decoded(body)


@given(
    st.binary(),
    st.none() | st.text(st.characters(exclude_characters="\r\n\0"), min_size=1),
    st.none() | st.text(st.characters(exclude_characters="\r\n"), min_size=1),
)
def test_encode_then_decode(payload, name, event):
    if name is not None and name.startswith(" "):
        name = "x" + name
    (frame,) = decoded(HEARTBEAT + encode(payload, id=name, event=event) + HEARTBEAT)

    assert frame.data == payload.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert (frame.id, frame.event) == (name, event)


def test_the_heartbeat_is_one_line():
    # With a blank line after it the openai SDK dispatches an empty event and fails on it.
    assert HEARTBEAT == b": hb\n"


@pytest.mark.parametrize("size", [1, 7, 4096, 10**6])
def test_the_limit_is_the_same_for_any_chunking(size):
    limit = 1000
    good = b"data: " + b"x" * 994 + b"\n\n"
    for bad in (
        b"data: " + b"x" * 995 + b"\n\n",
        b"data: x\n" * 600 + b"\n",
        b":" + b"x" * 1001 + b"\n",
        b"foo: " + b"x" * 1001,
    ):
        body = good + bad + good
        decoder = Decoder(limit)
        frames = [f for at in range(0, len(body), size) for f in decoder.feed(body[at : at + size])]

        assert ([len(frame.data) for frame in frames], decoder.overflow) == ([994], True)


def test_many_small_comments_are_no_large_event():
    decoder = Decoder(1000)
    for _ in range(1000):
        assert decoder.feed(HEARTBEAT) == []

    assert not decoder.overflow
    assert [frame.data for frame in decoder.feed(b"data: A\n\n")] == [b"A"]


def seconds_for_a_line_of(size):
    decoder = Decoder(64 * 2**20)
    segment = b"x" * 16384
    began = time.process_time()
    decoder.feed(b"data: ")
    for _ in range(size // len(segment)):
        decoder.feed(segment)
    (frame,) = decoder.feed(b"\n\n")
    took = time.process_time() - began
    assert len(frame.data) == size // len(segment) * len(segment)
    return took


def test_a_line_takes_time_linear_in_its_size():
    pairs = [(seconds_for_a_line_of(5 * 2**19), seconds_for_a_line_of(20 * 2**20)) for _ in range(5)]
    small, large = (min(times) for times in zip(*pairs, strict=True))

    assert large <= 16 * small + 0.02, (small, large)  # 8 times the size; a square would be 64
