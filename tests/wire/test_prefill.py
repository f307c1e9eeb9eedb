"""Who takes the beginning of its own answer; and the request that hands it over, in each shape."""

import json

import pytest

from hs_notebook.wire import prefill, request
from hs_notebook.wire.chunk import ChatRequest, Message
from hs_notebook.wire.prefill import Form, continued, form, permits

CHAT = ChatRequest(
    model="m",
    messages=(Message("system", "be brief"), Message("user", "count")),
    temperature=0.5,
    max_tokens=100,
    extra={"seed": 7},
)


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        ("claude-sonnet-4.5", "api.holysheep.ai", Form.PLAIN),
        ("claude-sonnet-4-5-20250929", "api.anthropic.com", Form.PLAIN),
        ("claude-sonnet-4-5@20250929", "aiplatform.googleapis.com", Form.PLAIN),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "bedrock", Form.PLAIN),
        ("anthropic/claude-opus-4.1", "openrouter.ai", Form.PLAIN),
        ("claude-sonnet-4-20250514", "api.anthropic.com", Form.PLAIN),
        ("claude-opus-4-0", "api.anthropic.com", Form.PLAIN),
        ("claude-3-5-sonnet-latest", "api.anthropic.com", Form.PLAIN),
        ("claude-2.1", "api.anthropic.com", Form.PLAIN),
        ("Claude-Haiku-4-5", "api.anthropic.com", Form.PLAIN),
        ("claude-opus-4-6", "api.anthropic.com", None),
        ("claude-sonnet-4.6", "api.holysheep.ai", None),
        ("claude-opus-4-10", "api.anthropic.com", None),
        ("claude-opus-4-7-20260416", "api.anthropic.com", None),
        ("claude-opus-5", "api.anthropic.com", None),
        ("gemini-2.5-flash", "generativelanguage.googleapis.com", Form.PLAIN),
        ("gemini-3.5-flash", "generativelanguage.googleapis.com", Form.PLAIN),
        ("gemini-3.5-flash-lite", "generativelanguage.googleapis.com", None),
        ("gemini-3.6-flash", "generativelanguage.googleapis.com", None),
        ("gpt-4.1", "api.openai.com", None),
        ("o3", "api.openai.com", None),
        ("deepseek-v3.2", "api.deepseek.com", Form.BETA_PREFIX),
        ("deepseek-v3.2", "api.holysheep.ai", None),
        ("deepseek-chat", "api.deepseek.com.evil.example", None),
        ("mistral-large-latest", "api.mistral.ai", Form.PREFIX),
        ("Qwen/Qwen3-8B", "vllm", Form.FINAL_MESSAGE),
        ("openai/gpt-oss-20b", "vLLM 0.12", Form.FINAL_MESSAGE),
        ("Qwen/Qwen3-8B", "sglang", Form.FINAL_MESSAGE),
        ("qwen3", "llama.cpp", Form.PLAIN),
        ("qwen3", "127.0.0.1", None),
        ("local", "embedded", Form.PLAIN),
        ("demo", "embedded", Form.PLAIN),
        ("demo", "api.holysheep.ai", None),
        ("my-demo", "embedded", None),
        ("local", "embedded.example", None),
        ("", "", None),
    ],
)
def test_who_takes_it(model, provider, expected):
    assert form(model, provider) is expected


def test_what_a_server_refused_is_not_tried_again_there():
    prefill.refuse("claude-3-refused", "api.anthropic.com")

    assert form("claude-3-refused", "api.anthropic.com") is None
    assert form("claude-3-refused", "openrouter.ai") is Form.PLAIN
    assert form("claude-3-other", "api.anthropic.com") is Form.PLAIN


def sent(form, shape="openai", chat=CHAT):
    return json.loads(request.build(shape, continued(chat, "one, two, \n", form)).body)


def test_plain_in_every_shape():
    assert sent(Form.PLAIN)["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "count"},
        {"role": "assistant", "content": "one, two,"},
    ]
    assert sent(Form.PLAIN, "anthropic")["messages"][-1] == {"role": "assistant", "content": "one, two,"}
    assert sent(Form.PLAIN, "google")["contents"][-1] == {"role": "model", "parts": [{"text": "one, two,"}]}


@pytest.mark.parametrize("form_", [Form.PREFIX, Form.BETA_PREFIX])
def test_prefix(form_):
    assert sent(form_)["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "count"},
        {"role": "assistant", "content": "one, two,", "prefix": True},
    ]


def test_final_message():
    body = sent(Form.FINAL_MESSAGE)

    assert body["messages"][-1] == {"role": "assistant", "content": "one, two,"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize("form_", Form)
def test_all_else_is_asked_as_before(form_):
    rest = continued(CHAT, "one", form_)

    assert (rest.model, rest.temperature, rest.max_tokens, rest.extra["seed"]) == ("m", 0.5, 100, 7)
    assert CHAT.extra == {"seed": 7}


@pytest.mark.parametrize(("spent", "left"), [(None, 100), (30, 70), (100, 1), (500, 1)])
def test_the_limit_that_is_left(spent, left):
    assert continued(CHAT, "one", Form.PLAIN, spent=spent).max_tokens == left


@pytest.mark.parametrize("form_", Form)
def test_a_beginning_of_the_users_own_stays_one_turn(form_):
    chat = ChatRequest(model="m", messages=(Message("user", "a tale"), Message("assistant", "Once ")))

    assert [turn["content"] for turn in sent(form_, chat=chat)["messages"]] == ["a tale", "Once one, two,"]


@pytest.mark.parametrize("partial", ["", " \n"])
def test_nothing_is_no_beginning(partial):
    with pytest.raises(ValueError, match="no text"):
        continued(CHAT, partial, Form.PLAIN)


@pytest.mark.parametrize("url", ["https://api.deepseek.com", "https://api.deepseek.com/v1"])
def test_deepseek_takes_it_at_beta(url):
    assert prefill.base_url(url, Form.BETA_PREFIX) == "https://api.deepseek.com/beta"
    assert prefill.base_url(url, Form.PREFIX) == url


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"seed": 7, "stop": ["x"], "tools": [{}]},
        {"n": 1, "logprobs": False, "response_format": {"type": "text"}, "modalities": ["text"]},
        {
            "response_format": None,
            "generationConfig": {"candidateCount": 1, "responseMimeType": "text/plain"},
        },
    ],
)
def test_one_plain_text_may_be_continued(extra):
    assert permits(ChatRequest(model="m", messages=(), extra=extra))


@pytest.mark.parametrize(
    "extra",
    [
        {"n": 2},
        {"logprobs": True},
        {"top_logprobs": 3},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema"}},
        {"format": "json"},
        {"guided_json": {"type": "object"}},
        {"grammar": "root ::= x"},
        {"output_config": {"format": {}}},
        {"modalities": ["text", "audio"]},
        {"messages": [{"role": "user", "content": "mine"}]},
        {"contents": [{}]},
        {"generationConfig": {"responseMimeType": "application/json"}},
        {"generationConfig": {"responseSchema": {"type": "OBJECT"}}},
        {"generationConfig": {"candidateCount": 2}},
    ],
)
def test_any_other_may_not(extra):
    assert not permits(ChatRequest(model="m", messages=(), extra=extra))
