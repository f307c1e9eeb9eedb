"""The course of a request: attempts, back-off, the one key over all of them, a row for each."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from misbehaving import TEXT, event, until

from hs_notebook import errors
from hs_notebook.answer import Status
from hs_notebook.client.stream import Phase


def ask(client, prompt="hello"):
    """The answer, whatever its end."""
    stream = client.stream(prompt, model="m")
    assert stream.wait(60), stream
    return stream.answer


def first_then_answer(first):
    """A script that does `first` on the first request and answers the next."""

    async def script(peer):
        if peer.number == 1:
            await first(peer)
        else:
            await peer.answer()

    return script


async def reset(peer):
    peer.reset()


async def close(peer):
    peer.end()


@pytest.mark.parametrize("trouble", [reset, close])
def test_lost_before_the_headers_is_sent_again_with_the_same_key(serve, client, rows, no_back_off, trouble):
    server = serve(first_then_answer(trouble))
    answer = client(server).ask("hello", model="m")
    assert (answer.text, answer.status, answer.error) == (TEXT, Status.COMPLETE, None)
    first, second = server.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body
    table = rows()
    assert [(row["attempt"], row["status"]) for row in table] == [(1, "failed"), (2, "complete")]
    assert {row["answer_id"] for row in table} == {answer.id}
    assert table[0]["error"].startswith("NotReachedError: ")


def test_each_request_has_its_own_key(serve, client):
    async def script(peer):
        await peer.answer()

    server = serve(script)
    asker = client(server)
    asker.ask("hello", model="m")
    asker.ask("hello", model="m")
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 2


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_statuses_sent_again(serve, client, rows, no_back_off, status):
    async def refuse(peer):
        await peer.plain(f"{status} No", b'{"error": {"message": "not now"}}')

    server = serve(first_then_answer(refuse))
    assert client(server).ask("hello", model="m").text == TEXT
    assert len(server.requests) == 2
    assert [row["status"] for row in rows()] == ["failed", "complete"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.StatusError),
        (401, errors.KeyRefusedError),
        (402, errors.QuotaError),
        (403, errors.KeyRefusedError),
        (404, errors.ModelNotFoundError),
        (413, errors.TooLongError),
        (422, errors.StatusError),
    ],
)
def test_statuses_not_sent_again(serve, client, rows, status, kind):
    async def script(peer):
        await peer.plain(f"{status} No", b'{"error": {"message": "because of this"}}', X_Request_Id="req-9")

    server = serve(script)
    with pytest.raises(kind) as caught:
        client(server).ask("hello", model="m")
    assert caught.value.status == status
    assert caught.value.request_id == "req-9"
    assert "because of this" in str(caught.value)
    assert 1 <= len(str(caught.value).splitlines()) <= 3
    assert caught.value.answer.status is Status.FAILED
    assert len(server.requests) == 1
    [row] = rows()
    assert (row["status"], row["request_id"]) == ("failed", "req-9")


def test_retries_come_to_an_end(serve, client, rows, no_back_off):
    async def script(peer):
        await peer.plain("503 No", b"down for maintenance", "text/plain")

    server = serve(script)
    with pytest.raises(errors.ServerFailedError, match="503"):
        client(server, max_retries=2).ask("hello", model="m")
    assert len(server.requests) == 3
    assert [row["attempt"] for row in rows()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"Retry_After": "1"}, 1.0),
        ({"retry_after_ms": "300"}, 0.3),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "-5"}, 0.0),
        ({"Retry_After": "soon"}, 0.0),
    ],
)
def test_retry_after_is_obeyed(serve, client, no_back_off, headers, least):
    async def refuse(peer):
        await peer.plain("429 Slow", b"", **headers)

    answer = ask(client(serve(first_then_answer(refuse))))
    first, second = answer.attempts
    assert answer.status is Status.COMPLETE
    assert least <= second.began - first.began < least + 30


def test_retry_after_as_a_date(serve, client, no_back_off):
    async def refuse(peer):
        moment = datetime.now(UTC) + timedelta(seconds=2)
        await peer.plain("503 Slow", b"", Retry_After=format_datetime(moment, usegmt=True))

    answer = ask(client(serve(first_then_answer(refuse))))
    first, second = answer.attempts
    assert 0.9 <= second.began - first.began < 30  # the date has whole seconds


def test_too_long_a_wait_is_told_at_once(serve, client):
    async def script(peer):
        await peer.plain("429 Slow", b"", Retry_After="86400")

    server = serve(script)
    with pytest.raises(errors.QuotaError, match="24 h 0 min") as caught:
        client(server).ask("hello", model="m")
    assert caught.value.retry_after == 86400
    assert len(server.requests) == 1


def test_no_slot_is_held_while_backing_off(serve, client):
    """One slot: another stream has it while the first waits, and the first then finishes too."""

    async def refuse(peer):
        await peer.plain("429 Slow", b"", Retry_After="1")

    asker = client(serve(first_then_answer(refuse)), max_concurrency=1)
    waiting = asker.stream("first", model="m")
    assert until(lambda: waiting.phase is Phase.WAITING)
    assert waiting.retry_at is not None
    assert asker.stats().available_slots == 1
    assert asker.ask("second", model="m").text == TEXT
    assert waiting.phase is Phase.WAITING
    assert waiting.result(60).text == TEXT
    assert waiting.retry_at is None


def test_a_reset_after_the_headers_and_before_text_is_a_retry(serve, client, no_back_off):
    """Nothing was shown: the same request with the same key, as often as retries go."""

    async def script(peer):
        await peer.head()
        peer.reset()

    server = serve(script)
    answer = ask(client(server, max_retries=2))
    assert isinstance(answer.error, errors.CutError)
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert len(server.requests) == 3
    assert len(ask(client(server, max_retries=0)).attempts) == 1


def test_a_defect_of_ours_ends_the_answer_not_the_engine(serve, client, monkeypatch):
    from hs_notebook.wire import response

    async def script(peer):
        await peer.answer()

    asker = client(serve(script))
    with monkeypatch.context() as patch:
        patch.setattr(response.ResponseDecoder, "feed", lambda self, data: 1 / 0)
        with pytest.raises(errors.StreamError, match="ZeroDivisionError"):
            asker.ask("hello", model="m")
    assert asker.ask("hello", model="m").text == TEXT
    assert asker.stats().active_streams == 0


def test_request_id_and_times_are_kept(serve, client, rows):
    async def script(peer):
        await peer.head(X_Request_Id="req-7")
        await peer.piece(event("one"))
        await peer.piece(event(finish="stop"))
        await peer.finish()

    answer = client(serve(script)).ask("hello", model="m")
    [row] = rows()
    assert row["request_id"] == answer.attempts[0].request_id == "req-7"
    assert 0 < row["ttft_s"] <= row["duration_s"]
    assert row["provider"] == answer.provider
    assert row["model_served"] == "m-1"
    assert "cost_usd" not in row  # nobody knows the price of m-1
