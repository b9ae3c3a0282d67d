"""The model of Gurney, Prescott & Redgrave 2001 in experiments/ against its equations written by hand in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neuro_rtrrl as nr

CIRCUIT = Path(__file__).parents[2] / "experiments" / "Gurney_2001" / "circuit.yaml"
TRIALS = 6


def by_hand(saliences: np.ndarray, level: float, d2: float = -1.0, subthalamic: bool = True) -> np.ndarray:
    """Integrate the paper's equations, for saliences (trial, 2); return the output at the end, (trial, 6).

    Euler steps of 2 ms, all six channels, until long after all has settled.
    """

    def ramp(a: np.ndarray, threshold: float) -> np.ndarray:
        return np.clip(a - threshold, 0.0, 1.0)

    c = np.zeros((len(saliences), 6))
    c[:, :2] = saliences
    a = np.zeros((5, *c.shape))
    for _ in range(1000):
        striatum_1, striatum_2 = ramp(a[0], 0.2), ramp(a[1], 0.2)
        nucleus, pallidum = ramp(a[2], -0.25) * subthalamic, ramp(a[3], -0.2)
        spread = 0.9 * nucleus.sum(1, keepdims=True)
        inputs = (
            c * (1 + level),
            c * (1 + d2 * level),
            c - pallidum,
            spread - striatum_2,
            spread - 0.3 * pallidum - striatum_1,
        )
        a = a + 2e-3 / 40e-3 * (np.stack(inputs) - a)
    return ramp(a[4], -0.2)


@pytest.mark.parametrize(
    ("overrides", "lesion", "model"),
    [
        ((), None, {"level": 0.2}),
        (("neuromodulators.dopamine.baseline=0.8",), None, {"level": 0.8}),
        (("populations.striatum_d2.strength=1",), None, {"level": 0.2, "d2": 1.0}),
        ((), "no_dopamine", {"level": 0.0}),
        ((), "no_subthalamic", {"level": 0.2, "subthalamic": False}),
    ],
)
def test_the_output_of_every_channel_is_that_of_the_equations_by_hand(overrides, lesion, model):
    circuit = nr.load(CIRCUIT, [*overrides, "record.1.neurons=0-5"])
    circuit = circuit.intervene(lesion) if lesion else circuit
    result = nr.simulate(circuit, decisions=15 * TRIALS, seeds=1, precision="float64")
    seen = result["observation"].sel(entry=["first", "second"]).values[0].reshape(TRIALS, 15, 2)
    output = result["output_nucleus.r"].values[0].reshape(TRIALS, 15, 6)
    assert (seen[:, 4] == 0).all()  # half a second of rest, then the first, then both
    assert (seen[:, 9, 1] == 0).all()
    assert np.ptp(seen[:, -1], axis=0).min() > 0.1
    np.testing.assert_allclose(output[:, -1], by_hand(seen[:, -1], **model), atol=2e-3)
    np.testing.assert_allclose(output[:, 4], by_hand(np.zeros((TRIALS, 2)), **model), atol=2e-3)
