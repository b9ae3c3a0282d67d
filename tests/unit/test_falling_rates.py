"""Learning and entropy rates fall linearly to their floors, and a rate that does not fall costs nothing."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.lowering import lower
from neuro_rtrrl.programs import make_environment

GROUPS = ("cortical", "corticostriatal")
FALL, FLOOR = 0.03, 0.25
RATE, ENTROPY_RATE = 1e-3, 0.05
KEYS = {
    "w": "cortex_to_dorsal.w",
    "e": "cortex_to_dorsal.e",
    "delta": "dopamine",
    "entropy_error": "dorsal_striatum.entropy_error",
    "r": "cortex.r",
}


def circuit_with(optimiser, **settings):
    settings = {"learning_rate": RATE, "entropy_rate": ENTROPY_RATE, "optimiser": optimiser} | settings
    lines = [f"plasticity.{group}.{key}={value}" for group in GROUPS for key, value in settings.items()]
    return load_circuit("circuits/bg.yaml", ["populations.cortex.size=5", "record=[]", *lines])


def run(circuit, kernel, keys, decisions=60):
    program = JaxProgram(
        circuit, make_environment(circuit), (0,), "float64", tuple(keys.values()), kernel=kernel
    )
    chunk = program.advance(decisions)
    return {name: chunk.records[key][0] for name, key in keys.items()}, ~chunk.first[0]


def pace(learning, t):
    """Share of a rate that is left at the decision ``t``: one step down for each decision that was learned from."""
    return max(1 - FALL * learning[: t + 1].sum(), FLOOR)


@pytest.mark.parametrize("kernel", ["native", "xla"])
def test_weights_follow_both_falling_rates_each_with_its_own_age(kernel):
    falls = {"learning_rate_fall": FALL, "learning_rate_floor": FLOOR}
    falls |= {"entropy_fall": 2 * FALL, "entropy_floor": 2 * FLOOR}
    found, learning = run(circuit_with("sgd", **falls), kernel, KEYS)
    paces = []
    for t in range(1, 60):
        moved = found["w"][t] - found["w"][t - 1]
        if not learning[t]:
            np.testing.assert_array_equal(moved, 0.0)
            continue
        paces.append(pace(learning, t))
        entropy = max(1 - 2 * FALL * learning[: t + 1].sum(), 2 * FLOOR)
        bonus = ENTROPY_RATE * entropy * np.outer(found["entropy_error"][t], found["r"][t])
        expected = RATE * paces[-1] * (found["delta"][t] * found["e"][t - 1] + bonus)
        np.testing.assert_allclose(moved, expected, rtol=1e-9, atol=1e-15)
    assert paces[0] == 1 - FALL
    assert paces[-1] == FLOOR, "the floor was reached"


def test_the_fall_scales_what_adam_would_do():
    circuit = circuit_with("adam", learning_rate_fall=FALL, learning_rate_floor=FLOOR)
    keys = {"w": KEYS["w"], "m": "cortex_to_dorsal.adam.m", "s": "cortex_to_dorsal.adam.s"}
    found, learning = run(circuit, "xla", keys)
    for t in np.flatnonzero(learning)[1:]:
        age = learning[: t + 1].sum()
        m, s = found["m"][t] / (1 - 0.9**age), found["s"][t] / (1 - 0.999**age)
        moved = found["w"][t] - found["w"][t - 1]
        np.testing.assert_allclose(
            moved, RATE * pace(learning, t) * m / (np.sqrt(s) + 1e-8), rtol=1e-6, atol=1e-15
        )


def test_a_rate_that_never_falls_is_a_constant_that_nobody_counts():
    written = [str(statement) for _, statement in lower(circuit_with("adam")).statements()]
    assert not [line for line in written if "pace" in line or "age" in line.split(" = ")[0]]
    falling = [str(s) for _, s in lower(circuit_with("adam", entropy_fall=1e-3)).statements()]
    clocks = [line for line in falling if line.split(" = ")[0].endswith(("age", "pace"))]
    assert len(clocks) == 2 * len(GROUPS), "an age and a pace once a group, not once a synapse"


def test_the_audit_does_not_take_a_clock_for_a_signal():
    for line in circuit_with("adam", entropy_fall=1e-3).audit():
        assert line.local
        assert "age" not in line.local_by
