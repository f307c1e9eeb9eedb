"""The gateway's routes over real HTTP: what they answer, and how they say no."""

import hashlib
import hmac
import json
import subprocess

import httpx
import pytest

from .conftest import running

ASK = {"model": "demo", "messages": [{"role": "user", "content": "Hello there"}]}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), "--heartbeat", "0.05") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log


@pytest.fixture
def http(gateway):
    with gateway.http() as http:
        yield http


def error_of(response):
    return response.json()["error"]


def test_health_asks_for_no_token_and_gives_none(gateway):
    response = httpx.get(f"{gateway.url}/health")
    assert response.status_code == 200
    assert response.json()["version"] == gateway.record["version"]
    assert response.json()["pid"] == gateway.process.pid
    assert "proof" not in response.json()
    assert gateway.token not in response.text


def test_health_proves_to_know_the_token(gateway):
    proof = httpx.get(f"{gateway.url}/health", params={"challenge": "abc"}).json()["proof"]
    assert proof == hmac.new(gateway.token.encode(), b"abc", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/shutdown"),
        ("GET", "/health/"),
        ("GET", "/nowhere"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}, {"x-api-key": "wrong"}],
)
def test_every_other_path_asks_for_the_token(gateway, method, path, headers):
    response = httpx.request(method, gateway.url + path, headers=headers, json=ASK)
    assert response.status_code == 401
    assert "gateway.json" in error_of(response)["message"]


@pytest.mark.parametrize("header", ["Authorization", "x-api-key"])
def test_the_token_may_come_as_either_vendor_sends_it(gateway, header):
    value = f"bearer {gateway.token}" if header == "Authorization" else gateway.token
    assert httpx.get(f"{gateway.base_url}/models", headers={header: value}).status_code == 200


def test_models_are_listed(http):
    listed = http.get("models").json()
    assert listed["object"] == "list"
    assert {"local", "demo"} <= {model["id"] for model in listed["data"]}


def test_an_unknown_model_is_refused_with_the_nearest_name(http):
    response = http.post("chat/completions", json={**ASK, "model": "lokal"})
    assert response.status_code == 404
    assert error_of(response)["code"] == "model_not_found"
    assert "Did you mean local?" in error_of(response)["message"]
    assert "gateway.toml" in error_of(response)["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "names no model"),
        (b'{"model": "demo"}', "no messages"),
        (b'{"model": "demo", "messages": []}', "no messages"),
        (b'{"model": "demo", "messages": [{"role": "wizard", "content": "x"}]}', "wizard"),
        (json.dumps({**ASK, "demo": {"speed": 1}}).encode(), "speed"),
        (json.dumps({**ASK, "max_tokens": -1}).encode(), "max_tokens"),
    ],
)
def test_a_bad_body_is_refused_with_the_reason(http, body, says):
    response = http.post("chat/completions", content=body)
    assert response.status_code == 400
    assert says in error_of(response)["message"]


def test_a_body_over_the_limit_is_refused(gateway):
    with gateway.http() as http:
        response = http.post("chat/completions", content=b" " * (64 * 2**20 + 1))
    assert response.status_code == 413
    assert "64 MiB" in error_of(response)["message"]


def test_a_prompt_of_ten_megabytes_is_taken(http):
    message = {"role": "user", "content": "word " * 2_000_000}
    asked = {**ASK, "messages": [message], "demo": {"tokens": 1}}
    assert http.post("chat/completions", json=asked).json()["usage"]["prompt_tokens"] == 2_000_000


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "chat/completions"), ("POST", "models"), ("GET", "embeddings"), ("GET", "")]
)
def test_another_path_or_method_is_told_what_there_is(http, method, path):
    response = http.request(method, path)
    assert response.status_code in (404, 405)
    assert "POST /v1/chat/completions" in error_of(response)["message"]


def test_a_whole_answer(http):
    response = http.post("chat/completions", json={**ASK, "demo": {"text": "one two three"}})
    answer = response.json()
    assert response.headers["content-type"] == "application/json"
    assert answer["id"] == f"chatcmpl-{response.headers['x-stream-id']}"
    assert answer["model"] == "demo-script"
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "one two three"}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] == 2
    assert answer["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_keeps_its_status_and_its_retry_after(http, stream):
    asked = {**ASK, "stream": stream, "demo": {"status": 429, "retry_after": 7}}
    response = http.post("chat/completions", json=asked)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "7"
    assert error_of(response)["type"] == "rate_limit_error"


@pytest.mark.parametrize("fault", ["cut", "end"])
def test_a_whole_answer_that_breaks_is_no_answer(http, fault):
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("chat/completions", json={**ASK, "demo": {"text": "a", "fault": fault}})


def test_a_whole_answer_that_fails_is_an_error(http):
    response = http.post("chat/completions", json={**ASK, "demo": {"text": "a", "fault": "error"}})
    assert response.status_code == 502
    assert error_of(response)["code"] == "demo_fault"


def test_the_token_is_in_no_log_and_no_argument(gateway, http):
    http.post("chat/completions", json={**ASK, "demo": {"tokens": 1}})
    http.get("models", params={"x": "y"})
    arguments = subprocess.run(
        ["ps", "-o", "args=", "-p", str(gateway.process.pid)], capture_output=True, text=True, check=True
    ).stdout
    assert "hs_notebook.gateway" in arguments
    assert gateway.token not in arguments + gateway.log
