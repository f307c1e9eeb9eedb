"""A key struck out of bytes, however they are cut."""

from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.gateway.blot import Blot

KEY = "aab"


@given(st.lists(st.text("aabc", max_size=6), max_size=6))
def test_pieces_are_as_the_whole_and_none_waits_that_is_not_the_keys_beginning(pieces):
    blot, passed, come = Blot(KEY), b"", ""
    for piece in pieces:
        passed += blot.feed(piece.encode())
        come += piece
        waits = come.replace(KEY, "***").encode()[len(passed) :]
        assert waits in {b"", b"a", b"aa"}
    assert passed + blot.end() == come.replace(KEY, "***").encode()


def test_without_a_key_all_passes():
    assert [Blot(key).feed(b"abc") for key in (None, "")] == [b"abc", b"abc"]
