"""A key that does not show. That none of ours shows anywhere is for `test_secrets.py` to see."""

import pickle

import pytest

from hs_notebook.client.secret import Secret

KEY = "sk-planted-secret"


def test_it_shows_nowhere():
    secret = Secret(KEY)
    for shown in (repr(secret), str(secret), f"{secret}"):
        assert KEY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.scrub(f"Bearer {KEY}!") == "Bearer ***!"
    assert secret.scrub_body(f"Bearer {KEY}!".encode()) == b"Bearer ***!"


@pytest.mark.parametrize("key", ["a", "none", "1234567"])
def test_one_too_short_to_be_a_secret_leaves_texts_alone(key):
    text = f"Nothing answers: {key}, {key[:-1]}…"
    assert Secret(key).scrub(text) == text
    assert Secret(key).scrub_body(text.encode()) == text.encode()
