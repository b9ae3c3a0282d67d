"""Whether a device is fast enough: the time of a decision on it against the decision interval."""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.ledger.counting import count_lines
from neuro_rtrrl.ledger.figure import GRADES
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.finding import Finding, Status, not_known
from neuro_rtrrl.ledger.latency import VERDICTS, Latency, latency_of
from neuro_rtrrl.ledger.memory import count_memory
from neuro_rtrrl.ledger.messages import count_messages
from neuro_rtrrl.ledger.pricing import chip_seconds, demands_of

__all__ = ["deadline"]


def deadline(case: Case) -> Iterator[Finding]:
    """Compare the time that the device needs for a decision with the decision interval."""
    if case.timed:
        yield _finding(case.latency or _latency(case))


def _latency(case: Case) -> Latency:
    lowered, profile = case.grouped, case.profile
    memory = count_memory(lowered, profile)
    demands = demands_of(lowered, count_lines(lowered), count_messages(lowered), memory, profile)
    return latency_of(demands, profile, chip_seconds(lowered, profile))


def _finding(latency: Latency) -> Finding:
    says = f"time of a decision: {latency.reason}"
    if latency.verdict == VERDICTS[2]:
        return not_known("deadline", says, needs=latency.low, unit="second")
    grades = [item.grade for item in latency.items if item.grade]
    fine = latency.verdict == VERDICTS[0]
    status: Status = "satisfied" if fine else "violated"
    return Finding(
        "deadline", status, says, (), latency.high if fine else latency.low, latency.interval, "second",
        grade=max(grades, key=list(GRADES).index, default=""),
        sources=tuple(dict.fromkeys(item.source for item in latency.items if item.source)),
    )  # fmt: skip
