"""`%load_ext hs_notebook` against `import pandas`, and `%load_ext jupyter_ai_magics` where it is installed.

Each in a fresh process with an IPython shell that is up already, in turns.
"""

import statistics
import subprocess
import sys

from tables import table

SHELL = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import os")
before = set(sys.modules)
began = time.perf_counter()
{statement}
print(time.perf_counter() - began)
print(len(set(sys.modules) - before))
heavy = {{"pandas", "httpx", "ipywidgets", "anywidget", "sqlalchemy"}}
print(" ".join(sorted(heavy & (set(sys.modules) - before))) or "none")
"""

OURS = 'shell.run_line_magic("load_ext", "hs_notebook")'
PANDAS = "import pandas"
JUPYTER_AI = 'shell.run_line_magic("load_ext", "jupyter_ai_magics")'


def run(options):
    contestants = [("import pandas", sys.executable, PANDAS), ("%load_ext hs_notebook", sys.executable, OURS)]
    if options.jupyter_ai:
        contestants.append(("%load_ext jupyter_ai_magics", options.jupyter_ai, JUPYTER_AI))
    rounds = [
        [measure(python, statement) for _, python, statement in contestants] for _ in range(options.rounds)
    ]
    rows = [
        row(name, [r[at] for r in rounds], [r[0] for r in rounds])
        for at, (name, *_) in enumerate(contestants)
    ]
    return table(
        f"Loading the extension, median of {options.rounds} rounds, each in a fresh process",
        ["", "ms", "times pandas", "modules", "of the heavy ones"],
        rows,
    )


def measure(python, statement):
    """Seconds, modules imported, and which heavy ones are among them."""
    source = SHELL.format(statement=statement)
    shown = subprocess.run([python, "-c", source], check=True, capture_output=True, text=True).stdout
    seconds, modules, heavy = shown.strip().splitlines()[-3:]
    return float(seconds), int(modules), heavy


def row(name, mine, pandas):
    ratio = statistics.median(m[0] / p[0] for m, p in zip(mine, pandas, strict=True))
    return [
        name,
        f"{statistics.median(m[0] for m in mine) * 1000:.0f}",
        f"{ratio:.2f}",
        mine[0][1],
        mine[0][2],
    ]
