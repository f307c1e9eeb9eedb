"""A text that grows, and another that takes its place."""

from hs_notebook.notebook.views.tail import Tail


def test_each_part_is_read_once():
    tail, parts = Tail(), ["a", "b"]
    assert tail.read(parts) == ("ab", False)
    assert tail.read(parts) == ("", False)
    parts.append("c")
    assert tail.read(parts) == ("c", False)
    assert tail.length == 3


def test_another_list_is_another_text_even_of_the_same_words():
    tail = Tail()
    tail.read(["a", "b"])
    parts = ["a", "b"]
    assert tail.read(parts) == ("ab", True)
    assert tail.read(parts) == ("", False)
    assert tail.length == 2


def test_what_was_never_read_is_not_replaced():
    tail = Tail()
    tail.read([])
    assert tail.read(["a"]) == ("a", False)
