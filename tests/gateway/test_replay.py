"""An answer read by whom it likes, as often as it likes, from any event on; generated once."""

import json
import threading

import pytest

from hs_notebook.gateway.demo import SCRIPT

from .asking import ASK, FAST, STALL, ask, bare, begun, cancel, check, events, resume, settings
from .conftest import running, wait_for


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), "--heartbeat", "0.05", "--idle", "60") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log


@pytest.fixture
def http(gateway):
    with gateway.http() as http:
        yield http


def test_what_follows_any_event_is_sent_byte_for_byte(http):
    whole = ask(http, demo={"tokens": 20, **FAST}).content
    pieces = [piece + b"\n\n" for piece in bare(whole).split(b"\n\n")[:-1]]
    for number, event in enumerate(events(whole), start=1):
        response = resume(http, event.id)
        assert response.status_code == 200
        assert response.headers["x-stream-resumed"] == "true"
        assert response.headers["x-stream-id"] == event.id.split(".")[0]
        assert bare(response.content) == b"".join(pieces[number:])


def test_sequence_nought_is_the_place_before_the_first_event(http):
    response = ask(http, demo={"tokens": 5, **FAST})
    assert "x-stream-resumed" not in response.headers
    again = resume(http, f"{response.headers['x-stream-id']}.01.00000000")
    assert bare(again.content) == bare(response.content)


def test_an_answer_goes_on_while_its_client_is_away(http):
    last = begun(http, tokens_per_s=200)[-1]
    wait_for(lambda: check(http, last)["complete"], "the answer to be whole")
    rest = events(resume(http, last).content)
    text = "".join(json.loads(event.data)["choices"][0]["delta"].get("content", "") for event in rest[:-1])
    assert SCRIPT.endswith(text)
    assert rest[-1].data == b"[DONE]"
    assert json.loads(rest[-2].data)["stream_end"]["events"] == len(rest) - 1 + 3


def test_many_readers_follow_from_many_places_while_it_is_written(http, gateway):
    first, *_, last = begun(http, tokens=60, tokens_per_s=60)
    bodies = {}

    def read(number, event_id):
        with gateway.http() as own:
            bodies[number] = bare(resume(own, event_id).content)

    threads = [threading.Thread(target=read, args=(n, (first, last)[n % 2])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(bodies.values())) == 2
    assert bodies[0].endswith(bodies[1])
    assert bodies[1].endswith(b"data: [DONE]\n\n")
    assert [len(events(bodies[n])) for n in (0, 1)] == [61, 59]


def test_a_repeated_key_attaches_from_the_first_event_and_generates_nothing(http):
    first = ask(http, "twice", demo={"tokens": 8, **FAST})
    again = ask(http, "twice", demo={"tokens": 8, **FAST})
    assert "x-stream-resumed" not in first.headers
    assert again.headers["x-stream-resumed"] == "true"
    assert again.headers["x-stream-id"] == first.headers["x-stream-id"]
    assert bare(again.content) == bare(first.content)


def test_a_repeated_key_attaches_to_an_answer_that_runs(http):
    ids = begun(http, "running", tokens=30, tokens_per_s=30)
    again = events(ask(http, "running", demo={"tokens": 30, "tokens_per_s": 30}).content)
    assert [event.id for event in again][:3] == ids[:3]
    assert again[-1].data == b"[DONE]"


def test_a_repeated_key_of_a_whole_answer_gets_the_same_one(http):
    bodies = [ask(http, "whole", stream=False, demo={"tokens": 4}) for _ in range(2)]
    assert bodies[0].content == bodies[1].content
    assert [body.headers.get("x-stream-resumed") for body in bodies] == [None, "true"]


def test_a_key_for_another_request_is_refused(http):
    ask(http, "mine", demo={"tokens": 1})
    assert ask(http, "mine", demo={"tokens": 2}).status_code == 409
    assert ask(http, "mine", demo={"tokens": 1}, stream=False).status_code == 409


@pytest.mark.parametrize("fault", ["error", "end", "cancel"])
def test_a_key_stays_that_of_its_request_however_that_ended(http, fault):
    key = f"ended by {fault}"
    if fault == "cancel":
        begun(http, key, **STALL)
        cancel(http, Idempotency_Key=key)
    else:
        ask(http, key, demo={**STALL, "fault": fault})
    assert ask(http, key, demo={"tokens": 3, **FAST}).status_code == 409


def test_a_refused_request_leaves_its_key_free(http):
    assert ask(http, "again", demo={"status": 503}).status_code == 503
    assert ask(http, "again", demo={"tokens": 1}).status_code == 200


@pytest.mark.parametrize("fault", ["error", "end", "cancel"])
def test_an_answer_that_was_not_whole_is_generated_anew_and_fences_the_old(http, fault):
    key = f"anew {fault}"
    script = STALL if fault == "cancel" else {**STALL, "fault": fault}
    old = begun(http, key, **script)[-1]
    if fault == "cancel":
        cancel(http, Idempotency_Key=key)
    wait_for(lambda: check(http, old)["state"] != "running", "the first run to end")
    assert check(http, old)["complete"] is False
    new = begun(http, key, **script)
    stream, generation, _ = old.split(".")
    assert (generation, new[0]) == ("01", f"{stream}.02.00000001")
    assert new[0] > old
    assert resume(http, old).status_code == 410
    cancel(http, Idempotency_Key=key)


@pytest.mark.parametrize(
    ("event_id", "status"),
    [
        ("", 400),
        ("7", 400),
        ("abc", 400),
        ("zz.01.00000001", 400),
        ("abc.01.-1", 400),
        ("0" * 24 + ".01.00000001", 404),
        ("STREAM.01.00000099", 400),
        ("STREAM.02.00000001", 410),
    ],
)
def test_an_id_that_is_none_or_unknown_is_told_apart(http, event_id, status):
    stream = ask(http, "told", demo={"tokens": 2, **FAST}).headers["x-stream-id"]
    event_id = event_id.replace("STREAM", stream)
    response = resume(http, event_id)
    assert response.status_code == status
    assert response.json()["error"]["message"]
    told = check(http, event_id)
    assert (told["valid"], told["status"]) == (False, status)


def test_a_check_says_where_a_stream_stands(http):
    last = begun(http, "stands", **STALL)[-1]
    stream = last.split(".")[0]
    assert check(http, last) == {"valid": True, "stream": stream, "complete": False, "state": "running"}
    cancel(http, X_Stream_Id=stream)
    assert check(http, last)["state"] == "cancelled"
    done = events(ask(http, demo={"tokens": 1}).content)[-1].id
    assert check(http, done)["complete"] is True


@pytest.mark.parametrize("fault", ["error", "end", "cancel"])
def test_a_check_says_what_the_resume_will(http, fault):
    """At every event of an answer that is not whole: at its end there is nothing to resume."""
    script = STALL if fault == "cancel" else {**STALL, "fault": fault}
    stream = begun(http, f"checked {fault}", **script)[-1].split(".")[0]
    if fault == "cancel":
        cancel(http, X_Stream_Id=stream)
    wait_for(lambda: check(http, f"{stream}.01.00000000")["state"] != "running", "the run to end")
    valid = []
    for number in range(9):
        event_id = f"{stream}.01.{number:08d}"
        told, resumed = check(http, event_id), resume(http, event_id).status_code
        assert told["valid"] is (resumed == 200)
        assert told.get("status", 200) == resumed
        valid.append(told["valid"])
        if resumed == 410:
            assert (told["stream"], told["complete"]) == (stream, False)
            assert "before it was whole" in told["reason"]
            break
    assert valid == [*[True] * number, False]


def test_a_cancel_ends_every_reader_with_no_proof_and_may_be_repeated(http, gateway):
    last = begun(http, "stop", **STALL)[-1]
    body = []
    reader = threading.Thread(target=lambda: body.append(resume(http, f"{last[:-1]}0").content))
    reader.start()
    with gateway.http() as other:
        for _ in range(2):
            assert cancel(other, Idempotency_Key="stop").json()["state"] == "cancelled"
    reader.join()
    assert len(events(body[0])) == 3
    assert b"[DONE]" not in body[0]


def test_a_cancel_of_what_is_whole_changes_nothing(http):
    ask(http, "done", demo={"tokens": 1})
    assert cancel(http, Idempotency_Key="done").json()["state"] == "complete"


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 400), ({"X_Stream_Id": "abc"}, 404), ({"Idempotency_Key": "never"}, 404)]
)
def test_a_cancel_of_nothing_says_so(http, headers, status):
    assert cancel(http, **headers).status_code == status


def test_a_cancelled_whole_answer_is_an_error(http, gateway):
    answer = []
    reader = threading.Thread(
        target=lambda: answer.append(ask(http, "no", stream=False, demo=STALL).status_code)
    )
    reader.start()
    with gateway.http() as other:
        wait_for(lambda: cancel(other, Idempotency_Key="no").status_code == 200, "the request to be known")
    reader.join()
    assert answer == [409]


def test_too_many_at_once_are_refused_with_a_time_and_an_attach_is_not(holysheep_home):
    settings(holysheep_home, max_streams=2)
    with running(holysheep_home, "--heartbeat", "0.05") as gateway, gateway.http() as http:
        ids = [begun(http, key, **STALL)[-1] for key in ("a", "b")]
        refused = ask(http, "c", demo={"tokens": 1})
        assert refused.status_code == 429
        assert float(refused.headers["retry-after"]) > 0
        assert begun(http, "a", **STALL)[-1] == ids[0]
        cancel(http, X_Stream_Id=ids[0].split(".")[0])
        assert ask(http, "c", demo={"tokens": 1}).status_code == 200
        cancel(http, X_Stream_Id=ids[1].split(".")[0])


def test_what_nobody_comes_back_for_is_stopped_in_the_end(holysheep_home):
    settings(holysheep_home, orphan_grace_s=0.3)
    with running(holysheep_home, "--heartbeat", "0.05") as gateway, gateway.http() as http:
        with http.stream("POST", "chat/completions", json={**ASK, "demo": STALL}) as response:
            pieces = response.iter_raw()
            last = events(next(pieces))[-1].id
            for _ in range(20):  # heartbeats of a second: who reads is no orphan
                next(pieces)
            assert check(http, last)["state"] == "running"
        wait_for(lambda: check(http, last)["state"] == "cut", "the orphan to be stopped")


def test_a_wrong_table_is_not_heeded_and_the_log_says_so(holysheep_home):
    settings(holysheep_home, max_streams=0)
    with running(holysheep_home) as gateway, gateway.http() as http:
        assert ask(http, demo={"tokens": 1}).status_code == 200
        assert "max_streams" in gateway.log
