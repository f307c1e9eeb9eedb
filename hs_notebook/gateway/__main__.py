"""`python -m hs_notebook.gateway`: the gateway as a process."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """Read the arguments and serve until told to end, or idle."""
    parser = argparse.ArgumentParser(
        prog="python -m hs_notebook.gateway",
        description="An LLM gateway on 127.0.0.1 that speaks the OpenAI and the Anthropic API. "
        "Where it listens and the token it asks for stand in gateway.json in its folder.",
    )
    parser.add_argument("--home", help="folder of gateway.json and gateway.toml (default: HOLYSHEEP_HOME)")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--idle",
        type=float,
        default=1800.0,
        help="end after so many seconds without a request (default: 1800)",
    )
    parser.add_argument(
        "--heartbeat", type=float, default=15.0, help="seconds of silence before a heartbeat (default: 15)"
    )
    options = parser.parse_args()
    if options.home is not None:
        os.environ["HOLYSHEEP_HOME"] = str(Path(options.home).resolve())
    from hs_notebook.gateway.serve import serve

    serve(port=options.port, idle_s=options.idle, heartbeat_s=options.heartbeat)
    return 0


if __name__ == "__main__":
    sys.exit(main())
