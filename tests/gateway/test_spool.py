"""Answers on disk: they outlive their gateway, however it ends; for their owner only, and not for ever."""

import stat

import httpx
import pytest

from hs_notebook.gateway import event_log

from .asking import ASK, FAST, STALL, ask, bare, begun, cancel, check, events, resume, settings
from .conftest import running, wait_for


def gateway_in(home):
    return running(home, "--heartbeat", "0.05")


def files(home):
    return sorted((home / "streams").glob("*.events"))


def closed(home, count=1):
    """Whether so many files have their last line."""
    return len([file for file in files(home) if b"\n: end " in file.read_bytes()]) >= count


def end(gateway, how):
    getattr(gateway.process, how)()
    gateway.process.wait(60)


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_a_whole_answer_is_served_by_the_next_gateway_under_the_same_ids(holysheep_home, how):
    asked = {"demo": {"tokens": 50, **FAST}}
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        whole = bare(ask(http, "k", **asked).content)
        wait_for(lambda: closed(holysheep_home), "the file to be closed")
        end(gateway, how)
        gateway.file.unlink(missing_ok=True)
    ids = [event.id for event in events(whole)]
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        assert check(http, ids[10])["complete"] is True
        for number in (0, 1, 25, len(ids) - 1):
            rest = bare(resume(http, ids[number]).content)
            assert whole.endswith(rest)
            assert [event.id for event in events(rest)] == ids[number + 1 :]
        again = ask(http, "k", **asked)
        assert again.headers["x-stream-resumed"] == "true"
        assert bare(again.content) == whole
        assert ask(http, "k", demo={"tokens": 51}).status_code == 409


def test_an_answer_cut_by_a_kill_is_served_as_far_as_it_went_and_then_generated_anew(holysheep_home):
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        ids = begun(http, "k", count=20, tokens=1000, tokens_per_s=100)
        wait_for(lambda: b".00000010\n" in files(holysheep_home)[0].read_bytes(), "some events on disk")
        end(gateway, "kill")
        gateway.file.unlink()
    (file,) = files(holysheep_home)
    with file.open("ab") as more:  # as if the kill had come within a write
        more.write(b'id: half\ndata: {"half')
    stream = ids[0].split(".")[0]
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        rest = resume(http, ids[4])
        assert rest.status_code == 200
        assert events(rest.content)[0].id == ids[5]
        assert b"half" not in rest.content
        assert b"[DONE]" not in rest.content
        told = check(http, ids[4])
        assert (told["valid"], told["complete"], told["state"]) == (True, False, "cut")
        lost = resume(http, f"{stream}.01.00000900")  # seen by a client, not yet on disk
        assert (lost.status_code, "before it was whole (cut)" in lost.text) == (410, True)
        assert begun(http, "k", tokens=1000, tokens_per_s=100)[0] == f"{stream}.02.00000001"
        assert resume(http, ids[4]).status_code == 410
        cancel(http, X_Stream_Id=stream)
        wait_for(lambda: closed(holysheep_home) and not file.exists(), "the old generation to be deleted")


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_how_an_answer_ended_is_known_to_the_next_gateway(holysheep_home, state):
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        last = begun(http, "k", **{**STALL, "fault": "stall" if state == "cancelled" else "error"})[-1]
        cancel(http, Idempotency_Key="k")
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        assert check(http, last)["state"] == state
        rest = resume(http, f"{last[:-1]}0").content
        assert (b"error" in rest) is (state == "failed")
        assert b"[DONE]" not in rest


def test_a_gateway_told_to_end_cuts_what_runs_and_says_so(holysheep_home):
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        last = begun(http, "k", **STALL)[-1]
    assert b"\n: end cut\n" in files(holysheep_home)[0].read_bytes()
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        assert check(http, last)["state"] == "cut"


def test_the_files_are_for_their_owner_only_and_hold_no_key(holysheep_home, gateway):
    with gateway.http() as http:
        ask(http, "idempotency-key-of-mine", demo={"tokens": 1})
        wait_for(lambda: closed(holysheep_home), "the file")
    (file,) = files(holysheep_home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"idempotency-key-of-mine" not in file.read_bytes() + file.name.encode()
    assert gateway.token.encode() not in file.read_bytes()


def test_a_refused_request_leaves_no_file(holysheep_home, gateway):
    with gateway.http() as http:
        assert ask(http, demo={"status": 503}).status_code == 503
        ask(http, demo={"tokens": 1})
        wait_for(lambda: closed(holysheep_home), "the other's file")
    assert len(files(holysheep_home)) == 1


def test_an_answer_is_let_go_of_after_its_time(holysheep_home):
    settings(holysheep_home, keep_s=0.5, orphan_grace_s=0.4)
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        last = events(ask(http, demo={"tokens": 1}).content)[-1].id
        wait_for(lambda: closed(holysheep_home), "the file")
        wait_for(lambda: resume(http, last).status_code == 410, "the answer to be let go of")
        wait_for(lambda: not files(holysheep_home), "its file to be deleted")


def test_the_oldest_are_let_go_of_when_all_are_too_many_bytes(holysheep_home):
    settings(holysheep_home, keep_bytes=40_000)
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        lasts = [events(ask(http, demo={"tokens": 50, **FAST}).content)[-1].id for _ in range(5)]
        wait_for(lambda: len(files(holysheep_home)) < 5, "files to be deleted")
        statuses = [resume(http, last).status_code for last in lasts]
        assert statuses == sorted(statuses, reverse=True)
        assert (statuses[0], statuses[-1]) == (410, 200)


def test_a_folder_that_cannot_be_written_is_said_once_and_memory_serves(holysheep_home, gateway):
    (holysheep_home / "streams").write_text("in the way")
    with gateway.http() as http:
        for _ in range(2):
            whole = bare(ask(http, demo={"tokens": 20, **FAST}).content)
            wait_for(lambda: "in memory only" in gateway.log, "the warning")
            first = events(whole)[0].id
            assert whole.endswith(bare(resume(http, first).content))
    assert gateway.log.count("in memory only") == 1


def test_a_file_that_is_none_of_ours_is_no_stream(holysheep_home):
    folder = holysheep_home / "streams"
    folder.mkdir()
    name = "ab" * 12
    (folder / f"{name}.01.-.events").write_text("rubbish")
    (folder / "notes.txt").write_text("mine")
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        assert resume(http, f"{name}.01.00000001").status_code == 404
        assert "cannot be read" in gateway.log
    assert (folder / "notes.txt").exists()


def test_what_another_gateway_still_writes_is_not_served_until_it_has_ended(holysheep_home):
    with gateway_in(holysheep_home) as old, old.http() as http:
        last = begun(http, "k", **STALL)[-1]
        wait_for(lambda: files(holysheep_home), "its file")
        old.file.unlink()
        with gateway_in(holysheep_home) as new, new.http() as client:
            for response in (resume(client, last), ask(client, "k", demo=STALL)):
                assert response.status_code == 503
                assert float(response.headers["retry-after"]) > 0
            end(old, "kill")
            assert resume(client, f"{last[:-1]}0").status_code == 200


def test_a_long_answer_is_read_again_whole(holysheep_home):
    """By far the most of it from the disk: little of it is in memory."""
    with gateway_in(holysheep_home) as gateway, gateway.http(120) as http:
        whole = bare(ask(http, demo={"text": "word " * 20, "tokens": 30_000, **FAST}).content)
        first = events(whole[:2000])[0].id
        rest = bytearray()
        headers = {"X-Stream-Resume": "true", "X-Stream-Event-Id": first}
        with http.stream("POST", "chat/completions", json=ASK, headers=headers) as response:
            for piece in response.iter_raw():
                rest += piece
    assert whole.endswith(rest)
    assert len(rest) > 3 * event_log._MEMORY_BYTES


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_whose_file_was_deleted_is_generated_anew(holysheep_home, gateway, stream):
    asked = {"demo": {"tokens": 3, **FAST}, "stream": stream}
    with gateway.http() as http:
        ask(http, "k", **asked)
        wait_for(lambda: closed(holysheep_home), "the file")
        files(holysheep_home)[0].unlink()
        if stream:
            with pytest.raises(httpx.RemoteProtocolError):
                ask(http, "k", **asked)
        else:
            assert ask(http, "k", **asked).status_code == 410
        again = ask(http, "k", **asked)
    assert again.status_code == 200
    assert "x-stream-resumed" not in again.headers


def test_an_answer_too_long_to_be_kept_still_arrives_whole(holysheep_home):
    settings(holysheep_home, keep_bytes=200_000, orphan_grace_s=0.4)
    with gateway_in(holysheep_home) as gateway, gateway.http() as http:
        sent = events(ask(http, demo={"tokens": 2000, **FAST}).content)
        assert len(sent) == 2002
        wait_for(lambda: resume(http, sent[0].id).status_code == 410, "it to be let go of")
        wait_for(lambda: not files(holysheep_home), "its file to be deleted")
        assert "too long to be kept" in gateway.log
