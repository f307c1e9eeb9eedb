"""What is refused before sending, and the rest of the client's own doing."""

import json

import pytest
from misbehaving import TEXT, event, until

from hs_notebook import HolySheep, Message, errors
from hs_notebook.store.place import Place, set_place_finder


async def answer(peer):
    await peer.answer()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": " \n\t"}, "prompt is empty"),
        ({"prompt": []}, "prompt is empty"),
        ({"prompt": [{"role": "system", "content": "be brief"}]}, "prompt is empty"),
        ({"prompt": [{"role": "robot", "content": "x"}]}, "not understood"),
        ({"prompt": [{"content": "x"}]}, "not understood"),
        ({"prompt": [{"role": "user", "content": 7}]}, "not understood"),
        ({"prompt": ["x"]}, "not understood"),
        ({"model": " "}, "No model"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"extra": {"x": object()}}, "JSON"),
        ({"extra": {"model": "dearer"}}, "'model'"),
        ({"extra": {"messages": []}}, "'messages'"),
        ({"extra": {"stream": False}}, "'stream'"),
        ({"prompt": "\ud800"}, "JSON"),
    ],
)
def test_refused_before_sending(serve, client, rows, arguments, words):
    server = serve(answer)
    with pytest.raises(errors.SettingError, match=words):
        client(server).ask(**{"prompt": "hello", "model": "m", **arguments})
    assert server.connections == 0
    assert rows() == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda asker: asker.batch(["good", " "], model="m"),
        lambda asker: asker.compare("good", ["m", " "]),
        lambda asker: asker.batch(["good", [{"role": "robot", "content": "x"}]], model="m"),
    ],
    ids=["prompt", "model", "turns"],
)
def test_one_that_is_wrong_among_many_has_none_sent(serve, client, rows, ask):
    server = serve(answer)
    with pytest.raises(errors.SettingError):
        ask(client(server))
    assert (server.connections, rows()) == (0, [])


@pytest.mark.parametrize(
    "ask",
    [lambda asker: asker.batch("hey", model="m"), lambda asker: asker.compare("hi", "gpt")],
    ids=["batch", "compare"],
)
def test_a_string_is_not_taken_letter_by_letter(serve, client, ask):
    server = serve(answer)
    with pytest.raises(errors.SettingError, match="not one string"):
        ask(client(server))
    assert server.connections == 0


def test_a_model_without_a_key_among_many_has_none_sent(rows):
    with HolySheep() as asker, pytest.raises(errors.MissingKeyError):
        asker.compare("hello", ["demo", "gpt-4.1"])
    assert (asker.stats().sessions, rows()) == ([], [])


def test_if_one_cannot_be_started_those_begun_are_stopped(serve, client):
    """Whatever it is that fails; here it is the question where the request comes from."""

    async def script(peer):
        await peer.head()
        await peer.gone()

    asker = client(serve(script))
    known = [Place("book.ipynb", None, None, "session")]
    set_place_finder(known.pop)
    try:
        with pytest.raises(IndexError):
            asker.compare("hello", ["m", "m"])
    finally:
        set_place_finder(None)
    assert until(lambda: [one.status for one in asker.stats().sessions] == ["interrupted"])


def test_a_conversation(serve, client):
    server = serve(answer)
    turns = [
        Message("user", "one"),
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    client(server).ask(turns, model="m")
    assert [turn["content"] for turn in server.requests[0].json["messages"]] == ["one", "two", "three"]


def test_extra_members_are_sent(serve, client):
    server = serve(answer)
    client(server).ask("hello", model="m", extra={"top_k": 5})
    assert server.requests[0].json["top_k"] == 5


def test_no_key_and_no_server_named():
    with pytest.raises(errors.MissingKeyError):
        HolySheep().ask("hello", model="gpt-4.1")


def test_the_environment_names_server_and_key(serve, monkeypatch):
    server = serve(answer)
    monkeypatch.setenv("HOLYSHEEP_BASE_URL", server.url)
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "sk-env")
    assert HolySheep().ask("hello", model="m").text == TEXT
    assert server.requests[0].headers["authorization"] == "Bearer sk-env"


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [{"id": "b"}, {"id": "a"}]}',
        b'{"models": [{"name": "models/a"}, {"name": "models/b"}]}',
        b'{"models": [{"name": "a"}, {"name": "b"}]}',
    ],
)
def test_models(serve, client, body):
    async def script(peer):
        await peer.plain("200 OK", body)

    server = serve(script)
    assert client(server, api_key="sk-x").models() == ["a", "b"]
    assert (server.requests[0].method, server.requests[0].path) == ("GET", "/v1/models")
    assert server.requests[0].headers["authorization"] == "Bearer sk-x"


def test_a_model_whose_name_could_steer_a_terminal_is_not_listed(serve, client):
    names = [
        "good-1",
        "m\x1b]0;title\x07",
        "\x9b2Jm",
        "two\nlines",
        "tab\tbed",
        "\u202egnp",
        "模型",
        "a b",
        "",
    ]

    async def script(peer):
        await peer.plain("200 OK", json.dumps({"data": [{"id": name} for name in names]}).encode())

    asker = client(serve(script))
    assert asker.models() == asker.known_models == ["a b", "good-1", "模型"]


@pytest.mark.parametrize(
    ("first", "query"),
    [
        (b'{"data": [{"id": "b"}], "has_more": true, "last_id": "b&c"}', "?after_id=b%26c"),
        (b'{"models": [{"name": "models/b"}], "nextPageToken": "t/1"}', "?pageToken=t%2F1"),
    ],
    ids=["anthropic", "google"],
)
def test_models_of_all_pages(serve, client, first, query):
    async def script(peer):
        last = b'{"data": [{"id": "a"}], "has_more": false, "last_id": "a"}'
        await peer.plain("200 OK", first if peer.number == 1 else last)

    server = serve(script)
    assert client(server).models() == ["a", "b"]
    assert [request.path for request in server.requests] == ["/v1/models", f"/v1/models{query}"]


def test_pages_that_never_end_are_not_asked_for_ever(serve, client):
    async def same(peer):
        await peer.plain("200 OK", b'{"data": [{"id": "a"}], "has_more": true, "last_id": "a"}')

    async def endless(peer):
        await peer.plain("200 OK", b'{"models": [{"name": "a"}], "nextPageToken": "%d"}' % peer.number)

    server = serve(same)
    assert client(server).models() == ["a"]
    assert len(server.requests) == 2
    server = serve(endless)
    assert client(server).models() == ["a"]
    assert len(server.requests) == 100


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 3}', b'"x"', b"{}"])
def test_no_list_of_models(serve, client, body):
    async def script(peer):
        await peer.plain("200 OK", body)

    with pytest.raises(errors.ProtocolError):
        client(serve(script)).models()


def test_models_refused_and_slow(serve, client):
    async def script(peer):
        if peer.number == 1:
            await peer.plain("401 No", b"")
        else:
            await peer.gone()

    server = serve(script)
    with pytest.raises(errors.KeyRefusedError, match="none is set"):
        client(server).models()
    with pytest.raises(errors.NotReachedError, match=r"within 0\.2 s"):
        client(server, timeout=0.2).models()
    assert until(lambda: server.open <= 1)


def test_an_unknown_model_is_met_with_near_names(serve, client):
    async def script(peer):
        if peer.request.method == "GET":
            await peer.plain(
                "200 OK", b'{"data": [{"id": "gpt-4.1"}, {"id": "gpt-4.1-mini"}, {"id": "sonnet"}]}'
            )
        else:
            await peer.plain("404 No", b'{"error": {"message": "no such model"}}')

    asker = client(serve(script))
    with pytest.raises(errors.ModelNotFoundError, match=r"models\(\)\) lists"):
        asker.ask("hello", model="gtp-4.1")
    asker.models()
    with pytest.raises(errors.ModelNotFoundError, match=r"Near names: gpt-4\.1, gpt-4\.1-mini"):
        asker.ask("hello", model="gtp-4.1")


def test_close_ends_what_runs(serve, client):
    async def script(peer):
        await peer.head()
        await peer.piece(event("so far"))
        await peer.gone()

    server = serve(script)
    with client(server) as asker:
        stream = asker.stream("hello", model="m")
        assert until(lambda: stream.answer.text)
    assert stream.ended
    assert until(lambda: server.open == 0)


def test_the_embedded_gateway_answers(rows):
    """No key, no settings: a real gateway process is started, and asked."""
    result = HolySheep().ask("hello", model="demo", extra={"demo": {"tokens": 5}})
    assert result.text
    assert (result.provider, result.model_served) == ("embedded", "demo-script")
    [row] = rows()
    assert row["cost_usd"] == 0
