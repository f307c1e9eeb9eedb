"""A broken stream taken up again: whole, each character once, and billed no more often than is said."""

import asyncio

import pytest
from misbehaving import TEXT, until
from replaying import RUN, Keeping, named, place_in, send_cut, send_whole, whole

from hs_notebook import StreamingConfig, errors
from hs_notebook.answer import Status
from hs_notebook.client.engine import engine
from hs_notebook.client.stream import Phase
from hs_notebook.gateway.output import JsonLines

HOWS = ["unfinished", "clean", "reset"]
pytestmark = [pytest.mark.usefixtures("no_back_off"), pytest.mark.long]


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


@pytest.mark.usefixtures("nothing_is_stored")
def test_cut_at_every_byte_with_a_server_that_ignores_the_request_to_resume(serve, client):
    """Its new answer, in other words, is never mixed in: the whole is one run's, and a restart is said."""
    script = Keeping("ignore", cut_at_wish)
    answers = ask_at_every_offset(client(serve(script), max_concurrency=8))
    assert {answer.text for answer in answers} == {TEXT}
    assert {answer.status for answer in answers} == {Status.COMPLETE}
    again = [answer for answer in answers if answer.superseded]
    assert len(again) > 100
    for answer in again:
        assert [one.resumed_by for one in answer.attempts] == [None, "replay", "restart"]
        assert answer.generation == 1
        assert TEXT.startswith(answer.superseded[0])
        assert answer.notes == [
            "Restarted after a break: it is billed again; what was shown before is superseded."
        ]


def test_plain_ids_and_other_words_are_no_replay(serve, client):
    """The ids of the two runs are alike; that the text is not shows it."""

    async def cut(peer, body):
        await send_cut(peer, body[: body.index(b"id: 4")], "unfinished")

    async def then_whole(peer, body):
        await (cut if script.generated == 1 else send_whole)(peer, body)

    script = Keeping("ignore", then_whole, style="plain")
    answer = client(serve(script)).ask("hello", model="m")
    assert answer.text == TEXT
    assert answer.superseded == ["A true prefix"]
    assert [one.resumed_by for one in answer.attempts] == [None, "replay", "restart"]


@pytest.mark.usefixtures("nothing_is_stored")
def test_cut_at_every_byte_and_continued(serve, client):
    """Nothing is kept, and the model goes on from the text: the seam loses and doubles nothing."""
    script = Keeping("replay", cut_at_wish, style="none")
    answers = ask_at_every_offset(client(serve(script), max_concurrency=8), model="claude-sonnet-4-5")
    assert {answer.text for answer in answers} == {TEXT}
    assert {answer.status for answer in answers} == {Status.COMPLETE}
    ways = [[one.resumed_by for one in answer.attempts] for answer in answers]
    assert ways.count([None, "continue"]) > 100
    assert not any(answer.superseded for answer in answers)
    for answer, way in zip(answers, ways, strict=True):
        said = {
            "continue": "Continued after a break: the model went on from the text; "
            "the prompt was billed again.",
            "restart": "Asked again after a break: nothing had come, but it may be billed twice.",
        }
        assert answer.notes == [said[one] for one in way if one]


@pytest.mark.usefixtures("nothing_is_stored")
@pytest.mark.parametrize(("restart", "words"), [("never", "restart=never"), ("ask", "`fresh`")])
def test_cut_at_every_byte_and_left_there(serve, client, restart, words):
    """Nothing kept, nothing known of the model, no restart wanted: a true prefix, and why."""
    asker = client(serve(Keeping("replay", cut_at_wish, style="none")), max_concurrency=8, max_retries=0)
    answers = ask_at_every_offset(asker, restart=restart)
    left = [answer for answer in answers if answer.status is Status.INTERRUPTED]
    assert len(left) > 200
    assert {answer.text for answer in answers if answer not in left} == {TEXT}
    for answer in left:
        assert TEXT.startswith(answer.text)
        assert len(answer.attempts) == 1
        assert words in str(answer.error) or not answer.text
        assert 1 <= len(str(answer.error).splitlines()) <= 3


class KeepingLines(Keeping):
    """The same as JSON lines, each with its id: as our gateway answers who accepts nothing else."""

    def __init__(self):
        super().__init__("replay", self.cut_lines)

    async def cut_lines(self, peer, body):
        lines = JsonLines().encode(body)
        await peer.head(content_type=JsonLines.content_type)
        await peer.piece(lines[: len(lines) * 2 // 3])
        peer.reset()

    async def resume(self, peer, event_id):
        await peer.head(content_type=JsonLines.content_type)
        await peer.piece(JsonLines().encode(b"".join(named(whole())[place_in(event_id) :])))
        await peer.finish()


def test_json_lines_with_ids_are_replayed_too(serve, client):
    script = KeepingLines()
    answer = client(serve(script)).ask("hello", model="m")
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert [one.resumed_by for one in answer.attempts] == [None, "replay"]
    assert script.generated == 1


@pytest.mark.parametrize(
    ("retry", "least", "most"), [(b"150", 0.15, 0.25), (b"86400000", 30, 30.1), (b"soon", 0, 0.01)]
)
def test_the_wait_that_an_event_stream_asks_for_is_kept_within_bounds(serve, client, retry, least, most):
    async def cut(peer, body):
        await send_cut(peer, b"retry: %b\n%b" % (retry, body[:200]), "reset")

    told = []
    stream = client(serve(Keeping("replay", cut))).stream("hello", model="m", on_reconnect=told.append)
    assert until(lambda: told)
    assert least <= told[0].wait_s <= most
    if least > 1:
        stream.cancel()
    assert stream.wait(60)
    assert (stream.answer.text == TEXT) is (least < 1)


@pytest.mark.parametrize("way", [404, 410, 400, "check"])
@pytest.mark.parametrize("model", ["m", "claude-sonnet-4-5"])
def test_a_server_that_kept_it_no_longer(serve, client, rows, way, model):
    """The check is advice (it says yes to what 410 refuses); either way the next best is done, and said."""

    async def cut(peer, body):
        whole_one = script.generated > 1
        await (send_whole(peer, body) if whole_one else send_cut(peer, body[:200], "unfinished"))

    script = Keeping(way, cut)
    answer = client(serve(script)).ask("hello", model=model)
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    then = "restart" if model == "m" else "continue"
    assert [one.resumed_by for one in answer.attempts] == [None, "replay", then]
    resumed = ["/stream/check"] if way == "check" else ["/stream/check", "/chat/completions"]
    forget = ["/stream/cancel"] if model == "m" else []
    assert script.calls == ["/chat/completions", *resumed, *forget, "/chat/completions"]
    assert len(answer.notes) == 1
    assert answer.notes[0].startswith("Restarted" if model == "m" else "Continued")
    assert len(answer.superseded) == (model == "m")
    assert [row["status"] for row in rows()] == ["interrupted", "interrupted", "complete"]


def test_one_key_for_one_run_of_the_model(serve, client):
    async def cut(peer, body):
        await (send_whole(peer, body) if script.generated > 1 else send_cut(peer, body[:200], "reset"))

    script = Keeping(410, cut)
    server = serve(script)
    client(server).ask("hello", model="m")
    first, again, cancel, restart = [one for one in server.requests if not one.path.endswith("check")]
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.headers["idempotency-key"] == cancel.headers["idempotency-key"]
    assert restart.headers["idempotency-key"] != first.headers["idempotency-key"]
    assert first.body == again.body == restart.body
    assert again.headers["x-stream-event-id"].startswith(RUN)


@pytest.mark.parametrize(("length", "times"), [(0, 1), (1, 4), (17, 4), (60, 4)])
@pytest.mark.parametrize("how", HOWS)
def test_a_replay_that_breaks_is_asked_for_again_however_little_of_it_came(serve, client, how, length, times):
    """Also where the line ends it properly within its first event: that is not the server's word."""

    class Broken(Keeping):
        async def resume(self, peer, event_id):
            if self.calls.count("/chat/completions") > 1 + times:
                await super().resume(peer, event_id)
            else:
                await send_cut(peer, b"".join(named(whole())[place_in(event_id) :])[:length], how)

    async def cut(peer, body):
        await send_cut(peer, body[:200], "reset")

    script = Broken("replay", cut)
    answer = client(serve(script)).ask("hello", model="m")
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert [one.resumed_by for one in answer.attempts] == [None, *["replay"] * (times + 1)]
    assert script.generated == 1


def mixed(peer, order):
    """The events of a whole answer in another order, some twice, some never."""
    events = named(whole())
    return peer.piece(b"".join(events[number] for number in order))


@pytest.mark.parametrize(
    ("order", "ways"),
    [
        ([0, 0, 1, 2, 1, 2, 3, 4, 4, 5, 6, 7], [None]),  # each again
        ([0, 1, 0, 1, 2, 3, 4, 5, 6, 7], [None]),
        ([0, 2, 1, 3, 4, 5, 6, 7], [None, "replay"]),  # reordered: a hole is seen first
        ([0, 1, 3, 4, 5, 6, 7], [None, "replay"]),  # one is missing
    ],
)
def test_events_twice_and_in_disorder(serve, client, order, ways):
    async def send(peer, _):
        await peer.head()
        await mixed(peer, order)
        await peer.finish()

    answer = client(serve(Keeping("replay", send))).ask("hello", model="m")
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert [one.resumed_by for one in answer.attempts] == ways
    assert answer.superseded == []


def test_words_that_repeat_are_no_repetition(serve, client):
    """Ids without order, or the same id on all: nothing is dropped."""
    for style in ("none", "odd"):
        script = Keeping("replay", send_whole, style=style, words=["ha "] * 50)
        assert client(serve(script)).ask("hello", model="m").text == "ha " * 50


def test_a_hole_that_stays_is_told(serve, client):
    """Asked for three times; then started over; then given up, with the true beginning."""

    async def holed(peer):
        if peer.request.path.endswith("completions"):
            await peer.head()
            await mixed(peer, [0, 1, 3, 4, 5, 6, 7])
            await peer.finish()
        else:
            await peer.plain("200 OK", b"{}")

    stream = client(serve(holed)).stream("hello", model="m")
    with pytest.raises(errors.CutError, match="skip some"):
        stream.result(60)
    assert (stream.answer.text, stream.answer.status) == ("A true", Status.INTERRUPTED)
    assert stream.answer.superseded == ["A true"]


def test_one_event_a_connection(serve, client):
    """A flapping line that moves is followed to the end."""

    async def script(peer):
        if peer.request.path.endswith("check"):
            await peer.plain("200 OK", b'{"valid": true}')
            return
        at = place_in(peer.request.headers.get("x-stream-event-id", "0"))
        await peer.head()
        await peer.piece(named(whole())[at])
        peer.end()

    server = serve(script)
    answer = client(server).ask("hello", model="m")
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert [one.resumed_by for one in answer.attempts] == [None] + ["replay"] * 5
    assert len(answer.notes) == 1
    asked = [request.headers for request in server.requests if not request.path.endswith("check")]
    for name in ("last-event-id", "x-stream-event-id"):  # as browsers do it, and as ours is asked
        assert [headers.get(name) for headers in asked] == [None, *(f"{RUN}.{n:08d}" for n in range(1, 7))]
    assert answer.usage.output_tokens == 5  # which the last request was for


def test_a_line_that_flaps_for_ever_comes_to_an_end(serve, client, rows):
    words = [f"{number} " for number in range(100)]

    async def script(peer):
        if peer.request.path.endswith("check"):
            await peer.plain("200 OK", b'{"valid": true}')
            return
        at = place_in(peer.request.headers.get("x-stream-event-id", "0"))
        await peer.head()
        await peer.piece(named(whole(words))[at])
        peer.end()

    stream = client(serve(script)).stream("hello", model="m")
    with pytest.raises(errors.CutError, match="broke too often"):
        stream.result(60)
    assert stream.answer.text == "".join(words[:21])  # twenty new requests
    assert len(rows()) == 21


@pytest.mark.parametrize("limit", [0, 2])
def test_reconnects_without_progress_come_to_an_end(serve, client, limit):
    async def script(peer):
        if peer.number == 1:
            await peer.head()
            await peer.piece(named(whole())[0])
            peer.end()
        else:
            await peer.plain("503 No", b"")

    server = serve(script)
    asker = client(server, streaming=StreamingConfig(max_reconnects=limit))
    stream = asker.stream("hello", model="m")
    with pytest.raises(errors.HolySheepError, match="could not be reached again"):
        stream.result(60)
    assert (stream.answer.text, stream.answer.status) == ("A", Status.INTERRUPTED)
    assert len(stream.answer.attempts) == 1 + limit


def test_a_busy_server_is_waited_for_and_no_slot_is_held(serve, client):
    """Retry-After is obeyed on the way back, another stream has the slot meanwhile, and the view is told."""

    async def script(peer):
        prompt = peer.request.json["messages"][0]["content"] if peer.request.body else ""
        if peer.number == 1:
            await peer.head()
            await peer.piece(named(whole())[0])
            peer.end()
        elif peer.request.path.endswith("check"):
            await peer.plain("404 No", b"")
        elif peer.number <= 3 and prompt == "first":
            await peer.plain("429 Slow", b"", Retry_After="1")
        else:
            at = place_in(peer.request.headers.get("x-stream-event-id", "0"))
            await peer.head()
            await peer.piece(b"".join(named(whole())[at:]))
            await peer.finish()

    asker = client(serve(script), max_concurrency=1)
    stream = asker.stream("first", model="m")
    assert until(lambda: stream.phase is Phase.WAITING and len(stream.answer.attempts) == 2)
    assert stream.retry_at is not None
    assert stream.answer.text == "A"
    assert asker.stats().available_slots == 1
    assert asker.ask("second", model="m").text == TEXT
    assert stream.result(60).text == TEXT
    second, third = stream.answer.attempts[1:]
    assert third.began - second.began >= 1


def test_a_server_that_asks_for_an_hour_is_not_waited_for(serve, client):
    async def script(peer):
        if peer.number == 1:
            await peer.head()
            await peer.piece(named(whole())[0])
            peer.end()
        elif peer.request.path.endswith("check"):
            await peer.plain("200 OK", b'{"valid": true}')
        else:
            await peer.plain("429 Slow", b"", Retry_After="3600")

    stream = client(serve(script)).stream("first", model="m")
    with pytest.raises(errors.QuotaError, match="1 h 0 min") as caught:
        stream.result(60)
    assert "billed" not in str(caught.value)  # nothing is done, so nothing is said to be done
    assert (stream.answer.text, stream.answer.status) == ("A", Status.INTERRUPTED)


@pytest.mark.usefixtures("own_prices")
def test_counts_stand_once(serve, client, rows):
    """What a stream had counted when it broke is not counted again when the rest has come."""
    early = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}}\n\n'
    events = named([whole()[0], early, *whole()[1:]])

    async def script(peer):
        if peer.request.path.endswith("check"):
            await peer.plain("200 OK", b'{"valid": true}')
            return
        await peer.head()
        if peer.number == 1:
            await peer.piece(b"".join(events[:3]))
            peer.end()
        else:
            await peer.piece(b"".join(events[3:]))
            await peer.finish()

    answer = client(serve(script)).ask("hello", model="gpt-4.1")
    assert answer.text == TEXT
    first, second = rows()
    assert [row.get("output_tokens") for row in (first, second)] == [None, 5]
    assert [row.get("input_tokens") for row in (first, second)] == [None, 7]
    assert ("cost_usd" in first, "cost_usd" in second) == (False, True)
    assert [one.usage is None for one in answer.attempts] == [True, False]


def test_broken_streams_leave_nothing_behind(serve, client):
    """No task, no connection, no slot, however they broke."""

    async def tasks():
        return len(asyncio.all_tasks()) - 1

    server = serve(Keeping("replay", cut_at_wish))
    asker = client(server, max_concurrency=20)
    before = engine().submit(tasks()).result(60)
    streams = [asker.stream(str(offset), model="m") for offset in range(0, 600, 3)]
    for stream in streams[::7]:
        stream.cancel()
    for stream in streams:
        assert stream.wait(60)
    assert asker.stats().available_slots == 20
    assert until(lambda: engine().submit(tasks()).result(60) <= before)
    assert until(lambda: server.open <= 20)  # idle ones, kept for the next requests; of hundreds made
    assert server.connections > 60


def test_those_who_come_back_go_first(serve, client):
    """One slot: the broken stream is served before those that were waiting for their first turn."""
    asked = []

    async def script(peer):
        if peer.request.path.endswith("check"):
            await peer.plain("200 OK", b'{"valid": true}')
            return
        asked.append(peer.request.json["messages"][0]["content"])
        at = place_in(peer.request.headers.get("x-stream-event-id", "0"))
        await peer.head()
        if asked == ["first"]:
            await peer.piece(named(whole())[0])
            assert await asyncio.to_thread(until, lambda: len(asker._running) == 4)
            peer.end()
            return
        if asked[-1] == "second" and len(asked) == 2:  # until the first one has come back to the queue
            assert await asyncio.to_thread(until, lambda: streams[0].phase is Phase.QUEUED)
        await peer.piece(b"".join(named(whole())[at:]))
        await peer.finish()

    asker = client(serve(script), max_concurrency=1)
    streams = [asker.stream(name, model="m") for name in ("first", "second", "third", "fourth")]
    for stream in streams:
        assert stream.result(60).text == TEXT
    assert asked in (
        ["first", "first", "second", "third", "fourth"],
        ["first", "second", "first", "third", "fourth"],
    )
