"""Other people's clients against our gateway, with heartbeats between all events."""

import asyncio
import json
import subprocess

import anthropic
import httpx
import openai
import pytest
from httpx_sse import aconnect_sse, connect_sse

from .conftest import running

TEXT = "Grüße an 日本 and U+2028 \u2028 and 🎈, in\nlines. "
SLOW = {"text": TEXT, "tokens_per_s": 12}  # silence enough for a heartbeat before each token
MESSAGES = [{"role": "user", "content": "Hello there"}]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with running(tmp_path_factory.mktemp("home"), "--heartbeat", "0.05") as gateway:
        yield gateway
    assert "Traceback" not in gateway.log


@pytest.fixture
def client(gateway):
    http = httpx_of(openai, trust_env=False)
    with openai.OpenAI(base_url=gateway.base_url, api_key=gateway.token, http_client=http) as client:
        yield client


def httpx_of(sdk, **options):
    return sdk.DefaultHttpxClient(**options)


def ask(**demo):
    return {"model": "demo", "messages": MESSAGES, "extra_body": {"demo": {**SLOW, **demo}}}


def test_the_openai_sdk_streams(client):
    stream = client.chat.completions.create(**ask(), stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.prompt_tokens) == ([], 2)
    assert chunks[-1].usage.total_tokens == 2 + chunks[-1].usage.completion_tokens


def test_the_openai_sdk_streams_without_usage(client):
    chunks = list(client.chat.completions.create(**ask(), stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_the_openai_sdk_asks_for_a_whole_answer(client):
    answer = client.chat.completions.create(**ask(tokens_per_s=0), max_tokens=3)
    assert answer.choices[0].message.content == "Grüße an 日本 "
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3


def test_the_openai_sdk_streams_in_an_event_loop(gateway):
    async def talk():
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with openai.AsyncOpenAI(
            base_url=gateway.base_url, api_key=gateway.token, http_client=http
        ) as client:
            options = {"include_usage": True}
            stream = await client.chat.completions.create(**ask(), stream=True, stream_options=options)
            chunks = [chunk async for chunk in stream]
            whole = await client.chat.completions.create(**ask(tokens_per_s=0))
            return chunks, whole

    chunks, whole = asyncio.run(talk())
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert streamed == whole.choices[0].message.content == TEXT
    assert chunks[-1].usage == whole.usage


def test_the_openai_sdk_lists_the_models(client):
    assert "local" in [model.id for model in client.models.list()]


def test_the_openai_sdk_reports_our_errors(client):
    with pytest.raises(openai.NotFoundError, match="Did you mean local"):
        client.chat.completions.create(model="locl", messages=MESSAGES)
    stream = client.chat.completions.create(**ask(fault="error", fail_after=2), stream=True)
    with pytest.raises(openai.APIError, match="The demo fails"):
        list(stream)


@pytest.fixture
def claude(gateway):
    http = httpx_of(anthropic, trust_env=False)
    with anthropic.Anthropic(base_url=gateway.url, api_key=gateway.token, http_client=http) as client:
        yield client


def test_the_anthropic_sdk_streams(claude):
    with claude.messages.stream(**ask(), max_tokens=100, system="Be brief") as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert text == TEXT
    assert message.model == "demo-script"
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens == 4  # the system prompt is a part of the prompt
    assert message.usage.output_tokens == len(TEXT.split())


def test_the_anthropic_sdk_asks_for_a_whole_message(claude):
    message = claude.messages.create(**ask(tokens_per_s=0), max_tokens=3)
    assert message.content[0].text == "Grüße an 日本 "
    assert message.stop_reason == "max_tokens"


def test_the_anthropic_sdk_reports_our_errors(claude):
    with pytest.raises(anthropic.NotFoundError, match="Did you mean demo"):
        claude.messages.create(model="dmo", messages=MESSAGES, max_tokens=3)
    with pytest.raises(anthropic.BadRequestError, match="wizard"):
        claude.messages.create(model="demo", messages=[{"role": "wizard", "content": ""}], max_tokens=3)
    with (
        pytest.raises(anthropic.APIStatusError, match="The demo fails"),
        claude.messages.stream(**ask(fault="error", fail_after=2), max_tokens=9) as stream,
    ):
        list(stream)


def test_the_anthropic_sdk_without_the_token_is_told_so(gateway):
    http = httpx_of(anthropic, trust_env=False)
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="wrong", http_client=http) as client,
        pytest.raises(anthropic.AuthenticationError, match=r"gateway\.json"),
    ):
        client.messages.create(**ask(), max_tokens=3)


def body(**more):
    return {"model": "demo", "messages": MESSAGES, "stream": True, "demo": SLOW, **more}


def text_of(datas):
    objects = [json.loads(data) for data in datas if data != "[DONE]"]
    return "".join(choice["delta"].get("content", "") for each in objects for choice in each["choices"])


def test_curl_streams(gateway):
    command = ["curl", "-sSN", f"{gateway.base_url}/chat/completions", "-H", "@-", "-d", json.dumps(body())]
    done = subprocess.run(
        command,
        input=f"Authorization: Bearer {gateway.token}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.split("\n")
    assert ": hb" in lines
    assert text_of(line[6:] for line in lines if line.startswith("data: ")) == TEXT
    assert lines[-3:] == ["data: [DONE]", "", ""]


def test_httpx_sse_streams(gateway):
    with (
        gateway.http() as http,
        connect_sse(http, "POST", "chat/completions", json=body()) as source,
    ):
        events = list(source.iter_sse())
    assert text_of(event.data for event in events) == TEXT
    assert len({event.id for event in events}) == len(events)


def test_httpx_sse_streams_in_an_event_loop(gateway):
    async def talk():
        headers = {"Authorization": f"Bearer {gateway.token}"}
        async with (
            httpx.AsyncClient(base_url=gateway.base_url, headers=headers, trust_env=False) as http,
            aconnect_sse(http, "POST", "chat/completions", json=body()) as source,
        ):
            return [event.data async for event in source.aiter_sse()]

    assert text_of(asyncio.run(talk())) == TEXT
