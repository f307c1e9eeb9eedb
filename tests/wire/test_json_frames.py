"""JSON lines and JSON values laid out anyhow, to frames."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire.json_frames import JsonLines, JsonValues

LIMIT = 16 * 2**20


def framed(kind, *segments, limit=LIMIT):
    framer = kind(limit)
    frames = [frame for segment in segments for frame in framer.feed(segment)]
    return [frame.data for frame in frames + framer.end()]


LINES = {
    "LF": (b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
    "CRLF": (b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}']),
    "the last line may lack its newline": (b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}']),
    "empty lines are heartbeats": (b'\n\n  \n{"a":1}\n\n', [b'{"a":1}']),
    "RFC 7464": (b'\x1e{"a":1}\n\x1e{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
    "an SSE prefix": (
        b'data: {"a":1}\n\ndata:{"b":2}\n\ndata: [DONE]\n',
        [b'{"a":1}', b'{"b":2}', b"[DONE]"],
    ),
    "BOM": (b'\xef\xbb\xbf{"a":1}\n', [b'{"a":1}']),
    "U+2028 ends no line": ('{"a":"\u2028\u0085"}\n'.encode(), ['{"a":"\u2028\u0085"}'.encode()]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("body", "expected"), LINES.values(), ids=LINES.keys())
def test_json_lines(body, expected):
    assert framed(JsonLines, body) == expected
    assert framed(JsonLines, *(body[at : at + 1] for at in range(len(body)))) == expected


VALUES = {
    "one body": (b' {"a": {"b": [1]}} \n', [b'{"a": {"b": [1]}}']),
    "pretty-printed": (b'{\n  "a": 1\n}\n', [b'{\n  "a": 1\n}']),
    "an array": (b'[{"a":1}\n,\r\n{"b":2}\n]', [b'{"a":1}', b'{"b":2}']),
    "objects in a row": (b'{"a":1}{"b":2}\n{"c":3}', [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
    "brackets in strings": (b'[{"a":"}]{["},{"b":"\\"}"}]', [b'{"a":"}]{["}', b'{"b":"\\"}"}']),
    "backslashes before a quote": (b'{"a":"\\\\"}{"b":"\\\\\\""}', [b'{"a":"\\\\"}', b'{"b":"\\\\\\""}']),
    "an unfinished object is not whole": (b'[{"a":1},{"b":', [b'{"a":1}']),
    "an unfinished string is not whole": (b'[{"a":1},{"b":"}', [b'{"a":1}']),
    "a newline in a string": (b'{"a":"\n}"}', [b'{"a":"\n}"}']),
    "BOM": (b'\xef\xbb\xbf{"a":1}', [b'{"a":1}']),
    "[DONE] after values": (b'{"a":1}\n[DONE]\n', [b'{"a":1}', b"[DONE]"]),
    "[DONE] in a string is text": (b'{"a":"[DONE]"}\n', [b'{"a":"[DONE]"}']),
    "an empty array": (b"[]", []),
}


@pytest.mark.parametrize(("body", "expected"), VALUES.values(), ids=VALUES.keys())
def test_json_values(body, expected):
    assert framed(JsonValues, body) == expected
    assert framed(JsonValues, *(body[at : at + 1] for at in range(len(body)))) == expected


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('{}[]",:\\ \n\u2028aé😀')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
objects = st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3), max_size=4)


@given(objects, st.booleans(), st.sampled_from([None, 1]), st.data())
def test_any_layout_and_chunking_gives_the_same_values(expected, ascii_only, indent, draw):
    body = json.dumps(expected, ensure_ascii=ascii_only, indent=indent).encode()
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    segments = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    assert [json.loads(value) for value in framed(JsonValues, *segments)] == expected


@pytest.mark.parametrize("kind", [JsonLines, JsonValues])
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_the_limit_is_the_same_for_any_chunking(kind, size):
    good, bad = b'{"a":"%b"}\n' % (b"x" * 992), b'{"a":"%b"}\n' % (b"x" * 993)
    body = good + bad + good
    framer = kind(1000)
    frames = [f for at in range(0, len(body), size) for f in framer.feed(body[at : at + size])]

    assert ([len(frame.data) for frame in frames], framer.overflow, framer.end()) == ([1000], True, [])


@pytest.mark.parametrize("kind", [JsonLines, JsonValues])
def test_a_value_that_never_ends_is_an_overflow(kind):
    framer = kind(1000)
    for _ in range(1001):
        framer.feed(b"{")

    assert framer.overflow


def seconds_for(kind, size):
    framer = kind(64 * 2**20)
    segment = b'x\\"' * 5461
    began = time.process_time()
    framer.feed(b'{"a":"')
    for _ in range(size // len(segment)):
        framer.feed(segment)
    assert len(framer.feed(b'"}\n')) == 1
    return time.process_time() - began


@pytest.mark.parametrize("kind", [JsonLines, JsonValues])
def test_a_value_takes_time_linear_in_its_size(kind):
    pairs = [(seconds_for(kind, 5 * 2**19), seconds_for(kind, 20 * 2**20)) for _ in range(5)]
    small, large = (min(times) for times in zip(*pairs, strict=True))

    assert large <= 16 * small + 0.02, (small, large)  # 8 times the size; a square would be 64
