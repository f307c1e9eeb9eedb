"""A cell in the background: it returns at once, streams on, and ends in its own output."""

import pytest
from far_end import HOLD, Shown, text, whole
from kernel import WIDGET, has_text

pytestmark = pytest.mark.kernel

ASK = "%%holysheep model=far-1 var=reply background\nHello"


@pytest.fixture
def until(kernel):
    """The first message of this test that is wanted."""
    since = len(kernel.seen)
    return lambda wanted: kernel.until_any(wanted, since)


GOES_ON = Shown("it goes on")
"""Waits for the test to let it."""


def rest(message):
    """Whether this puts the resting copy in place of a live cell."""
    return message["msg_type"] == "update_display_data"


def test_it_returns_at_once_and_streams_on(kernel, far, until):
    far.plan = [text("Half"), GOES_ON, *whole(" whole")]
    ran = kernel.run(ASK, "cell-1")
    assert ran.status == "ok"
    assert ran.kind("update_display_data") == []
    shown = ran.kind("display_data")[0]["content"]
    until(has_text)
    assert kernel.value("str(reply.status)") == "streaming"
    far.show(GOES_ON.text)
    news = until(lambda message: " whole" in str(message["content"]) and not rest(message))
    assert news["content"]["comm_id"] == shown["data"][WIDGET]["model_id"]
    end = until(rest)["content"]
    assert end["transient"] == shown["transient"]
    assert end["metadata"] == shown["metadata"]
    assert end["data"]["text/plain"].startswith("Half whole")
    assert kernel.value("[reply.text, str(reply.status)]") == ["Half whole", "complete"]


def test_stopping_another_cell_does_not_touch_it(kernel, far, until):
    far.plan = [text("Half"), GOES_ON, *whole(" whole")]
    kernel.run(ASK, "cell-1")
    sent = kernel.send("import time\nprint('on', flush=True)\ntime.sleep(60)", "cell-2")
    before = kernel.until(lambda message: message["msg_type"] == "stream", sent)
    kernel.press_stop()
    assert kernel.finish(sent, before).reply["content"]["ename"] == "KeyboardInterrupt"
    far.show(GOES_ON.text)
    assert "Half whole" in until(rest)["content"]["data"]["text/plain"]


def test_it_is_listed_and_stopped_by_its_number(kernel, far, until):
    far.plan = [text("Half"), HOLD]
    kernel.run(ASK, "cell-1")
    until(has_text)
    (line,) = [line for line in kernel.run("%holysheep").printed.splitlines() if "background" in line]
    number = line.split()[1]
    assert line.endswith("far-1 (streaming)")
    assert "There is " in kernel.run("%holysheep stop 999").error[1]
    assert kernel.run(f"%holysheep stop {number}").printed.startswith(
        f"Stopped {number}: far-1 (interrupted)"
    )
    assert far.wait_for(lambda: far.left)
    assert "background" not in kernel.run("%holysheep").printed
    assert kernel.run("%holysheep stop all").printed == "None is running.\n"


def test_its_page_can_stop_it(kernel, far, until):
    far.plan = [text("Half"), HOLD]
    ran = kernel.run(ASK, "cell-1")
    model = ran.kind("display_data")[0]["content"]["data"][WIDGET]["model_id"]
    kernel.say(model, {"type": "press", "pane": 0, "action": "stop"})
    assert "stopped by you" in until(rest)["content"]["data"]["text/plain"]


def test_what_fails_says_so_in_its_output(kernel, far, until):
    far.plan, far.status, far.content_type = (
        [b'{"error":{"message":"bad key"}}'],
        "401 No",
        "application/json",
    )
    assert kernel.run(ASK, "cell-1").status == "ok"
    said = until(rest)["content"]["data"]["text/plain"]
    assert "failed" in said
    assert "refused the API key" in said


def test_its_cell_run_again_goes_on_with_it(kernel, far, until):
    far.plan = [text("Half"), HOLD]
    kernel.run(ASK, "cell-1")
    until(has_text)
    far.plan = whole("Again")
    ran = kernel.run(ASK.replace(" background", ""), "cell-1")
    assert far.wait_for(lambda: far.left)
    assert ran.born[0]["text"] == "Half"
    assert kernel.value("reply.text") == "Again"


def test_without_a_page_it_is_waited_for(kernel, far):
    ran = kernel.run(ASK)
    assert ran.rest["text/plain"].startswith("Hello world")


def test_unloading_stops_it(own_kernel, far):
    far.plan = [text("Half"), HOLD]
    own_kernel.run(ASK, "cell-1")
    own_kernel.until_any(has_text)
    own_kernel.run("%unload_ext hs_notebook")
    assert far.wait_for(lambda: far.left)
