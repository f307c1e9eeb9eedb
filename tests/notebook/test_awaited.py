"""The awaited form of a cell: what was typed survives, the page is heard; elsewhere the sync magic runs."""

import pytest
from far_end import HOLD, Shown, text, whole
from kernel import WIDGET, has_text

pytestmark = pytest.mark.kernel

ASK = "%%holysheep model=far-1 var=reply\nHello"
BODIES = {
    "braces": "{1} {x} {{'{{'}} }{",
    "quotes": 'it\'s "so" \'\'\'and\'\'\' """so"""',
    "backslashes": "a\\b \\n \\\\ \\' \\",
    "blank lines and comments first": "\n\n# a comment\n\ntext\n\n",
    "CRLF": "one\r\ntwo\r\n",
    "magic words": "%%holysheep again\n%time\n!ls\n?help",
    "indented": "  two\n    four",
    "not ASCII": "Grüße 🎉 \u2028 \x0b end",
    "a way out": "'); print('never') #",
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("cell", ["cell-1", None], ids=["awaited", "sync"])
def test_the_body_arrives_as_it_was_typed(kernel, far, cell, name):
    body = BODIES[name]
    ran = kernel.run(f"%%holysheep far-1 raw\n{body}", cell)
    assert ran.status == "ok", ran.error
    assert far.bodies[0]["messages"][0]["content"] == body.removesuffix("\n")
    assert is_awaited(kernel) is (cell is not None)


def is_awaited(kernel):
    """Whether the cell before ran in its awaited form."""
    return kernel.value("In[-2].startswith('await ')")


def test_what_was_typed_is_in_the_history(kernel, far):
    kernel.run("%%holysheep far-1\nHello {you}", "cell-1")
    assert "'far-1', 'Hello {you}\\n'" in kernel.value("In[-2]")
    assert (
        kernel.value("get_ipython().history_manager.input_hist_raw[-3]") == "%%holysheep far-1\nHello {you}"
    )


@pytest.mark.parametrize("above", ["%%time\n", "%%capture said\n"])
def test_below_another_magic_it_blocks(kernel, far, above):
    assert kernel.run(above + ASK, "cell-1").status == "ok"
    assert kernel.value("reply.text") == "Hello world"


def test_help_is_help(kernel):
    ran = kernel.run("%%holysheep?", "cell-1")
    assert "%%holysheep local" in ran.reply["content"]["payload"][0]["data"]["text/plain"]


@pytest.mark.parametrize("line", ["%autoawait False", "%autoawait sync"])
def test_where_nothing_is_awaited_it_blocks(kernel, far, line):
    kernel.run(line)
    try:
        ran = kernel.run(ASK, "cell-1")
    finally:
        kernel.run("%autoawait True\n%autoawait asyncio")
    assert ran.status == "ok", ran.error
    assert ran.live_text == "Hello world"


def test_unloading_takes_the_hook_away(own_kernel):
    own_kernel.run("%unload_ext hs_notebook")
    hooks = "len(get_ipython().input_transformers_cleanup)"
    before = own_kernel.value(hooks)
    own_kernel.run("%load_ext hs_notebook")
    assert own_kernel.value(hooks) == before + 1
    own_kernel.run("%unload_ext hs_notebook")
    assert own_kernel.value(hooks) == before


def live_model(messages):
    """The id of the live cell's model."""
    shown = next(message for message in messages if message["msg_type"] == "display_data")
    return shown["content"]["data"][WIDGET]["model_id"]


def test_the_page_is_heard_and_stop_ends_the_cell_well(kernel, far):
    far.plan = [text("Half"), HOLD]
    first, second = kernel.send(ASK, "cell-1"), kernel.send("print('on')", "cell-2")
    seen = kernel.until(has_text, first)
    kernel.say(live_model(seen), {"type": "press", "pane": None, "action": "stop"})
    ran, after = kernel.finish(first, seen), kernel.finish(second)
    assert ran.status == "ok"
    assert after.printed == "on\n"
    assert far.wait_for(lambda: far.left)
    assert ran.rest["text/plain"].startswith("Half")
    assert "stopped by you" in ran.rest["text/plain"]
    assert kernel.value("[reply.text, str(reply.status)]") == ["Half", "interrupted"]
    assert kernel.sent("done")[-1]["ok"] is True


def test_a_reloaded_page_comes_back_live(kernel, far):
    """A new page asks for the state while the cell runs, and gets text and news."""
    far.plan = [text("Half"), Shown("the page is back"), *whole(" whole")]
    sent = kernel.send(ASK, "cell-1")
    seen = kernel.until(has_text, sent)
    model = live_model(seen)
    message = kernel.client.session.msg("comm_msg", {"comm_id": model, "data": {"method": "request_state"}})
    kernel.client.shell_channel.send(message)
    answer = kernel.until_any(
        lambda message: message["msg_type"] == "comm_msg" and message["content"]["data"]["method"] == "update"
    )
    assert answer["content"]["data"]["state"]["_snapshot"]["panes"][0]["text"] == "Half"
    assert answer["content"]["data"]["state"]["_snapshot"]["panes"][0]["status"] == "streaming"
    far.show("the page is back")
    assert kernel.finish(sent, seen).live_text == "Half whole"
