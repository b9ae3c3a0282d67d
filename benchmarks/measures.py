"""What is measured: each function runs one contestant for about a second and returns its rate (more is better).

Run in a process of its own, pinned to one core, by ``python -m benchmarks``; called by name through
``python -m benchmarks.measures NAME``, which prints one number a line for each request line on standard input, so that
contestants can take turns while each stays warm.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
CARTPOLE = str(ROOT / "circuits" / "cartpole_positions.yaml")
MEMORY = str(ROOT / "circuits" / "bg.yaml")

Contestant = Callable[[], float]


def yardstick(neurons: int = 32) -> Contestant:
    """Ticks/s of the C loop."""
    binary = Path(tempfile.mkdtemp()) / "rtrrl_step"
    source = str(HERE / "rtrrl_step.c")
    flags = ["-O3", "-march=native", "-ffast-math", f"-DN={neurons}"]
    subprocess.run(["gcc", *flags, "-o", str(binary), source, "-lm"], check=True)

    def run() -> float:
        return float(
            subprocess.run([binary, "500000"], check=True, capture_output=True, text=True).stdout.split()[0]
        )

    return run


def handwritten_jax(single_kernel: bool) -> Contestant:
    """Ticks/s of the hand-written JAX step."""
    from benchmarks.handwritten_jax import Settings, measure

    return lambda: measure(Settings(single_kernel=single_kernel), seconds=1.0)


def generated_jax(
    path: str, seeds: int = 1, single_kernel: bool | None = None, count: int = 20_000
) -> Contestant:
    """Ticks/s of what `simulate` runs, all seeds together."""
    from neuro_rtrrl.backends.jax.program import JaxProgram
    from neuro_rtrrl.graph import load_circuit
    from neuro_rtrrl.programs import make_environment

    circuit = load_circuit(path)
    lanes = "threads" if single_kernel is None else "auto"
    program = JaxProgram(
        circuit, make_environment(circuit), range(seeds), lanes=lanes, single_kernel=single_kernel
    )
    program.advance(count)

    def run() -> float:
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < 1.0:
            program.advance(count)
            done += count
        return done * seeds / (time.perf_counter() - began)

    return run


def handwritten_brian() -> Contestant:
    """Decisions/s of the hand-written Brian2 script."""
    from benchmarks.handwritten_brian import measure

    return lambda: measure(decisions=3_000, warm_up=300)


def generated_brian() -> Contestant:
    """Decisions/s of the Brian2 backend, from its second stretch on."""
    from neuro_rtrrl.backends.brian.program import BrianProgram
    from neuro_rtrrl.graph import load_circuit
    from neuro_rtrrl.programs import make_environment

    circuit = load_circuit(CARTPOLE)
    environment = make_environment(circuit)

    def run() -> float:
        ends: list[tuple[int, float]] = []
        program = BrianProgram(circuit, environment, (0,))
        program.run(4_000, lambda chunk: ends.append((chunk.start + chunk.count, time.perf_counter())))
        (first, began), (last, ended) = ends[0], ends[-1]
        return (last - first) / (ended - began)

    return run


CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    "yardstick": yardstick,
    "jax_handwritten": lambda: handwritten_jax(True),
    "jax_handwritten_plain": lambda: handwritten_jax(False),
    "jax_generated": lambda: generated_jax(CARTPOLE),
    "jax_generated_plain": lambda: generated_jax(CARTPOLE, single_kernel=False),
    "jax_generated_memory": lambda: generated_jax(MEMORY),
    "brian_handwritten": handwritten_brian,
    "brian_generated": generated_brian,
}


def serve(name: str) -> None:
    """Answer each line on standard input with one rate."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no answer
    run = CONTESTANTS[name]()
    run()
    print("ready", file=out, flush=True)
    for _ in sys.stdin:
        print(run(), file=out, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
