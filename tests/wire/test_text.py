"""Plain text comes in whole characters."""

from hypothesis import example, given
from hypothesis import strategies as st

from hs_notebook.wire.text import TextFrames


def framed(*segments):
    framer = TextFrames(16)
    return [frame.data.decode() for segment in segments for frame in framer.feed(segment)], framer


def test_a_character_cut_in_two_waits():
    texts, framer = framed(b"a\xd7", b"\xa9")

    assert texts == ["a", "ש"]
    assert framer.end() == []


def test_half_a_character_at_the_end_is_shown_as_broken():
    texts, framer = framed(b"a\xd7")

    assert texts == ["a"]
    assert [frame.data.decode() for frame in framer.end()] == ["\ufffd"]


def test_newlines_are_not_touched_and_a_bom_is_dropped():
    assert framed(b"\xef\xbb", b"\xbfa\r\n\r\xe2\x80\xa8")[0] == ["a\r\n\r\u2028"]


@given(st.binary(), st.integers(0))
@example(b"\xef", 0)
def test_any_chunking_gives_the_same_text(body, cut):
    texts, framer = framed(body[:cut], body[cut:])

    assert "".join(texts) + "".join(f.data.decode() for f in framer.end()) == body.decode(
        "utf-8-sig", "replace"
    )
