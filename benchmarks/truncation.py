"""A good stream cut at every byte offset: who says that something is missing, and who makes up an ending.

silent      text is missing and the client raised nothing
invented    a finish reason is reported that had not arrived
late alarm  the client raised after the whole text and the finish reason had come (the counts may be missing)
"""

from collections import Counter

from peers import HttpxSSE, OpenAISDK, Ours
from server import TEXT, Server, good_body
from tables import table

ENDINGS = ("close", "chunked", "reset")
SHAPES = ("openai", "anthropic", "google")

FINISH = {"openai": b'"finish_reason":"stop"', "anthropic": b'"stop_reason": "end_turn"', "google": b'"STOP"'}
"""Before these bytes have come, whole, nobody can know why the model stopped."""


def run(options):
    with Server() as url:
        cases = [(OpenAISDK(url), "openai"), (HttpxSSE(url), "openai")]
        cases += [(Ours(url, shape), shape) for shape in SHAPES]
        rows = [
            [f"{client.name}, {shape} shape", ending, *count(client, shape, ending, options.stride)]
            for client, shape in cases
            for ending in ENDINGS
        ]
        for client, _ in cases:
            client.close()
    return table(
        "A good stream cut at every byte offset",
        ["", "ending", "offsets", "silent", "invented", "late alarm"],
        rows,
    )


def count(client, shape, ending, stride):
    found = Counter(
        verdict(client.ask(f"cut-{shape}-{at}-{ending}"), shape, at)
        for at in range(0, len(good_body(shape)), stride)
    )
    return sum(found.values()), found["silent"], found["invented"], found["late alarm"]


def verdict(outcome, shape, at):
    body = good_body(shape)
    finish_arrived = at >= body.index(FINISH[shape]) + len(FINISH[shape])
    if outcome.finish_reason and not finish_arrived:
        return "invented"
    whole = outcome.text == "".join(TEXT)
    if not whole and outcome.error is None:
        return "silent"
    if outcome.error and whole and outcome.finish_reason:
        return "late alarm"
    return "honest"
