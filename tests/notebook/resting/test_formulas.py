r"""Formulas at rest stand between dollars, wherever they are not code."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.notebook.resting.formulas import dollars
from hs_notebook.notebook.resting.inert import inert


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"so \(x_1 + 2\) is", "so $x_1 + 2$ is"),
        (r"so \( x \) is", "so $x$ is"),
        ("\\[\na = b\n\\]", "$$\na = b\n$$"),
        (r"in \[a\] line", "in $$a$$ line"),
        (r"`\(x\)` and \(y\)", r"`\(x\)` and $y$"),
        (r"``a ` \(x\)`` and \(y\)", r"``a ` \(x\)`` and $y$"),
        ("```tex\n\\(x\\)\n```\n\\(y\\)", "```tex\n\\(x\\)\n```\n$y$"),
        ("- ```tex\n  \\(x\\)\n  ```\n- \\(y\\)", "- ```tex\n  \\(x\\)\n  ```\n- $y$"),
        (r"\\(x\\) stays", r"\\(x\\) stays"),
        (r"\(x stays", r"\(x stays"),
        ("\\(x\n\ny\\) stays", "\\(x\n\ny\\) stays"),
        (r"\( \) stays", r"\( \) stays"),
        (r"$5 for \(x\), $a$ too", r"\$5 for $x$, $a$ too"),
        ("$5 and $10 stay", "$5 and $10 stay"),
        (r"$$a \(b\)$$ and \(c\)", r"$$a \(b\)$$ and $c$"),
        ("nothing", "nothing"),
    ],
)
def test_each_mark_finds_its_dollars(text, written):
    assert dollars(text) == written


@given(st.text("\\()[]$`~ \nx1"))
def test_nothing_else_is_changed(text):
    def plain(one):
        return one.translate({ord(mark): None for mark in "\\()[]$ \n"})

    assert plain(dollars(text)) == plain(text)


@given(st.text("\\()[]$`<b>!x \n"))
def test_what_comes_of_it_is_made_inert_like_any_text(text):
    assert "<b" not in inert(dollars(text)).replace("`", "\0").split("\0")[0]


@pytest.mark.parametrize("piece", ["\\(", "\\[", "\\(x", "$ \\(", "` \\(", "`` \\(a` "])
def test_it_takes_time_in_proportion(piece):
    began = time.process_time()
    dollars(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 5
