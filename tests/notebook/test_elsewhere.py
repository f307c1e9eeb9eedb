"""Where nobody watches a live cell: nbclient, terminal IPython, a kernel that dies; loading and unloading."""

import os
import pty
import signal
import subprocess
import sys

import nbformat
import pytest
from far_end import FINISH, HOLD, text, whole
from kernel import PATIENCE_S, has_text
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter, MarkdownExporter

pytestmark = pytest.mark.kernel

ASK = "%%holysheep model=far-1 var=reply\nHello"
HEAVY = ["pandas", "httpx", "ipywidgets", "anywidget", "sqlalchemy", "nest_asyncio2"]


@pytest.fixture
def here(far, monkeypatch):
    """The environment of what this test starts by itself."""
    monkeypatch.setenv("HOLYSHEEP_BASE_URL", far.url)
    return far


# -- nbclient, and papermill which stands on it -------------------------------------------------------


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def execute(book):
    return NotebookClient(book, timeout=PATIENCE_S, kernel_name="python3").execute()


def test_a_notebook_run_by_nbclient_reads_without_us(here):
    here.plan = whole("**Bold** ", "answer")
    book = execute(notebook("%load_ext hs_notebook", ASK, "print(reply.text)"))
    nbformat.validate(book)
    assert "widgets" not in book.metadata
    (output,) = book.cells[1].outputs
    assert set(output["data"]) == {"text/markdown", "text/plain"}
    assert book.cells[2].outputs[0]["text"] == "**Bold** answer\n"
    assert "**Bold** answer" in MarkdownExporter().from_notebook_node(book)[0]


def test_a_failing_answer_fails_the_notebook_and_keeps_its_text(here):
    here.plan = [text("half")]
    book = notebook("%load_ext hs_notebook", ASK, "print('never')")
    with pytest.raises(CellExecutionError, match="CutError"):
        execute(book)
    kept, error = book.cells[1].outputs
    assert kept["data"]["text/plain"].startswith("half")
    assert error["output_type"] == "error"
    assert len(error["traceback"]) <= 3
    assert book.cells[2].outputs == []


def test_a_comparison_run_by_nbclient_reads_without_us(here):
    here.plans = {"a": whole("**A**"), "b": whole("B")}
    book = execute(notebook("%load_ext hs_notebook", ASK.replace("far-1", "a,b"), "print(len(reply))"))
    nbformat.validate(book)
    assert "widgets" not in book.metadata
    (output,) = book.cells[1].outputs
    assert set(output["data"]) == {"text/html", "text/markdown", "text/plain"}
    page, _ = HTMLExporter().from_notebook_node(book)
    assert "<strong>A</strong>" in page
    assert book.cells[2].outputs[0]["text"] == "2\n"


# -- terminal IPython ---------------------------------------------------------------------------------


def ipython(code):
    return subprocess.Popen(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )


CODE = "%load_ext hs_notebook\nget_ipython().run_cell_magic('holysheep', 'model=far-1', 'Hello')"


def test_a_terminal_gets_plain_text_and_one_line(here):
    here.plan = whole("Hello\x1b[2J", " world")
    with ipython(CODE) as process:
        said = process.stdout.read()
    first, _, last = said.strip().splitlines()
    assert first == "Hello[2J world"
    assert last.startswith("far-1 · 12 + 2 tokens")
    assert last.endswith("complete")


def test_a_terminal_that_is_not_utf_8_gets_what_it_can_show(here, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    here.plan = whole("café", " ☃ 🐑", " done")
    with ipython(CODE + "\nprint('on it goes')") as process:
        process.stdout.reconfigure(encoding="latin-1")
        said = process.stdout.read()
    first, _, last, after = said.strip().splitlines()
    assert first == "café ? ? done"
    assert last.endswith("complete")
    assert after == "on it goes"


def test_a_terminal_is_told_where_an_answer_starts_over(here):
    here.plan = [text("Half")]  # cut off twice: by itself, an answer starts over once
    with ipython(CODE) as process:
        said = process.stdout.read()
    assert said.startswith("Half\n\n[What stands above counts no more; it starts over.]\n\nHalf\n\nRestarted")
    assert "CutError" in said


def test_ctrl_c_in_a_terminal_keeps_the_text_and_says_one_line(here):
    here.plan = [text("Half\n"), HOLD]
    with ipython(CODE) as process:
        first = process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        rest = process.stdout.read().strip().splitlines()
    assert first == "Half\n"
    assert rest[-2].endswith("interrupted: run the cell again to go on from here")
    assert rest[-1].startswith("Stopped by you")
    assert here.wait_for(lambda: here.left)


def test_a_real_terminal_gets_formatted_text_where_rich_is_installed(here):
    """A word in `**` is bold, and no escape of the model's comes through."""
    here.plan = whole("# Head\n\nA **bold** w", "ord\x1b[2J.\n\n```py\nx = 1\n```\n\n[a](javascript:b)")
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", CODE]
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, stdin=theirs, env=os.environ | {"TERM": "xterm"}
    ):
        os.close(theirs)
        said = b"".join(iter(lambda: read(mine), b"")).decode()
    os.close(mine)
    assert "\x1b[1mbold\x1b[0m" in said
    assert "**" not in said
    assert "\x1b[2J" not in said
    assert "\x1b]8;" not in said
    assert "far-1 · 12 + 2 tokens" in said


def read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # its other end is closed
        return b""


def test_several_answers_follow_each_other_in_a_terminal(here):
    here.plans = {"a": [text("A begins"), 0.3, text(", A ends"), FINISH], "b": whole("B"), "c": whole("C")}
    with ipython(CODE.replace("far-1", "a,b,c")) as process:
        said = process.stdout.read().strip().split("\n\n")
    assert [part for part in said if " · " not in part] == [
        "== a ==",
        "A begins, A ends",
        "== b ==",
        "B",
        "== c ==",
        "C",
    ]
    assert sum(part.endswith("complete") for part in said) == 3


def test_in_the_background_of_a_terminal_nothing_is_printed_into_what_is_typed(here):
    here.plan = whole("Hello")
    code = (
        "%load_ext hs_notebook\nget_ipython().run_cell_magic('holysheep', 'model=far-1 background', 'Hello')"
    )
    with ipython(
        code + "\nimport time\nwhile str(_hs.status) != 'complete': time.sleep(.01)\nprint(_hs.text)"
    ) as process:
        said = process.stdout.read().strip().splitlines()
    assert said == ["In the background, as number 1: far-1 (streaming). It is in _hs.", "Hello"]


# -- a kernel that ends -------------------------------------------------------------------------------


def test_a_restarted_kernel_starts_afresh_and_finds_the_rows(own_kernel, far):
    own_kernel.run(ASK, "cell-1")
    own_kernel.restart()
    own_kernel.run("%load_ext hs_notebook")
    assert own_kernel.run(ASK, "cell-1").live_text == "Hello world"
    assert own_kernel.value("len(__import__('hs_notebook').usage())") == 2


def test_a_killed_kernel_leaves_a_row_that_says_interrupted(own_kernel, far):
    own_kernel.run(ASK, "cell-1")
    far.plan = [text("Half"), HOLD]
    own_kernel.until(has_text, own_kernel.send(ASK, "cell-1"))
    own_kernel.restart(now=True)
    own_kernel.run("import hs_notebook")
    statuses = own_kernel.value("hs_notebook.usage()['status'].tolist()")
    assert statuses == ["complete", "interrupted"]
    assert far.wait_for(lambda: far.left)


# -- coming and going ---------------------------------------------------------------------------------


def test_loading_imports_nothing_heavy(own_kernel):
    assert own_kernel.value(f"[name for name in {HEAVY} if name in __import__('sys').modules]") == []


def test_unloading_undoes_loading(own_kernel):
    table = "{kind: 'holysheep' in table for kind, table in get_ipython().magics_manager.magics.items()}"
    assert own_kernel.value(table) == {"line": True, "cell": True}
    own_kernel.run("%unload_ext hs_notebook")
    assert own_kernel.value(table) == {"line": False, "cell": False}
    assert own_kernel.value("'HolySheepMagics' in get_ipython().magics_manager.registry") is False


def test_an_answer_shows_as_what_stays_below_its_cell(own_kernel, far):
    far.plan = whole("<b>Hello</b>", " **world**")
    below = own_kernel.run(ASK, "cell-1").rest
    shown = own_kernel.run("reply").kind("execute_result")[0]["content"]["data"]
    assert shown["text/markdown"] == below["text/markdown"]
    assert "<b>" not in shown["text/markdown"]
    assert shown["text/plain"].startswith("<Answer ")
    own_kernel.run("%unload_ext hs_notebook")
    after = own_kernel.run("reply").kind("execute_result")[0]["content"]["data"]
    assert list(after) == ["text/plain"]


def test_unloading_before_any_answer_takes_its_formatter_away_too(own_kernel):
    known = "len(get_ipython().display_formatter.formatters['text/markdown'].deferred_printers)"
    assert own_kernel.value(known) == 1
    own_kernel.run("%unload_ext hs_notebook")
    assert own_kernel.value(known) == 0


def test_a_magic_that_was_there_before_comes_back(own_kernel):
    own_kernel.run("%unload_ext hs_notebook")
    own_kernel.run("get_ipython().register_magic_function(lambda line: print('old'), magic_name='holysheep')")
    own_kernel.run("%load_ext hs_notebook")
    assert own_kernel.run("%holysheep version").printed.startswith("hs_notebook ")
    own_kernel.run("%unload_ext hs_notebook")
    assert own_kernel.run("%holysheep version").printed == "old\n"


def test_loading_twice_changes_nothing(own_kernel, far):
    own_kernel.run("import hs_notebook; hs_notebook.load_ipython_extension(get_ipython())")
    own_kernel.run("%reload_ext hs_notebook")
    assert own_kernel.run(ASK, "cell-1").live_text == "Hello world"
    own_kernel.run("%unload_ext hs_notebook")
    assert (
        own_kernel.run("%holysheep").status == "error" or "not found" in own_kernel.run("%holysheep").printed
    )


# -- the line magic -----------------------------------------------------------------------------------


def test_status_tells_where_things_come_from_and_never_the_key(kernel):
    said = kernel.run("%holysheep").printed
    assert "found in HOLYSHEEP_API_KEY" in said
    assert "(HOLYSHEEP_BASE_URL)" in said


def test_help_names_every_option_and_command(kernel):
    from hs_notebook.notebook.commands import COMMANDS
    from hs_notebook.notebook.question.options import OPTIONS

    said = kernel.run("%holysheep help").printed
    assert all(name in said for name in (*OPTIONS, *COMMANDS))
    page = kernel.run("%holysheep?").reply["content"]["payload"][0]["data"]["text/plain"]
    assert "%%holysheep local" in page


def test_usage_shows_a_table(kernel, far):
    kernel.run(ASK, "cell-1")
    shown = kernel.run("%holysheep usage").kind("display_data")[0]["content"]["data"]
    assert "<table" in shown["text/html"]
    head, row, _, total = shown["text/plain"].splitlines()
    assert head.split()[2:6] == ["model", "status", "in", "out"]
    assert row.split()[2:6] == ["far-1", "complete", "12", "2"]
    assert total == "1 call · 12 + 2 tokens · cost unknown"
    assert "| far-1 | complete | 12 | 2 |" in shown["text/markdown"]
    by_model = kernel.run("%holysheep usage by=model scope=kernel").kind("display_data")
    assert by_model[0]["content"]["data"]["text/plain"].splitlines()[1].split()[:2] == ["far-1", "1"]


def test_export_writes_a_file(kernel, far, tmp_path):
    kernel.run(ASK, "cell-1")
    path = tmp_path / "usage of today.csv"
    said = kernel.run(f'%holysheep export "{path}"').printed
    assert said.startswith(f"The usage table is in {path} (")
    assert (
        kernel.run(f'%holysheep export "{path}"').error[0].endswith("is there already; nothing was written.")
    )
    assert path.read_text().count("far-1") == 2


def test_usage_fits_a_terminal(here):
    with ipython(f"{CODE}\n%holysheep usage") as process:
        lines = process.stdout.read().rstrip().splitlines()
    head = next(at for at, line in enumerate(lines) if line.endswith("resumed by"))
    row, _, total, *note = lines[head + 1 :]
    assert "far-1  complete" in row
    assert total.startswith("1 call")
    assert "far-1" in note[0]  # no price is known for it


def test_a_misspelt_command_is_named(kernel):
    ran = kernel.run("%holysheep usgae")
    assert "Did you mean %holysheep usage?" in ran.error
    assert ran.status == "error"


def test_a_question_in_one_line_is_told_where_its_prompt_goes(kernel):
    ran = kernel.run("%holysheep model=local Say why.")
    assert ran.error[0].startswith("SettingError: %holysheep asks no model")
    assert "the prompt goes below %%holysheep" in ran.error[-1]
    assert "models" not in "\n".join(ran.error)


def test_without_a_key_the_models_are_those_of_this_machine(kernel, setting):
    setting(HOLYSHEEP_API_KEY=None, HOLYSHEEP_BASE_URL=None)
    ran = kernel.run("%holysheep models")
    assert ran.status == "ok"
    assert ran.printed.splitlines()[:3] == ["demo", "local", ""]
    assert "HOLYSHEEP_API_KEY" in ran.printed


def test_stats_and_nest_and_version(kernel, far):
    kernel.run(ASK, "cell-1")
    assert "10 of 10 slots free" in kernel.run("%holysheep stats").printed
    assert kernel.run("%holysheep version").printed.startswith("hs_notebook ")


def test_nest_lets_a_script_run_in_a_cell(own_kernel):
    own_kernel.run("%holysheep nest")
    ran = own_kernel.run("import asyncio\nasync def main():\n    return 7\nprint(asyncio.run(main()))")
    assert ran.printed == "7\n"


def test_finish_is_known(kernel, far):
    far.plan = [text("a"), FINISH.replace(b'"stop"', b'"length"'), b"data: [DONE]\n\n"]
    assert kernel.run(ASK).rest["text/plain"].endswith("cut at the model's limit")
    limited = kernel.run("%%holysheep model=far-1 max_tokens=5\nHello")
    assert limited.rest["text/plain"].endswith("complete up to max_tokens")
