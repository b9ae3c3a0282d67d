"""Memory that one more seed costs, against its state.

``python -m benchmarks.memory SEEDS`` runs that many seeds for two chunks and prints what the process then holds. The
difference of two such processes leaves out what is there once: Python, JAX, the compiled program.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, Job
from benchmarks.contestants import CARTPOLE, ROOT
from benchmarks.outcomes import Outcome, spread
from benchmarks.rows import SEEDS

FEW, MANY = 256, 1024
TITLE = "memory per extra seed"


def memory_job() -> Job:
    """Return the measurement."""
    return Job(TITLE, frozenset(), measure)


def measure(bench: Bench) -> None:
    """Compare fresh processes of few and of many seeds; as many pairs as rounds, three at most."""
    ratios: list[float] = []
    peaks: list[float] = []
    state, reason = 0.0, ""
    rounds = min(bench.rounds, 1 if bench.quick else 3)
    for turn in range(rounds):
        bench.say(f"pair {turn + 1} of {rounds}")
        try:
            few, many = process(FEW), process(MANY)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            reason = f"not measured: {error}"
            break
        state = many["state"] / MANY
        ratios.append((many["resident"] - few["resident"]) / (MANY - FEW) / state)
        peaks.append((many["peak"] - few["peak"]) / (MANY - FEW) / state)
    note = f"state {state / 1024:.1f} KiB a seed; at the peak {spread(peaks)[1]:.2f}" if peaks else ""
    bench.outcomes.append(
        Outcome(
            name="memory_per_seed",
            section=SEEDS,
            title=TITLE,
            peer="the bytes of its state",
            values=spread(ratios) if ratios else None,
            goal=2.0,
            at_most=True,
            note=note,
            left_out=reason,
        )
    )


def process(seeds: int) -> dict[str, float]:
    """Return bytes of a fresh process with that many seeds: resident after the run, at the peak, and of the state."""
    command = [sys.executable, "-m", "benchmarks.memory", str(seeds)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, start_new_session=True
    )
    return json.loads(ended.stdout.splitlines()[-1])


def hold(seeds: int) -> dict[str, float]:
    """Run in this process; see :func:`process`.

    Chunks are as long as `simulate` makes them: what is kept of a chunk is then about the same for any number of seeds.
    """
    from benchmarks.generated import Generated

    generated = Generated(CARTPOLE, seeds=seeds)
    generated.program.advance(generated.count)
    gc.collect()
    held = status()
    state: Any = generated.program.state()
    held["state"] = float(sum(values.nbytes for values in state.values()))
    return held


def status() -> dict[str, float]:
    """Return bytes resident now and at the peak, from Linux's own account.

    Raises
    ------
    OSError
        Where there is no ``/proc``.
    """
    lines = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
    )
    return {
        name: 1024.0 * int(lines[key].split()[0]) for name, key in (("resident", "VmRSS"), ("peak", "VmHWM"))
    }


if __name__ == "__main__":
    print(json.dumps(hold(int(sys.argv[1]))))
