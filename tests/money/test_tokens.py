"""Estimates of tokens: near the truth in every script, quick on any text, and never a count."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.money import tokens
from hs_notebook.wire.chunk import ChatRequest, Message, Usage

# ruff: noqa: RUF001 - texts in the scripts of the world

TRUE = {
    "English": (
        "A careful accountant writes down what is known and marks what is not; nobody is served by a guess.",
        21,
    ),
    "Python": ("    for name, value in news.items():\n        old = known.get(name)\n", 16),
    "JSON": ('{"prompt_tokens":563,"completion_tokens":116,"total_tokens":679}', 16),
    "digits": ("3141592653 5897932384 6264338327", 14),
    "German": (
        "Übrigens gehört das Schöne auch dazu, denn größere Tabellen liest man nur übersichtlich.",
        19,
    ),
    "Russian": ("Модель отвечает в ячейке, а счёт стоит рядом: сколько слов вошло и вышло.", 23),
    "Greek": ("Το μοντέλο απαντά σε ένα κελί και ο λογαριασμός στέκεται δίπλα.", 27),
    "Arabic": ("يجيب النموذج في الخلية، والحساب بجانبها: كم كلمة دخلت وكم خرجت، وكم كلفت.", 29),
    "Hindi": ("मॉडल एक कक्ष में उत्तर देता है और उसका हिसाब पास में लिखा होता है।", 20),
    "Korean": ("모델은 셀에서 대답하고 계산서는 그 옆에 있습니다.", 17),
    "Japanese": ("モデルはセルの中で答え、その隣に勘定書があります。", 18),
    "Chinese": ("模型在单元格里回答，账单就在旁边：输入和输出了多少词，花了多少钱。", 25),
    "emoji": ("😀🎉🐑🔥👍🏽🚀✨💡📈🧪", 19),
}
"""Texts and their tokens in o200k_base, as `tiktoken` counts them."""


def test_the_vocabulary_counts_what_is_written_here():
    """The figures above are the vocabulary's own."""
    assert {name: tokens.of_text(text, "gpt-4.1") for name, (text, _) in TRUE.items()} == {
        name: count for name, (_, count) in TRUE.items()
    }


@pytest.mark.parametrize(("text", "count"), TRUE.values(), ids=TRUE.keys())
def test_without_the_vocabulary_the_estimate_is_within_a_third(text, count):
    assert tokens.by_characters(text) == pytest.approx(count, rel=0.34)


def test_the_vocabulary_is_for_the_models_that_have_it():
    text = TRUE["digits"][0]
    theirs = ("gpt-4.1", "openai/gpt-4.1-mini", "GPT-5", "o3", "o4-mini", "gpt-4o")
    others = ("gpt-4", "claude-sonnet-4.5", "o3x", "deepseek-v3.2", "my-gpt-4.1")
    assert {tokens.of_text(text, model) for model in theirs} == {14}
    assert {tokens.of_text(text, model) for model in others} == {tokens.by_characters(text)} != {14}


@pytest.mark.parametrize("text", ["a" * 100_000, "模" * 100_000, " " * 100_000, "😀" * 50_000, "!?" * 50_000])
def test_no_text_takes_long(text):
    """Byte-pair merging takes the square of a run's length: 14,000 Chinese characters took 34 s uncut."""
    began = time.process_time()
    for model in ("gpt-4.1", "another"):
        assert tokens.of_text(text, model) > 500
    assert time.process_time() - began < 5


def test_a_special_token_in_a_text_is_text():
    assert tokens.of_text("<|endoftext|>", "gpt-4.1") > 1


@given(st.text())
def test_some_text_is_some_tokens(text):
    for model in ("gpt-4.1", "another"):
        assert (tokens.of_text(text, model) > 0) == bool(text)


def test_a_request_is_its_turns_and_what_surrounds_them():
    request = ChatRequest(
        model="gpt-4.1", messages=(Message("system", "Be brief."), Message("user", "Hello"))
    )
    assert tokens.estimate(request, "Hi there", prefix="Well,") == Usage(
        3 + 4 + 3 + 4 + 1 + 2, output_tokens=2
    )
