"""All that is not ours, as a process: the provider, and the line between client and gateway that breaks."""

import asyncio
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from provider import Provider
from script import SHARE_TWICE, Script

from tests.faults.proxy import Fault, Proxy, twice


class Outside:
    """The process.

    Attributes:
        provider_port, line_port: Where the two listen.
    """

    def __init__(self, script, gateway_port):
        arguments = [script.seed, str(script.streams), str(gateway_port)]
        self._process = subprocess.Popen(
            [sys.executable, __file__, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.provider_port, self.line_port = json.loads(self._process.stdout.readline())

    def end(self):
        """End it; what it has seen, None if it ended before."""
        said, _ = self._process.communicate()
        return json.loads(said) if said else None


class Breaker:
    """Plans what the line does to each response.

    Attributes:
        cuts: How many responses were cut, by the way it was done.
        streams: Which streams had any of theirs cut.
        events: How many came from the gateway.
        repeated: How many of them went on twice.
    """

    def __init__(self, script):
        self.cuts = {}
        self.streams = set()
        self.events = self.repeated = 0
        self._script = script
        self._waiting = {}  # stream to the cuts it has still to have
        self._dice = random.Random(f"{script.seed}: twice")

    def __call__(self, asked):
        if not asked.is_chat:
            return Fault()
        number = Script.number(asked.body.decode())
        waiting = self._waiting.setdefault(number, list(self._script.plan(number).cuts))
        cut = waiting[0] if waiting else Fault()
        if cut.wire_at is not None:  # the head may be all that comes
            self._made(number, cut)
        return replace(cut, events=lambda events: self._pass_on(number, cut, events))

    def _pass_on(self, number, cut, events):
        """Called once a response has begun: of a gateway that is being restarted none does."""
        if cut.at is not None:
            self._made(number, cut)
        return twice(SHARE_TWICE, self._draw)(events)

    def _draw(self):
        drawn = self._dice.random()
        self.events += 1
        self.repeated += drawn < SHARE_TWICE
        return drawn

    def _made(self, number, cut):
        del self._waiting[number][0]
        self.streams.add(number)
        self.cuts[cut.then] = self.cuts.get(cut.then, 0) + 1


async def main(seed, streams, gateway_port):
    """Print the ports, work until stdin ends, print what was seen; all as JSON."""
    script = Script(seed, int(streams))
    breaker = Breaker(script)
    async with Provider(script) as provider, Proxy(int(gateway_port), breaker) as line:
        print(json.dumps([provider.port, line.port]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        seen = {
            "generations": provider.generations,
            "cuts": breaker.cuts,
            "streams": len(breaker.streams),
            "events": breaker.events,
            "repeated": breaker.repeated,
            "errors": [repr(error) for error in line.errors],
        }
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
