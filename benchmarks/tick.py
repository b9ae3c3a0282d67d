"""Where a tick goes: 32 neurons, CartPole, batch 1, told apart by differences.

``python -m benchmarks.tick ROUNDS SECONDS CORES`` times the parts below in turns, in one process, and prints them:

- *draws*: uniform numbers, keys and reset states of a chunk, made in bulk;
- *environment*: a scan of nothing but the environment's step and the choice of a reset state, which is one kernel;
- *loop*: what a cortex of one neuron adds to both: starting the kernels of a tick, policy, dopamine, what is kept;
- *network*: what 32 neurons add to one, all learning included;
- *call*: what starting a chunk costs once, from a short and a long chunk.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.bench import Bench, Job
from benchmarks.contestants import ROOT, LeftOut

TITLE = "where a tick goes"
SHORT = 10  # decisions
ONE_NEURON = ("populations.cortex.size=1", "record.1.neurons=0")
KERNELS: dict[str, dict[str, Any]] = {
    "native": {"kernel": "native"},
    "XLA, one kernel": {"kernel": "xla"},
    "XLA, plain": {"kernel": "xla", "single_kernel": False},
}


def tick_job() -> Job:
    """Return the measurement."""
    return Job(TITLE, frozenset(), measure)


def measure(bench: Bench) -> None:
    """Fill in the table; an empty one, with the reason, where its process fails."""
    bench.say("draws, environment, loop, network")
    arguments = (str(min(bench.rounds, 5)), str(bench.seconds / 2), ",".join(map(str, bench.cores(1))))
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "benchmarks.tick", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, start_new_session=True
    )
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["no word"]
        bench.tick = [{"kernel": "all", "left_out": f"failed: {said[-1]}"}]
    else:
        bench.tick = json.loads(ended.stdout.splitlines()[-1])


def table(rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Return one entry for each kernel: microseconds a tick of each part, kernels a tick, bytes that must be moved."""
    from benchmarks.generated import Generated
    from benchmarks.tick_parts import draws, environment, kernels_per_tick

    programs: dict[str, tuple[Generated, Generated]] = {}
    lines: dict[str, dict[str, Any]] = {}
    for name, options in KERNELS.items():
        lines[name] = {"kernel": name}
        try:
            whole = Generated(**options)
            programs[name] = whole, Generated(overrides=ONE_NEURON, count=whole.count, **options)
        except LeftOut as reason:
            lines[name]["left_out"] = str(reason)
    count = 10_000
    timed: dict[str, Callable[[], object]] = {
        "draws": draws(count),
        "environment": environment(count),
    }
    for name, (whole, one) in programs.items():
        timed[f"{name}: whole"] = lambda run=whole: run.program.advance(count)
        timed[f"{name}: one neuron"] = lambda run=one: run.program.advance(count)
        timed[f"{name}: short"] = lambda run=whole: run.program.advance(SHORT)
    found = in_turns(timed, rounds, seconds)
    for name, (whole, _) in programs.items():
        single = name == "XLA, one kernel" and bool(whole.program.single_kernel)
        total, one, short = (found[f"{name}: {part}"] for part in ("whole", "one neuron", "short"))
        per_tick = {
            "total": total,
            "draws": found["draws"],
            "environment": found["environment"],
            "loop": one - found["draws"] - found["environment"],
            "network": total - one,
        }
        lines[name] |= {key: 1e6 * value / count for key, value in per_tick.items()}
        lines[name] |= {
            "call": 1e6 * (short - total * SHORT / count),
            "kernels": kernels_per_tick(whole.program, count),
            "one_kernel": single,
            "bytes": whole.facts["state_bytes"],
        }
    return list(lines.values())


def in_turns(timed: dict[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, float]:
    """Return the median seconds of a call of each, from turns of about that many seconds."""
    for call in timed.values():
        call()
    found: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, call in timed.items():
            began, calls = time.perf_counter(), 0
            while not calls or time.perf_counter() - began < seconds:
                call()
                calls += 1
            found[name].append((time.perf_counter() - began) / calls)
    return {name: statistics.median(values) for name, values in found.items()}


if __name__ == "__main__":
    pinned = {int(core) for core in sys.argv[3].split(",") if core}
    if pinned:
        os.sched_setaffinity(0, pinned)
    print(json.dumps(table(int(sys.argv[1]), float(sys.argv[2]))))
