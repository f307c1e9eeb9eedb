"""A report as plain text, Markdown, HTML or LaTeX. Whatever stands in a name is shown and does nothing."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hs_notebook.store.views.report import Report

__all__ = ["as_html", "as_latex", "as_markdown", "as_text"]

_GAP = "  "

_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~&$!@]|(?<=\w):(?=//)|(?<=www)\.")
"""What may begin something in Markdown; the last three only an address, which some readers make a link of."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "≥": r"$\geq$",
    "·": r"$\cdot$",
    "…": r"\dots{}",
} | {mark: f"\\{mark}" for mark in "&%$#_{}"}


def as_text(report: Report) -> str:
    """Columns of one width, the total below."""
    lines = [report.heads, *report.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(report.heads))]

    def line(texts: Sequence[str]) -> str:
        cells = [
            text.rjust(width) if figure else text.ljust(width)
            for text, width, figure in zip(texts, widths, report.figures, strict=True)
        ]
        return _GAP.join(cells).rstrip()

    return "\n".join([*map(line, lines), "", report.total])


def as_markdown(report: Report) -> str:
    """A table in GitHub's Markdown, the total below."""
    ruler = ["--:" if figure else ":--" for figure in report.figures]
    lines = [_cells(report.heads, _in_markdown), ruler, *(_cells(row, _in_markdown) for row in report.rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{_in_markdown(report.total)}\n"


def as_html(report: Report) -> str:
    """A table with the total as its caption, in the colours of the page it stands in."""
    aligned = ["right" if figure else "left" for figure in report.figures]

    def row(texts: Sequence[str], tag: str) -> str:
        cells = zip(texts, aligned, strict=True)
        return "".join(
            f'<{tag} style="text-align:{side}">{html.escape(text)}</{tag}>' for text, side in cells
        )

    body = "\n".join(f"<tr>{row(texts, 'td')}</tr>" for texts in report.rows)
    return (
        '<table style="font-variant-numeric:tabular-nums">\n'
        f'<caption style="caption-side:bottom;text-align:left">{html.escape(report.total)}</caption>\n'
        f"<thead><tr>{row(report.heads, 'th')}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    )


def as_latex(report: Report) -> str:
    """A tabular with the rules of the package booktabs, the total below."""
    columns = "".join("r" if figure else "l" for figure in report.figures)
    heads, *rows = (" & ".join(_cells(texts, _in_latex)) + r" \\" for texts in (report.heads, *report.rows))
    return "\n".join(
        [
            r"% \usepackage{booktabs}; for names beyond Latin letters XeLaTeX or LuaLaTeX",
            f"\\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            heads,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            "",
            _in_latex(report.total),
            "",
        ]
    )


def _cells(texts: Sequence[str], written: Callable[[str], str]) -> list[str]:
    return [written(" ".join(text.split())) for text in texts]


def _in_markdown(text: str) -> str:
    return _MARKDOWN.sub(lambda found: "\\" + found[0], text)


def _in_latex(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in text)
