"""A cell run again goes on with its interrupted answer: after ■, after a kill of the kernel, and when not."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from far_end import HOLD, Shown, event, text, whole
from kernel import PATIENCE_S, WIDGET, has_status, has_text

from hs_notebook.store import journal

pytestmark = pytest.mark.kernel

WORDS = "".join(f"Wort-{n} grüßt 🎉\n" for n in range(40))
"""What the demo is made to say: 120 of its tokens."""


def ask(prompt="Say it.", script=(), **options):
    """A cell that has the demo say `WORDS`, in some three seconds unless the script says otherwise."""
    demo = json.dumps({"text": WORDS, "tokens_per_s": 40, **dict(script)})
    said = "".join(f" {name}={value}" for name, value in options.items())
    return f"%%holysheep demo var=reply extra.demo={demo}{said}\n{prompt}"


FAR = "%%holysheep model=far-1 var=reply\nHello"


def interrupt(kernel, code, cell="cell-1"):
    """Run a cell and press ■ when text shows."""
    sent = kernel.send(code, cell)
    before = kernel.until(has_text, sent)
    kernel.press_stop()
    return kernel.finish(sent, before)


def break_off(kernel, code, cell="cell-1"):
    """Run a cell and `kill -9` its kernel when some of its text is in the journal; that text.

    The gateway is held from the first text on, so that there is more to come whenever the kill does.
    """
    kernel.until(has_text, kernel.send(code, cell))
    gateway = json.loads(Path(os.environ["HOLYSHEEP_HOME"], "gateway.json").read_text())["pid"]
    os.kill(gateway, signal.SIGSTOP)
    end = time.monotonic() + PATIENCE_S
    while not ((kept := journal.default().latest("the-notebook")) and kept.text):
        assert time.monotonic() < end
        time.sleep(0.05)
    kernel.kill()
    os.kill(gateway, signal.SIGCONT)
    assert kernel.run("%load_ext hs_notebook").status == "ok"
    return kept.text


def kept_shows(far):
    """Waits until the kept text is shown again."""
    far.shown.clear()
    return Shown("Half an answer")


def runs(home):
    """How each run of a model that the gateway has begun ended; None: it goes on."""
    told = [file.read_text() for file in (home / "streams").glob("*.events")]
    return [text.rpartition(": end ")[2].strip() if "\n: end " in text else None for text in told]


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def rows(kernel, *columns):
    """Columns of the usage table, as text."""
    frame = f"__import__('hs_notebook').usage()[{list(columns)}]"
    return kernel.value(f"[[str(_v) for _v in _row] for _row in {frame}.itertuples(index=False)]")


def first_shown(ran):
    """The text that the live cell is born with."""
    born = [message["content"]["data"]["state"] for message in ran.kind("comm_open")]
    return next(state["_snapshot"] for state in born if "_snapshot" in state)["panes"][0]["text"]


def check_the_one_output(ran, had):
    """In a new kernel: the kept text, before much is imported; then the live cell; then what stays."""
    early, live, *_, rest = shown = ran.kind("display_data", "update_display_data")
    assert [message["msg_type"] for message in shown[:2]] == ["display_data", "update_display_data"]
    assert early["content"]["data"]["text/plain"].startswith(had)
    assert "going on from here" in early["content"]["data"]["text/plain"]
    assert WIDGET in live["content"]["data"]
    assert rest["content"]["data"]["text/plain"].startswith(WORDS)
    assert len({message["content"]["transient"]["display_id"] for message in shown}) == 1
    assert len({json.dumps(message["content"]["metadata"]) for message in shown}) == 1
    assert ran.messages.index(early) < ran.messages.index(ran.kind("comm_open")[0])


def test_a_killed_kernel_costs_no_word_and_no_token(own_kernel):
    had = break_off(own_kernel, ask())
    ran = own_kernel.run(ask(), "cell-1")
    assert ran.status == "ok", ran.error
    assert WORDS.startswith(had)
    assert first_shown(ran).startswith(had)
    check_the_one_output(ran, had)
    assert ran.live_text == own_kernel.value("reply.text") == WORDS
    assert ran.rest["text/plain"].startswith(WORDS)
    assert "nothing was billed again" in ran.rest["text/plain"]
    (first, *cut), (again, *mended) = rows(
        own_kernel, "answer_id", "attempt", "resumed_by", "status", "input_tokens"
    )
    assert first == again
    assert cut == ["1", "<NA>", "interrupted", "<NA>"]
    assert mended == ["2", "replay", "complete", "2"]  # "Say it." is two of the demo's tokens


@pytest.mark.parametrize("ended", [False, True], ids=["it goes on", "it is whole"])
def test_killed_before_a_word_had_come_it_is_asked_for_once(own_kernel, holysheep_home, ended):
    """The journal holds the question alone: the same cell finds its answer at the gateway, by its key."""
    code = ask(script={"first_token_s": 1.5, "tokens_per_s": 400})
    own_kernel.send(code, "cell-1")
    until(lambda: runs(holysheep_home) == [None])
    own_kernel.kill()
    if ended:
        until(lambda: runs(holysheep_home) == ["complete"])
    assert own_kernel.run("%load_ext hs_notebook").status == "ok"
    ran = own_kernel.run(code, "cell-1")
    assert ran.status == "ok", ran.error
    assert ran.live_text == own_kernel.value("reply.text") == WORDS
    assert "nothing was billed again" in ran.rest["text/plain"]
    until(lambda: runs(holysheep_home) == ["complete"])  # one, and it was whole
    (first, *killed), (again, *found) = rows(
        own_kernel, "answer_id", "attempt", "resumed_by", "status", "input_tokens"
    )
    assert first == again
    assert killed == ["1", "<NA>", "interrupted", "<NA>"]
    assert found == ["2", "replay", "complete", "2"]


def test_what_was_detached_is_taken_up(own_kernel):
    stopped = interrupt(own_kernel, ask(on_interrupt="detach"))
    assert "Run the cell again to go on from here." in stopped.error[0]
    ran = own_kernel.run(ask(on_interrupt="detach"), "cell-1")
    assert ran.status == "ok", ran.error
    assert first_shown(ran) != ""
    assert ran.live_text == WORDS
    assert [row[1:] for row in rows(own_kernel, "answer_id", "resumed_by")] == [["<NA>"], ["replay"]]
    assert own_kernel.run(ask(on_interrupt="detach"), "cell-1").status == "ok"  # whole: it is asked anew
    assert len({row[0] for row in rows(own_kernel, "answer_id")}) == 2


def test_what_was_stopped_at_the_gateway_too_is_continued(own_kernel):
    interrupt(own_kernel, ask())
    ran = own_kernel.run(ask(), "cell-1")
    assert ran.status == "ok", ran.error
    assert first_shown(ran) != ""
    assert ran.live_text == own_kernel.value("reply.text") == WORDS
    assert "the prompt was billed again" in ran.rest["text/plain"]
    assert "superseded" not in ran.rest["text/plain"]
    first, continued = own_kernel.value("[attempt.ttft_s for attempt in reply.attempts]")
    assert first != continued
    assert {state["ttft_s"] for state in ran.states} == {round(first, 3)}
    table = rows(own_kernel, "answer_id", "resumed_by", "status")
    assert len({row[0] for row in table}) == 1
    assert [row[1:] for row in table] == [["<NA>", "interrupted"], ["continue", "complete"]]


def test_without_a_cell_id_the_same_question_is_enough(own_kernel):
    break_off(own_kernel, ask())
    ran = own_kernel.run(ask())
    assert ran.rest["text/plain"].startswith(WORDS)
    assert len({row[0] for row in rows(own_kernel, "answer_id")}) == 1


def test_a_kept_answer_is_shown_and_gone_on_with_by_name(own_kernel):
    had = break_off(own_kernel, ask())
    shown = own_kernel.run("%holysheep show", "cell-2")
    assert shown.rest["text/plain"].startswith(had)
    assert shown.rest["text/plain"].endswith("interrupted: run the cell again to go on from here")
    ran = own_kernel.run("%holysheep resume last", "cell-3")
    assert ran.status == "ok", ran.error
    assert ran.live_text == own_kernel.value("_hs.text") == WORDS
    own_kernel.kill()
    own_kernel.run("%load_ext hs_notebook")
    (name, _), *_ = rows(own_kernel, "answer_id", "status")
    again = own_kernel.run(f"%holysheep show {name}", "cell-4")
    assert again.rest["text/plain"].startswith(WORDS)
    assert again.rest["text/plain"].endswith("complete")
    assert "whole already" in own_kernel.run("%holysheep resume", "cell-5").error[0]


# -- a server that keeps nothing ------------------------------------------------------------------------


def test_what_the_server_does_not_keep_is_started_over_and_that_is_said(kernel, far):
    far.plan = [text("Half an answer"), HOLD]
    interrupt(kernel, FAR)
    far.plan = [kept_shows(far), *whole("Another", " one")]
    ran = kernel.run(FAR, "cell-1")
    assert ran.status == "ok", ran.error
    assert first_shown(ran) == "Half an answer"
    assert ran.live_text == kernel.value("reply.text") == "Another one"
    assert ran.rest["text/plain"].startswith("Another one")
    assert "superseded" in ran.rest["text/plain"]
    assert kernel.value("reply.superseded") == ["Half an answer"]


def test_what_failed_with_text_goes_on_too(kernel, far):
    far.plan = [text("Half an answer"), event(error={"message": "Overloaded", "type": "overloaded_error"})]
    failed = kernel.run(FAR.replace("\n", " restart=never\n"), "cell-1")
    assert "Overloaded" in "\n".join(failed.error)
    far.plan = [kept_shows(far), *whole("Another", " one")]
    ran = kernel.run(FAR, "cell-1")
    assert ran.status == "ok", ran.error
    assert first_shown(ran) == "Half an answer"
    assert ran.live_text == "Another one"
    assert kernel.value("reply.superseded") == ["Half an answer"]


def test_restart_never_keeps_what_there_is(kernel, far):
    far.plan = [text("Half an answer"), HOLD]
    interrupt(kernel, FAR)
    far.plan = whole("Another", " one")
    ran = kernel.run(FAR.replace("\n", " restart=never\n"), "cell-1")
    assert ran.status == "error"
    assert "restart=never" in "\n".join(ran.error)
    assert ran.rest["text/plain"].startswith("Half an answer")
    assert len(far.bodies) == 1


@pytest.mark.parametrize(
    ("change", "cell"),
    [
        (lambda code: code.replace("Hello", "Hello!"), "cell-1"),
        (lambda code: code.replace("var=reply", "var=reply temperature=0.5"), "cell-1"),
        (lambda code: code.replace("var=reply", "var=reply fresh"), "cell-1"),
        (lambda code: code, "cell-2"),
    ],
    ids=["prompt", "parameter", "fresh", "cell"],
)
def test_what_is_not_the_same_starts_afresh(kernel, far, change, cell):
    far.plan = [text("Half an answer"), HOLD]
    interrupt(kernel, FAR)
    far.plan = whole("Another", " one")
    ran = kernel.run(change(FAR), cell)
    assert "Half" not in first_shown(ran)
    assert ran.live_text == "Another one"
    assert kernel.value("[reply.superseded, len(reply.attempts)]") == [[], 1]


def test_values_filled_in_belong_to_the_prompt(kernel, far):
    code = FAR.replace("Hello", "Hello {{name}}")
    kernel.run("name = 'Ann'")
    far.plan = [text("Half an answer"), HOLD]
    interrupt(kernel, code)
    far.plan = whole("Another", " one")
    kernel.run("name = 'Bob'")
    assert "Half" not in first_shown(kernel.run(code, "cell-1"))
    assert [body["messages"][0]["content"] for body in far.bodies] == ["Hello Ann", "Hello Bob"]


def test_resume_names_another_cells_answer_and_wants_its_question(kernel, far):
    far.plan = [text("Half an answer"), HOLD]
    interrupt(kernel, FAR)
    far.plan = [kept_shows(far), *whole("Another", " one")]
    name = kernel.value("reply.id")
    wrong = kernel.run(f"%%holysheep model=far-1 resume={name}\nSomething else", "cell-2")
    assert "asked something else" in "\n".join(wrong.error)
    assert len(far.bodies) == 1
    ran = kernel.run(f"%%holysheep model=far-1 resume={name}\nHello", "cell-2")
    assert first_shown(ran) == "Half an answer"
    assert kernel.value("_hs.id") == name


@pytest.mark.parametrize("line", ["%holysheep show", "%holysheep resume", "%holysheep show nobody"])
def test_what_is_not_kept_is_said(kernel, line):
    ran = kernel.run(line, "cell-1")
    assert "is kept" in ran.error[0]
    assert 1 <= len(ran.error) <= 3


def test_the_header_counts_down_to_the_next_attempt(kernel, far):
    far.status, far.plan = "503 Busy\r\nRetry-After: 2", [b"{}"]
    sent = kernel.send(FAR, "cell-1")
    before = kernel.until(has_status("waiting"), sent)
    far.status, far.plan = "200 OK", [HOLD]
    before += kernel.until(has_status("connecting", "streaming"), sent)
    kernel.press_stop()
    said = [state["message"] for state in kernel.finish(sent, before).states if state["status"] == "waiting"]
    told = [line[line.index("Trying") :] for line in said if line]
    steps = ["Trying again in 2 s.", "Trying again in 1 s.", "Trying again now."]
    assert list(dict.fromkeys(told)) == [step for step in steps if step in told]
    assert told  # a busy kernel may leave out a step
