"""Continuous dopamine is one thing on every machine: XLA, native C and Brian2, and its ledger counts it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("brian2")
pytest.importorskip("jax")

from neuro_rtrrl.backends.brian.program import BrianProgram
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.errors import CircuitError
from tests.conformance.dopamine_circuits import DOPAMINE
from tests.conformance.test_brian import assert_equal_runs, environment_of, everything, recorded, written

pytestmark = pytest.mark.brian


def with_spikes(circuit):
    return (
        *everything(circuit),
        *(f"{p.name}.spike" for p in circuit.populations.values() if p.model.spikes),
    )


@pytest.mark.parametrize("name", DOPAMINE)
def test_every_variable_and_spike_equals_that_of_jax(name, tmp_path):
    circuit = written(tmp_path, DOPAMINE[name])
    series = assert_equal_runs(circuit, 60, seeds=(1, 2), record=with_spikes(circuit))
    for each in circuit.neuromodulators:
        assert np.ptp(series[each]) > 0, each
    for each in circuit.projections.values():
        moved = np.ptp(series[f"{each.name}.w"], axis=1).max() > 0
        assert moved == (each.group is not None), each.name


@pytest.mark.parametrize("name", DOPAMINE)
def test_the_native_kernel_equals_xla(name, tmp_path):
    circuit = written(tmp_path, DOPAMINE[name])
    keys, environment = with_spikes(circuit), environment_of(circuit)
    runs = [
        recorded(JaxProgram(circuit, environment, (1,), "float64", keys, kernel=kernel), 60)
        for kernel in ("native", "xla")
    ]
    for key in keys:
        np.testing.assert_allclose(
            np.asarray(runs[0][key], float), np.asarray(runs[1][key], float), atol=1e-9, err_msg=key
        )


def test_a_stand_alone_program_refuses_a_continuous_modulator_by_name(tmp_path):
    from neuro_rtrrl.backends.brian.standalone import StandaloneProgram

    circuit = written(tmp_path, DOPAMINE["released"])
    with pytest.raises(CircuitError, match="'dopamine' cannot run as a stand-alone program"):
        StandaloneProgram(circuit, None, (1,))


def test_brian2_keeps_chunks_and_continuations_of_a_continuous_modulator(tmp_path):
    circuit = written(tmp_path, DOPAMINE["closed loop"])
    keys = ("dopamine", "level", "phasic", "to_cells.w")
    whole = recorded(BrianProgram(circuit, environment_of(circuit), (1,), record=keys, codegen="numpy"), 24)
    cut = BrianProgram(circuit, environment_of(circuit), (1,), record=keys, codegen="numpy")
    parts = [recorded(cut, 9, chunk=4), recorded(cut, 15)]
    for key in keys:
        assert np.array_equal(whole[key], np.concatenate([part[key] for part in parts], 1)), key
