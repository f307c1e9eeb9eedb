"""Tables in Markdown, HTML and LaTeX: what stands in a name does nothing there."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hs_notebook.store.views.pages import as_html, as_latex, as_markdown, as_text
from hs_notebook.store.views.report import Report


def report(*names):
    return Report(("model", "calls"), tuple((name, "1") for name in names), (False, True), "2 calls · ≥ $1")


def test_text_is_in_columns():
    assert (
        as_text(report("gpt-4.1", "a")) == "model    calls\ngpt-4.1      1\na            1\n\n2 calls · ≥ $1"
    )


HOSTILE = [
    "<script>x</script>",
    "a|b",
    "[x](javascript:y)",
    "**b**",
    "`c`",
    "![i](http://x.y)",
    "www.x.org",
    "\n# h",
]


@given(st.sampled_from(HOSTILE) | st.text(max_size=30))
def test_markdown_shows_a_name_as_it_is(name):
    page = MarkdownIt("gfm-like", {"linkify": False}).render(as_markdown(report(name)))
    assert page.count("<td") == 2
    assert not re.search(r"<(?!/?(?:table|thead|tbody|tr|t[hd]|p)\b)", page)


@given(st.sampled_from(HOSTILE) | st.text(max_size=30))
def test_html_shows_a_name_as_it_is(name):
    page = as_html(report(name))
    assert not re.search(r"<(?!/?(?:table|caption|thead|tbody|tr|t[hd])\b)", page)


@pytest.mark.parametrize(
    ("name", "written"),
    [("a_b & 50% #1", r"a\_b \& 50\% \#1"), (r"\input{x}", r"\textbackslash{}input\{x\}")],
)
def test_latex_shows_a_name_as_it_is(name, written):
    page = as_latex(report(name))
    assert f"{written} & 1 \\\\" in page
    assert r"2 calls $\cdot$ $\geq$ \$1" in page
