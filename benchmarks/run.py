"""All benchmarks in one run, each as a Markdown table: python3 dev.py bench [-- NAME ... --option value].

Every figure of the README comes from here. On a machine that is busy only the ratios mean something.
"""

import argparse
import os
import platform
import tempfile
import time
from importlib import import_module
from importlib.metadata import version

NAMES = (
    "throughput",
    "memory",
    "long_line",
    "truncation",
    "load_time",
    "iopub",
    "store",
    "resumed_cell",
    "replay",
    "live_cell",
)
SHOWN = ("hs-notebook", "openai", "httpx", "httpx-sse", "msgspec", "pandas", "ipykernel")


def main():
    options = arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}:", end=" ")
    print(", ".join(f"{name} {version(name)}" for name in SHOWN))
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOLYSHEEP_HOME"] = home
        for name in options.names or NAMES:
            began = time.monotonic()
            print(
                f"\n{import_module(name).run(options)}\n\n({name}: {time.monotonic() - began:.0f} s)",
                flush=True,
            )


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all of them if none is named"
    )
    parser.add_argument("--events", type=int, default=10_000, help="throughput: chunks an answer")
    parser.add_argument("--rounds", type=int, default=5, help="all but memory, truncation and iopub")
    parser.add_argument("--memory-events", type=int, default=100_000)
    parser.add_argument("--stride", type=int, default=1, help="truncation: bytes from one cut to the next")
    parser.add_argument("--seconds", type=int, default=50, help="iopub: over how long the answer comes")
    parser.add_argument("--live-seconds", type=int, default=30, help="live_cell: how long answers come")
    parser.add_argument(
        "--jupyter-ai", metavar="PYTHON", help="load_time: a Python that has jupyter_ai_magics"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
