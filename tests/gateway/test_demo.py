"""The script: exact, deterministic, and plain about what it is."""

import asyncio
import time

import pytest

from hs_notebook.errors import ProviderError, SettingError, StatusError
from hs_notebook.gateway.demo import SCRIPT, Broken, Demo, tokens
from hs_notebook.wire.chunk import ChatRequest, FinishReason, Message, Usage


def chat(prompt="two words", *, max_tokens=None, **demo):
    asked = {"tokens_per_s": 0, **demo}
    return ChatRequest(
        model="demo-script",
        messages=(Message("user", prompt),),
        max_tokens=max_tokens,
        extra={"demo": asked},
    )


def answer(request):
    async def collect():
        return [chunk async for chunk in Demo().answer(request)]

    return asyncio.run(collect())


def text(chunks):
    return "".join(chunk.content for chunk in chunks)


def test_its_first_sentence_says_what_it_is():
    assert text(answer(chat())).startswith("**This is a script, not a language model.**")


def test_its_markdown_is_what_it_looks_like():
    """No stray escape stands in the prose, and every line of the quotation at its end is marked as one."""
    assert "\\" not in SCRIPT
    assert all(line.startswith("> ") for line in SCRIPT.rpartition("\n\n")[2].splitlines())


def test_it_is_the_same_for_everybody_and_echoes_nothing():
    hostile = "<img src=x onerror=alert(1)>"
    assert text(answer(chat(hostile))) == text(answer(chat())) == SCRIPT


def test_it_names_its_model_its_finish_and_its_exact_usage():
    first, *_, finish, last = answer(chat("three words here"))
    assert first.model == "demo-script"
    assert finish.finish_reason is FinishReason.STOP
    assert last.usage == Usage(input_tokens=3, output_tokens=len(tokens(SCRIPT)))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", []),
        ("one", ["one"]),
        ("one  two\n", ["one  ", "two\n"]),
        ("  led", ["  ", "led"]),
        ("\u2028 x", ["\u2028 ", "x"]),
        ("日本 語", ["日本 ", "語"]),
    ],
)
def test_a_token_is_a_word_with_its_white_space(said, expected):
    assert tokens(said) == expected


@pytest.mark.parametrize("count", [0, 1, 50, 1000])
def test_it_gives_as_many_tokens_as_it_is_asked_for(count):
    *chunks, last = answer(chat(tokens=count))
    assert last.usage.output_tokens == count
    whole = text(chunks)
    assert len([chunk for chunk in chunks if chunk.content]) == count
    assert whole.startswith(SCRIPT) or SCRIPT.startswith(whole)


def test_a_text_of_ones_own():
    assert text(answer(chat(text="a b ", tokens=3))) == "a b a "


def test_an_empty_text_is_an_empty_answer():
    assert text(answer(chat(text="", tokens=3))) == ""


@pytest.mark.parametrize(
    ("limit", "reason"), [(2, FinishReason.LENGTH), (3, FinishReason.STOP), (4, FinishReason.STOP)]
)
def test_max_tokens_cuts_it_and_says_so(limit, reason):
    *chunks, finish, last = answer(chat(text="a b c", max_tokens=limit))
    assert finish.finish_reason is reason
    assert last.usage.output_tokens == len(tokens(text(chunks))) == min(limit, 3)


def test_it_keeps_its_pace():
    began = time.monotonic()
    answer(chat(tokens=21, tokens_per_s=100))
    assert 0.2 <= time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    ("fault", "error"), [("error", ProviderError), ("cut", Broken), ("end", Broken), ("stall", TimeoutError)]
)
@pytest.mark.parametrize("after", [0, 2, 3, 99])
def test_it_fails_on_request_after_so_many_tokens(fault, error, after):
    got = []

    async def collect():
        async with asyncio.timeout(0.2 if fault == "stall" else None):
            async for chunk in Demo().answer(chat(text="a b c", fault=fault, fail_after=after)):
                got.append(chunk)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(error):
        asyncio.run(collect())
    assert text(got) == "a b c"[: 2 * after]
    assert not any(chunk.finish_reason for chunk in got)


def test_it_refuses_on_request():
    with pytest.raises(StatusError) as caught:
        answer(chat(status=503, retry_after=2.5))
    assert (caught.value.status, caught.value.retry_after) == (503, 2.5)


@pytest.mark.parametrize("wrong", [{"speed": 3}, {"tokens": "many"}, {"fault": "fire"}])
def test_a_wrong_wish_is_refused_with_the_right_ones(wrong):
    with pytest.raises(SettingError, match="tokens_per_s"):
        answer(chat(**wrong))


def test_a_wish_that_is_no_object_is_refused():
    request = ChatRequest(model="demo", messages=(Message("user", "x"),), extra={"demo": "fast"})
    with pytest.raises(SettingError, match="Expected `object`"):
        answer(request)
