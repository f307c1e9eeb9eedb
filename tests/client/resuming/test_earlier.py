"""An answer taken up later: the object itself, or what the journal kept of it."""

import pytest
from misbehaving import DONE, TEXT
from replaying import brief, kept_after_a_cut, named, whole

from hs_notebook import StreamingConfig, errors
from hs_notebook.answer import Status
from hs_notebook.store import journal
from hs_notebook.store.place import Place

pytestmark = pytest.mark.usefixtures("no_back_off")
PLACE = Place("book.ipynb", "cell-1", 7, "session-1")
OFF = StreamingConfig(reconnect=False)


def interrupted(asker, **options):
    stream = asker.stream("hello", model="m", place=PLACE, **options)
    assert stream.wait(60)
    assert (stream.answer.text, stream.answer.status) == ("A true prefix", Status.INTERRUPTED)
    return stream.answer


def test_an_answer_is_taken_up_by_replay(serve, client, rows):
    script = kept_after_a_cut()
    asker = client(serve(script), streaming=OFF)
    answer = interrupted(asker)
    stream = asker.stream(resume=answer)
    assert stream.answer is answer
    assert stream.result(60).text == TEXT
    assert script.generated == 1
    assert [row.get("resumed_by") for row in rows()] == [None, "replay"]
    assert {row["answer_id"] for row in rows()} == {answer.id}


def test_what_the_journal_kept_is_taken_up_by_another_client(serve, client, rows):
    """As after the death of a kernel; the chunks begin with the text that was kept."""
    script = kept_after_a_cut()
    server = serve(script)
    answer = interrupted(client(server, streaming=OFF))
    kept = journal.default().resumable("book.ipynb", "cell-1", answer.request.digest)
    assert kept.text == "A true prefix"
    stream = client(server).stream("hello", model="m", resume=kept, place=PLACE)
    assert stream.answer.text.startswith("A true prefix")  # shown before anything is asked
    contents = [chunk.content for chunk in stream]
    assert (contents[0], "".join(contents)) == ("A true prefix", TEXT)
    assert stream.answer.id == answer.id
    assert script.generated == 1
    found = journal.default().load(answer.id)
    assert (found.text, found.status) == (TEXT, Status.COMPLETE)
    assert [row["attempt"] for row in rows()] == [1, 2]


@pytest.mark.parametrize(("restart", "text"), [("auto", TEXT), ("never", "A true prefix")])
def test_an_answer_that_the_server_forgot(serve, client, restart, text):
    asker = client(serve(kept_after_a_cut(404)), streaming=OFF)
    answer = interrupted(asker)
    stream = client(asker.config.base_url).stream(resume=answer, restart=restart)
    assert stream.wait(60)
    assert answer.text == text
    assert (answer.error is None) == (restart == "auto")
    assert answer.superseded == ([] if restart == "never" else ["A true prefix"])


def test_what_cannot_be_taken_up(serve, client):
    asker = client(serve(kept_after_a_cut()), streaming=OFF)
    answer = interrupted(asker)
    with pytest.raises(errors.SettingError, match="cannot be taken up"):
        asker.stream("something else", model="m", resume=answer)
    asker.stream(resume=answer).result(60)
    with pytest.raises(errors.SettingError, match="whole already"):
        asker.stream(resume=answer)
    with pytest.raises(errors.SettingError):
        asker.stream()


ERROR = b'data: {"error": {"message": "the runner died"}}\n\n'


async def failing(peer):
    """Fails after three words of its first answer, and replays just that; answers well when asked anew."""
    first = named([*whole()[:3], ERROR])
    resumed = peer.request.headers.get("x-stream-resume") == "true"
    await peer.head()
    for one in first[3:] if resumed else first if peer.number == 1 else named(whole(), run="6f3b.01"):
        await peer.piece(one)
    await peer.finish()


def test_a_failed_answer_with_text_is_taken_up_and_its_error_not_replayed(serve, client, rows):
    asker = client(serve(failing))
    with pytest.raises(errors.ProviderError, match="the runner died") as caught:
        asker.ask("hello", model="m", place=PLACE)
    answer = caught.value.answer
    assert (answer.status, answer.text) == (Status.FAILED, "A true prefix")
    kept = journal.default().resumable("book.ipynb", "cell-1", answer.request.digest)
    assert (kept.id, kept.text, kept.event_id) == (answer.id, "A true prefix", None)
    again = asker.stream("hello", model="m", resume=kept, place=PLACE).result(60)
    assert (again.text, again.superseded) == (TEXT, ["A true prefix"])
    assert [row.get("resumed_by") for row in rows()] == [None, "restart"]
    assert journal.default().resumable("book.ipynb", "cell-1", answer.request.digest) is None


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found"])
def test_a_failed_answer_without_text_starts_afresh(serve, client, status):
    asker = client(serve(lambda peer: peer.plain(status, b"{}")))
    with pytest.raises(errors.StatusError) as caught:
        asker.ask("hello", model="m", place=PLACE)
    assert caught.value.answer.status is Status.FAILED
    assert journal.default().resumable("book.ipynb", "cell-1", caught.value.answer.request.digest) is None


def test_an_answer_that_a_filter_ended_is_whole_and_not_asked_for_again(serve, client):
    async def filtered(peer):
        await peer.head()
        for one in [*whole()[:3], brief(finish="content_filter"), DONE]:
            await peer.piece(one)
        await peer.finish()

    server = serve(filtered)
    answer = client(server).ask("hello", model="m", place=PLACE)
    assert (answer.text, answer.status) == ("A true prefix", Status.COMPLETE)
    assert len(server.requests) == 1
    assert journal.default().resumable("book.ipynb", "cell-1", answer.request.digest) is None
