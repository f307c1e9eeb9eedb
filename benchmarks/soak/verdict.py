"""What a run proves: figures against what they must be, as Markdown."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise

from tables import table

COMPLETE = 0.9999
"""The least share of answers that must come whole."""

FLAT = 1.10
"""How much the client's memory may grow from a fifth of the streams to their end."""

POOLED = 15
"""The most connections to the store at once, each with its file, its log and the log's index."""


@dataclass(frozen=True)
class Claim:
    """A line of the verdict: what is measured, what it must be, what it is, and whether that will do."""

    what: str
    must: str
    figure: str
    holds: bool


class Verdict:
    """The judgement of one run: its claims, and whether all hold."""

    def __init__(self, script, outcome):
        self._script = script
        self._outcome = outcome
        self._usage = outcome.usage[outcome.usage["number"] < script.streams]
        self._bills = defaultdict(list)  # stream to what the provider generated for it, in order
        for generation in outcome.seen["generations"]:
            if generation["number"] < script.streams:
                self._bills[generation["number"]].append(generation)
        self.claims = [*self._answers(), *self._tokens(), *self._leaks(), self._memory()]
        self.holds = all(claim.holds for claim in self.claims)

    # -- claims -----------------------------------------------------------------------------------

    def _answers(self):
        streams, outcome = self._script.streams, self._outcome
        complete = outcome.statuses["complete"]
        share = f"{complete:,} of {streams:,} ({complete / streams:.2%})"
        yield Claim("answers that came whole", "≥ 99.99 %", share, complete >= COMPLETE * streams)
        wrong = f"{outcome.wrong:,} of {outcome.characters:,}"
        yield Claim("wrong characters", "0", wrong, outcome.wrong == 0)

    def _tokens(self):
        twice = sum(
            now["tokens"]
            for bills in self._bills.values()
            for before, now in pairwise(bills)
            if self._was_to_be_had(before, now)
        )
        yield _none("tokens billed twice under replay", twice)
        wrong, doubled = self._miscounted()
        yield _none("answers with other counts in the usage table than the provider's", wrong)
        yield _none("answers whose counts stand there twice", doubled)
        rows, requests = len(self._usage), self._outcome.attempts
        yield Claim("rows in the usage table", "one a request", f"{rows:,} of {requests:,}", rows == requests)

    def _leaks(self):
        before, after = self._outcome.before, self._outcome.after
        yield _none("slots still taken at the end", self._outcome.slots)
        yield _none("tasks left on the engine's loop", after.tasks)
        yield _none("threads left over", after.threads - before.threads)
        yield _none("connections left open by the client", after.connections)
        yield _none("files left open by the client", after.files - before.files)
        most = 3 * POOLED
        held = after.store_files
        yield Claim("descriptors of the store's files, kept for reuse", f"≤ {most}", str(held), held <= most)
        yield _none("files left open by the gateway", after.gateway_files - before.gateway_files)

    def _memory(self):
        early, late = self._outcome.memory[1][0], self._outcome.memory[-1][0]
        figure = f"{late / early:.3f} ({early:.1f} MB, {late:.1f} MB)"
        what = "the client's memory at the end, against a fifth of the way"
        return Claim(what, f"≤ {FLAT:.2f}", figure, late <= FLAT * early)

    # -- the provider's count and ours ----------------------------------------------------------------

    def _was_to_be_had(self, before, now):
        """Whether an answer was generated again although its gateway had it, or was about to.

        It had not if it was killed, or ended before the answer was whole.
        """
        if before["gateway"] == now["gateway"]:
            return True
        return before["whole"] and self._outcome.deaths[int(before["gateway"])] != "SIGKILL"

    def _miscounted(self):
        """How many answers have wrong counts; how many, generated once, have counts on several rows."""
        rows = self._rows()
        wrong = doubled = 0
        for number, bills in self._bills.items():
            final = [tokens for source, tokens in rows[number] if source == "final"]
            wrong += final not in ([], [bills[-1]["tokens"]])
            doubled += len(bills) == 1 and len(rows[number]) > 1
        return wrong, doubled

    def _estimated(self):
        """How many answers that are whole have no counts of the provider's in the usage table."""
        rows = self._rows()
        return sum(all(source != "final" for source, _ in rows[number]) for number in self._bills)

    def _rows(self):
        """Stream to (source, output tokens) of each of its rows with counts."""
        rows = defaultdict(list)
        columns = self._usage[["number", "usage_source", "output_tokens"]]
        for number, source, tokens in columns.dropna().itertuples(index=False):
            rows[number].append((source, tokens))
        return rows

    # -- as Markdown ------------------------------------------------------------------------------

    def __str__(self):
        held = [(one.what, one.must, one.figure, "yes" if one.holds else "NO") for one in self.claims]
        parts = [
            table("What held", ["", "must be", "is", "holds"], held),
            table("What was done to the streams", ["", ""], self._done()),
            table("Memory, MB, at each tenth of the streams", ["", *map(str, range(1, 11))], self._tenths()),
            *self._outcome.troubles[:20],
            *self._outcome.seen["errors"],
        ]
        return "\n\n".join(parts)

    def _done(self):
        streams, outcome, seen = self._script.streams, self._outcome, self._outcome.seen
        cut, events, repeated = seen["streams"], seen["events"], seen["repeated"]
        taken = self._usage["resumed_by"].value_counts()
        again = [bills for bills in self._bills.values() if len(bills) > 1]
        vain = sum(bill["tokens"] for bills in again for bill in bills[:-1])
        every = sum(bill["tokens"] for bills in self._bills.values() for bill in bills)
        return [
            ("streams", f"{streams:,} in {outcome.seconds:,.0f} s"),
            ("of them cut at random, some more than once", f"{cut:,} ({cut / streams:.1%})"),
            ("how they were cut", _counted(seen["cuts"])),
            ("events sent twice", f"{repeated:,} of {events:,} ({repeated / events:.2%})"),
            ("gateways ended", _counted(Counter(outcome.deaths))),
            ("requests", f"{outcome.attempts:,}"),
            ("of them to take up an answer by replay", f"{taken['replay']:,}"),
            ("of them to start an answer over", f"{taken['restart']:,}"),
            (
                "answers generated again: their gateway had ended before they were whole",
                f"{len(again):,}",
            ),
            (
                "answers cut between their last word and their counts, which are estimated then",
                f"{self._estimated():,}",
            ),
            ("tokens generated in vain by that", f"{vain:,} of {every:,} ({vain / every:.1%})"),
        ]

    def _tenths(self):
        client, gateway = zip(*self._outcome.memory, strict=True)
        return [
            ("client", *(f"{mb:.0f}" for mb in client)),
            ("gateway", *("restarting" if mb is None else f"{mb:.0f}" for mb in gateway)),
        ]


def _none(what, count):
    return Claim(what, "0", f"{count:,}", count <= 0)


def _counted(counts):
    return ", ".join(f"{count:,} {how}" for how, count in sorted(counts.items()))
