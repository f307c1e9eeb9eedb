"""What each stream is asked, what is answered, and what befalls it: all from the seed, to be had again."""

import random
import re
from dataclasses import dataclass
from functools import cached_property

from hs_notebook.wire.chunk import FinishReason, StreamChunk, Usage
from hs_notebook.wire.openai_server import Writer
from hs_notebook.wire.sse import encode
from tests.faults.proxy import Fault, Then

MODEL = "soak-model"

SHARE_CUT = 0.05
SHARE_TWICE = 0.01
MOST_CUTS = 3

PIECES = (10, 60)
PACE_S = (0.02, 0.1)
WORDS = (
    *("wool ", "sheep ", "양", "🐑", "é", "e\u0301", "<b>", "  ", "\t", '"', "\\n", '{"a": 1}', "[DONE]"),
    *("\n", "\n\n", "\r\n", "\x0b", "\x85", "\u2028", "\ufeff", "data: x\n\n", "\nid: 7\n", ": hb\n"),
)
"""Of all texts; among them what an event stream or a reader of lines might take for something of its own."""


@dataclass(frozen=True)
class Plan:
    """One stream.

    Attributes:
        pieces: The answer, token by token.
        pace_s: Seconds from one to the next.
        cuts: What befalls its responses, one after the other; after the last nothing does.
    """

    pieces: tuple[str, ...]
    pace_s: float
    cuts: tuple[Fault, ...]

    @cached_property
    def text(self):
        return "".join(self.pieces)


class Script:
    """All plans: of the `streams` that count, and under higher numbers of any that only warm up."""

    def __init__(self, seed, streams):
        self.seed = seed
        self.streams = streams
        dice = random.Random(f"{seed}: cut")
        self._cut = frozenset(dice.sample(range(streams), round(streams * SHARE_CUT)))

    def plan(self, number):
        """A stream's plan, the same whoever asks for it."""
        dice = random.Random(f"{self.seed}: {number}")
        pieces = (f"[{number}] ", *dice.choices(WORDS, k=dice.randint(*PIECES)))
        pace_s = dice.uniform(*PACE_S)
        return Plan(pieces, pace_s, _cuts(dice, pieces) if number in self._cut else ())

    def prompt(self, number):
        return f"soak {self.seed} {number}"

    @staticmethod
    def number(asked):
        """Which stream a prompt is of, or a body with a prompt in it."""
        return int(re.search(r"soak \S+ (\d+)", asked)[1])


def _cuts(dice, pieces):
    """One anywhere; for one stream in three another, early in the response that takes it up; and so on.

    But never more than a client tries again by its defaults with nothing new in between.
    """
    cuts = [_cut(dice, _size(pieces))]
    while len(cuts) < MOST_CUTS and dice.random() < 1 / 3:
        cuts.append(_cut(dice, 400))
    return tuple(cuts)


def _cut(dice, size):
    then = dice.choice((Then.RESET, Then.CLOSE, Then.CLEAN))
    if then is not Then.CLEAN and dice.random() < 1 / 4:
        return Fault(wire_at=dice.randrange(300), then=then)  # most of them within the response's head
    return Fault(at=dice.randrange(size), then=then)


def _size(pieces):
    """The bytes of the events that the gateway makes of an answer."""
    name = 24 * "0"
    writer = Writer(f"chatcmpl-{name}", MODEL, created=1_767_000_000, include_usage=True)
    chunks = [StreamChunk(piece, at) for at, piece in enumerate(pieces)]
    usage = Usage(input_tokens=3, output_tokens=len(pieces))
    chunks.append(StreamChunk("", len(pieces), usage=usage, finish_reason=FinishReason.STOP))
    frames = [frame for chunk in chunks for frame in writer.write(chunk)] + writer.end()
    return sum(len(encode(frame.data, id=f"{name}.01.00000001")) for frame in frames)
