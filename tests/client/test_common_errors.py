"""Four common errors of streaming clients, each from a server that causes it: handled, or said in one line.

1. JSON lines read by a parser of event streams.
2. "Invalid event ID".
3. Token counts that differ between the partial and the final usage.
4. Too many concurrent connections.
"""

import asyncio
import json

import pytest
from misbehaving import DONE, TEXT, WORDS, event, until
from replaying import Keeping, send_cut, send_whole, whole

from hs_notebook import HolySheep, errors
from hs_notebook.answer import Status, UsageSource

# -- 1: JSON lines read by a parser of event streams --------------------------------------------------------

EVENTS = [*(event(word) for word in WORDS), event(finish="stop"), event(usage=(7, len(WORDS)))]
LINES = b"".join(one.removeprefix(b"data: ")[:-1] for one in EVENTS)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-ndjson", LINES),
        (None, LINES),
        ("text/event-stream", LINES),
        ("text/event-stream", b"\n" + LINES),
        ("application/x-ndjson", b": hb\n" + b"".join(EVENTS) + DONE),
        (None, b"".join(EVENTS) + DONE),
    ],
    ids=["lines", "lines unnamed", "lines misnamed", "blank first", "events misnamed", "events unnamed"],
)
def test_json_lines_are_read_whatever_they_call_themselves(serve, client, content_type, body):
    async def script(peer):
        await peer.head(content_type=content_type)
        await peer.piece(body)
        await peer.finish()

    answer = client(serve(script)).ask("hello", model="m")
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert answer.usage.output_tokens == len(WORDS)


# -- 2: "Invalid event ID" ----------------------------------------------------------------------------------


class Forgetful(Keeping):
    """It cuts its first answer, and knows none of its ids afterwards."""

    def __init__(self):
        super().__init__("never", self.cut_once)

    async def cut_once(self, peer, body):
        await (send_whole(peer, body) if self.generated > 1 else send_cut(peer, body[:200], "reset"))

    async def resume(self, peer, event_id):
        said = {"error": {"message": f"Invalid event ID: {event_id}", "type": "invalid_request_error"}}
        await peer.plain("400 Bad Request", json.dumps(said).encode())


def test_an_invalid_event_id_ends_nothing(serve, client, no_back_off):
    """The answer is had another way, and one line says which, and what that costs."""
    answer = client(serve(Forgetful())).ask("hello", model="m")
    assert (answer.text, answer.status) == (TEXT, Status.COMPLETE)
    assert answer.notes == [
        "Restarted after a break: it is billed again; what was shown before is superseded."
    ]
    (shown,) = answer.superseded
    assert TEXT.startswith(shown)


def test_an_invalid_event_id_is_explained_to_who_wants_no_restart(serve, client, no_back_off):
    stream = client(serve(Forgetful())).stream("hello", model="m", restart="ask")
    with pytest.raises(errors.StatusError) as caught:
        stream.result(60)
    assert "Invalid event ID" in str(caught.value)
    assert "run it with `fresh` to start over" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
    assert TEXT.startswith(stream.answer.text)


def test_our_own_gateway_goes_on_without_one(holysheep_home):
    asker = HolySheep()
    stream = asker.stream("hello", model="demo", extra={"demo": {"tokens": 60, "tokens_per_s": 80}})
    assert until(lambda: stream.answer.parts)
    stream.cancel()
    assert stream.wait(60)
    stream.answer.last_event_id = "17"
    answer = asker.stream(resume=stream.answer).result(60)
    assert [one.resumed_by for one in answer.attempts] == [None, "replay", "continue"]
    assert "is no event id of this gateway" in answer.attempts[1].error
    assert answer.superseded == []


# -- 3: token counts that differ between the partial and the final usage ------------------------------------


def counted(*, whole_one=True):
    """Running counts on every event, as some servers send them; each but the last is too small."""
    counts = range(1, len(WORDS) + 1)
    body = [
        {"choices": [{"index": 0, "delta": {"content": word}}], "usage": {"prompt_tokens": 7}}
        | {"usage": {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}}
        for word, count in zip(WORDS, counts, strict=True)
    ]
    last = [
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}},
    ]
    return [b"data: %b\n\n" % json.dumps(one).encode() for one in (*body, *(last if whole_one else []))]


def test_the_final_counts_count_and_no_sum_of_partial_ones(serve, client, rows):
    async def script(peer):
        await peer.head()
        await peer.piece(b"".join(counted()))
        await peer.finish()

    answer = client(serve(script)).ask("hello", model="m")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (7, 9)
    assert answer.usage_source is UsageSource.FINAL
    assert [(row["output_tokens"], row["usage_source"]) for row in rows()] == [(9, "final")]


def test_partial_counts_of_a_broken_answer_are_called_partial(serve, client, rows):
    async def script(peer):
        await peer.head()
        await peer.piece(b"".join(counted(whole_one=False)))
        await peer.finish()

    stream = client(serve(script)).stream("hello", model="m", restart="never")
    assert stream.wait(60)
    assert stream.answer.status is Status.INTERRUPTED
    assert (stream.answer.usage.output_tokens, stream.answer.usage_source) == (5, UsageSource.PARTIAL)
    bound = stream.answer.attempts[
        -1
    ].counts.output_tokens  # the larger of the server's figure and our estimate
    assert bound >= 5
    assert [(row["output_tokens"], row["usage_source"]) for row in rows()] == [(bound, "partial")]


# -- 4: too many concurrent connections ---------------------------------------------------------------------


class Strict:
    """Takes so many streams at once; one more is refused, with the words of such servers.

    With `crowded` it ends none before it has refused one.
    """

    def __init__(self, most, *, crowded=False):
        self.most = most
        self.running = self.refused = 0
        self.is_full = asyncio.Event()
        if not crowded:
            self.is_full.set()

    async def __call__(self, peer):
        if self.running == self.most:
            self.refused += 1
            self.is_full.set()
            said = b'{"error": {"message": "Too many concurrent connections"}}'
            await peer.plain("429 Too Many Requests", said)
            return
        self.running += 1
        try:
            await self.is_full.wait()
            await send_whole(peer, b"".join(whole()))
        finally:
            self.running -= 1


def test_a_server_that_takes_ten_is_never_asked_for_more(serve, client):
    script = Strict(10)
    answers = client(serve(script)).batch([str(number) for number in range(40)], model="m")
    assert {(answer.text, answer.status) for answer in answers} == {(TEXT, Status.COMPLETE)}
    assert script.refused == 0


def test_one_that_takes_fewer_is_asked_again_later(serve, client, no_back_off):
    script = Strict(2, crowded=True)
    asker = client(serve(script), max_retries=20)
    answers = asker.batch([str(number) for number in range(6)], model="m")
    assert {(answer.text, answer.status) for answer in answers} == {(TEXT, Status.COMPLETE)}
    assert script.refused


def test_one_that_takes_none_is_explained(serve, client, no_back_off):
    with pytest.raises(errors.QuotaError) as caught:
        client(serve(Strict(0))).ask("hello", model="m")
    what, means, remedy = str(caught.value).splitlines()
    assert what.endswith("takes no more requests for now (429).")
    assert "Too many concurrent connections" in means
    assert "lower max_concurrency" in remedy
