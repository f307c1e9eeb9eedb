"""`{{name}}`: values put in once, nothing called or computed, everything else left as it is."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.errors import SettingError
from hs_notebook.notebook.question.template import fill


class Owner:
    def __init__(self):
        self.colour = "red"


NAMES = {
    "name": "Ada",
    "braces": "{{name}}",
    "rows": [1, 2, 3, 4, 5, 6, 7],
    "table": {"key": "value"},
    "owner": Owner(),
    "df": pd.DataFrame({"a": range(30), "b": "x|y"}),
    "long": "1\n2\n3\n4\n5\n6\n7",
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Dear {{name}},", "Dear Ada,"),
        ("{{ name }}{{name}}", "AdaAda"),
        ("{{braces}}", "{{name}}"),
        ("{{rows[0]}} {{rows[-1]}}", "1 7"),
        ("{{table['key']}}", "value"),
        ("{{owner.colour}}", "red"),
        ("{{df.shape}}", "(30, 2)"),
        ("{{df.shape[0]}}", "30"),
        ("{{name|repr}}", "'Ada'"),
        ("{{table|json}}", '{"key": "value"}'),
        ("{{rows|head|json}}", "[1, 2, 3, 4, 5]"),
        ("{{long|head}}", "1\n2\n3\n4\n5\n"),
        ("{name} $name %name% {0} {}", "{name} $name %name% {0} {}"),
        ('{{}} {{ }} {{1}} {{"a": 1}} {{{name}}} {{-x}}', '{{}} {{ }} {{1}} {{"a": 1}} {Ada} {{-x}}'),
        ("{{a\nb}} \\frac{{x}^2}{y}", "{{a\nb}} \\frac{{x}^2}{y}"),
    ],
)
def test_what_is_filled_in(text, filled):
    assert fill(text, NAMES).text == filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{nam}}", "Did you mean name?"),
        ("{{owner.color}}", "Did you mean colour?"),
        ("{{table['kez']}}", "Did you mean key?"),
        ("{{rows[9]}}", "has no item 9"),
        ("{{rows['a']}}", "has no item 'a'"),
        ("{{name|upper}}", "there is no filter 'upper'"),
        ("{{owner|json}}", "is not JSON"),
        ("{{print(1)}}", "Code inside the braces is not run"),
        ("{{rows[len(rows)]}}", "Code inside the braces is not run"),
        ("{{name + name}}", "Code inside the braces is not run"),
        ("{{name.__class__}}", "Code inside the braces is not run"),
        ("{{name for}}", "Code inside the braces is not run"),
        ("{{df.head}}", "Did you mean {{df|head}}?"),
        ("{{df.head|head}}", "Did you mean {{df|head}}?"),
        ("{{name.upper}}", "is a function"),
    ],
)
def test_what_stops_before_sending(text, said):
    with pytest.raises(SettingError) as caught:
        fill(text, NAMES)
    assert said in str(caught.value)
    assert 1 <= len(caught.value.lines) <= 3


def test_nothing_is_called():
    called = []
    with pytest.raises(SettingError):
        fill("{{touch()}}", {"touch": lambda: called.append(1)})
    assert called == []


def test_a_table_is_small_and_says_how_much_of_it_there_is():
    filled = fill("{{df}}", NAMES)
    lines = filled.text.split("\n")
    assert lines[:3] == ["|  | a | b |", "| --- | --- | --- |", "| 0 | 0 | x\\|y |"]
    assert len(lines) == 22
    assert filled.notes == ("df (the first 20 of 30 rows)",)
    assert fill("{{df|head}}", NAMES).notes == ("df (5 rows)",)


def test_wide_tables_and_series_too():
    wide = pd.DataFrame([range(30)])
    assert fill("{{wide}}", {"wide": wide}).notes == ("wide (1 rows, the first 20 of 30 columns)",)
    assert fill("{{df['a']|head}}", NAMES).text.startswith("|  | a |\n")
    assert fill("{{df|head|json}}", NAMES).text.startswith('[{"a":0,"b":"x|y"}')


def test_what_was_put_in_is_noted_once():
    assert fill("{{name}} {{name}} {{rows[0]}}", NAMES).notes == (
        "name (3 characters)",
        "rows[0] (1 characters)",
    )


@given(st.text())
def test_text_without_double_braces_is_left_alone(text):
    text = text.replace("{{", "{ {")
    assert fill(text, {}).text == text


@given(st.text())
def test_a_value_is_put_in_as_it_is(value):
    assert fill("<{{x}}>", {"x": value}).text == f"<{value}>"


def test_nothing_is_called_but_a_value_looks_as_its_class_says():
    """What the README says of the braces: a call and a sum are refused, a property and `__str__` do run."""
    ran = []

    class Flock:
        @property
        def size(self):
            ran.append("size")
            return 3

        def __str__(self):
            ran.append("str")
            return "a flock"

        def __call__(self):
            ran.append("call")

    names = {"flock": Flock()}
    assert fill("{{flock}} of {{flock.size}}", names).text == "a flock of 3"
    assert ran == ["str", "size"]
    for refused in ("{{flock()}}", "{{flock.size + 1}}", "{{flock.__class__}}", "{{flock[len(flock)]}}"):
        with pytest.raises(SettingError):
            fill(refused, names)
    assert "call" not in ran
