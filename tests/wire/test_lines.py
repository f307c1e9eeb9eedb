"""Lines end at LF, and for server-sent events at CR and CRLF too; at nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire.lines import Lines

SEPARATORS = "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e"


def test_python_line_separators_end_no_line():
    body = f"a{SEPARATORS}b\nc".encode()
    lines = Lines(carriage_returns=True)

    assert lines.feed(body) == [body[:-2]]
    assert lines.rest() == b"c"


def test_cr_is_kept_unless_asked_for():
    assert Lines(carriage_returns=False).feed(b"a\rb\r\n") == [b"a\rb\r"]
    assert Lines(carriage_returns=True).feed(b"a\rb\r\n") == [b"a", b"b"]


def test_an_unfinished_bom_is_the_rest():
    lines = Lines(carriage_returns=True)
    lines.feed(b"\xef\xbb")

    assert lines.rest() == b"\xef\xbb"


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\xef\xbb\xbf", b"\xef"])), st.booleans())
def test_any_chunking_gives_the_same_lines(pieces, carriage_returns):
    whole, cut = Lines(carriage_returns=carriage_returns), Lines(carriage_returns=carriage_returns)
    body = b"".join(pieces)
    expected = whole.feed(body)

    assert [line for piece in pieces for line in cut.feed(piece)] == expected
    assert cut.rest() == whole.rest()
    assert cut.held == whole.held
