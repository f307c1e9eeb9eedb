"""The live cell's messages: few, small, and enough for a page that missed some."""

import json
from datetime import timedelta

import pytest
from far_end import DONE, FINISH, HOLD, Shown, event, text, usage
from kernel import WIDGET, has_text

from hs_notebook.notebook.views import live, pace

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
    far.plan = [text("a"), Shown("a"), 1.5, FINISH, DONE]
    ran = kernel.run(ASK, "cell-1")
    assert len(ran.updates) <= 6 + ran.states[-1]["elapsed_s"] / live.IDLE_S


def test_a_page_that_missed_something_gets_it_all(kernel, far):
    ran = kernel.run(ASK, "cell-1")
    model = ran.kind("display_data")[0]["content"]["data"][WIDGET]["model_id"]
    kernel.say(model, {"type": "sync"})
    answer = kernel.until_any(lambda message: "'snapshot'" in str(message["content"]))
    snapshot = answer["content"]["data"]["content"]
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


def test_a_state_says_what_has_changed(kernel, far):
    words = [f"{n} more words " for n in range(12)]  # shown one by one they take two ticks at least
    far.plan = [step for word in words for step in (text(word), Shown(word))]
    far.plan += [FINISH, usage(3, 12), DONE]
    ran = kernel.run(ASK, "cell-1")
    assert set(ran.born[0]) >= {"model", "status", "actions", "chosen", "cost_usd", "reasoning_tokens"}
    ticks = [state for update in ran.updates for state in update.get("states", ())]
    assert all(set(state) != set(ran.born[0]) for state in ticks)
    assert any(set(state) <= {"pane", "elapsed_s", "output_tokens", "tokens_per_s"} for state in ticks)
    assert ran.states[-1]["status"] == "complete"
    assert ran.states[-1]["actions"] == {}
    assert "stop" in ran.states[1]["actions"]


def test_reasoning_has_a_channel_and_offsets_of_its_own(kernel, far):
    def thought(said):
        return event(choices=[{"index": 0, "delta": {"reasoning_content": said}}])

    far.plan = [thought("Hm"), Shown("Hm"), thought("m."), Shown("m."), text("Yes"), Shown("Yes")]
    far.plan += [text("."), FINISH, usage(3, 2), DONE]
    ran = kernel.run(ASK, "cell-1")
    deltas = [delta for update in ran.updates for delta in update.get("deltas", ())]
    thoughts = [(delta["offset"], delta["text"]) for delta in deltas if delta.get("channel") == "reasoning"]
    assert thoughts == [(0, "Hm"), (2, "m.")]
    assert ran.live_text == "Yes."


def test_hello_is_answered_and_a_page_that_lags_gets_fewer_messages(kernel, far):
    """By the kernel's own clock: once the page is late, no two messages a second or so."""
    far.plan = [text("First "), Shown("the page is late"), *[text("word "), 0.01] * 300]
    far.plan += [FINISH, usage(3, 12), DONE]
    sent = kernel.send(ASK, "cell-1")
    seen = kernel.until(has_text, sent)
    shown = next(message for message in seen if message["msg_type"] == "display_data")
    model = shown["content"]["data"][WIDGET]["model_id"]
    kernel.say(model, {"type": "ack", "seq": 1})
    kernel.say(model, {"type": "press", "pane": 7, "action": "stop"})  # answered after the ack was heard
    kernel.until_any(lambda message: "'done'" in str(message["content"]))
    far.show("the page is late")
    ran = kernel.finish(sent, seen)
    assert kernel.sent("welcome")
    assert ran.live_text == "First " + "word " * 300
    times = [message["header"]["date"] for message in ran.kind("comm_msg") if has_text(message)][1:]
    late = [time for time in times if time - times[0] > timedelta(seconds=2 * pace.LATE_S)]
    assert len(late) <= (times[-1] - times[0]).total_seconds() / pace.LATE_S + 2


def test_a_page_without_widgets_gets_finished_blocks(kernel, far):
    far.plan = [text("First **block**.\n\n<b>Second"), Shown("block**.\n\n\nfar-1: streaming")]
    far.plan += [text("</b>.\n\nThird"), Shown("</b>.\n\n\nfar-1: streaming"), FINISH, DONE]
    kernel.page = False
    try:
        ran = kernel.run(ASK, "cell-1")
    finally:
        kernel.page = True
    shown, *blocks, rest = ran.kind("display_data", "update_display_data")
    assert all(block["content"]["transient"] == shown["content"]["transient"] for block in blocks)
    assert all(block["content"]["metadata"] == shown["content"]["metadata"] for block in blocks)
    texts = [block["content"]["data"]["text/markdown"] for block in blocks]
    assert texts[0].startswith("First **block**.\n\n*far-1")
    assert "Second" not in texts[0]
    assert "&lt;b>Second&lt;/b>" in texts[-1]
    assert "Third" not in texts[-1]
    assert "■ stops" in texts[0]
    assert len(blocks) <= 8 + ran.states[-1]["elapsed_s"] / live.IDLE_S
    assert rest["content"]["data"]["text/plain"].startswith("First **block**.\n\n<b>Second</b>.\n\nThird")


def test_a_page_that_says_hello_late_gets_its_live_cell_back(kernel, far):
    far.plan = [text("First.\n\nSecond"), HOLD]
    kernel.page = False
    try:
        sent = kernel.send(ASK, "cell-1")
        seen = kernel.until(lambda message: message["msg_type"] == "update_display_data", sent)
    finally:
        kernel.page = True
    shown = next(message for message in seen if message["msg_type"] == "display_data")
    model = shown["content"]["data"][WIDGET]["model_id"]
    kernel.say(model, {"type": "hello"})
    kernel.until(
        lambda message: message["msg_type"] == "update_display_data" and WIDGET in message["content"]["data"],
        sent,
        seen,
    )
    kernel.say(model, {"type": "press", "pane": 0, "action": "stop"})
    assert kernel.finish(sent, seen).status == "ok"
