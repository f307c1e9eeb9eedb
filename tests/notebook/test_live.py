"""The live cell's messages: few, small, and enough for a page that missed some."""

import json

import pytest
from far_end import DONE, FINISH, HOLD, text, usage
from kernel import WIDGET, has_text

pytestmark = pytest.mark.kernel

ASK = "%%holysheep model=far-1\nHello"


def test_an_answer_of_5000_chunks_costs_few_and_small_messages(kernel, far):
    """20 kB in 5,000 chunks, here in some 8 s: what it would cost in 50 s stays below 0.8 MB."""
    far.plan = [step for n in range(5000) for step in (text("word"), *([0.015] if n % 10 == 9 else []))]
    far.plan += [FINISH, usage(3, 5000), DONE]
    ran = kernel.run(ASK, "cell-1")
    assert len(ran.live_text) == 20_000
    seconds = ran.states[-1]["elapsed_s"]
    assert seconds > 4
    updates = ran.kind("comm_msg")
    assert len(updates) / seconds <= 21
    framing = sum(map(size, updates)) - 20_000
    others = sum(size(message) for message in ran.messages if message["msg_type"] != "comm_msg")
    assert framing / seconds * 50 + 20_000 + others <= 800_000
    states = [update for update in ran.updates if "states" in update]
    assert len(states) / seconds <= 5


def size(message):
    """Bytes of a message on the wire: its four parts as JSON."""
    parts = ("header", "parent_header", "metadata", "content")
    return sum(len(json.dumps(message[part], default=str).encode()) for part in parts)


def test_nothing_is_said_where_nothing_changes(kernel, far):
    far.plan = [text("a"), 1.5, FINISH, DONE]
    ran = kernel.run(ASK, "cell-1")
    assert len(ran.updates) <= 6


def test_a_page_that_missed_something_gets_it_all(kernel, far):
    ran = kernel.run(ASK, "cell-1")
    model = ran.kind("display_data")[0]["content"]["data"][WIDGET]["model_id"]
    kernel.say(model, {"type": "sync"})
    snapshot = kernel.until_any(lambda message: message["msg_type"] == "comm_msg")["content"]["data"][
        "content"
    ]
    assert snapshot["type"] == "snapshot"
    assert snapshot["seq"] == ran.updates[-1]["seq"]
    assert snapshot["panes"][0]["text"] == "Hello world"
    assert snapshot["panes"][0]["status"] == "complete"


def test_it_gets_it_while_the_cell_still_runs(kernel, far):
    far.plan = [text("Half"), HOLD]
    shell = kernel.subshell()
    sent = kernel.send(ASK, "cell-1")
    seen = kernel.until(has_text, sent)
    shown = next(message for message in seen if message["msg_type"] == "display_data")
    kernel.say(shown["content"]["data"][WIDGET]["model_id"], {"type": "sync"}, subshell=shell)
    answer = kernel.until_any(lambda message: '"snapshot"' in json.dumps(message["content"], default=str))
    assert answer["content"]["data"]["content"]["panes"][0]["text"] == "Half"
    kernel.press_stop()
    kernel.finish(sent)


def test_a_page_loaded_later_reads_the_text_from_the_state(kernel, far):
    kernel.run(ASK + "\n", "cell-1")
    assert (
        kernel.value(
            "list(get_ipython().magics_manager.registry['HolySheepMagics'].widgets.values())[-1]"
            ".get_state('_snapshot')['_snapshot']['panes'][0]['text']"
        )
        == "Hello world"
    )


def test_lone_surrogates_do_not_end_the_stream(kernel, far):
    far.plan = [b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83db"}}]}\n\n', FINISH, DONE]
    ran = kernel.run(ASK, "cell-1")
    assert ran.status == "ok"
    assert len(ran.live_text) == 3
