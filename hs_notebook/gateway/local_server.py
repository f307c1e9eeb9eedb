"""The process that holds the local model, started by `local.py`.

A process of its own, because loading a model holds Python's interpreter lock for seconds (xllamacpp 2026.10:
the whole of the load) and every stream of the gateway would stand still meanwhile, and because a crash in
native code then costs the answers of this model only.

It reads one line of JSON from stdin (local.py writes it: the key is in no argument), answers with one line of
JSON on stdout, and ends when stdin ends, which it does whichever way the gateway ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

SLOTS = 4
"""Answers generated at once; further ones wait."""
CONTEXT_TOKENS = 8192
"""Shared evenly by the slots: prompt and answer of one may have a quarter of it. One pool for all would let
the longest answer end the others with an error (llama.cpp: "Context size has been exceeded" goes to every
slot)."""
_MAX_THREADS = 8


def _cores() -> int:
    """How many processors this process may keep busy: its affinity, and a container's limit."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return min(cores, int(quota) // int(period))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        return cores


def _start(told: dict[str, Any]) -> Any:  # noqa: ANN401 - xllamacpp has no types
    """Load the model and serve it.

    One core is left to everybody else: llama.cpp's threads wait for each other by spinning, and one that has
    to share its core holds up all (SmolLM2 on 2 busy cores: 1 thread 80 tokens/s, 2 threads 3 to 13; on 2
    idle cores 85 and 120). The sampling is for SmolLM2, where the request asks for none: temperature and
    top_p as its makers advise (https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, 2026-11-22), the
    penalty because it else repeats itself for ever ("la France, la France, …").
    """
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = told["path"]
    parameters.model_alias = {told["alias"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [told["key"]]
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = SLOTS
    parameters.warmup = True
    parameters.cpuparams.n_threads = max(1, min(_cores() - 1, _MAX_THREADS))
    parameters.verbosity = 1  # errors
    if told["sampling"]:
        parameters.sampling.temp = 0.2
        parameters.sampling.top_p = 0.9
        parameters.sampling.penalty_repeat = 1.1
    return xllamacpp.Server(parameters)


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the gateway's to understand
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # native code may print what it likes, the answer stays one line
    server = _start(json.loads(sys.stdin.readline()))
    print(json.dumps({"url": server.listening_address}), file=answers, flush=True)
    sys.stdin.read()
    os._exit(0)  # at once: nobody is left to read what it generates


if __name__ == "__main__":
    main()
