"""A contestant and its peer in turns, and the ratio of each pair of turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.bench import Bench, Job
from benchmarks.contestants import LeftOut
from benchmarks.outcomes import Outcome, spread
from benchmarks.rows import BRIAN, GPU, Row


def pair_job(row: Row) -> Job:
    """Return the measurement of a row."""
    return Job(row.title, frozenset((row.contestant, row.peer)), lambda bench: measure(bench, row))


def measure(bench: Bench, row: Row) -> None:
    """Measure a row, or say why it is left out."""
    try:
        cores = bench.cores(row.cores)
        ours = bench.pool.get(row.contestant, cores, accelerator=row.section == GPU)
        theirs = bench.pool.get(row.peer, cores) if row.peer else None
        pairs: list[tuple[float, float]] = []
        rounds = turns(bench, row)
        for turn in range(rounds):
            bench.say(f"turn {turn + 1} of {rounds}")
            # who goes first alternates, so that a machine that slows down or speeds up favours neither
            peer = theirs.take(bench.seconds) if theirs and turn % 2 else None
            own = ours.take(bench.seconds)
            if theirs and peer is None:
                peer = theirs.take(bench.seconds)
            pairs.append((own, 1.0 if peer is None else peer))
    except LeftOut as reason:
        bench.outcomes.append(outcome(row, (), str(reason)))
    else:
        bench.outcomes.append(outcome(row, pairs, facts=ours.facts))


def turns(bench: Bench, row: Row) -> int:
    """Return how many turns: fewer of a share, whose two parts are of one run, and of Brian2 where time is short."""
    if bench.quick and row.section == BRIAN:
        return 1
    return bench.rounds if row.peer else min(bench.rounds, 3)


def outcome(
    row: Row, pairs: Sequence[tuple[float, float]], left_out: str = "", facts: dict[str, Any] | None = None
) -> Outcome:
    """Return a row's outcome from pairs of rates (ours, theirs)."""
    rates = statistics.median(own for own, _ in pairs) if pairs else None
    return Outcome(
        name=row.name,
        section=row.section,
        title=row.title,
        peer=row.peer_title,
        unit=row.unit,
        values=spread([own / peer for own, peer in pairs]) if pairs else None,
        ours=rates if row.peer else None,
        theirs=statistics.median(peer for _, peer in pairs) if pairs and row.peer else None,
        goal=row.goal,
        stretch=row.stretch,
        at_most=row.at_most,
        note=_note(rates, facts or {}),
        left_out=left_out,
    )


def _note(rate: float | None, facts: dict[str, Any]) -> str:
    parts = [f"ran: {facts['kernel']}"] if "kernel" in facts else []
    if "built" in facts:
        parts.append(f"built once in {facts['built']:.0f} s")
    if rate is not None and "copy_bandwidth" in facts:
        moved = rate * facts["bytes_per_tick"]
        parts.append(
            f"{moved / 1e9:,.0f} GB/s of state, {moved / facts['copy_bandwidth']:.0%} of what a copy reaches"
        )
    return "; ".join(parts)
