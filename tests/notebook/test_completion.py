"""Tab completion, as a front end asks a real kernel for it. `¦` is the cursor."""

import pytest

from hs_notebook.notebook.commands import COMMANDS
from hs_notebook.notebook.question.options import OPTIONS

pytestmark = pytest.mark.kernel

ARTICLE = ["gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-flash", "deepseek-v3.2"]


def complete(kernel, code):
    """What is offered, and the cell as it is once the first of it is taken."""
    place = code.index("¦")
    told = kernel.complete(code.replace("¦", ""), place)
    offers = told["matches"]
    if not offers:
        return [], code
    start, end = told["cursor_start"], told["cursor_end"]
    text = code.replace("¦", "")
    return offers, f"{text[:start]}{offers[0]}¦{text[end:]}"


@pytest.mark.parametrize(
    ("code", "offers", "taken"),
    [
        ("%%holysheep gpt¦", ["gpt-4.1"], "%%holysheep gpt-4.1¦"),
        ("%%holysheep gpt-4¦\nHello", ["gpt-4.1"], "%%holysheep gpt-4.1¦\nHello"),
        ("%%holysheep demo,gem¦", ["gemini-2.5-flash"], "%%holysheep demo,gemini-2.5-flash¦"),
        ("%%holysheep temp¦", ["temperature="], "%%holysheep temperature=¦"),
        ("%%holysheep demo ma¦ var=a", ["max_tokens="], "%%holysheep demo max_tokens=¦ var=a"),
        ("%%holysheep demo dr¦", ["dry_run"], "%%holysheep demo dry_run¦"),
        ("%%holysheep model=claude¦", ["claude-sonnet-4.5"], "%%holysheep model=claude-sonnet-4.5¦"),
        ("%%holysheep model=demo,dee¦", ["deepseek-v3.2"], "%%holysheep model=demo,deepseek-v3.2¦"),
        ("%%holysheep demo restart=¦", ["auto", "ask", "never"], "%%holysheep demo restart=auto¦"),
        ("%%holysheep demo restart=n¦", ["never"], "%%holysheep demo restart=never¦"),
        ("%%holysheep demo on_interrupt=d¦", ["detach"], "%%holysheep demo on_interrupt=detach¦"),
        ("\n%%holysheep demo unpriced=¦", ["refuse", "allow"], "\n%%holysheep demo unpriced=refuse¦"),
        ("%holysheep us¦", ["usage"], "%holysheep usage¦"),
        ("x = 1\n%holysheep ver¦", ["version"], "x = 1\n%holysheep version¦"),
        ("%holysheep usage by¦", ["by=model"], "%holysheep usage by=model¦"),
        ("%holysheep show ¦", ["last"], "%holysheep show last¦"),
    ],
)
def test_words_of_a_line(kernel, code, offers, taken):
    assert complete(kernel, code) == (offers, taken)


def test_all_that_may_stand_there_is_offered(kernel):
    first, _ = complete(kernel, "%%holysheep ¦")
    assert {*ARTICLE, "local", "demo"} <= set(first)
    names = {option.name if option.flag else f"{option.name}=" for option in OPTIONS.values()}
    assert names <= set(first)
    later, _ = complete(kernel, "%%holysheep demo fresh ¦")
    assert set(later) == names - {"fresh"}
    assert complete(kernel, "%holysheep ¦")[0] == list(COMMANDS)


def test_models_come_from_the_settings(kernel, setting, tmp_path):
    assert complete(kernel, "%%holysheep our¦")[0] == []
    (tmp_path / "gateway.toml").write_text(
        '[ours]\nbase_url = "http://127.0.0.1:1/v1"\nmodels = { our-alias = "a-long-name" }\n'
    )
    setting(HOLYSHEEP_MODEL="our-default", HOLYSHEEP_BASE_URL="embedded", HOLYSHEEP_HOME=str(tmp_path))
    assert complete(kernel, "%%holysheep our¦")[0] == ["our-default", "our-alias"]


@pytest.mark.parametrize(
    "code",
    [
        "%%holysheep demo\nWe impor¦",
        "%%holysheep demo\nWhat is pri¦ here?",
        "%%holysheep demo\nmodel=g¦",
        "%%holysheep demo\n%holysheep us¦",
    ],
)
def test_nothing_is_put_into_a_prompt(kernel, code):
    _, taken = complete(kernel, code)
    assert taken == code


def test_a_variable_is_completed_in_its_braces_and_python_elsewhere(kernel):
    kernel.run("flock_of_sheep = 1")
    assert complete(kernel, "%%holysheep demo\nOf {{flock_¦")[1] == "%%holysheep demo\nOf {{flock_of_sheep¦"
    assert complete(kernel, "flock_¦")[1] == "flock_of_sheep¦"
    assert "holysheep" in " ".join(complete(kernel, "%%holy¦")[0])


@pytest.mark.parametrize(
    "code", ['%%holysheep system="You mod¦', "%%holysheep demo nosuch=¦", "%%holysheeps mo¦"]
)
def test_where_nothing_is_known_nothing_of_ours_is_offered(kernel, code):
    assert not {"model=", "auto", "gpt-4.1"} & set(complete(kernel, code)[0])


def test_it_asks_nobody_and_imports_nothing_heavy(kernel, far):
    complete(kernel, "%%holysheep demo,¦")
    assert far.heads == []
    kernel.run("import sys")
    heavy = "{'httpx', 'sqlalchemy', 'pandas', 'anywidget'} & set(sys.modules)"
    assert kernel.value(f"sorted({heavy})") == []


def test_unloaded_it_is_gone(kernel):
    kernel.run("%unload_ext hs_notebook")
    try:
        assert "gpt-4.1" not in complete(kernel, "%%holysheep gpt¦")[0]
    finally:
        kernel.run("%load_ext hs_notebook")
    assert complete(kernel, "%%holysheep gpt¦")[0] == ["gpt-4.1"]


def test_the_help_of_a_question_mark_says_it_all(kernel):
    shown = kernel.run("%%holysheep?").reply["content"]["payload"][0]["data"]["text/plain"]
    assert "Ask a model; the prompt is the cell's body." in shown
    for option in OPTIONS:
        assert option in shown
    for command in COMMANDS:
        assert f"%holysheep {command}" in shown
