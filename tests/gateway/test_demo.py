"""The script: exact, deterministic, and plain about what it is."""

import asyncio

import msgspec
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


def continued(request, given):
    """The same request with the beginning of the answer, as `wire.prefill` sends it."""
    return msgspec.structs.replace(request, messages=(*request.messages, Message("assistant", given)))


async def collect(request):
    return [chunk async for chunk in Demo().answer(request)]


def answer(request):
    return asyncio.run(collect(request))


class Leaping(asyncio.SelectorEventLoop):
    """A loop that waits for nothing: its clock leaps to the moment that it would wait for."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        look = self._selector.select

        def leap(timeout=None):
            self.now += timeout or 0.0
            return look(0)

        self._selector.select = leap

    def time(self):
        return self.now


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
    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(collect(chat(tokens=21, tokens_per_s=10)))
        assert runner.get_loop().now == pytest.approx(2.0)


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


@pytest.mark.parametrize(
    "asked", [chat(), chat(tokens=400), chat(text="  led\n\n日本 語 🐑\n", tokens=9), chat(text="a")]
)
def test_it_goes_on_from_its_own_words_wherever_they_end(asked):
    whole = text(answer(asked))
    for end in range(1, len(whole), 1 + len(whole) // 300):
        given = whole[:end].rstrip()
        rest = text(answer(continued(asked, given)))
        assert given + rest == whole
        assert rest


def test_going_on_counts_what_it_generates_and_the_beginning_as_input():
    *chunks, last = answer(continued(chat("q", text="one two three four"), "one two"))
    assert [chunk.content for chunk in chunks if chunk.content] == [" three ", "four"]
    assert last.usage == Usage(input_tokens=3, output_tokens=2)


@pytest.mark.parametrize(
    ("limit", "rest", "reason"), [(1, " three ", FinishReason.LENGTH), (2, " three four", FinishReason.STOP)]
)
def test_going_on_keeps_to_its_limit(limit, rest, reason):
    *chunks, finish, _ = answer(continued(chat(text="one two three four", max_tokens=limit), "one two"))
    assert (text(chunks), finish.finish_reason) == (rest, reason)


def test_going_on_fails_where_the_whole_would():
    asked = chat(text="one two three four", fault="end", fail_after=3)
    got = []

    async def collect(given):
        async for chunk in Demo().answer(continued(asked, given)):
            got.append(chunk)  # noqa: PERF401 - what came before the error counts

    for given, rest in (("one two", " three "), ("one two three", "")):
        got.clear()
        with pytest.raises(Broken):
            asyncio.run(collect(given))
        assert text(got) == rest


def test_it_does_not_go_on_from_the_words_of_others():
    with pytest.raises(StatusError, match="own words") as caught:
        answer(continued(chat(), "Sure! "))
    assert caught.value.status == 400
    assert text(answer(continued(chat(), " \n"))) == SCRIPT


@pytest.mark.parametrize("wrong", [{"speed": 3}, {"tokens": "many"}, {"fault": "fire"}])
def test_a_wrong_wish_is_refused_with_the_right_ones(wrong):
    with pytest.raises(SettingError, match="tokens_per_s"):
        answer(chat(**wrong))


def test_a_wish_that_is_no_object_is_refused():
    request = ChatRequest(model="demo", messages=(Message("user", "x"),), extra={"demo": "fast"})
    with pytest.raises(SettingError, match="Expected `object`"):
        answer(request)
