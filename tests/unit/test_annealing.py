"""An annealed learning rate halves by its half-life and is Adam's in everything else."""

from __future__ import annotations

import numpy as np

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

GROUPS = ("cortical", "corticostriatal")
HALF_LIFE = 30.0


def run(*settings):
    circuit = load_circuit("circuits/bg.yaml", ["populations.cortex.size=5", "record=[]", *settings])
    keys = ("cortex_recurrent.w", "cortex_recurrent.adam.m", "cortex_recurrent.adam.s")
    keys = tuple(key.replace("adam", circuit.plasticity["cortical"].optimiser.name) for key in keys)
    program = JaxProgram(circuit, make_environment(circuit), (0,), "float64", keys)
    chunk = program.advance(60)
    learning = ~chunk.first[0]
    return {key.rpartition(".")[2]: values[0] for key, values in chunk.records.items()}, learning


def test_steps_are_those_of_adam_times_the_pace():
    annealed = [f"plasticity.{group}.optimiser=adam_annealed" for group in GROUPS]
    annealed += [f"plasticity.{group}.half_life={HALF_LIFE}" for group in GROUPS]
    found, learning = run(*annealed)
    rate, age = 1e-4, 0
    for t in range(1, 60):
        age = int(learning[: t + 1].sum())
        moved = found["w"][t] - found["w"][t - 1]
        if not learning[t]:
            np.testing.assert_array_equal(moved, 0.0)
            continue
        m, s = found["m"][t] / (1 - 0.9**age), found["s"][t] / (1 - 0.999**age)
        pace = HALF_LIFE / (HALF_LIFE + age)
        np.testing.assert_allclose(moved, rate * pace * m / (np.sqrt(s) + 1e-8), rtol=1e-6, atol=1e-15)
    assert age > HALF_LIFE
