"""■ at any moment: the text stays, the connection closes, the next cell does not run, the row says so.

How soon the connection closes is measured in benchmarks/.
"""

import time

import pytest
from far_end import DONE, FINISH, HOLD, text, usage, whole
from kernel import PATIENCE_S, has_status, has_text

AGAIN = "run the cell again to go on from here"

pytestmark = pytest.mark.kernel

ASK = "%%holysheep model=far-1 var=reply\nHello"
NEXT = "print('the next cell ran')"


def stop_when(kernel, moment, ask=ASK, *, far=None):
    """Run a cell and one after it, press ■ at the moment; both as they ended.

    `far`: press when this server has the request, too.
    """
    first, second = kernel.send(ask, "cell-1"), kernel.send(NEXT, "cell-2")
    before = kernel.until(moment, first)
    assert far is None or far.wait_for(lambda: far.bodies)
    kernel.press_stop()
    return kernel.finish(first, before), kernel.finish(second)


def assert_stopped(kernel, ran, after, text):
    assert ran.status == "error"
    assert ran.reply["content"]["ename"] == "Interrupted"
    assert len(ran.error) == 1
    assert ran.error[0].startswith("Stopped by you")
    assert after.status == "aborted"
    assert ran.rest["text/plain"].startswith(text)
    assert ran.rest["text/plain"].endswith(f"interrupted: {AGAIN}" if text else "interrupted")
    assert (AGAIN.capitalize() in ran.error[0]) == bool(text)
    assert kernel.value("[reply.text, str(reply.status), reply is _hs]") == [text, "interrupted", True]
    assert row_status(kernel, ran.reply["content"]["execution_count"]) == "interrupted"


def row_status(kernel, count):
    """The status in the last row of that execution; a stop does not wait for a store that opens only now."""
    rows = f"__import__('hs_notebook').usage().query('execution_count == {count}').status.tolist()"
    end = time.monotonic() + PATIENCE_S
    while not (found := kernel.value(rows)) and time.monotonic() < end:
        time.sleep(0.05)
    return found[-1]


def test_before_the_first_byte(kernel, far):
    far.plan = [HOLD]
    ran, after = stop_when(kernel, has_status("connecting"), far=far)
    assert_stopped(kernel, ran, after, "")
    assert far.wait_for(lambda: far.left)


def test_before_the_first_text(kernel, far):
    far.plan = [b": hb\n", HOLD]
    ran, after = stop_when(kernel, has_status("streaming", "connecting"), far=far)
    assert_stopped(kernel, ran, after, "")
    assert far.wait_for(lambda: far.left)


def test_in_mid_stream(kernel, far):
    far.plan = [text("Half"), HOLD]
    ran, after = stop_when(kernel, has_text)
    assert_stopped(kernel, ran, after, "Half")
    assert ran.live_text == "Half"
    assert far.wait_for(lambda: far.left)
    assert ran.states[-1]["status"] == "interrupted"


def test_while_tokens_rain(kernel, far):
    far.plan = [*[text("word "), 0.001] * 3000, HOLD]
    ran, after = stop_when(kernel, has_text)
    came = kernel.value("reply.text")
    assert_stopped(kernel, ran, after, came)
    assert ran.live_text == came
    assert far.wait_for(lambda: far.left)


def test_while_queued(kernel, far):
    far.plan = [HOLD]
    kernel.run(
        "_m = get_ipython().magics_manager.registry['HolySheepMagics']\n"
        "_held = [_m.client().stream('x', model='far-1') for _ in range(10)]"
    )
    assert far.wait_for(lambda: len(far.bodies) == 10)
    ran, after = stop_when(kernel, has_status("queued"))
    kernel.run("for _s in _held: _s.cancel(); _s.wait()")
    assert_stopped(kernel, ran, after, "")
    assert len(far.bodies) == 10


def test_while_waiting_for_another_attempt(kernel, far):
    far.status, far.plan = "503 Busy\r\nRetry-After: 100", [b"{}"]
    ran, after = stop_when(kernel, has_status("waiting"))
    assert_stopped(kernel, ran, after, "")
    assert len(far.bodies) == 1


def test_while_the_gateway_starts(own_kernel):
    own_kernel.run(ASK, "cell-0")  # so that the live cell is there before the gateway is
    ran, after = stop_when(own_kernel, has_status("starting"), ASK.replace("far-1", "demo"))
    assert_stopped(own_kernel, ran, after, "")


def test_a_stream_stopped_by_other_code_does_not_end_the_cell_well(kernel, far):
    far.plan = [text("Half"), HOLD]
    kernel.run(
        "import threading, time\n"
        "_hs = None\n"
        "def _close():\n"
        "    while _hs is None or not _hs.text:\n"
        "        time.sleep(0.01)\n"
        "    get_ipython().magics_manager.registry['HolySheepMagics'].client().close()\n"
        "threading.Thread(target=_close).start()"
    )
    ran = kernel.run(ASK, "cell-1")
    assert ran.reply["content"]["ename"] == "Interrupted"
    assert ran.rest["text/plain"].startswith("Half")


def test_a_second_press_and_a_third_lose_nothing(kernel, far):
    far.plan = [text("Half"), HOLD]
    first, second = kernel.send(ASK, "cell-1"), kernel.send(NEXT, "cell-2")
    before = kernel.until(has_text, first)
    for _ in range(3):
        kernel.press_stop()
    ran, after = kernel.finish(first, before), kernel.finish(second)
    assert ran.rest["text/plain"].startswith("Half")
    assert set(ran.rest) == {"text/markdown", "text/plain"}
    assert ran.status == "error"
    assert after.status == "aborted"


def test_in_the_last_moment(kernel, far):
    """Whichever of the two comes first: the output is whole, and the cell and its row agree."""
    for milliseconds in range(10):
        far.plan = [text("Whole"), FINISH, usage(3, 1), DONE]
        first = kernel.send(
            "import time\n"
            "get_ipython().run_cell_magic('holysheep', 'model=far-1 var=reply', 'Hello')\n"
            "time.sleep(60)  # a press after the answer is Python's, and must not hit the kernel itself",
            "cell-1",
        )
        before = kernel.until(has_text, first)
        time.sleep(milliseconds / 1000)
        kernel.press_stop()
        ran = kernel.finish(first, before)
        assert ran.rest["text/plain"].startswith("Whole")
        assert set(ran.rest) == {"text/markdown", "text/plain"}
        assert ran.reply["content"]["ename"] in ("Interrupted", "KeyboardInterrupt")
        status = kernel.value("str(reply.status)")
        assert status in ("complete", "interrupted")
        assert row_status(kernel, ran.reply["content"]["execution_count"]) == status


def test_the_kernel_works_on_after_a_stop(kernel, far):
    far.plan = [text("Half"), HOLD]
    stop_when(kernel, has_text)
    far.plan = whole("Again")
    assert kernel.run(ASK, "cell-1").live_text == "Again"


def test_an_interrupt_is_pythons_again_after_the_cell(kernel, far):
    kernel.run(ASK, "cell-1")
    sent = kernel.send("import time\nprint('on', flush=True)\ntime.sleep(60)")
    before = kernel.until(lambda message: message["msg_type"] == "stream", sent)
    kernel.press_stop()
    assert kernel.finish(sent, before).reply["content"]["ename"] == "KeyboardInterrupt"
