"""Pictures of the usage table: they hold what is known, and say what is not."""

import subprocess
import sys
from decimal import Decimal

import pytest

import hs_notebook as hs
from hs_notebook.errors import SettingError
from hs_notebook.store.ledger import default
from hs_notebook.wire.chunk import Usage

USED = Usage(input_tokens=1500, output_tokens=850)


def fill(make, costs, model="gpt-4.1"):
    for number, cost in enumerate(costs):
        answer, attempt = make.finished(f"{model}-{number}", usage=USED, cost=cost and Decimal(cost))
        answer.request = make.new_answer(model=model).request
        make.put(default(), answer, attempt)


def texts(figure):
    import matplotlib.text

    return [found.get_text() for found in figure.findobj(matplotlib.text.Text)]


def test_all_three_show_every_model_and_the_total(make):
    fill(make, ["0.01", "0.02", None], "gpt-4.1")
    fill(make, ["0.001"], "$a_b$")
    figure = hs.plot_usage(scope="all")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert len(figure.axes) == 3
    found = texts(figure)
    assert r"4 calls · 6,000 + 3,400 tokens · ≥ \$0.031 (1 of 4 unknown)" in found
    assert {"gpt-4.1", r"\$a_b\$", "Cost over time", "Latency", "Cost against time, call by call"} <= set(
        found
    )


def test_the_pile_ends_at_the_exact_total(make):
    fill(make, ["0.1"] * 10)
    (axes,) = hs.plot_usage("cost", scope="all").axes
    (pile,) = axes.collections
    assert pile.get_datalim(axes.transData).y1 == pytest.approx(1.0)


@pytest.mark.parametrize("cost", ["0", None])
def test_where_nothing_costs_tokens_are_drawn(make, cost):
    fill(make, [cost])
    found = texts(hs.plot_usage(scope="all"))
    assert "Tokens over time" in found
    assert "tokens, in and out" in found


def test_more_models_than_colours_are_others(make):
    for number in range(8):
        fill(make, [f"0.0{8 - number}"], f"model-{number}")
    found = texts(hs.plot_usage("tradeoff", scope="all"))
    assert {f"model-{number}" for number in range(6)} | {"other models"} <= set(found)
    assert "model-7" not in found


def test_no_call_is_an_empty_picture():
    figure = hs.plot_usage()
    assert texts(figure).count("no calls") == 4
    assert figure._repr_png_()


def test_a_call_without_an_end_is_drawn_as_far_as_it_is_known(make):
    answer = make.new_answer()
    default().begin(answer, answer.begin(make.started, 0.0), make.here)
    assert hs.plot_usage(scope="all")._repr_png_()


def test_a_picture_that_is_none():
    with pytest.raises(SettingError, match="There is no picture 'pie', only cost, latency, tradeoff"):
        hs.plot_usage("pie")


def test_matplotlib_is_asked_for_in_one_line():
    script = (
        "import sys; sys.modules['matplotlib.figure'] = None\nimport hs_notebook as hs\n"
        "try: hs.plot_usage()\nexcept hs.errors.SettingError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    said = 'Pictures need matplotlib, which is not installed: pip install "hs-notebook[plot]".\n'
    assert done.stdout == said
