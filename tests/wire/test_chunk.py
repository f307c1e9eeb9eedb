"""The values on the wire."""

import pytest

from hs_notebook.wire.chunk import ChatRequest, Message, StreamChunk, Usage


def test_a_total_needs_both_counts():
    assert Usage(3, output_tokens=4).total_tokens == 7
    assert Usage(3).total_tokens is None
    assert Usage(output_tokens=4).total_tokens is None


def test_equal_requests_have_equal_digests():
    first = ChatRequest(model="m", messages=(Message("user", "x"),), extra={"a": 1, "b": 2})
    second = ChatRequest(model="m", messages=(Message("user", "x"),), extra={"b": 2, "a": 1})

    assert first.digest == second.digest
    assert first.digest != ChatRequest(model="m", messages=(Message("user", "y"),)).digest


@pytest.mark.parametrize("value", [StreamChunk("x"), Usage(1), Message("user", "x")])
def test_values_are_frozen(value):
    with pytest.raises(AttributeError):
        value.note = "other"
