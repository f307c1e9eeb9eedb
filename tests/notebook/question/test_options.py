"""The line after `%%holysheep`: words to options, and every wrong word refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hs_notebook.errors import SettingError
from hs_notebook.notebook.question.options import OPTIONS, Options, parse


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", Options()),
        ("gpt-4.1", Options(model="gpt-4.1")),
        ("model=gpt-4.1 temperature=0.2", Options(model="gpt-4.1", temperature=0.2)),
        ("openai/gpt-4.1:latest max_tokens=7", Options(model="openai/gpt-4.1:latest", max_tokens=7)),
        ('m system="Be brief." var=reply', Options(model="m", system="Be brief.", var="reply")),
        ("m system='Be brief.'", Options(model="m", system="Be brief.")),
        ("m system=don't", Options(model="m", system="don't")),
        ("m system='it's fine'", Options(model="m", system="it's fine")),
        ("m system='tis", Options(model="m", system="'tis")),
        (r'm system="say \"hi\" now"', Options(model="m", system='say "hi" now')),
        ("m system=", Options(model="m", system="")),
        ("m raw", Options(model="m", raw=True)),
        ("raw m", None),
        ("m raw=false", Options(model="m", raw=False)),
        ("--model m --temperature 0.5", Options(model="m", temperature=0.5)),
        ('-m m -s "a b" --max-tokens=9 --raw', Options(model="m", system="a b", max_tokens=9, raw=True)),
        ("m extra.seed=3 extra.stop=null", Options(model="m", extra={"seed": 3, "stop": None})),
        ('m extra.demo={"a b": [1, 2]} raw', Options(model="m", raw=True, extra={"demo": {"a b": [1, 2]}})),
        ('m extra.x=\'{"a": "b c"}\'', Options(model="m", extra={"x": {"a": "b c"}})),
        ("m fresh restart=never", Options(model="m", fresh=True, restart="never")),
        ("m resume=last on_interrupt=detach", Options(model="m", resume="last", on_interrupt="detach")),
        ("m\tsystem=a\u00a0 temperature=2", Options(model="m", system="a", temperature=2.0)),
    ],
)
def test_a_line_is_read(line, options):
    if options is None:
        with pytest.raises(SettingError):
            parse(line)
    else:
        assert parse(line) == options


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("m temprature=1", "Did you mean temperature?"),
        ("m Max_Token=1", "Did you mean max_tokens?"),
        ("m wholly_other=1", "Unknown option 'wholly_other'"),
        ("m --modle x", "Did you mean model?"),
        ("m model=n", "'model' is said twice"),
        ("m var=a var=b", "'var' is said twice"),
        ("m temperature=hot", "a number from 0 to 2"),
        ("m temperature=2.1", "a number from 0 to 2"),
        ("m temperature=nan", "a number from 0 to 2"),
        ("m temperature=-1", "a number from 0 to 2"),
        ("m max_tokens=0", "a whole number, 1 or more"),
        ("m max_tokens=1.5", "a whole number, 1 or more"),
        ("m var=2nd", "takes for a variable"),
        ("m var=class", "takes for a variable"),
        ("m restart=yes", "auto, ask or never"),
        ("m on_interrupt=pause", "stop or detach"),
        ("m resume=", "the id of an answer, or last"),
        ("m fresh resume=last", "exclude each other"),
        ("m raw=maybe", "write =true, =false"),
        ("model=", "the name of a model"),
        ("a,,b", "a comma and no space between"),
        ("m system=You are terse", 'Write system="You are …"'),
        ('m system="You are', "No quote closes"),
        ("m model = n", "no space around"),
        ("m tempratur", "Did you mean temperature?"),
        ("m --temperature", "has no value"),
        ("m extra.seed=abc", "should be JSON"),
        ("m extra.temperature=1", "Write temperature=…"),
        ("m extra.messages=[]", "set by the cell itself"),
    ],
)
def test_a_wrong_word_is_named(line, said):
    with pytest.raises(SettingError) as caught:
        parse(line)
    assert said in str(caught.value)
    assert 1 <= len(caught.value.lines) <= 3


@pytest.mark.parametrize(
    "line", ["m api_key=VALUE", "m API-KEY=VALUE", "m --key VALUE", "m openai_api_key=VALUE"]
)
def test_a_key_on_the_line_is_refused_and_not_repeated(line):
    with pytest.raises(SettingError) as caught:
        parse(line.replace("VALUE", "sk-secret-1"))
    assert "does not belong on this line" in str(caught.value)
    assert "sk-secret-1" not in str(caught.value)


@pytest.mark.parametrize("line", ["sk-secret-1", "m sk-secret-1", "m extra.api_key=1"])
def test_a_bare_key_is_refused_too(line):
    with pytest.raises(SettingError, match="does not belong on this line") as caught:
        parse(line)
    assert "sk-secret-1" not in str(caught.value)


def test_values_are_expanded_before_they_are_read_and_not_when_raw():
    def expand(text):
        return text.replace("{{heat}}", "0.5")

    assert parse("m temperature={{heat}}", expand).temperature == 0.5
    assert parse("m system={{heat}} raw", expand).system == "{{heat}}"


def test_braces_with_spaces_are_one_word():
    assert parse("m system={{ a b }}").system == "{{ a b }}"


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(line):
    with suppress(SettingError):
        parse(line.replace("\n", " "))


@given(
    st.dictionaries(
        st.sampled_from(["system", "model"]),
        st.text(st.characters(exclude_characters='"\\\n,\r'), min_size=1).filter(str.strip),
    )
)
def test_any_quoted_value_comes_back(values):
    line = " ".join(f'{key}="{value}"' for key, value in values.items())
    options = parse(line)
    assert {key: getattr(options, key) for key in values} == values


def test_every_option_is_a_field_and_has_help():
    assert all(option.help and hasattr(Options(), option.name) for option in OPTIONS.values())
