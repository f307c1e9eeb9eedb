"""The live cell on each kind of kernel: without subshells, with them, and where an awaiting cell is heard."""

from pathlib import Path

import pytest
from far_end import HOLD, text, whole
from kernel import WIDGET, has_text

from tools.machine import KERNELS, TOOLS

pytestmark = pytest.mark.kernel

NEWEST = "7.4"
ASK = "%%holysheep model=far-1 var=reply\nHello"
WAYS = {  # how a cell is run there, and on which thread the page speaks, as JupyterLab does
    "6.31.0": [("plain", False)],
    "7.3.0": [("plain", True)],
    NEWEST: [("plain", False), ("plain", True), ("below %%capture", True)],
}


@pytest.fixture(scope="module", params=[*KERNELS, NEWEST])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def kernel(version, tmp_path_factory, jupyter_folders, _far_end, kernel_at):
    folder = TOOLS / f"ipykernel-{version}"
    assert version == NEWEST or folder.exists(), (
        "this ipykernel is not here: run python3 dev.py test -- -k kernels"
    )
    more = {} if version == NEWEST else {"PYTHONPATH": str(folder)}
    with kernel_at(tmp_path_factory.mktemp("kernel-home"), _far_end, **more) as kernel:
        yield kernel


def test_it_is_that_kernel(kernel, version):
    assert kernel.value("__import__('ipykernel').__version__").startswith(version)
    assert Path(kernel.value("__import__('ipykernel').__file__")).is_relative_to(TOOLS) is (version != NEWEST)


def test_a_cell_streams_and_comes_to_rest(kernel, far, version):
    ran = kernel.run(ASK, "cell-1")
    assert ran.status == "ok", ran.error
    assert ran.live_text == "Hello world"
    assert set(ran.rest) == {"text/markdown", "text/plain"}
    assert kernel.value("In[-2].startswith('await ')") is (version == NEWEST)


def test_the_stop_button_of_the_front_end_stops(kernel, far):
    far.plan = [text("Half"), HOLD]
    first, second = kernel.send(ASK, "cell-1"), kernel.send("print('never')", "cell-2")
    seen = kernel.until(has_text, first)
    kernel.press_stop()
    assert far.wait_for(lambda: far.left)
    ran, after = kernel.finish(first, seen), kernel.finish(second)
    assert ran.reply["content"]["ename"] == "Interrupted"
    assert len(ran.error) == 1
    assert ran.rest["text/plain"].startswith("Half")
    assert after.status == "aborted"


def cell(how):
    return ASK if how == "plain" else f"%%capture --no-display\n{ASK}"


def press(kernel, seen, subshell):
    shown = next(message for message in seen if message["msg_type"] == "display_data")
    model = shown["content"]["data"][WIDGET]["model_id"]
    kernel.say(model, {"type": "press", "pane": 0, "action": "stop"}, subshell=subshell)


def test_stop_in_the_page_ends_the_cell_well_where_it_can_be_heard(kernel, far, version):
    for how, from_subshell in WAYS[version]:
        far.reset()
        far.plan = [text("Half"), HOLD]
        subshell = kernel.subshell() if from_subshell else None
        sent = kernel.send(cell(how) + f" {version} {how} {from_subshell}", "cell-1")
        seen = kernel.until(has_text, sent)
        press(kernel, seen, subshell)
        if version == KERNELS[0]:  # deaf until its cell ends, and no button was shown
            kernel.press_stop()
            ran = kernel.finish(sent, seen)
            assert ran.status == "error"
            assert "done" not in [update["type"] for update in ran.updates]
            continue
        ran = kernel.finish(sent, seen)
        assert ran.status == "ok", (how, ran.error)
        assert far.wait_for(lambda: far.left)
        assert "stopped by you" in ran.rest["text/plain"]


def test_a_late_press_is_harmless(kernel, far):
    ran = kernel.run(ASK, "cell-1")
    since = len(kernel.seen)
    press(kernel, ran.messages, None)
    done = kernel.until_any(lambda message: "'done'" in str(message["content"]), since)
    assert done["content"]["data"]["content"]["ok"] is False


def test_the_background_goes_on_after_its_cell(kernel, far):
    far.plan = [text("Half"), 0.5, *whole(" whole")]
    since = len(kernel.seen)
    ran = kernel.run(ASK.replace("var=reply", "var=reply background"), "cell-1")
    assert ran.status == "ok"
    kernel.run("1 + 1", "cell-2")
    end = kernel.until_any(lambda message: message["msg_type"] == "update_display_data", since)["content"]
    assert end["transient"] == ran.kind("display_data")[0]["content"]["transient"]
    assert end["data"]["text/plain"].startswith("Half whole")
