"""Which framing a body has: by its Content-Type, else by its first bytes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hs_notebook.wire.framing import from_content_type, sniff


@pytest.mark.parametrize(
    ("content_type", "framing"),
    [
        ("text/event-stream", "sse"),
        ("text/event-stream;", "sse"),
        ("Text/Event-Stream; charset=utf-8", "sse"),
        ("text/event-stream; charset=windows-1252", "sse"),
        (" text/event-stream ", "sse"),
        ("application/x-ndjson", "jsonl"),
        ("application/jsonl", "jsonl"),
        ("application/json-seq", "jsonl"),
        ("application/stream+json", "jsonl"),
        ("text/plain; charset=utf-8", "text"),
        ("application/json", None),
        ("application/octet-stream", None),
        ("text/html", None),
        ("text/x-bogus", None),
        ("x bogus", None),
        ("", None),
        (None, None),
    ],
)
def test_from_content_type(content_type, framing):
    assert from_content_type(content_type) == framing


OPENINGS = [
    (b"data: {}", "sse"),
    (b"data:", "sse"),
    (b"event: ping", "sse"),
    (b"id: 1", "sse"),
    (b"retry: 1", "sse"),
    (b": OPENROUTER PROCESSING", "sse"),
    (b"\n\n: keep-alive", "sse"),
    (b"\xef\xbb\xbfdata: {}", "sse"),
    (b'{"id"', "json"),
    (b"{}", "json"),
    (b'{\n  "id"', "json"),
    (b'[{\n  "candidates"', "json"),
    (b"[\r\n{", "json"),
    (b"[]", "json"),
    (b'\xef\xbb\xbf \n{"id"', "json"),
    (b'\x1e{"id"', "jsonl"),
    (b"<!DOCTYPE html>", "html"),
    (b"<html>", "html"),
    (b"\n <HTML>", "html"),
    (b"<?xml version", "html"),
    (b"Once upon a time", "text"),
    (b"database: ", "text"),
    (b"identity", "text"),
    (b"{x} is a set", "text"),
    (b"[1, 2]", "text"),
    (b"[DONE]", "text"),
    (b"<think>", "text"),
    ("été".encode(), "text"),
    (b"\xef\xbb is no BOM", "text"),
]


@pytest.mark.parametrize(("head", "framing"), OPENINGS)
def test_sniff(head, framing):
    assert sniff(head) == framing


@pytest.mark.parametrize(
    "head", [b"", b" \n", b"d", b"data", b"even", b"r", b"i", b"{", b"{ \n", b"[ ", b"<", b"<!doc"]
)
def test_sniff_waits_until_the_bytes_decide(head):
    assert sniff(head) is None
    assert sniff(head, at_end=True) == "text"


def test_sniff_does_not_wait_for_ever():
    assert sniff(b" " * 70_000) == "text"


@given(st.sampled_from([head for head, _ in OPENINGS]) | st.binary(max_size=12), st.binary(max_size=12))
@example(b"\xef\xbb\xbf", b"\xef\xbb\xbf")
def test_more_bytes_never_change_a_decision(head, more):
    first = sniff(head)

    assert first is None or sniff(head + more) == first
