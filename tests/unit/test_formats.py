"""What other tools read back is what was recorded."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import neuro_rtrrl as nr
from neuro_rtrrl.results.contents import series, spikes

SETTINGS = [
    "populations.afferents.size=30",
    "populations.afferents.rate=100 Hz",
    "populations.neurons.size=4",
    "projections.afferents_to_neurons.weights={uniform: [0 mV, 3 mV]}",
    "record=[{variable: neurons.spike, neurons: 1-3}, {variable: neurons.v, neurons: [2, 0], every: 0.5 ms}, "
    "{variable: afferents_to_neurons.w, every: 10 decisions, from: 50 ms}]",
]


@pytest.fixture(scope="module")
def spiking(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spiking") / "run"
    return nr.simulate(
        nr.load("circuits/stdp.yaml", SETTINGS), decisions=300, seeds=2, precision="float64", out=folder
    )


@pytest.fixture(scope="module")
def learning():
    return nr.simulate("circuits/bg.yaml", decisions=400, seeds=1)


def test_trains_are_the_spikes_neuron_by_neuron(spiking):
    each = spikes(spiking, 1)["neurons"]
    assert each.recorded.tolist() == [1, 2, 3]
    assert sum(map(len, each.trains())) == len(each.times) > 5
    for neuron, train in zip(each.recorded, each.trains(), strict=True):
        np.testing.assert_array_equal(train, each.of(neuron))


def test_nwb_holds_what_was_recorded_and_passes_the_inspector(spiking, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    inspector = pytest.importorskip("nwbinspector")
    files = nr.to_nwb(spiking, tmp_path / "run.nwb")
    assert [file.name for file in files] == ["run-seed0.nwb", "run-seed1.nwb"]
    with pynwb.NWBHDF5IO(str(files[1]), "r") as file:
        content = file.read()
        assert content.source_script == (spiking.folder / "circuit.yaml").read_text()
        each = spikes(spiking, 1)["neurons"]
        for row, (neuron, train) in enumerate(zip(each.recorded, each.trains(), strict=True)):
            np.testing.assert_array_equal(content.units["spike_times"][row], train)
            assert content.units["neuron"][row] == neuron
            assert content.units["population"][row] == "neurons"
        voltage = content.acquisition["neurons_v"]
        np.testing.assert_array_equal(voltage.data[:], spiking["neurons.v"].values[1])
        assert voltage.unit == "volts"
        assert voltage.rate == pytest.approx(2000)
        weights = content.analysis["afferents_to_neurons_w"]
        np.testing.assert_allclose(weights["time"][:], np.arange(5, 30) * 0.01)
        np.testing.assert_array_equal(weights["value"][:], spiking["afferents_to_neurons.w"].values[1])
    grave = inspector.Importance.BEST_PRACTICE_VIOLATION
    told = [each for file in files for each in inspector.inspect_nwbfile(nwbfile_path=str(file))]
    assert not [each for each in told if each.importance.value >= grave.value]


def test_nwb_has_the_episodes_as_trials(learning, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    (file,) = nr.to_nwb(learning, tmp_path / "run.nwb", nr.load("circuits/bg.yaml"))
    with pynwb.NWBHDF5IO(str(file), "r") as opened:
        content = opened.read()
        trials = content.trials.to_dataframe()
        assert content.source_script.startswith("circuit: ") or "circuit: bg" in content.source_script
        np.testing.assert_array_equal(content.acquisition["dopamine"].data[:], learning["dopamine"].values[0])
    episodes = learning.episodes.of(0)
    assert trials["reward"].tolist() == [each.total for each in episodes]
    interval = nr.load("circuits/bg.yaml").timing.decision_interval
    np.testing.assert_allclose(trials["stop_time"], [(each.end + 1) * interval for each in episodes])
    np.testing.assert_allclose(trials["start_time"][1:], trials["stop_time"][:-1])


def test_neo_holds_what_was_recorded(spiking, learning, tmp_path):
    pytest.importorskip("neo")
    block = nr.to_neo(spiking)
    segment = block.segments[1]
    for train, times in zip(segment.spiketrains, spikes(spiking, 1)["neurons"].trains(), strict=True):
        np.testing.assert_array_equal(train.rescale("s").magnitude, times)
    voltage, weights = segment.analogsignals
    np.testing.assert_array_equal(voltage.rescale("V").magnitude, spiking["neurons.v"].values[1])
    np.testing.assert_allclose(voltage.times.rescale("s").magnitude, spiking["neurons.v"]["time"].values)
    shape = weights.annotations["shape"]
    np.testing.assert_array_equal(
        weights.magnitude.reshape(-1, *shape), spiking["afferents_to_neurons.w"].values[1]
    )
    epoch = nr.to_neo(learning).segments[0].epochs[0]
    assert epoch.array_annotations["return"].tolist() == [each.total for each in learning.episodes.of(0)]


def test_csv_holds_what_was_recorded(spiking, tmp_path):
    files = {file.name: file for file in nr.to_csv(spiking, tmp_path / "csv")}
    assert set(files) == {"neurons_spike.csv", "neurons_v.csv", "afferents_to_neurons_w.csv"}
    rows = list(csv.reader(files["neurons_v.csv"].open()))
    assert rows[0] == ["seed", "time", "2", "0"]
    numbers = np.array(rows[1:], float)
    np.testing.assert_array_equal(numbers[:, 2:], spiking["neurons.v"].values.reshape(-1, 2))
    fired = np.array(list(csv.reader(files["neurons_spike.csv"].open()))[1:], float)
    np.testing.assert_array_equal(fired[:, 1], spiking.recordings["neurons_spike_time"].values)
    assert list(series(spiking)) == ["neurons.v", "afferents_to_neurons.w"]
