"""What each step of `dev.py test` took and brought, and its last lines."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Counts(NamedTuple):
    """Tests by their end."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @classmethod
    def read(cls, record: Path) -> Counts | None:
        """Count a JUnit record, as pytest and node write it; None if the run broke before it wrote one."""
        if not record.exists():
            return None
        cases = list(ET.parse(record).getroot().iter("testcase"))  # noqa: S314 - our own tests wrote it just now
        ends = [{child.tag for child in case} for case in cases]
        failed = sum(bool(end & {"failure", "error"}) for end in ends)
        skipped = sum("skipped" in end and not end & {"failure", "error"} for end in ends)
        return cls(len(ends) - failed - skipped, failed, skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


class Report:
    """The steps so far. Call `begin()` before each, `step()` after it, `close()` at the end."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, float]] = []
        self._counts: list[Counts] = []
        self._began = self._first = time.monotonic()

    def begin(self) -> None:
        """Start the clock of the next step."""
        self._began = time.monotonic()

    def step(self, name: str, status: int, record: Path | None = None) -> None:
        """Note a step. An exit status counts as a failure even if the record of its tests shows none."""
        counts = Counts.read(record) if record else None
        outcome = str(counts) if counts else ("failed" if status else "ok")
        if status and not (counts and counts.failed):
            outcome = f"{outcome}, exit status {status}"
            counts = (counts or Counts())._replace(failed=1)
        self._counts.append(counts or Counts())
        self._rows.append((name, outcome, time.monotonic() - self._began))

    def left_out(self, name: str, why: str) -> None:
        """Note a step that this machine cannot do."""
        self._rows.append((name, f"left out: {why}", 0.0))

    def close(self) -> int:
        """Print the table and the sum; the exit status of the whole."""
        width = max(len(name) for name, _, _ in self._rows)
        print("\n" + "\n".join(f"{name:<{width}} {spent:7.1f} s  {what}" for name, what, spent in self._rows))
        total = Counts(*(sum(counts[end] for counts in self._counts) for end in range(3)))
        print(f"\n{total} in {time.monotonic() - self._first:.0f} s")
        return 1 if total.failed else 0
