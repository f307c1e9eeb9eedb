"""What is not on disk yet is let go of only when it is."""

from __future__ import annotations

import json

import pytest

from hs_notebook.store.text import Blotter
from hs_notebook.store.unwritten import Unwritten, joined
from hs_notebook.wire.chunk import ToolCallDelta, Usage

KEY = "12345678-abcdefgh"


@pytest.fixture
def unwritten():
    return Unwritten(Blotter(KEY))


def test_nothing_new_is_no_piece(unwritten):
    assert unwritten.piece() is None
    unwritten.add({"text": "", "reasoning": ""}, (), {"event_id": None}, None)
    assert unwritten.piece() is None


def test_what_came_adds_up_until_it_is_on_disk(unwritten):
    unwritten.add({"text": "a"}, (), {"event_id": "1", "stream_id": "s"}, Usage(1))
    unwritten.add({"text": "b", "reasoning": "r"}, (), {"event_id": "2", "stream_id": None}, None)
    piece = unwritten.piece()
    assert piece == unwritten.piece()
    assert json.loads(piece.pop("usage"))["input_tokens"] == 1
    assert piece == {"text": "ab", "reasoning": "r", "event_id": "2", "stream_id": "s"}
    unwritten.clear()
    assert unwritten.piece() is None


def test_half_a_secret_waits_with_its_event_for_the_other_half(unwritten):
    unwritten.add({"text": "It is 12345678-"}, (), {"event_id": "1"}, None)
    assert unwritten.piece() is None
    unwritten.add({"text": "abcdefgh."}, (), {"event_id": "2"}, None)
    assert unwritten.piece() == {"text": "It is ***.", "event_id": ""}


def test_half_a_secret_that_is_none_is_kept(unwritten):
    unwritten.add({"text": "12345678-"}, (), {"event_id": "1"}, None)
    unwritten.add({"text": "9"}, (), {"event_id": "2"}, None)
    assert unwritten.piece() == {"text": "12345678-9", "event_id": "2"}


def test_at_the_end_nothing_is_waited_for(unwritten):
    unwritten.add({"text": "12345678-"}, (), {"event_id": "1"}, None)
    unwritten.ending = {}
    assert unwritten.piece() == {"text": "12345678-", "event_id": "1"}


def test_a_secret_in_any_tool_call_goes_and_the_event_with_it(unwritten):
    calls = [ToolCallDelta(0, "a", "f", KEY), ToolCallDelta(1, "b", "g", "1234")]
    unwritten.add({}, calls, {"event_id": "1"}, None)
    piece = unwritten.piece()
    assert [call["arguments"] for call in json.loads(piece["tool_calls"])] == ["***", "1234"]
    assert piece["event_id"] == ""
    unwritten.clear()
    unwritten.add({}, [ToolCallDelta(1, arguments=KEY[4:])], {"event_id": "2"}, None)
    assert json.loads(unwritten.piece()["tool_calls"])[0]["arguments"] == "***"


def test_a_restart_lets_go_of_what_came_before(unwritten):
    unwritten.add({"text": KEY}, (), {"event_id": "1"}, None)
    assert unwritten.piece() == {"text": "***", "event_id": ""}
    unwritten.begin({}, restarts=True)
    assert unwritten.piece() is None
    unwritten.add({"text": "clean"}, (), {"event_id": "1"}, None)
    assert unwritten.piece() == {"text": "clean", "event_id": "1"}


def test_fragments_that_follow_one_another_are_joined():
    fragments = [
        ToolCallDelta(0, "a", "f", "{"),
        ToolCallDelta(0, arguments="}"),
        ToolCallDelta(1, "b", "g"),
        ToolCallDelta(1, arguments="[]"),
        ToolCallDelta(0, arguments=" "),
        ToolCallDelta(0, "c", "f", "again"),
    ]
    assert joined(fragments) == [
        ToolCallDelta(0, "a", "f", "{}"),
        ToolCallDelta(1, "b", "g", "[]"),
        ToolCallDelta(0, arguments=" "),
        ToolCallDelta(0, "c", "f", "again"),
    ]
    assert joined([]) == []
