"""Several models in one cell: together, apart in their fates, resumed alone, picked from."""

import pytest
from far_end import DONE, FINISH, HOLD, Shown, event, text, whole
from kernel import WIDGET, all_states

pytestmark = pytest.mark.kernel

ASK = "%%holysheep model=a,b,c var=reply\nHello"
OVERLOADED = [text("half"), event(error={"message": "overloaded", "code": "busy"})]


def live_model(seen):
    """The id of the live cell that these messages show."""
    shown = next(message for message in seen if message["msg_type"] == "display_data")
    return shown["content"]["data"][WIDGET]["model_id"]


def press(kernel, seen, pane, action):
    model = live_model(seen)
    kernel.say(model, {"type": "press", "pane": pane, "action": action})
    return model


def rows(kernel, *columns):
    frame = f"__import__('hs_notebook').usage()[{list(columns)}]"
    return kernel.value(f"[[str(_v) for _v in _row] for _row in {frame}.itertuples(index=False)]")


def test_three_models_stream_together_into_one_cell(kernel, far):
    begun = [Shown(f"{name} begins") for name in "abc"]
    far.plans = {name: [text(f"{name} begins"), *begun, text(", ends"), FINISH, DONE] for name in "abc"}
    ran = kernel.run(ASK, "cell-1")
    assert ran.status == "ok", ran.error
    deltas = [delta for update in ran.updates for delta in update.get("deltas", ())]
    assert {delta["pane"] for delta in deltas[:3]} == {0, 1, 2}  # all begin before one goes on
    assert ran.live_texts == {n: f"{name} begins, ends" for n, name in enumerate("abc")}
    assert len(ran.kind("display_data")) == 1
    assert [update["seq"] for update in ran.updates] == list(range(1, len(ran.updates) + 1))
    assert kernel.value("[answer.text for answer in reply]") == [f"{name} begins, ends" for name in "abc"]
    assert kernel.value("[len(reply), reply['b'].model, reply[-1].model, _hs is reply]") == [
        3,
        "b",
        "c",
        True,
    ]
    table = rows(kernel, "comparison_id", "model", "status")
    assert {row[0] for row in table} == {kernel.value("reply.id")}
    assert sorted(row[1:] for row in table) == [[name, "complete"] for name in "abc"]


def test_at_rest_all_can_be_read_without_us(kernel, far):
    far.plans = {
        "a": whole("**bold** <script>alert(1)</script>"),
        "b": whole("| x | y |\n|---|---|\n| 1 | 2 |\n\n![i](https://e.x/p.png) [l](javascript:a)"),
        "c": whole("`<b>`"),
    }
    rest = kernel.run(ASK, "cell-1").rest
    assert set(rest) == {"text/html", "text/markdown", "text/plain"}
    page = rest["text/html"]
    assert "<strong>bold</strong>" in page
    assert "<table>" in page
    assert "&lt;b&gt;" in page
    for way in ("<script", "<img", 'javascript:a"', "onerror", "class="):
        assert way not in page
    assert rest["text/markdown"].count("\n\n---\n\n") == 2
    assert all(f"### {name}" in rest["text/markdown"] for name in "abc")
    assert all(f"== {name} ==" in rest["text/plain"] for name in "abc")
    assert rest["text/plain"].count(" · complete") == 3


def test_one_that_fails_does_not_touch_the_others_and_the_cell_names_it(kernel, far):
    far.plans = {"a": whole("A"), "b": OVERLOADED, "c": [0.3, *whole("C")]}
    ran = kernel.run(ASK, "cell-1")
    assert ran.reply["content"]["ename"] == "ComparisonError"
    assert ran.error[0] == "ComparisonError: 1 of 3 models gave no whole answer: b."
    assert len(ran.error) <= 3
    assert ran.live_texts == {0: "A", 1: "half", 2: "C"}
    assert "overloaded" in ran.rest["text/plain"]
    assert kernel.value("[str(answer.status) for answer in reply]") == ["complete", "failed", "complete"]


def test_only_what_is_missing_is_asked_again(kernel, far):
    far.plans = {"a": whole("A"), "b": OVERLOADED, "c": [text("See"), HOLD]}
    first = kernel.send(ASK, "cell-1")
    before = kernel.until(all_states("complete", "failed", "streaming"), first)
    kernel.until(lambda message: "See" in str(message["content"]), first, before)
    kernel.press_stop()
    ran = kernel.finish(first, before)
    assert ran.reply["content"]["ename"] == "Interrupted"
    assert len(ran.error) == 1
    assert ran.live_texts == {0: "A", 1: "half", 2: "See"}
    far.plans = {name: whole(f"new {name}") for name in "abc"}
    asked = len(far.bodies)
    again = kernel.run(ASK, "cell-1")
    assert again.status == "ok", again.error
    assert sorted(body["model"] for body in far.bodies[asked:]) == ["b", "c"]
    assert kernel.value("[answer.text for answer in reply]") == ["A", "new b", "new c"]
    assert "nothing is billed" in again.rest["text/plain"]
    assert len({row[0] for row in rows(kernel, "comparison_id")}) == 1
    whole_now = kernel.run(ASK, "cell-1")
    assert whole_now.live_texts[0] == "new a"


def test_a_model_may_be_asked_twice(kernel, far):
    ran = kernel.run("%%holysheep model=a,a var=reply\nHello", "cell-1")
    assert ran.live_texts == {0: "Hello world", 1: "Hello world"}
    assert len(set(kernel.value("[answer.id for answer in reply]"))) == 2


def test_stop_resume_and_retry_of_one_pane_while_another_streams(kernel, far):
    far.plans = {
        "a": [[text("Half"), HOLD], whole("Again")],
        "b": [OVERLOADED, whole("Better")],
        "c": [text("long"), HOLD],
    }
    sent = kernel.send(ASK, "cell-1")
    seen = kernel.until(all_states("streaming", "failed", "streaming"), sent)
    kernel.until(lambda message: "Half" in str(message["content"]), sent, seen)
    press(kernel, seen, 0, "stop")
    kernel.until(all_states("interrupted", "failed", "streaming"), sent, seen)
    assert far.wait_for(lambda: far.left)
    press(kernel, seen, 0, "resume")
    press(kernel, seen, 1, "retry")
    kernel.until(all_states("complete", "complete", "streaming"), sent, seen)
    press(kernel, seen, 2, "stop")
    ran = kernel.finish(sent, seen)
    assert ran.status == "ok", ran.error
    assert kernel.value("[answer.text for answer in reply]") == ["Again", "Better", "long"]
    assert ran.live_texts == {0: "Again", 1: "Better", 2: "long"}
    assert "stopped by you" in ran.rest["text/plain"]
    table = rows(kernel, "model", "attempt", "resumed_by", "status", "comparison_id")
    assert [row[:4] for row in table if row[0] == "a"] == [
        ["a", "1", "<NA>", "interrupted"],
        ["a", "2", "restart", "complete"],
    ]
    assert [row[:4] for row in table if row[0] == "b"] == [
        ["b", "1", "<NA>", "failed"],
        ["b", "1", "<NA>", "complete"],
    ]
    assert len({row[4] for row in table}) == 1


def test_every_action_says_what_it_does_and_a_wrong_press_is_harmless(kernel, far):
    far.plans = {"a": whole("A"), "b": OVERLOADED, "c": [text("long"), HOLD]}
    sent = kernel.send(ASK, "cell-1")
    seen = kernel.until(all_states("complete", "failed", "streaming"), sent)
    before = len(kernel.sent("done"))
    for pane, action in (
        (0, "stop"),
        (7, "stop"),
        ("x", "stop"),
        (1, "dance"),
        (None, "pick"),
        (None, "stop"),
    ):
        press(kernel, seen, pane, action)
    ran = kernel.finish(sent, seen)
    assert [done["ok"] for done in kernel.sent("done")[before:]] == [False, False, False, False, True, True]
    offered = {action for state in ran.states for action in state["actions"]}
    assert offered == {"stop", "resume", "retry", "pick"}
    assert all(said.endswith(".") for state in ran.states for said in state["actions"].values())
    assert ran.states[-1]["actions"] in ({}, {"pick": ran.states[-1]["actions"].get("pick")})


def test_a_pick_is_recorded_in_the_page_by_the_variable_and_by_the_magic(kernel, far):
    ran = kernel.run(ASK, "cell-1")
    model = press(kernel, ran.messages, 1, "pick")
    answer = kernel.until_any(lambda message: "'chosen': True" in str(message["content"]))
    assert answer["content"]["comm_id"] == model
    picks = "__import__('hs_notebook').picks()[['comparison_id', 'model', 'others']].values.tolist()"
    assert kernel.value(picks) == [[kernel.value("reply.id"), "b", ["a", "c"]]]
    kernel.run("reply.pick('c')")
    assert kernel.value(picks)[0][1:] == ["c", ["a", "b"]]
    assert kernel.run("%holysheep pick a").status == "ok"
    assert kernel.value(picks)[0][1:] == ["a", ["b", "c"]]
    assert "no answer 'z'" in kernel.run("%holysheep pick z").error[0]


def test_with_pick_the_cell_waits_for_it(kernel, far):
    sent = kernel.send("%%holysheep model=a,b pick\nHello", "cell-1")
    seen = kernel.until(all_states("complete", "complete"), sent)
    press(kernel, seen, 0, "pick")
    ran = kernel.finish(sent, seen)
    assert ran.status == "ok"
    assert {state["model"]: state["chosen"] for state in ran.states} == {"a": True, "b": False}


def test_with_pick_the_cell_waits_for_a_page_that_is_slower_than_the_answers(kernel, far):
    kernel.page = False
    try:
        sent = kernel.send("%%holysheep model=a,b pick\nHello", "cell-1")
        seen = kernel.until(all_states("complete", "complete"), sent)
    finally:
        kernel.page = True
    kernel.say(live_model(seen), {"type": "hello"})
    press(kernel, seen, 1, "pick")
    ran = kernel.finish(sent, seen)
    assert {state["model"]: state["chosen"] for state in ran.states} == {"a": False, "b": True}


def test_nothing_is_sent_to_any_where_one_cannot_be_asked(kernel, far):
    ran = kernel.run("%%holysheep model=a,,b\nHello", "cell-1")
    assert ran.error[0].startswith("SettingError")
    assert far.bodies == []
