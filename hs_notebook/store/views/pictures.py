"""`hs.plot_usage()`: cost over time by model, how long calls take, and cost against time, as one figure."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, get_args

from hs_notebook.errors import SettingError
from hs_notebook.store.ledger import default
from hs_notebook.store.views import report
from hs_notebook.store.views.usage import select, usage

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hs_notebook.store.views.usage import Scope, Since

__all__ = ["Picture", "plot_usage"]

Picture = Literal["cost", "latency", "tradeoff"]

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Told apart by colour-blind readers too (Okabe and Ito, jfly.uni-koeln.de/color, 2026-11-22)."""

_REST = ("other models", "#999999")
"""All models beyond the six that cost or say the most."""

_A_MOMENT = timedelta(seconds=1)

_INK, _FAINT = "#333333", "#dddddd"


def plot_usage(
    picture: Picture | None = None,
    *,
    scope: Scope = "notebook",
    since: Since | None = None,
    session: str | None = None,
) -> Figure:
    """Draw the usage table; the figure shows in a notebook, and `figure.savefig(path)` keeps it.

    Where no call cost anything that is known, tokens stand for cost. Calls of which a figure is unknown are
    left out of its picture; the title's total says what it lacks.

    Args:
        picture: "cost" (over time, by model), "latency" (seconds to the first token and to the end, by
            model) or "tradeoff" (each call's cost against its seconds); None: all three, side by side.
        scope: As in `usage`.
        since: As in `usage`.
        session: As in `usage`.

    Raises:
        SettingError: An argument is none of these, or matplotlib is not installed.
        StoreError: The store cannot be read.
    """
    chosen = get_args(Picture) if picture is None else (picture,)
    if not set(chosen) <= set(_DRAWN):
        raise SettingError(f"There is no picture {str(picture)[:40]!r}, only {', '.join(_DRAWN)}.")
    figure = _figure(len(chosen))
    calls = _Calls(usage(scope=scope, since=since, session=session))
    totals = report.totals(default().columns(report.NEEDED, select(scope, since, session)))
    figure.suptitle(_text(str(totals)), x=0.01, ha="left", fontsize=11, color=_INK)
    for place, name in enumerate(chosen, 1):
        axes = figure.add_subplot(1, len(chosen), place)
        _plain(axes)
        if len(calls.table):
            _DRAWN[name](axes, calls)
        else:
            axes.text(0.5, 0.5, "no calls", ha="center", transform=axes.transAxes, color=_INK)
    return figure


def _figure(pictures: int) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SettingError(
            'Pictures need matplotlib, which is not installed: pip install "hs-notebook[plot]".'
        ) from None

    class UsageFigure(Figure):
        """A figure that shows in a notebook by itself, and leaves pyplot's state alone."""

        def _repr_png_(self) -> bytes:
            image = BytesIO()
            self.savefig(image, format="png", dpi=110)
            return image.getvalue()

    return UsageFigure(figsize=(6.4 if pictures == 1 else 15, 4.4), layout="constrained", facecolor="white")


class _Calls:
    """The calls to draw.

    Attributes:
        table: A row each, with the columns `name` (the model, or "other models"), `amount`, `ttft_s` and
            `duration_s`; NaN for unknown.
        unit: What an amount is: "USD" or "tokens".
        colours: By name, the one with the largest amount first.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        priced = rows["cost_usd"].fillna(0).gt(0).any()
        self.unit = "USD" if priced else "tokens"
        tokens = rows["input_tokens"].fillna(0) + rows["output_tokens"].fillna(0)
        amount = rows["cost_usd"] if priced else tokens.where(rows["output_tokens"].notna())
        self.table = rows[["started_at", "ttft_s", "duration_s"]].astype(
            {"ttft_s": "float64", "duration_s": "float64"}
        )
        self.table["amount"] = amount.astype("float64")
        by_model = self.table["amount"].groupby(rows["model"]).sum().sort_values(ascending=False)
        named = by_model.index[: len(_COLOURS)]
        names = rows["model"].map(_text, na_action="ignore")
        self.table["name"] = names.where(rows["model"].isin(named), _REST[0]).astype("object")
        self.colours = dict(zip(map(_text, named), _COLOURS, strict=False))
        if len(by_model) > len(named):
            self.colours[_REST[0]] = _REST[1]

    def of(self, name: str) -> pd.DataFrame:
        return self.table[self.table["name"] == name]


def _text(text: str) -> str:
    """The text as it is: between two $ matplotlib would read a formula, and _ at a label's head hides it."""
    shown = text.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#888888")
    axes.tick_params(colors=_INK, labelsize=9)
    axes.grid(color=_FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def _title(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK)
    axes.set_xlabel(x, color=_INK)
    axes.set_ylabel(y, color=_INK)


def _amounts(unit: str) -> str:
    return "cost, USD" if unit == "USD" else "tokens, in and out"


# -- the pictures -----------------------------------------------------------------------------


def _draw_cost(axes: Axes, calls: _Calls) -> None:
    """What each model has cost up to each moment, one on top of the other."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    table = calls.table
    times = table["started_at"].dt.tz_convert(None)
    # As high as after the last call until a moment later, or one call alone would be a pile without a width.
    times = [*times, times.iloc[-1] + max(0.04 * (times.iloc[-1] - times.iloc[0]), _A_MOMENT)]
    piles = []
    for name in calls.colours:
        sums = table["amount"].where(table["name"] == name).fillna(0).cumsum()
        piles.append([*sums, sums.iloc[-1]])
    axes.stackplot(
        times,
        *piles,
        labels=list(calls.colours),
        colors=list(calls.colours.values()),
        step="post",
        alpha=0.85,
    )
    locator = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]  # matplotlib's dates have no types
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # likewise
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", fontsize=9, edgecolor="none", framealpha=0.85)
    _title(axes, "Cost over time" if calls.unit == "USD" else "Tokens over time", "UTC", _amounts(calls.unit))


def _draw_latency(axes: Axes, calls: _Calls) -> None:
    """Half of a model's calls are within its box, every call is a point."""
    names = list(reversed(calls.colours))
    for row, name in enumerate(names):
        for column, shift, face in (("ttft_s", 0.2, "white"), ("duration_s", -0.2, calls.colours[name])):
            seconds = calls.of(name)[column].dropna()
            if len(seconds):
                _draw_box(axes, seconds, row + shift, calls.colours[name], face)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    if calls.table[["ttft_s", "duration_s"]].gt(0).any(axis=None):  # a logarithm needs something to show
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(visible=False, axis="y")
    _title(axes, "Latency", "seconds: first token (open), whole answer (filled)", "")


def _draw_box(axes: Axes, seconds: Any, at: float, colour: str, face: str) -> None:  # noqa: ANN401 - pandas' column
    axes.boxplot(
        seconds,
        positions=[at],
        orientation="horizontal",
        widths=0.3,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": face, "edgecolor": colour, "alpha": 0.55},
        medianprops={"color": _INK, "linewidth": 1.6},
        whiskerprops={"color": colour},
        capprops={"color": colour},
    )
    axes.scatter(seconds, [at] * len(seconds), s=9, color=colour, alpha=0.5, linewidths=0, zorder=3)


def _draw_tradeoff(axes: Axes, calls: _Calls) -> None:
    for name, colour in calls.colours.items():
        known = calls.of(name)
        known = known[(known["amount"] > 0) & (known["duration_s"] > 0)]
        if len(known):
            axes.scatter(known["duration_s"], known["amount"], color=colour, label=name, s=22, alpha=0.65)
    if axes.collections:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("${x:g}" if calls.unit == "USD" else "{x:,g}")
        axes.legend(frameon=False, fontsize=9)
    what = "Cost" if calls.unit == "USD" else "Tokens"
    _title(axes, f"{what} against time, call by call", "seconds", _amounts(calls.unit))


_DRAWN = {"cost": _draw_cost, "latency": _draw_latency, "tradeoff": _draw_tradeoff}
