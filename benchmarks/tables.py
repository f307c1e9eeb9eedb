"""Figures as a Markdown table that also reads well in a terminal."""


def table(title, heads, rows):
    """The first column to the left, figures to the right."""
    cells = [heads, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(heads))]

    def line(row):
        aligned = [
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "| " + " | ".join(aligned) + " |"

    ruler = (
        "|"
        + "|".join(
            "-" * (width + 2) if not at else "-" * (width + 1) + ":" for at, width in enumerate(widths)
        )
        + "|"
    )
    return "\n".join([f"### {title}", "", line(cells[0]), ruler, *map(line, cells[1:])])
