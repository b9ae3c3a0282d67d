"""Time per tick against the number of neurons."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.bench import Bench, Job
from benchmarks.contestants import SIZES, LeftOut
from benchmarks.outcomes import Outcome, spread
from benchmarks.rows import C_LOOP, SIZE

GOALS = {512: 0.8}
FITTED = tuple(size for size in SIZES if size >= 128)
EXPONENT_GOAL = 2.1
EXPONENT_TITLE = "exponent of time per tick against n, 128 to 2048"


def growth_jobs(bench: Bench) -> list[Job]:
    """Return the one measurement: in each round, every size and its yardstick take turns."""
    everything = bench.wants("exponent", "growth", EXPONENT_TITLE)
    sizes = [size for size in SIZES if everything or bench.wants(SIZE, _title(size), f"n_{size}")]
    if not sizes:
        return []
    names = frozenset(f"{kind}_{size}" for kind in ("generated", "yardstick") for size in sizes)
    return [Job(f"n = {', '.join(map(str, sizes))}", names, lambda bench: measure(bench, sizes))]


def measure(bench: Bench, sizes: Sequence[int]) -> None:
    """Fill in the rows of all sizes, the curves, and the exponent where enough sizes were asked for."""
    ours: dict[int, list[float]] = {size: [] for size in sizes}
    theirs: dict[int, list[float]] = {size: [] for size in sizes}
    left_out: dict[int, str] = {}
    kernels: dict[int, str] = {}
    # fewer rounds: there are many sizes, and large networks are quiet
    rounds = max(1, min(bench.rounds, 5))
    for turn in range(rounds):
        for size in sizes:
            bench.say(f"n = {size}, turn {turn + 1} of {rounds}")
            if size in left_out:
                continue
            try:
                own = bench.pool.get(f"generated_{size}", bench.cores(1))
                peer = bench.pool.get(f"yardstick_{size}", bench.cores(1))
                ours[size].append(own.take(bench.seconds))
                theirs[size].append(peer.take(bench.seconds))
                kernels[size] = own.facts.get("kernel", "")
            except LeftOut as reason:
                left_out[size] = str(reason)
    for size in sizes:
        ratios = [own / peer for own, peer in zip(ours[size], theirs[size], strict=False)]
        bench.outcomes.append(
            Outcome(
                name=f"n_{size}",
                section=SIZE,
                title=_title(size),
                peer=f"{C_LOOP}, -DN={size}",
                values=spread(ratios) if ratios else None,
                ours=statistics.median(ours[size]) if ratios else None,
                theirs=statistics.median(theirs[size]) if ratios else None,
                goal=GOALS.get(size),
                note=f"ran: {kernels[size]}" if size in kernels else "",
                left_out=left_out.get(size, ""),
            )
        )
    complete = [size for size in sizes if size not in left_out]
    bench.growth = {
        "sizes": complete,
        "ours": [_microseconds(ours[size]) for size in complete],
        "theirs": [_microseconds(theirs[size]) for size in complete],
    }
    if set(FITTED) <= set(sizes):
        bench.outcomes.append(_exponent(ours, theirs, set(complete), rounds))


def exponent(rates: Mapping[int, float]) -> float:
    """Return the slope of log time per tick against log n by least squares.

    Parameters
    ----------
    rates : mapping of number of neurons to ticks/s
    """
    points = [(math.log(size), -math.log(rate)) for size, rate in rates.items()]
    across = statistics.fmean(x for x, _ in points)
    up = statistics.fmean(y for _, y in points)
    return sum((x - across) * (y - up) for x, y in points) / sum((x - across) ** 2 for x, _ in points)


def _exponent(
    ours: Mapping[int, list[float]], theirs: Mapping[int, list[float]], complete: set[int], rounds: int
) -> Outcome:
    missing = set(FITTED) - complete
    note, values = "", None
    if not missing:
        fits = [exponent({size: ours[size][turn] for size in FITTED}) for turn in range(rounds)]
        of_loop = exponent({size: statistics.median(theirs[size]) for size in FITTED})
        note, values = f"{C_LOOP}: {of_loop:.2f}", spread(fits)
    return Outcome(
        name="exponent",
        section=SIZE,
        title=EXPONENT_TITLE,
        peer="least squares on logarithms",
        unit="",
        values=values,
        goal=EXPONENT_GOAL,
        at_most=True,
        note=note,
        left_out=f"n = {', '.join(map(str, sorted(missing)))} missing" if missing else "",
    )


def _title(size: int) -> str:
    return f"n = {size}"


def _microseconds(rates: Sequence[float]) -> list[float]:
    return [1e6 / rate for rate in reversed(spread(rates))]
