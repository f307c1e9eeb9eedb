"""`%%holysheep` in a real kernel: what shows, what stays, what is sent, how a cell ends."""

import pytest
from far_end import DONE, FINISH, Shown, event, text, usage, whole
from kernel import WIDGET

pytestmark = pytest.mark.kernel


def test_a_cell_streams_live_and_leaves_plain_text(kernel, far):
    far.plan = whole("Grüße", " 🎉", "\n\nand **bold**.")
    ran = kernel.run("%%holysheep model=far-1\nHello", "cell-1")
    assert ran.status == "ok"
    assert ran.live_text == "Grüße 🎉\n\nand **bold**."
    shown, *rest = ran.kind("display_data", "update_display_data")
    assert WIDGET in shown["content"]["data"]
    assert "far-1 is answering" in shown["content"]["data"]["text/plain"]
    (last,) = rest
    assert last["msg_type"] == "update_display_data"
    assert last["content"]["transient"] == shown["content"]["transient"]
    assert last["content"]["metadata"] == shown["content"]["metadata"]
    assert set(ran.rest) == {"text/markdown", "text/plain"}
    assert ran.rest["text/markdown"].startswith("Grüße 🎉\n\nand **bold**.\n\n*far-1 · 12 + 3 tokens · ")
    assert ran.rest["text/plain"].endswith("complete")


def test_offsets_count_code_points_and_seq_counts_from_one(kernel, far):
    far.plan = [text("🎉🎉"), Shown("🎉🎉"), text("é"), Shown("é"), text("!"), FINISH, DONE]
    ran = kernel.run("%%holysheep model=far-1\nHello", "cell-1")
    assert [update["seq"] for update in ran.updates] == list(range(1, len(ran.updates) + 1))
    deltas = [delta for update in ran.updates for delta in update.get("deltas", ())]
    assert [(delta["offset"], delta["text"]) for delta in deltas] == [(0, "🎉🎉"), (2, "é"), (3, "!")]


def test_states_tell_the_truth_and_unknown_is_null(kernel, far):
    far.plan = [text("a"), FINISH, DONE]
    ran = kernel.run("%%holysheep model=far-1\nHello", "cell-1")
    last = ran.states[-1]
    assert last["status"] == "complete"
    assert last["finish_reason"] == "stop"
    assert last["model_served"] == "far-1"
    assert last["output_tokens"] == 1
    assert last["output_estimated"] is True
    assert last["input_tokens"] is None
    assert last["cost"] is None
    assert last["stop_hint"] is None


def test_options_reach_the_wire(kernel, far):
    kernel.run(
        '%%holysheep far-1 system="Be brief." temperature=0.5 max_tokens=7 extra.seed=3\nline {1}\n$x %y'
    )
    (body,) = far.bodies
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "line {1}\n$x %y"},
    ]
    assert (body["model"], body["temperature"], body["seed"]) == ("far-1", 0.5, 3)
    assert 7 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_names_are_filled_in_once_and_said_below(kernel, far):
    kernel.run("name = '{{other}}'; other = 'never'")
    ran = kernel.run("%%holysheep model=far-1 system={{name}}\nDear {{name}}")
    assert [message["content"] for message in far.bodies[0]["messages"]] == ["{{other}}", "Dear {{other}}"]
    assert "with name (9 characters)" in ran.rest["text/plain"]


def test_raw_sends_braces_as_written(kernel, far):
    kernel.run("%%holysheep far-1 raw\nDear {{name}}")
    assert far.bodies[0]["messages"][0]["content"] == "Dear {{name}}"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%holysheep far-1 temprature=1\nx", "Did you mean temperature?"),
        ("%%holysheep far-1 temperature=hot\nx", "a number from 0 to 2"),
        ("%%holysheep far-1\nDear {{nobody}}", "No variable is called 'nobody'"),
        ("%%holysheep far-1\n \n", "The prompt is empty"),
        ("%%holysheep\nx", "No model is named"),
        ("%%holysheep far-1 api_key=abc\nx", "does not belong on this line"),
    ],
)
def test_nothing_is_sent_before_all_is_understood(kernel, far, cell, said):
    ran = kernel.run(cell)
    assert ran.status == "error"
    assert said in "\n".join(ran.error)
    assert 1 <= len(ran.error) <= 3
    assert far.bodies == []


def test_the_answer_is_kept_in_var_and_in_hs(kernel, far):
    kernel.run("%%holysheep model=far-1 var=reply\nHello")
    assert kernel.value("[reply.text, reply is _hs, reply.usage.output_tokens]") == ["Hello world", True, 2]


def test_the_default_model_is_that_of_the_environment(kernel, far, setting):
    setting(HOLYSHEEP_MODEL="far-9")
    kernel.run("%%holysheep\nHello")
    assert far.bodies[0]["model"] == "far-9"


def test_another_server_in_the_environment_makes_another_client(kernel, far, setting):
    kernel.run("%%holysheep model=far-1\nHello")
    setting(HOLYSHEEP_BASE_URL=far.url.replace("/v1", "/v2"))
    kernel.run("%%holysheep model=far-1\nHello")
    assert [head.split()[1] for head in far.heads] == ["/v1/chat/completions", "/v2/chat/completions"]


def test_no_key_says_how_to_get_going(kernel, setting):
    setting(HOLYSHEEP_API_KEY=None, HOLYSHEEP_BASE_URL=None)
    ran = kernel.run("%%holysheep model=gpt-4.1\nHello")
    assert ran.error[0].startswith("MissingKeyError")
    assert len(ran.error) <= 3
    for way in ("HOLYSHEEP_API_KEY", "model=local", "model=demo", "HOLYSHEEP_BASE_URL"):
        assert way in "\n".join(ran.error)


ENDINGS = {
    "cut": ([text("half")], True, "200 OK", "text/event-stream", "CutError", "interrupted"),
    "reset": ([text("half")], False, "200 OK", "text/event-stream", "CutError", "interrupted"),
    "error event": (
        [text("half"), event(error={"message": "overloaded", "code": "busy"})],
        True,
        "200 OK",
        "text/event-stream",
        "ProviderError",
        "failed",
    ),
    "key": (
        [b'{"error":{"message":"bad key"}}'],
        True,
        "401 No",
        "application/json",
        "KeyRefusedError",
        "failed",
    ),
    "model": (
        [b'{"error":{"message":"none"}}'],
        True,
        "404 No",
        "application/json",
        "ModelNotFoundError",
        "failed",
    ),
    "html": ([b"<html><title>Portal</title></html>"], True, "200 OK", "text/html", "ProtocolError", "failed"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_answer_that_fails_keeps_its_text_and_fails_the_cell(kernel, far, ending):
    far.plan, far.clean, far.status, far.content_type, error, status = ENDINGS[ending]
    first = kernel.send("%%holysheep model=far-1 var=reply\nHello", "cell-1")
    second = kernel.send("print('never')", "cell-2")
    ran, after = kernel.finish(first), kernel.finish(second)
    assert ran.status == "error"
    assert ran.error[0].startswith(error)
    assert len(ran.error) <= 3
    assert after.status == "aborted"
    text = "half" if far.plan[0].startswith(b"data:") else ""
    assert ran.rest["text/plain"].startswith(text)
    *_, last = ran.rest["text/plain"].split(" · ")
    assert last == (f"{status}: run the cell again to go on from here" if status == "interrupted" else status)
    assert kernel.value("[reply.text, str(reply.status)]") == [text, status]


def test_a_second_cell_leaves_the_first_open_and_a_rerun_closes_it(kernel, far):
    first = kernel.run("%%holysheep model=far-1\nHello", "cell-1")
    second = kernel.run("%%holysheep model=far-1\nHello", "cell-2")
    again = kernel.run("%%holysheep model=far-1\nHello", "cell-1")
    model = first.kind("display_data")[0]["content"]["data"][WIDGET]["model_id"]
    assert second.kind("comm_close") == []
    assert model in [message["content"]["comm_id"] for message in again.kind("comm_close")]


def test_colab_names_its_cells_otherwise(kernel, far):
    ran = kernel.run("%%holysheep model=far-1\nHello", metadata={"colab": {"cell_id": "c9"}})
    assert ran.live_text == "Hello world"


def test_without_a_cell_id_there_is_one_output_and_no_widget(kernel, far):
    ran = kernel.run("%%holysheep model=far-1\nHello")
    assert ran.kind("comm_open") == []
    (only,) = ran.kind("display_data", "update_display_data")
    assert set(only["content"]["data"]) == {"text/markdown", "text/plain"}


def test_a_row_of_usage_names_the_cell(kernel, far, setting):
    setting(HS_NOTEBOOK_ID="the-notebook")
    ran = kernel.run("%%holysheep model=far-1\nHello", "cell-7")
    columns = ["notebook", "cell_id", "execution_count", "status", "input_tokens", "output_tokens"]
    got = kernel.value(f"__import__('hs_notebook').usage().iloc[-1][{columns}].map(str).tolist()")
    count = ran.reply["content"]["execution_count"]
    assert got == ["the-notebook", "cell-7", str(count), "complete", "12", "2"]


def test_hostile_text_is_inert_at_rest(kernel, far):
    far.plan = whole(
        "<img src=x onerror=alert(1)> [a](javascript:b) ", "![i](http://e.x/p.png) \x1b[2J", "`<b>`"
    )
    ran = kernel.run("%%holysheep model=far-1\nHello")
    markdown = ran.rest["text/markdown"]
    assert "<img" not in markdown
    assert "](javascript" not in markdown
    assert "![" not in markdown
    assert "`<b>`" in markdown
    assert "\x1b" not in ran.rest["text/plain"]


def test_usage_and_cost_show_in_the_line_below(kernel, far):
    far.plan = [text("a"), FINISH, usage(1500, 850), DONE]
    ran = kernel.run("%%holysheep model=gpt-4.1\nHello")
    assert "1,500 + 850 tokens" in ran.rest["text/plain"]
