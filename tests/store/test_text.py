"""No key gets into the store, and words that are no key stay as they are."""

from __future__ import annotations

import pytest

from hs_notebook.store.text import Blotter, plain, without_keys


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Incorrect API key provided: sk-abcdefghijklmnopqrst.", "Incorrect API key provided: ***"),
        ("sk-ant-api03-AAAA_bbbb-cccc1234 refused", "*** refused"),
        ("authorization: bearer abc.def", "authorization: ***"),
        ("key AIzaSyA1234567890abcdefghij", "key ***"),
        ("The bearer of bad news", "The ***bad news"),
        ("gpt-4.1-2025-04-14", "gpt-4.1-2025-04-14"),
        ("smollm2-135m-instruct", "smollm2-135m-instruct"),
        ("hs-notebook", "hs-notebook"),
        ("pk and sk- are short", "pk and sk- are short"),
        (None, None),
        ("", ""),
    ],
)
def test_what_looks_like_a_key_goes(given, kept):
    if given == "The bearer of bad news":
        kept = "The *** bad news"  # one word too many is the price
    assert without_keys(given) == kept


def test_secrets_of_the_environment_go_whatever_they_look_like(monkeypatch):
    monkeypatch.setenv("SOME_VENDOR_API_KEY", "plain-words-as-a-key")
    monkeypatch.setenv("DB_PASSWORD", "hunter2hunter2")
    monkeypatch.setenv("SHORT_KEY", "the")
    monkeypatch.setenv("FAVOURITE_COLOUR", "ultramarine")
    text = "the plain-words-as-a-key, hunter2hunter2 and ultramarine"
    assert without_keys(text) == "the ***, *** and ultramarine"


def test_a_key_at_the_cut_does_not_survive_in_part(monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "planted-planted-planted")
    kept = without_keys("x" * 990 + "planted-planted-planted")
    assert "planted" not in kept
    assert len(without_keys("x" * 5000)) == 1000


def test_what_databases_refuse_is_replaced():
    assert plain("a\0b\ud800c羊") == "a\ufffdb?c羊"


@pytest.fixture
def blotter(monkeypatch):
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "abcdefghijklmnopqrst")
    monkeypatch.setenv("LONGER_KEY", "abcdefghijklmnopqrst-uvw")
    monkeypatch.setenv("POSTGRES_PASSWORD", "postgres")
    return Blotter("12345678")


def test_only_known_secrets_are_blotted_out_of_answers(blotter):
    said = "abcdefghijklmnopqrst abcdefghijklmnopqrst-uvw 12345678 postgres sk-zyxwvutsrqponmlkji"
    assert blotter.blot(said) == "*** *** *** postgres sk-zyxwvutsrqponmlkji"
    assert blotter.blot("x" * 100_000 + "12345678") == "x" * 100_000 + "***"
    assert Blotter("short").blot("short") == "short"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a", False),
        ("the abcdefg", False),
        ("the abcdefgh", True),
        ("abcdefghijklmnopqrs", True),
        ("abcdefghijklmnopqrst", True),  # the longer one may go on
        ("abcdefghijklmnopqrst-uvw", False),
        ("abcdefgh ", False),
        ("12345678", False),
        ("", False),
    ],
)
def test_text_that_ends_within_a_secret_is_cut(blotter, text, cut):
    assert blotter.is_cut(text) is cut


def test_the_rest_of_a_secret_goes_too(blotter):
    assert blotter.blot("defghijklmnopqrst!", "the abc") == "***!"
    assert blotter.blot("defghijklmnopqrst!", "the ab") == "defghijklmnopqrst!"
    assert blotter.tail("the long beginning abcdefg") == "abcdefg"
