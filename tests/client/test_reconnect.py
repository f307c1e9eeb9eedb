"""A broken stream taken up again: whole, each character once, and billed no more often than is said."""

import pytest
from misbehaving import TEXT
from replaying import Keeping, named, send_cut, send_whole, whole

from hs_notebook.answer import Status

HOWS = ["unfinished", "clean", "reset"]
pytestmark = pytest.mark.usefixtures("no_back_off")


def offset_of(peer):
    """Where the test wants this answer cut: its prompt says so."""
    return int(peer.request.json["messages"][0]["content"])


async def cut_at_wish(peer, body):
    """The first request of an answer is cut where it wants, any other is not."""
    offset, seen = offset_of(peer), peer.server.__dict__.setdefault("seen", set())
    if offset in seen:
        await send_whole(peer, body)
    else:
        seen.add(offset)
        await send_cut(peer, body[:offset], HOWS[offset % 3])


def ask_at_every_offset(asker, model="m", **options):
    """An answer for each byte at which it can be cut, a few at a time."""
    offsets = range(len(b"".join(named(whole()))) + 1)
    streams = [asker.stream(str(offset), model=model, **options) for offset in offsets]
    for stream in streams:
        assert stream.wait(60), stream
    return [stream.answer for stream in streams]


@pytest.mark.parametrize(
    ("way", "style", "check"),
    [("replay", "ours", True), ("replay", "plain", True), ("again", "ours", False), ("again", "plain", True)],
)
def test_cut_at_every_byte_with_a_server_that_kept_it(  # noqa: PLR0913, PLR0917 - fixtures and a table
    serve, client, rows, way, style, check
):
    """Byte for byte the uncut text, generated once for every answer of which anything had come."""
    script = Keeping(way, cut_at_wish, style=style, check=check)
    asker = client(serve(script), max_concurrency=8)
    answers = ask_at_every_offset(asker)
    assert {answer.text for answer in answers} == {TEXT}
    assert {answer.status for answer in answers} == {Status.COMPLETE}
    assert {len(answer.superseded) for answer in answers} == {0}
    shown = [answer for answer in answers if "replay" in [one.resumed_by for one in answer.attempts]]
    assert len(shown) > 100
    assert all("nothing was billed again" in answer.notes[0] for answer in shown)
    table = rows()
    for answer in shown:
        mine = [row for row in table if row["answer_id"] == answer.id]
        assert [row.get("resumed_by") for row in mine] == [None, "replay"]
        assert [row.get("output_tokens") for row in mine] == [None, 5]
        assert [row["usage_source"] for row in mine] == ["missing", "final"]
