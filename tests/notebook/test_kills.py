"""`kill -9` of a kernel at random moments of a real model's answer; then the cell is run again.

Every run of the tests does so at four moments; KILLS says how many, KILLS_SEED which:

    KILLS=50 python3 dev.py test -- tests/notebook/test_kills.py -s
"""

import json
import os
import random
import time

import httpx
import pytest

from hs_notebook.answer import Status
from hs_notebook.store import journal, ledger
from hs_notebook.wire.response import ResponseDecoder

MOMENTS = int(os.environ.get("KILLS", "4"))
SEED = int(os.environ.get("KILLS_SEED") or time.time_ns() % 10**6)

pytestmark = [pytest.mark.kernel, pytest.mark.model, pytest.mark.timeout(120 + 30 * MOMENTS)]


def run(kernel, number):
    """Run a cell with a question of its own, to its end."""
    return kernel.finish(send(kernel, number))


def send(kernel, number):
    code = f"%%holysheep local var=reply max_tokens=150\nTell me a story about {number} sheep."
    return kernel.send(code, f"cell-{number}")


def kept_of(number):
    """What the killed kernel had written of its answer; None if nothing."""
    kept = journal.default().latest("the-notebook")
    return kept if kept is not None and kept.cell_id == f"cell-{number}" else None


def generated(home, event):
    """The answer as the gateway generated it: its text and its counts."""
    gateway = json.loads((home / "gateway.json").read_text())
    headers = {
        "Authorization": f"Bearer {gateway['token']}",
        "X-Stream-Resume": "true",
        "X-Stream-Event-Id": f"{event.rpartition('.')[0]}.00000000",
    }
    kept = httpx.post(f"{gateway['url']}/v1/chat/completions", headers=headers, trust_env=False)
    decoder = ResponseDecoder(kept.headers["content-type"])
    chunks = decoder.feed(kept.content) + decoder.end(framed=True)
    assert decoder.complete
    return "".join(chunk.content for chunk in chunks), chunks[-1].usage


def runs_of_the_model(home):
    return len(list((home / "streams").iterdir()))


def rows_of(answer_id):
    frame = ledger.default().frame()
    return frame[frame["answer_id"] == answer_id]


def test_killed_at_any_moment_it_costs_no_word_and_no_token(own_kernel, holysheep_home):
    run(own_kernel, 1000)  # loads the model
    began = time.monotonic()
    run(own_kernel, 1001)
    whole_s = time.monotonic() - began
    print(f"\n{MOMENTS} moments of answers that take {whole_s:.1f} s; KILLS_SEED={SEED}")
    chance, ways = random.Random(SEED), []
    for number in range(MOMENTS):
        moment, before = chance.uniform(0, 0.8 * whole_s), runs_of_the_model(holysheep_home)
        send(own_kernel, number)
        time.sleep(moment)
        own_kernel.kill()
        kept = kept_of(number)
        assert own_kernel.run("%load_ext hs_notebook").status == "ok"
        sent = runs_of_the_model(holysheep_home) > before
        ran = run(own_kernel, number)
        assert ran.status == "ok", ran.error
        name, text, status, event = own_kernel.value(
            "[reply.id, reply.text, reply.status, reply.last_event_id]"
        )
        oracle, usage = generated(holysheep_home, event)
        rows = rows_of(name)
        whole = kept is not None and kept.status is Status.COMPLETE  # so it is asked anew, as it should be
        replayed = bool(rows["resumed_by"].eq("replay").iloc[-1])
        anew = "whole before it was killed" if whole else "killed before it was sent"
        ways.append("replay" if replayed else anew)
        had = kept.text if kept is not None else ""
        print(f"killed after {moment:.2f} s: {len(had)} of {len(text)} characters on disk, {ways[-1]}")

        assert (status, text) == ("complete", oracle)
        if whole:
            continue
        assert text.startswith(had)
        assert runs_of_the_model(holysheep_home) == before + 1
        assert rows["input_tokens"].sum() == usage.input_tokens
        assert rows["output_tokens"].sum() == usage.output_tokens
        assert replayed or not (had or sent)
    print({way: ways.count(way) for way in sorted(set(ways))})
