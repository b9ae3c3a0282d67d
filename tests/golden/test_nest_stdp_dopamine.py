"""The rule stdp_dopamine with a concentration of dopamine equals NEST's ``stdp_dopamine_synapse``, as it was measured.

``tests/extras/test_nest.py`` measures it anew where NEST is installed.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")

import neuro_rtrrl as nr

from .nest_experiment import CIRCUIT, LASTS, STEP, stored


@pytest.fixture
def weights(tmp_path):
    """Return ours at the presynaptic spikes of NEST, in mV, and those of NEST."""

    def run(text=CIRCUIT):
        path = tmp_path / "circuit.yaml"
        path.write_text(text, encoding="utf-8")
        result = nr.simulate(path, decisions=LASTS, seeds=1, precision="float64")
        theirs = stored()
        times = result.recordings["before_spike_time"].values
        assert len(times) == len(theirs["times"])
        steps = np.round(np.array(theirs["times"]) / STEP).astype(int) - 1  # step i ends at (i + 1) dt
        assert (np.round(times / (STEP * 1e-3)).astype(int) == steps).all()
        return result["synapse.w"].values[0, steps - 1, 0, 0] * 1e3, np.array(theirs["weights"])

    return run


def test_a_weight_moves_as_nests_does_for_eight_seconds(weights):
    ours, theirs = weights()
    assert np.ptp(theirs) > 10  # mV: it has far to go
    assert (np.diff(theirs) > 0).any()
    assert (np.diff(theirs) < 0).any()
    np.testing.assert_allclose(ours, theirs, atol=0.005)  # Euler steps of 0.1 ms against integrals


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("tau_eligibility: 1 s", "tau_eligibility: 0.9 s"),
        ("tau_minus: 30 ms", "tau_minus: 28 ms"),
        ("tau: 200 ms", "tau: 190 ms"),
        ("baseline: 0.4", "baseline: 0.38"),
        ("first: 25.2 ms", "first: 25.7 ms"),
    ],
)
def test_another_constant_is_told_apart(weights, right, wrong):
    ours, theirs = weights(CIRCUIT.replace(right, wrong))
    assert np.abs(ours - theirs).max() > 0.05
