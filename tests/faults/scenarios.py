"""The scenarios: what is done to the wire, and what must come of it. docs/faults.md shows them as tables.

F01 to F38 are the faults that the project's field notes found in the wild; D is for the closing record, whose
digest proves the text. What other tests cover is in elsewhere.py.
"""

from __future__ import annotations

import dataclasses

from misbehaving import DONE, WORDS, event, good_events

from hs_notebook.answer import Status
from hs_notebook.errors import (
    CutError,
    KeyRefusedError,
    ModelNotFoundError,
    ProtocolError,
    ProviderError,
    QuotaError,
    ServerFailedError,
    StalledError,
    StatusError,
)

from . import ends
from .bench import WHOLE, Outcome, Scenario, upstream
from .fault import Fault, Then, among, changed, order

__all__ = ["SCENARIOS"]

REPLAYED = Outcome(taken_up=("replay",), told=("Replayed after a break", "nothing was billed again"))
RETRIED = Outcome(taken_up=("retry",))
RESTARTED = Outcome(taken_up=("restart",), told=("Restarted after a break: it is billed again",), runs=2)
DENIED = Outcome(
    taken_up=("replay", "restart"), told=("Restarted after a break: it is billed again",), runs=2
)
CONTINUED = Outcome(
    taken_up=("continue",), told=("Continued after a break", "the prompt was billed again"), runs=2
)
UNTOUCHED = Outcome()
CLAUDE = "claude-sonnet-4-5"
"""A model that takes the beginning of its own answer."""


def lost(status: Status, text: str, error: type[Exception], *told: str, **more: object) -> Outcome:
    """An answer that cannot be had."""
    return Outcome(status, text, error, told=told, **{"tokens": None, **more})


def at(**fault: object) -> tuple[Fault, ...]:
    """One fault, for the first response."""
    return (Fault(**fault),)


HEARTBEATS = {"streaming": {"heartbeat_interval": 0.15}}
"""Nobody is there after 0.45 s; the gateway sends a heartbeat each 0.05 s."""
CUT = Fault(after=3, then=Then.RESET)
ODD = ["one\u2028two ", "three\x85\x0bfour ", "אב ", "🐑\u2029", '"}]\n\ndata: x']

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("F01 reset", "RST after the third event", REPLAYED, (CUT,)),
    Scenario("F01 closed", "FIN after the third event", REPLAYED, at(after=3, then=Then.CLOSE)),
    Scenario("F01 half-closed", "FIN from the server, its other side stays open", REPLAYED,
             at(after=3, then=Then.HALF_CLOSE)),
    Scenario("F01 in a chunk", "FIN in the middle of an HTTP chunk", REPLAYED,
             at(wire_at=1100, then=Then.CLOSE)),
    Scenario("F01 four times", "RST, FIN, a clean end and again RST, each after one event",
             Outcome(taken_up=("replay",) * 4, told=REPLAYED.told),
             tuple(Fault(after=1, then=how) for how in (Then.RESET, Then.CLOSE, Then.CLEAN, Then.RESET))),
    Scenario("F02 clean end", "the chunked body ends properly after the third event", REPLAYED,
             at(after=3, then=Then.CLEAN)),
    Scenario("F02 close-delimited", "a body without length or chunks is closed after the third event",
             REPLAYED,
             at(after=3, then=Then.CLEAN, framing="close")),
    Scenario("F03 black hole", "after two events and some heartbeats not a byte more, the connection stays",
             REPLAYED, at(after=3, then=Then.HANG),
             behind=(ends.in_pieces(*upstream()[:2], 0.2, *upstream()[2:]),), client=HEARTBEATS),
    Scenario("F03 black hole, no heartbeats", "not a byte more, of a server that never sent a heartbeat",
             REPLAYED, at(after=3, then=Then.HANG), script=ends.keeping(),
             client={"streaming": {"progress_timeout": 0.5}}),
    Scenario("F04 nothing but heartbeats", "heartbeats for ever, no event",
             lost(Status.INTERRUPTED, "none", StalledError, "has sent no text for 0.3 s"),
             script=ends.saying(ends.beating()), client={"streaming": {"progress_timeout": 0.3}}),
    Scenario("F04 heartbeats after text", "two words, then heartbeats for ever; a replay finds no more",
             lost(Status.INTERRUPTED, "a beginning", StalledError, "makes no progress",
             taken_up=("replay",)),
             behind=(ends.in_pieces(*upstream()[:2], 1.8, end=b""),),
             client={"streaming": {"progress_timeout": 0.4}}),
    Scenario("F06 wait, milliseconds", "429 with `retry-after-ms: 150`",
             dataclasses.replace(RETRIED, seconds=0.15),
             at(status=429, headers={"retry-after-ms": "150"})),
    Scenario("F06 wait, seconds", "429 with `Retry-After: 0.2`", dataclasses.replace(RETRIED, seconds=0.2),
             at(status=429, headers={"Retry-After": "0.2"})),
    Scenario("F06 no use", "429 with a Retry-After of 0, of -1, and of no sense",
             Outcome(taken_up=("retry",) * 3),
             tuple(Fault(status=429, headers={"Retry-After": value}) for value in ("0", "-1", "soon"))),
    Scenario("F06 a day", "429 with `Retry-After: 86400`",
             lost(Status.FAILED, "none", QuotaError, "24 h 0 min", "too long to wait", runs=0),
             at(status=429, headers={"Retry-After": "86400"})),
    Scenario("F07 500, 503, 529", "three error statuses, then the answer", Outcome(taken_up=("retry",) * 3),
             tuple(Fault(status=status) for status in (500, 503, 529))),
    Scenario("F07 502, 504, 408", "three more", Outcome(taken_up=("retry",) * 3),
             tuple(Fault(status=status) for status in (502, 504, 408))),
    Scenario("F07 the answer is lost", "502 in the place of an answer that was begun: the key finds it",
             REPLAYED, at(status=502, asks=True)),
    Scenario("F07 four times 503", "503 for good",
             lost(Status.FAILED, "none", ServerFailedError, "failed (503)", taken_up=("retry",) * 3,
             runs=0),
             then=Fault(status=503)),
    *(
        Scenario(f"F08 {status}", f"status {status}",
        lost(Status.FAILED, "none", kind, f"({status})", "no quota", runs=0),
                 at(status=status, body=b'{"error": {"message": "no quota"}}'))
        for status, kind in (
            (400, StatusError), (401, KeyRefusedError), (403, KeyRefusedError), (404, ModelNotFoundError),
            (422, StatusError)
        )
    ),
    Scenario("F09 503 on the resume", "RST after the third event, then 503 twice",
             Outcome(taken_up=("replay",) * 3, told=REPLAYED.told),
             (CUT, Fault(status=503), Fault(status=503))),
    Scenario("F09 503, then 410", "the restart is not used up by failing servers",
             Outcome(taken_up=("replay", "replay", "restart"), told=RESTARTED.told, runs=2),
             (CUT, Fault(status=503), Fault(status=410))),
    Scenario("F09 503 for good", "RST after the third event, then 503 for good",
             lost(Status.INTERRUPTED, "a beginning", ServerFailedError, "could not be reached again",
                  taken_up=("replay",) * 5),
             (CUT,), then=Fault(status=503)),
    Scenario("F10 OpenAI", "an error event after two words that may pass", RESTARTED,
             script=ends.saying(ends.body(*ends.OPENAI_ERROR), ends.GOOD)),
    Scenario("F10 Anthropic", "`event: error` with `overloaded_error`", RESTARTED,
             script=ends.saying(ends.body(*ends.ANTHROPIC_ERROR), ends.GOOD)),
    Scenario("F10 Google", "an object with `error` and UNAVAILABLE", RESTARTED,
             script=ends.saying(ends.body(*ends.GOOGLE_ERROR), ends.GOOD)),
    Scenario("F10 Ollama", "a JSON line with `error`, and no code that says whether it may pass",
             lost(Status.FAILED, "a beginning", ProviderError, "the runner died"),
             script=ends.saying(ends.body(*ends.OLLAMA_ERROR, content_type="application/x-ndjson"))),
    Scenario("F10 continued", "the same, of a model that takes the beginning of its answer",
             dataclasses.replace(CONTINUED, tokens=3), model=CLAUDE, counts=3,
             script=ends.saying(ends.body(*ends.OPENAI_ERROR), ends.body(*good_events(WORDS[2:])))),
    Scenario("F10 for good", "an error event that will not pass",
             lost(Status.FAILED, "a beginning", ProviderError, "against the rules"),
             script=ends.saying(ends.body(*ends.BAD_ERROR))),
    Scenario("F11 410", "RST, and the server keeps the answer no more", DENIED, (CUT, Fault(status=410))),
    Scenario("F11 404", "RST, and the server knows no such stream", DENIED, (CUT, Fault(status=404))),
    Scenario("F11 400", "RST, and the server calls the id malformed", DENIED, (CUT, Fault(status=400))),
    Scenario("F11 the check says no", "RST, and /stream/check says that nothing is kept", DENIED, (CUT,),
             check=Fault(status=200, body=b'{"valid": false}')),
    Scenario("F11 and no restart", "410, and restart=never",
             lost(Status.INTERRUPTED, "a beginning", StatusError, "restart=never", taken_up=("replay",)),
             (CUT, Fault(status=410)), options={"restart": "never"}),
    Scenario("F11 continued", "410, of a model that takes the beginning of its answer",
             Outcome(taken_up=("replay", "continue"), told=CONTINUED.told, runs=2),
             at(at=430, then=Then.RESET), script=ends.keeping(410), model=CLAUDE),
    Scenario("F12 yes, then 410", "/stream/check says yes, the resume 410", DENIED,
             (CUT, Fault(status=410)),
             check=Fault(status=200, body=b'{"valid": true}')),
    Scenario("F12 no check", "/stream/check fails; the resume does not", REPLAYED, (CUT,),
             check=Fault(status=500)),
    Scenario("F13 some again", "the replay begins with events twice", REPLAYED,
             (CUT, Fault(events=order(0, 0, 1, 0, 1, 2)))),
    Scenario("F13 all again", "the replay begins with all that is held", REPLAYED,
             at(at=300, then=Then.RESET),
             script=ends.keeping("again")),
    Scenario("F13 without a break", "events twice on a healthy line", UNTOUCHED,
             at(events=order(0, 0, 1, 1, 1, 0, 2, 2, 3))),
    Scenario("F14 disorder", "the third event before the second", REPLAYED, at(events=order(0, 2, 1))),
    Scenario("F14 one is missing", "the third event never comes", REPLAYED, at(events=order(0, 1, 3))),
    Scenario("F14 the first is missing", "the first event never comes, but for the second request", REPLAYED,
             at(events=order(1))),
    Scenario("F14 the last are missing", "after two events comes `[DONE]`", REPLAYED,
             at(events=order(0, 1, 7))),
    Scenario("F14 for good", "it is missing in every replay, and restart=never",
             lost(Status.INTERRUPTED, "a beginning", CutError, "skip some", "restart=never",
                  taken_up=("replay", "replay")),
             at(events=order(0, 1, 3)), then=Fault(events=order(1)), options={"restart": "never"}),
    Scenario("F15 another run", "the replay brings other words under another generation", DENIED,
             at(at=300, then=Then.RESET), script=ends.keeping("ignore")),
    Scenario("F15 ids alike", "the replay brings other words under the same plain numbers", DENIED,
             at(at=300, then=Then.RESET), script=ends.keeping("ignore", style="plain")),
    Scenario("F22 before the headers", "the request arrives, and nothing comes back", REPLAYED,
             at(wire_at=0, then=Then.CLOSE)),
    Scenario("F22 in the headers", "RST in the status line", REPLAYED, at(wire_at=9, then=Then.RESET)),
    Scenario("F22 before the first event", "headers, and then RST", REPLAYED, at(after=0, then=Then.RESET)),
    Scenario("F22 clean, before the first event", "headers, and a proper end", REPLAYED,
             at(after=0, then=Then.CLEAN)),
    Scenario("F22 silent, before the first event", "headers, heartbeats, and a black hole", REPLAYED,
             at(at=40, then=Then.HANG), behind=(ends.in_pieces(0.3, *upstream()),), client=HEARTBEATS),
    Scenario("F22 after the first event", "RST after exactly one event", REPLAYED,
             at(after=1, then=Then.RESET)),
    Scenario("F23 before the finish reason", "RST after the last word", REPLAYED,
             at(after=5, then=Then.RESET)),
    Scenario("F23 before the usage", "RST after the finish reason: the counts are fetched", UNTOUCHED,
             at(after=6, then=Then.RESET)),
    Scenario("F23 and not kept", "the same, and 404 for the counts", Outcome(tokens=None),
             (Fault(after=6, then=Then.RESET), Fault(status=404))),
    Scenario("F23 before [DONE]", "RST after the closing record", UNTOUCHED, at(after=7, then=Then.RESET)),
    Scenario("F24 too short", "Content-Length promises more than comes", RESTARTED,
             script=ends.saying(ends.lost(*good_events()[:3], framing=9999), ends.GOOD)),
    Scenario("F24 gzip cut short", "a gzip body without its end, though HTTP sees no fault", RESTARTED,
             script=ends.saying(ends.compressed_and_cut(), ends.GOOD)),
    Scenario("F24 garbage behind", "bytes after the end of a chunked body", UNTOUCHED,
             script=ends.saying(ends.trailing())),
    Scenario("F25 JSON", "an error as JSON under status 200",
             lost(Status.FAILED, "none", ProviderError, "no such plan"),
             script=ends.saying(ends.body(b'{"error": {"message": "no such plan"}}',
             content_type="application/json"))),
    Scenario("F25 HTML", "a web page under status 200",
             lost(Status.FAILED, "none", ProtocolError, "a web page", "Sign in"),
             script=ends.saying(ends.body(b"<html><title>Sign in</title></html>",
             content_type="text/html"))),
    Scenario("F25 no Content-Type", "an event stream without a Content-Type", UNTOUCHED,
             at(headers={"Content-Type": None})),
    Scenario("F25 wrong Content-Type", "an event stream that calls itself `application/json`", UNTOUCHED,
             at(headers={"Content-Type": "application/json"})),
    Scenario("F25 wrong charset", "`Text/Event-Stream; charset=windows-1252`, and UTF-8 in it", UNTOUCHED,
             at(headers={"Content-Type": "Text/Event-Stream; charset=windows-1252"})),
    Scenario("F26 BOM", "a byte order mark before the first event", UNTOUCHED,
             script=ends.saying(ends.body(b"\xef\xbb\xbf" + good_events()[0], *good_events()[1:]))),
    Scenario("F26 event stream", "line separators, half-width and right-to-left characters in the text",
             UNTOUCHED,
             script=ends.saying(ends.body(*good_events(ODD))), whole="".join(ODD)),
    Scenario("F26 JSON lines", "the same in JSON lines", UNTOUCHED,
             script=ends.saying(ends.body(*ends.lines(ODD), content_type="application/x-ndjson")),
             whole="".join(ODD)),
    Scenario("F26 plain text", "the same in plain text", Outcome(told=("plain text",), tokens=None),
             script=ends.saying(ends.body("".join(ODD).encode(), content_type="text/plain")),
             whole="".join(ODD)),
    Scenario("F27 three choices", "three choices, one of which never finishes",
             Outcome(told=("only the first is kept",)), script=ends.saying(ends.body(*ends.CHOICES))),
    Scenario("F27 the first unfinished", "the first choice never finishes",
             lost(Status.INTERRUPTED, "a beginning", CutError, "without a finish reason",
             "only the first is kept"),
             script=ends.saying(ends.body(*ends.FIRST_UNFINISHED)), options={"restart": "never"}),
    Scenario("F28 in a tool call", "FIN within a tool call's arguments; the model would take a beginning",
             RESTARTED,
             script=ends.saying(ends.lost(*ends.TOOL[:2]), ends.GOOD), model=CLAUDE),
    Scenario("F28 and no restart", "the same, and restart=never",
             lost(Status.INTERRUPTED, "a beginning", CutError, "restart=never"),
             script=ends.saying(ends.lost(*ends.TOOL[:2])), model=CLAUDE, options={"restart": "never"}),
    Scenario("F29 prefill refused", "400 for the text as the beginning of the answer",
             Outcome(taken_up=("continue", "restart"), told=RESTARTED.told, runs=2),
             (Fault(at=250, then=Then.RESET), Fault(status=400)),
             script=ends.saying(ends.GOOD), model=CLAUDE),
    Scenario("F31 flapping", "each connection brings one event",
             Outcome(taken_up=("replay",) * 5, told=REPLAYED.told),
             then=Fault(after=1, then=Then.CLOSE)),
    Scenario("F35 the provider is lost", "the connection behind the gateway breaks after three words",
             RESTARTED,
             behind=(ends.BROKEN, WHOLE)),
    Scenario("F35 for good", "it does so each time",
             lost(Status.FAILED, "a beginning", ProviderError, "broke", taken_up=("restart",), runs=2),
             behind=(ends.BROKEN,)),
    Scenario("F36 slow", "a proxy holds 300 bytes back for a second, longer than three heartbeats",
             REPLAYED, at(at=300, pause_s=0.8),
             behind=(ends.in_pieces(*upstream()[:1], 0.2, *upstream()[1:]),), client=HEARTBEATS),
    Scenario("F36 comments", "a proxy puts comments among the events", UNTOUCHED,
             at(events=among(b": OPENROUTER PROCESSING\n\n"))),
    Scenario("F36 in pieces", "a proxy sends sixteen bytes at a time", UNTOUCHED, at(piece=16)),
    Scenario("F37 no finish reason", "no finish reason ever, but `[DONE]`", Outcome(tokens=None),
             script=ends.saying(ends.body(*(event(word) for word in WORDS), DONE))),
    Scenario("F38 a hundred alike", "a hundred times the same chunk", Outcome(tokens=100),
             behind=(ends.in_pieces(*upstream(["ha "] * 100)),), whole="ha " * 100, counts=100),
    Scenario("F38 and a break", "the same, with an RST in the middle",
             Outcome(taken_up=("replay",), told=REPLAYED.told, tokens=100), at(after=50, then=Then.RESET),
             behind=(ends.in_pieces(*upstream(["ha "] * 100)),), whole="ha " * 100, counts=100),
    Scenario("D1 another word", "something on the way changes a word",
             dataclasses.replace(RESTARTED, tokens=10), lies=True,
             faults=at(events=changed(b"prefix", b"suffix"))),
    Scenario("D2 for good", "it does so each time",
             lost(Status.FAILED, "wrong", ProtocolError, "their digests differ", taken_up=("restart",),
             runs=2, tokens=10), lies=True,
             then=Fault(events=changed(b"prefix", b"suffix"))),
    Scenario("D3 after a replay", "a word is changed, then RST: the digest is the whole text's",
             dataclasses.replace(DENIED, tokens=10), lies=True, faults=
             at(events=changed(b"true", b"trve"), after=4, then=Then.RESET)),
    Scenario("D5 lost, unseen", "an event is lost in Anthropic's shape, where holes cannot be told by ids",
             dataclasses.replace(RESTARTED, tokens=10), lies=True, faults=at(events=order(0, 1, 2, 4)),
             client={"shape": "anthropic"}),
    Scenario("D4 in a replay", "RST, and a word of the replay is changed",
             dataclasses.replace(DENIED, tokens=10), lies=True, faults=
             (Fault(after=2, then=Then.RESET), Fault(events=changed(b"prefix", b"suffix")))),
)  # fmt: skip
