"""What of a Markdown text is finished: it only grows, it never ends within a fence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.notebook.views.blocks import Finished


def finished(*pieces):
    text = Finished()
    for piece in pieces:
        text.add(piece)
    return text.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one", ""),
        ("one\n", ""),
        ("one\n\ntw", "one\n\n"),
        ("```py\nx = 1\n\ny", ""),
        ("```py\nx = 1\n\n```\nrest", "```py\nx = 1\n\n```\n"),
        ("~~~\n```\n\n~~~\n", "~~~\n```\n\n~~~\n"),
        ("````\n```\n\n````\n", "````\n```\n\n````\n"),
        ("- a\n- b\n\n- c", "- a\n- b\n\n"),
    ],
)
def test_only_whole_blocks_show(text, shown):
    assert finished(text) == shown


@given(st.text("a`~\n -"), st.integers(0, 50))
def test_it_does_not_matter_how_the_text_came(text, at):
    assert finished(text[:at], text[at:]) == finished(text)
    assert text.startswith(finished(text))
    assert finished(text).startswith(finished(text[:at]))
