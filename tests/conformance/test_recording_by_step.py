"""What is recorded every step, or in a window, is the same on both backends and by every kernel."""

from __future__ import annotations

import numpy as np
import pytest

import neuro_rtrrl as nr

WAYS = {
    "native": {"kernel": "native"},
    "xla": {"kernel": "xla"},
    "brian2": {"backend": "brian2", "codegen": "numpy"},
}
RECORD = """record=[
  {variable: neurons.v, neurons: [3, 0], every: step},
  {variable: afferents.spike, from: 4 ms, to: 9 ms},
  {variable: afferents_to_neurons.x, every: 0.5 ms, from: 3 ms, to: 7.3 ms},
  {variable: afferents_to_neurons.y, every: 1 ms, neurons: [4, 1]},
  {variable: afferents_to_neurons.w, every: 5 decisions, from: 2.5 ms}]"""
WHOLE = """record=[
  {variable: neurons.v, every: step},
  {variable: afferents.spike},
  {variable: afferents_to_neurons.x, every: 0.5 ms},
  {variable: afferents_to_neurons.y, every: 1 ms},
  {variable: afferents_to_neurons.w, every: 5 decisions}]"""
SMALL = ["populations.afferents.size=12", "populations.neurons.size=5", "populations.afferents.rate=200 Hz"]


def recorded(way, *settings):
    circuit = nr.load("circuits/stdp.yaml", [*SMALL, *settings])
    return nr.simulate(circuit, decisions=12, seeds=2, precision="float64", **WAYS[way])


@pytest.fixture(scope="module")
def native():
    return recorded("native", RECORD)


@pytest.mark.parametrize("way", ["xla", "brian2"])
def test_every_way_keeps_the_same(native, way):
    other = recorded(way, RECORD).recordings
    assert set(other.variables) == set(native.recordings.variables)
    for name, array in native.recordings.variables.items():
        assert other[name].dims == array.dims
        np.testing.assert_allclose(other[name].values, array.values, rtol=1e-12, atol=1e-15, err_msg=name)
    assert native["afferents_to_neurons.x"].values.max() > 0


def test_a_window_is_cut_out_of_the_whole(native):
    whole = recorded("native", WHOLE)
    trace = native["afferents_to_neurons.x"]
    assert trace["time"].values == pytest.approx(np.arange(30, 73, 5) * 1e-4)
    np.testing.assert_array_equal(trace.values, whole["afferents_to_neurons.x"].values[:, 6:15])
    assert native["afferents_to_neurons.w"]["decision"].values.tolist() == [5, 10]
    times = whole.recordings["afferents_spike_time"].values
    inside = (times > 0.004 - 1e-9) & (times < 0.009 - 1e-9)
    assert 0 < inside.sum() < len(times)
    for part in ("time", "neuron", "seed"):
        name = f"afferents_spike_{part}"
        np.testing.assert_array_equal(native.recordings[name].values, whole.recordings[name].values[inside])


def test_of_a_projection_neurons_are_those_its_synapses_lead_to(native):
    some, whole = native["afferents_to_neurons.y"], recorded("native", WHOLE)["afferents_to_neurons.y"]
    assert some["post"].values.tolist() == [4, 1]
    np.testing.assert_array_equal(some.values, whole.sel(post=[4, 1]).values)
    with pytest.raises(nr.CircuitError, match="'neurons' has no neuron 5"):
        recorded("native", "record=[{variable: afferents_to_neurons.w, neurons: 5}]")


@pytest.mark.parametrize("way", WAYS)
def test_a_membrane_without_input_falls_as_euler_says(way):
    """v(i) - v_inf = (v(0) - v_inf) (1 - dt/tau)^i, recorded at the end of each step."""
    quiet = ["populations.afferents.rate=0 Hz", "record=[{variable: neurons.v, every: step}]"]
    voltages = recorded(way, *quiet)["neurons.v"]
    assert voltages.dims[:2] == ("seed", "step")
    step = voltages["step"].values + 1
    expected = -0.060 + (-0.070 + 0.060) * (1 - 0.1 / 20) ** step
    assert voltages.shape[1] == 120
    np.testing.assert_allclose(voltages.values[0, :, 2], expected, rtol=1e-12)
