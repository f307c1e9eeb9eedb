"""Every error is one to three lines, and the tree is as drawn."""

import inspect
import re
import subprocess
import sys

import pytest

from hs_notebook import errors
from hs_notebook.errors import HolySheepError, Interrupted, ProviderError, StatusError

CLASSES = [
    each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__
]
ERRORS = [each for each in CLASSES if issubclass(each, HolySheepError)]


def make(kind, what="It failed.", **lines):
    return kind(what, **lines, **({"status": 429} if issubclass(kind, StatusError) else {}))


def drawn():
    """The tree in the docstring, as {name: parent}."""
    parents, path = {}, {}
    for line in errors.__doc__.splitlines():
        match = re.match(r"    ([│ ]*(?:[├└]── )?)([A-Z]\w+)(?=\s|$)", line)
        if match:
            depth, name = len(match[1]) // 4, match[2]
            path[depth] = name
            parents[name] = path[depth - 1] if depth else None
    return parents


def test_the_tree_is_as_drawn():
    tree = drawn()
    assert tree.pop("HolySheepError") is None
    assert tree.pop("Interrupted") is None
    assert tree == {each.__name__: each.__base__.__name__ for each in ERRORS if each is not HolySheepError}


def test_all_of_them_are_public():
    assert errors.__all__ == sorted(each.__name__ for each in CLASSES)


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(
    ("means", "remedy"), [("", ""), ("It means this.", ""), ("", "Do that."), ("It means this.", "Do that.")]
)
def test_one_to_three_lines(kind, means, remedy):
    error = make(kind, means=means, remedy=remedy)
    lines = ["It failed.", *filter(None, [means, remedy])]
    assert error.lines == lines
    assert str(error) == "\n".join(lines)
    assert error._render_traceback_() == [f"{kind.__name__}: It failed.", *lines[1:]]
    assert error.answer is None


def test_what_a_server_says_cannot_make_more_lines():
    error = make(ProviderError, "a\nb\r\nc\u2028d\x0be", means="f\n\n\ng", remedy=" \n ")
    assert error.lines == ["a b c d e", "f g"]
    assert all(len(line.splitlines()) == 1 for line in error._render_traceback_())


def test_an_error_without_words_still_has_a_line():
    assert make(HolySheepError, "")._render_traceback_() == ["HolySheepError: "]


def test_facts_beside_the_lines():
    status = StatusError("Too many.", status=429, retry_after=2.5, request_id="r-1")
    assert (status.status, status.retry_after, status.request_id) == (429, 2.5, "r-1")
    assert StatusError("x", status=500).retry_after is None
    assert ProviderError("x", code="overloaded").code == "overloaded"


def test_an_interrupt_is_a_keyboard_interrupt_in_one_line():
    stop = Interrupted("Stopped: 12 tokens kept.")
    assert isinstance(stop, KeyboardInterrupt)
    assert not isinstance(stop, Exception)
    assert stop._render_traceback_() == ["Stopped: 12 tokens kept."]
    assert stop.answer is None


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            "ProviderError('It failed.', means='It means this.')",
            "ProviderError: It failed.\nIt means this.\n",
        ),
        ("Interrupted('Stopped: 12 tokens kept.')", "Stopped: 12 tokens kept.\n"),
    ],
)
def test_ipython_shows_these_lines_and_no_traceback(error, shown):
    code = f"from hs_notebook.errors import *\nraise {error}"
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=nocolor", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr).strip() == shown.strip()
    assert done.returncode == 1
