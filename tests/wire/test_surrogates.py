"""Half characters are joined over chunks, channel by channel."""

from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.wire.chunk import StreamChunk, ToolCallDelta
from hs_notebook.wire.surrogates import Mender, whole

HALVES = st.text(st.sampled_from("a😀\ud83d\ude00"), max_size=5)


def test_channels_are_apart():
    mender = Mender()
    first = mender.mend(StreamChunk("a\ud83d", reasoning="b\ud83d", refusal="c"))
    second = mender.mend(StreamChunk("d", reasoning="\ude00", model="\ud83d"))

    assert (first.content, first.reasoning, first.refusal) == ("a", "b", "c")
    assert (second.content, second.reasoning, second.model) == ("\ufffdd", "😀", "\ufffd")
    assert mender.rest(2) is None


def test_tool_calls_are_apart():
    mender = Mender()
    mender.mend(
        StreamChunk(
            tool_calls=(ToolCallDelta(0, "\ud83d", "f", "\ud83d"), ToolCallDelta(1, arguments="\ud83d"))
        )
    )
    chunk = mender.mend(
        StreamChunk(tool_calls=(ToolCallDelta(1, arguments="\ude00"), ToolCallDelta(0, arguments="x")))
    )

    assert [call.arguments for call in chunk.tool_calls] == ["😀", "\ufffdx"]


def test_what_is_held_at_the_end_is_shown_as_broken():
    mender = Mender()
    mender.mend(StreamChunk("a\ud83d"))

    assert mender.rest(1) == StreamChunk("\ufffd", 1)
    assert mender.rest(2) is None


@given(st.lists(HALVES))
def test_pieces_give_what_the_whole_gives(pieces):
    mender = Mender()
    mended = "".join(mender.mend(StreamChunk(piece)).content for piece in pieces)
    rest = mender.rest(0)

    assert mended + (rest.content if rest else "") == whole("".join(pieces))
