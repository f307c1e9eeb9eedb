"""Relays, through a real gateway, to servers that behave and servers that do not."""

import json

import pytest

from hs_notebook.gateway.upstreams import is_loopback

from .conftest import leaving, running, wait_for
from .far import ASK, CUTS, ERROR, KEY, WHOLE, chunk, decode, post, respond


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), FAR_KEY=KEY, SHORT_KEY="o") as gateway:
        yield gateway
    assert KEY not in gateway.log
    assert "Traceback" not in gateway.log


def test_a_stream_is_passed_on(gateway, far_behind):
    far = far_behind(respond(*WHOLE))
    decoder, text, chunks = decode(post(gateway, stream_options={"include_usage": True}))
    ((head, body),) = far.heard
    assert (decoder.complete, text) == (True, "Hello")
    assert chunks[0].model == "far-7b"  # who really answered
    assert (chunks[-1].usage.input_tokens, chunks[-1].usage.output_tokens) == (5, 2)
    assert f"authorization: bearer {KEY}" in head.lower()
    assert "accept-encoding: identity" in head.lower()
    assert gateway.token not in head
    assert body["model"] == "model-x"
    assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("name", ["model-x", "far/model-x", "far/any/other:name"])
def test_a_model_may_be_named_in_the_list_or_by_its_server(gateway, far_behind, name):
    far = far_behind(respond(*WHOLE))
    assert decode(post(gateway, model=name))[1] == "Hello"
    assert far.heard[0][1]["model"] == name.removeprefix("far/")


def test_a_stream_is_asked_for_even_where_a_whole_answer_is_wanted(gateway, far_behind):
    far = far_behind(respond(*WHOLE))
    answer = post(gateway, stream=False).json()
    assert far.heard[0][1]["stream"] is True
    assert answer["choices"][0]["message"]["content"] == "Hello"
    assert answer["usage"]["prompt_tokens"] == 5


def test_other_members_of_the_request_are_passed_on(gateway, far_behind):
    more = {"seed": 7, "temperature": 0.5, "max_tokens": 9, "logit_bias": {"5": -100}, "demo": {"x": 1}}
    far = far_behind(respond(*WHOLE))
    post(gateway, **more)
    body = far.heard[0][1]
    assert {name: body[name] for name in more} == more


def test_a_server_without_a_key_gets_none(gateway, far_behind):
    far = far_behind(respond(*WHOLE), key_env=None)
    assert decode(post(gateway))[1] == "Hello"
    assert "authorization" not in far.heard[0][0].lower()


@pytest.mark.parametrize("end", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("sent", [0, 1, 2])
def test_an_upstream_that_is_cut_short_is_an_error_and_never_a_stop(gateway, far_behind, end, sent):
    far_behind(respond(*WHOLE[:sent], end=end))
    streamed, whole = post(gateway), post(gateway, stream=False)
    assert whole.status_code == 502
    if sent == 0:
        assert streamed.status_code == 502
        return
    decoder, text, chunks = decode(streamed)
    assert text == "Hello"[: 3 + 2 * (sent - 1)]
    assert decoder.failure is not None
    assert not decoder.complete
    assert not any(each.finish_reason for each in chunks)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (
            [chunk("Hel"), ERROR],
            "overloaded",
        ),
        ([chunk("Hel"), b"data: upstream connect error\n\n"], "upstream connect error"),
        ([b"<html><title>Bad Gateway</title></html>"], "Bad Gateway"),
        ([b'{"error": {"message": "no such thing"}}'], "no such thing"),
    ],
)
def test_an_error_in_the_stream_is_passed_on_without_the_key(gateway, far_behind, parts, says):
    far_behind(respond(*parts))
    response = post(gateway)
    assert response.status_code == (200 if len(parts) > 1 else 502)
    assert says in response.text
    assert KEY not in response.text
    assert "[DONE]" not in response.text


def test_a_relayed_error_says_who_and_says_it_once(gateway, far_behind):
    far_behind(respond(chunk("Hel"), b'data: {"error": {"message": "overloaded", "code": "busy"}}\n\n'))
    what, means, remedy = decode(post(gateway))[0].failure.lines
    assert what == "The server says: far reported an error (busy): overloaded"
    assert (means.count("not complete"), remedy.count("Run")) == (1, 1)


LONG = "Incorrect API key provided. " + "It is refused for reasons of its own. " * 4 + "Ah well. "
CODE = b'data: {"error": {"message": "no", "code": "%b"}}\n\n' % KEY.encode()
CUT_SHORT = b'data: {"error": {"message": "%b %b"}}\n\n' % (LONG.encode(), KEY.encode())


@pytest.mark.parametrize("before", [[], [chunk("Hel")]], ids=["at once", "later"])
@pytest.mark.parametrize("said", [CODE, CUT_SHORT, b"data: <%b>\n\n" % KEY.encode()])
@pytest.mark.parametrize("size", [1, 11, 10**6])
def test_no_part_of_the_key_is_passed_on_however_it_is_told(gateway, far_behind, before, said, size):
    body = b"".join([*before, said])
    far_behind(respond(*(body[at : at + size] for at in range(0, len(body), size))))
    response = post(gateway)
    assert "***" in response.text
    assert KEY[:9] not in response.text


def test_a_key_too_short_to_be_a_secret_leaves_no_holes(gateway, far_behind):
    far = far_behind(respond(*WHOLE), key_env="SHORT_KEY")
    assert decode(post(gateway))[1] == "Hello"
    assert "authorization: bearer o\r\n" in far.heard[0][0].lower()
    said = b'{"error": {"message": "no such model"}}'
    far_behind(respond(said, status="400 Bad Request"), key_env="SHORT_KEY")
    assert "no such model" in post(gateway).text


def test_no_part_of_the_key_is_passed_on_in_a_text_or_a_status(gateway, far_behind):
    far_behind(respond(chunk(f"Your key is {KEY}."), *WHOLE))
    assert decode(post(gateway))[1] == "Your key is ***.Hello"
    said = json.dumps({"error": {"message": LONG + KEY}}).encode()
    far_behind(respond(said, status="400 Bad Request", headers="content-type: application/json"))
    assert KEY[:9] not in post(gateway).text


def test_an_answer_that_only_looks_like_the_key_is_passed_on_whole(gateway, far_behind):
    far = far_behind(respond(KEY[:-1].encode(), headers="content-type: text/plain"))
    assert decode(post(gateway))[1] == KEY[:-1]
    assert far.heard


@pytest.mark.parametrize(
    ("status", "sent", "got"),
    [
        ("401 Unauthorized", {"message": f"bad key {KEY}"}, 401),
        ("402 Payment Required", {"message": "no credit"}, 402),
        ("404 Not Found", {"message": "no model"}, 404),
        ("429 Too Many Requests", {"message": "slow down"}, 429),
        ("500 Internal Server Error", {"message": "oops"}, 500),
        ("529 Overloaded", {"message": "busy"}, 529),
        ("301 Moved Permanently", {"message": "elsewhere"}, 502),
        ("204 No Content", {"message": ""}, 502),
    ],
)
def test_a_status_is_passed_on_with_its_reason_and_without_the_key(gateway, far_behind, status, sent, got):
    body = json.dumps({"error": sent}).encode()
    headers = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nretry-after: 3"

    def answer(far, connection):
        connection.sendall(f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + body)
        connection.close()

    far_behind(answer)
    response = post(gateway)
    assert response.status_code == got
    error = response.json()["error"]["message"]
    assert error.startswith(f"far answered with status {status[:3]}")
    assert sent["message"].replace(KEY, "***") in error or got == 502
    assert KEY not in response.text
    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "maximum context length is 2048 tokens"}, "context_length_exceeded"),
        ({"message": "no", "code": "context_length_exceeded"}, "context_length_exceeded"),
        ({"message": "context_management is not permitted in this context"}, None),
    ],
)
def test_a_prompt_that_is_too_long_is_named_so_and_nothing_else_is(gateway, far_behind, error, code):
    said = json.dumps({"error": error}).encode()
    far_behind(respond(said, status="400 Bad Request", headers="content-type: application/json"))
    response = post(gateway)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refused_key_is_named_by_where_it_is_set(gateway, far_behind, status):
    for key_env in ("FAR_KEY", None):
        far_behind(respond(b"{}", status=status), key_env=key_env)
        said = post(gateway).json()["error"]["message"]
        assert "[far]" in said
        assert f"{gateway.home / 'gateway.toml'}" in said
        assert "embedded.stop()" in said
        assert ("FAR_KEY" in said) == (key_env is not None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "gateway.localhost", "::1"])
def test_this_machine_has_many_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.org", "localhost.example", "10.0.0.1", "128.0.0.1", "::2"])
def test_other_machines_are_other_machines(host):
    assert not is_loopback(host)


def test_a_server_that_is_not_there_is_named(gateway, far_behind):
    far = far_behind(respond())
    far.close()
    response = post(gateway)
    assert response.status_code == 502
    assert far.url in response.json()["error"]["message"]


def holding(far, connection):
    """An answer that begins and goes on until its reader closes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + WHOLE[0])
    connection.settimeout(120)
    if connection.recv(1) == b"":
        far.left.set()


def test_a_cancel_closes_the_upstream_connection_and_a_client_that_leaves_does_not(gateway, far_behind):
    far = far_behind(holding)
    with gateway.http() as http:
        with http.stream("POST", "chat/completions", json=ASK) as response:
            next(response.iter_raw())
            name = response.headers["x-stream-id"]
        assert not far.left.wait(0.5)
        assert http.post("stream/cancel", headers={"X-Stream-Id": name}).status_code == 200
        assert far.left.wait(60)


def test_a_whole_answer_that_nobody_can_come_back_for_closes_the_upstream_connection(gateway, far_behind):
    far = far_behind(holding)
    with gateway.http() as http:
        request = http.build_request("POST", "chat/completions", json={**ASK, "stream": False})
        with leaving(http, request):
            wait_for(lambda: far.heard, "the request to arrive")
    assert far.left.wait(60)


def test_the_file_is_read_again_when_it_changes(gateway, far_behind):
    far = far_behind(respond(*WHOLE))
    file = gateway.home / "gateway.toml"
    assert post(gateway, model="near/x").status_code == 404
    file.write_text(f'[near]\nbase_url = "{far.url}"\n')
    assert decode(post(gateway, model="near/x"))[1] == "Hello"
    assert post(gateway).status_code == 404
    file.unlink()
    assert post(gateway, model="near/x").status_code == 404


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("[far", "gateway.toml"),
        ('[far]\nurl = "x"', "base_url"),
        ('[far]\nbase_url = "http://x"\nmodel = ["y"]', "model"),
        ("[far]\nbase_url = 3", "base_url"),
        ('[far]\nbase_url = "http://x"\nshape = "round"', "shape"),
        ('[far]\nbase_url = "http://127.0.0.1:1"\nkey_env = "NO_SUCH_KEY"', "NO_SUCH_KEY"),
        ('[far]\nbase_url = "http://far.example/v1"\nkey_env = "FAR_KEY"', "plain http"),
        ('[far]\nbase_url = "far.example/v1"', "https://"),
    ],
)
def test_a_wrong_file_is_told_apart_from_what_still_works(gateway, written, says):
    (gateway.home / "gateway.toml").write_text(written)
    response = post(gateway)
    assert response.status_code == 400
    assert says in response.json()["error"]["message"]
    assert post(gateway, model="demo", demo={"tokens": 1}).status_code == 200
