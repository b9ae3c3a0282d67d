"""Who can take a turn: each name stands for a function that makes a contestant in the process that calls it.

``python -m benchmarks.contestants NAME CORES`` pins itself to these cores (``0`` or ``0,1``), makes the contestant and
answers every line on standard input (seconds) with one JSON line (rate; more is better), so that contestants in
processes of their own can take turns while each stays warm.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CARTPOLE = "benchmarks/circuits/cartpole.yaml"
MEMORY = "circuits/bg.yaml"
DIAGONAL = {
    "lru": "circuits/lru.yaml",
    "rtu": "experiments/circuits/memory_rtu.yaml",
    "mingru": "circuits/mingru.yaml",
}
LINEAR = "benchmarks/circuits/linear_td.yaml"
OWN_RULE = "benchmarks/circuits/own_rule.yaml"
SIZES = (32, 64, 128, 256, 512, 1024, 2048)
GPU_SEEDS = 4096


class LeftOut(Exception):  # noqa: N818 - no error: a row that says why it is empty
    """Says why a contestant cannot run on this machine or in this version."""


@dataclass(frozen=True)
class Contestant:
    """``run(seconds)`` returns a rate; ``facts`` are shown beside it, such as the kernel that runs."""

    run: Callable[[float], float]
    facts: dict[str, Any] = field(default_factory=dict)


def yardstick(neurons: int = 32) -> Contestant:
    """Ticks/s of the C loop on one core."""
    from benchmarks.yardstick import Yardstick

    return Contestant(Yardstick(neurons).rate)


def yardstick_two_cores() -> Contestant:
    """Ticks/s of two C loops at the same time, a core each, added."""
    from benchmarks.yardstick import Yardstick

    return Contestant(Yardstick(32).rate_of_two)


def handwritten(single_kernel: bool) -> Contestant:
    """Ticks/s of the hand-written JAX step."""
    from benchmarks.handwritten_jax import Settings, measure

    return Contestant(lambda seconds: measure(Settings(single_kernel=single_kernel), seconds=seconds))


def generated(path: str = CARTPOLE, overrides: tuple[str, ...] = (), **options: Any) -> Contestant:
    """Ticks/s of what `simulate` runs, all seeds together; see :class:`benchmarks.generated.Generated`."""
    from benchmarks.generated import Generated

    program = Generated(path, overrides, **options)
    return Contestant(program.rate, program.facts)


def of_size(neurons: int, *overrides: str) -> Contestant:
    """Ticks/s with a cortex of that size."""
    return generated(overrides=(f"populations.cortex.size={neurons}", *overrides), kernel="auto")


def on_gpu() -> Contestant:
    """Ticks/s of thousands of seeds on an accelerator."""
    from benchmarks.accelerator import require_gpu, with_bandwidth

    require_gpu()
    return with_bandwidth(generated(seeds=GPU_SEEDS, count=200))


SPARSE = "projections.cortex_recurrent.connectivity={probability: 0.1}"
CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    "yardstick": yardstick,
    "yardstick_two_cores": yardstick_two_cores,
    "handwritten": lambda: handwritten(True),
    "handwritten_plain": lambda: handwritten(False),
    "generated": lambda: generated(kernel="auto"),
    "native": lambda: generated(kernel="native"),
    "xla": lambda: generated(kernel="xla"),
    "plain": lambda: generated(kernel="xla", single_kernel=False),
    "linear": lambda: generated(LINEAR, kernel="auto"),
    "memory_chain": lambda: generated(MEMORY, kernel="native"),
    "own_rule": lambda: generated(OWN_RULE, kernel="native"),
    **{cell: (lambda file=file: generated(file, kernel="native")) for cell, file in DIAGONAL.items()},
    "seeds_5": lambda: generated(seeds=5, kernel="auto"),
    "seeds_64": lambda: generated(seeds=64, kernel="auto"),
    "sparse_1024": lambda: of_size(1024, SPARSE),
    "gpu": on_gpu,
    **{f"generated_{n}": (lambda n=n: of_size(n)) for n in SIZES},
    **{f"yardstick_{n}": (lambda n=n: yardstick(n)) for n in SIZES},
}


def brian_contestants() -> dict[str, Callable[[], Contestant]]:
    """Return those of ``brian_rows``, whose turns take the time they take, and the shares of the closed loop's own."""
    from benchmarks import brian_rows

    def timed(factory: Callable[[], Callable[[], float]]) -> Contestant:
        run = factory()
        built = getattr(run, "build_seconds", None)
        return Contestant(lambda seconds: run(), {} if built is None else {"built": built})

    found: dict[str, Callable[[], Contestant]] = {
        name: (lambda factory=factory: timed(factory)) for name, factory in brian_rows.CONTESTANTS.items()
    }
    for k in (1, 20):
        found[f"brian_overhead_{k}"] = lambda k=k: Contestant(
            lambda seconds: brian_rows.shares(k)["overhead"]
        )
    return found


def make(name: str) -> Contestant:
    """Make a contestant by name.

    Raises
    ------
    LeftOut
        If it cannot run here.
    """
    known = brian_contestants() if name.startswith("brian_") else CONTESTANTS
    if name not in known:
        raise LeftOut(f"there is no contestant '{name}'")
    return known[name]()


def serve(name: str, cores: set[int]) -> None:
    """Answer each line on standard input with one line on standard output."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)

    def answer(**document: Any) -> None:
        print(json.dumps(document), file=out, flush=True)

    try:
        contestant = make(name)
        contestant.run(0.2)
    except LeftOut as reason:
        answer(left_out=str(reason))
        return
    answer(facts=contestant.facts)
    for line in sys.stdin:
        answer(rate=contestant.run(float(line)))


if __name__ == "__main__":
    # by its importable name: LeftOut must be one class, whoever raises it
    from benchmarks import contestants

    contestants.serve(sys.argv[1], {int(core) for core in sys.argv[2].split(",") if core})
