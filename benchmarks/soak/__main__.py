"""The soak: many streams through a line that breaks, while the gateway is restarted again and again.

Real are the client, its store, and the gateway, a process that is ended by SIGTERM and SIGKILL in turn.
Between the two a line cuts streams at random bytes (by a reset, a close or a clean end) and sends events
twice. Behind the gateway a provider answers from a script and counts what it generates, as it would for a
bill. Every answer is compared with what it had to be. Exits with 1 if anything does not hold; a seed brings
the same streams and cuts.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path += [str(folder) for folder in Path(__file__).parents[1:3]]  # for `tables`, and `tests.faults`

from run import Soak
from script import Script
from verdict import Verdict


def main():
    options = arguments()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores: {options.streams:,} streams, "
        f"{options.at_once} at once, {options.restarts} restarts, seed {options.seed}\n",
        flush=True,
    )
    script = Script(options.seed, options.streams)
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        soak = Soak(script, options.at_once, options.restarts, Path(home))
        verdict = Verdict(script, asyncio.run(soak.run()))
    print(verdict)
    return 0 if verdict.holds else 1


def arguments():
    parser = argparse.ArgumentParser(
        prog="dev.py soak --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--restarts", type=int, default=10, help="of the gateway")
    parser.add_argument("--at-once", type=int, default=64, help="with a connection; half as many more wait")
    parser.add_argument("--seed", default="1", help="one word")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
