"""The contestants of the Brian2 rows: closed loop at k = 1 and k = 20, and the open loop of 1,000 neurons.

Each factory returns a function without arguments that runs for a second or two and returns a rate. Compiling is never
in a rate; how long the stand-alone program took to build is ``standalone().build_seconds``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

Contestant = Callable[[], float]

ROOT = Path(__file__).parent.parent
CARTPOLE = str(ROOT / "benchmarks" / "circuits" / "cartpole.yaml")
LIF = str(ROOT / "benchmarks" / "circuits" / "lif_1000.yaml")
INTERVAL = 20.0  # of CartPole, in milliseconds
LIF_SECONDS = 10.0  # of model time
DECISIONS = {1: 8_000, 20: 3_000}


def closed_loop(k: int) -> Contestant:
    """Decisions/s of the Brian2 backend on CartPole with k integration steps a decision."""
    program = _cartpole(k)
    program.run(200, lambda chunk: None)

    def run() -> float:
        ends: list[tuple[int, float]] = []
        program.run(
            DECISIONS[k],
            lambda chunk: ends.append((chunk.start + chunk.count, time.perf_counter())),
            chunk=200,
        )
        (first, began), (last, ended) = (
            ends[0],
            ends[-1],
        )  # what comes before the first is Brian2's preparation
        return (last - first) / (ended - began)

    return run


def closed_loop_by_hand(k: int) -> Contestant:
    """Decisions/s of the hand-written Brian2 script of the same network."""
    from benchmarks.handwritten_brian import measure

    return lambda: measure(decisions=DECISIONS[k] // 2, warm_up=300, k=k)


def shares(k: int) -> dict[str, float]:
    """Return the share of a tick of each part, and of the closed loop's own ``overhead``."""
    program = _cartpole(k, profile=True)
    program.run(1_000, lambda chunk: None)
    program.run(2_000, lambda chunk: None)
    assert program.stopwatch is not None
    return program.stopwatch.shares()


def _cartpole(k: int, profile: bool = False):
    from neuro_rtrrl.backends.brian.program import BrianProgram
    from neuro_rtrrl.graph import load_circuit
    from neuro_rtrrl.programs import make_environment

    circuit = load_circuit(CARTPOLE, [f"timing.dt={INTERVAL / k} ms", "record=[]"])
    return BrianProgram(circuit, make_environment(circuit), (0,), profile=profile)


def open_loop() -> Contestant:
    """Model time over wall time of 1,000 neurons on the Brian2 backend, Cython."""
    from brian2 import get_device

    from neuro_rtrrl.backends.brian.program import BrianProgram
    from neuro_rtrrl.graph import load_circuit

    circuit = load_circuit(LIF)
    program = BrianProgram(circuit, None, (0,))
    decisions = round(LIF_SECONDS / (circuit.timing.dt * circuit.timing.steps))
    program.run(decisions // 100, lambda chunk: None)

    def run() -> float:
        program.run(decisions, lambda chunk: None)
        return LIF_SECONDS / float(
            vars(get_device())["_last_run_time"]
        )  # without what Brian2 does before its loop

    return run


def open_loop_by_hand() -> Contestant:
    """Model time over wall time of the same network as a hand-written Brian2 script, Cython."""
    from benchmarks.handwritten_brian_lif import measure

    return measure


def standalone() -> Contestant:
    """Model time over wall time of the stand-alone program, its start and its results on disk included."""
    from neuro_rtrrl.backends.brian.standalone import StandaloneProgram
    from neuro_rtrrl.graph import load_circuit

    circuit = load_circuit(LIF)
    decisions = round(LIF_SECONDS / (circuit.timing.dt * circuit.timing.steps))
    program = StandaloneProgram(circuit, None, (0,))
    project = program.build()

    def run() -> float:
        began = time.perf_counter()
        times = 5
        for _ in range(times):
            program.run_seeds(project, decisions)
        return times * LIF_SECONDS / (time.perf_counter() - began)

    run.build_seconds = program.build_seconds  # type: ignore[attr-defined]
    return run


CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    "brian_closed_loop": lambda: closed_loop(1),
    "brian_closed_loop_by_hand": lambda: closed_loop_by_hand(1),
    "brian_closed_loop_20": lambda: closed_loop(20),
    "brian_closed_loop_20_by_hand": lambda: closed_loop_by_hand(20),
    "brian_open_loop": open_loop,
    "brian_open_loop_by_hand": open_loop_by_hand,
    "brian_standalone": standalone,
}
