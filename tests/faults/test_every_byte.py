"""Each provider's stream, in each framing it has, is cut at every byte: the text is whole all the same."""

import pytest
from misbehaving import Server

from hs_notebook import HolySheep, StreamingConfig
from hs_notebook.answer import Status
from hs_notebook.client.record import Recorder
from hs_notebook.wire import prefill

from .shapes import SHAPES, TEXT, Cutting

pytestmark = pytest.mark.long

CASES = [
    (name, way)
    for name, shape in SHAPES.items()
    for way in (("replay", "again", "continue") if shape.ids else ("continue",))
]


@pytest.fixture(autouse=True)
def nothing_is_stored(monkeypatch):
    """Usage rows and journal take half of an answer's time, and here nobody looks at them."""
    monkeypatch.setattr(Recorder, "put", lambda *_: None)


@pytest.mark.parametrize(("name", "way"), CASES, ids=[" ".join(case) for case in CASES])
def test_cut_at_every_byte_of_each_shape(name, way, monkeypatch):
    """Replayed: not a word is billed again. Continued: no character at the seam is lost or doubled."""
    monkeypatch.setattr(prefill, "_refused", set())
    shape = SHAPES[name]
    size = len(shape.body(ids=way != "continue"))
    offsets = range(size if name == "plain text" else size + 1)  # a reset at its very end proves nothing
    server = Server(Cutting(shape, way))
    options = {"streaming": StreamingConfig(reconnect_delay=0.0), "max_concurrency": 8}
    with HolySheep("", server.url, shape=shape.client, **options) as asker:
        streams = [asker.stream(f"cut at {at}.", model="claude-sonnet-4-5") for at in offsets]
        for stream in streams:
            assert stream.wait(60), stream
    server.stop()
    answers = [stream.answer for stream in streams]
    assert {answer.text for answer in answers} == {TEXT}
    assert {answer.status for answer in answers} == {Status.COMPLETE}
    assert {len(answer.superseded) for answer in answers} == {0}
    taken_up = [answer.attempts[-1].resumed_by for answer in answers]
    assert set(taken_up) <= {None, "restart", "continue" if way == "continue" else "replay"}
    assert len([how for how in taken_up if how]) > size / 2
    for answer, how in zip(answers, taken_up, strict=True):
        assert (how == "restart") == ("nothing had come" in "".join(answer.notes))
