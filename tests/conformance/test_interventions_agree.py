"""Interventions of every kind act alike on XLA, in the native kernel, on Brian2, in a replay and in a continued run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("jax")

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.ledger.activity import ActivityRecorder
from neuro_rtrrl.ledger.replay import Replay
from neuro_rtrrl.lowering import hoist, lower
from neuro_rtrrl.programs import make_environment
from neuro_rtrrl.spec.interventions import KINDS

CIRCUITS = Path(__file__).parents[2] / "circuits"
DECISIONS, TOLERANCE = 60, 1e-9
SMALL = ("populations.cortex.size=6", "record=[]", "timing.dt=10 ms", "timing.decision_interval=20 ms")

#: Kind → what is done; a decision of these circuits takes 20 ms, so that all lie within the 60 decisions.
ACTS = {
    "lesion": lambda c: c.lesion("dopamine", 0.8, start="0.2 s", stop="0.6 s"),
    "lesion of a projection": lambda c: c.lesion("cortex_recurrent", 0.5, start="0.2 s", stop="0.6 s"),
    "lesion of a whole projection": lambda c: c.lesion("cortex_to_dorsal", start="0.4 s"),
    "lesion of a population": lambda c: c.lesion("cortex", 0.5, start="0.2 s", stop="0.6 s"),
    "stimulate": lambda c: c.stimulate("cortex", 0.5, "0-3", start="0.2 s", stop="0.24 s", every="0.1 s"),
    "stimulate all of a readout": lambda c: c.stimulate(
        "dorsal_striatum.u", 2.0, 1, start="0.2 s", stop="0.6 s"
    ),
    "stimulate a parameter that is learned": lambda c: c.stimulate(
        "cortex.bias", 0.3, [1, 3, 4], start="0.2 s"
    ),
    "silence": lambda c: c.silence("cortex", [0, 2, 5], start="0.2 s", stop="0.6 s"),
    "silence what is clamped": lambda c: c.silence("sensory", "0-2", start="0.2 s", stop="0.6 s"),
    "freeze": lambda c: c.freeze("cortical", start="0.2 s", stop="0.6 s"),
    "noise": lambda c: c.noise("cortex.u", 0.1, start="0.2 s", stop="0.6 s"),
    "antagonist": lambda c: c.antagonist("dopamine", 1.0, 0.5, start="0.2 s", stop="0.6 s"),
    "agonist": lambda c: c.agonist("dopamine", 1.0, 0.5, 0.3, target="cortical", start="0.2 s", stop="0.6 s"),
}
TOGETHER = {
    "one of each kind": (
        "lesion",
        "lesion of a projection",
        "stimulate",
        "silence what is clamped",
        "freeze",
        "noise",
        "antagonist",
        "agonist",
    ),
    "the others": (
        "lesion of a whole projection",
        "lesion of a population",
        "stimulate all of a readout",
        "stimulate a parameter that is learned",
        "silence",
    ),
}

#: spikes: a parameter is stimulated, neurons are silenced, synapses lesioned, spike-driven weights frozen
SPIKES = {
    "stimulate": lambda c: c.stimulate("cells.drive", "5 mV", "0-3", start="20 ms", stop="60 ms"),
    "silence": lambda c: c.silence("cells", "4-7", start="20 ms", stop="60 ms"),
    "noise": lambda c: c.noise("cells.drive", "8 mV", start="20 ms"),
    "lesion": lambda c: c.lesion("inputs_to_cells", 0.5, start="20 ms", stop="60 ms"),
    "lesion of a population": lambda c: c.lesion("inputs", 0.5, start="20 ms", stop="60 ms"),
    "freeze": lambda c: c.freeze("hebbian", start="20 ms", stop="60 ms"),
}
SPIKING = """
circuit: spikes
format: 1
timing: {dt: 1 ms, decision_interval: 10 ms}
populations:
  inputs: {size: 12, neuron: poisson, rate: 100 Hz}
  cells: {size: 8, neuron: lif, drive: 14 mV}
plasticity:
  hebbian: {rule: stdp, potentiation: 0.1 mV, depression: 0.105 mV, w_maximum: 6 mV}
projections:
  inputs_to_cells: {source: inputs, target: cells, weights: {uniform: [1 mV, 4 mV]}, plasticity: hebbian}
"""


def put(circuit: Circuit, acts: dict, names) -> Circuit:
    for name in names:
        circuit = acts[name](circuit)
    return circuit


def basal_ganglia(*more: str) -> Circuit:
    return load_circuit(CIRCUITS / "bg.yaml", (*SMALL, *more))


def spiking(tmp_path) -> Circuit:
    (tmp_path / "spikes.yaml").write_text(SPIKING)
    return load_circuit(tmp_path / "spikes.yaml")


def watched(circuit: Circuit) -> list[str]:
    """Return all that lasts, all that neurons show, and the modulators."""
    found = []
    for key, each in lower(circuit).variables.items():
        lasts = each.persistent and each.role != "parameter"
        if each.value is None and (lasts or each.name in ("r", "u") or each.role == "modulator"):
            found.append(key)
    return found


def ran(program, count: int = DECISIONS) -> dict[str, np.ndarray]:
    chunks = []
    program.run(count, chunks.append)
    found = {key: np.concatenate([c.records[key] for c in chunks], axis=1) for key in chunks[0].records}
    return found | {f"state {key}": value for key, value in program.state().items()}


def on_jax(circuit: Circuit, keys, kernel="xla") -> dict[str, np.ndarray]:
    environment = make_environment(circuit)
    return ran(JaxProgram(circuit, environment, (3,), "float64", keys, kernel=kernel))


def on_brian(circuit: Circuit, keys) -> dict[str, np.ndarray]:
    from neuro_rtrrl.backends.brian.program import BrianProgram

    environment = make_environment(circuit)
    return ran(BrianProgram(circuit, environment, (3,), "float64", keys, codegen="numpy"))


def compare(one: dict, other: dict, tolerance: float = TOLERANCE) -> None:
    for key in sorted(set(one) & set(other)):
        difference = np.max(np.abs(one[key].astype(float) - other[key].astype(float)), initial=0.0)
        assert difference <= tolerance, f"{key}: {difference}"


def test_every_kind_of_intervention_is_in_the_tables():
    assert {name.partition(" ")[0] for name in ACTS} == set(KINDS)


def test_all_kinds_are_among_those_that_are_compared():
    assert {name for names in TOGETHER.values() for name in names} == set(ACTS)


@pytest.mark.parametrize("together", TOGETHER)
def test_xla_and_the_native_kernel_do_the_same_and_nothing_before_its_time(together):
    plain = basal_ganglia()
    circuit = put(plain, ACTS, TOGETHER[together])
    found = on_jax(circuit, watched(circuit))
    compare(found, on_jax(circuit, watched(circuit), kernel="native"))
    keys = [key for key in watched(plain) if not key.endswith(".u")]
    for key, value in on_jax(plain, keys).items():  # until 0.2 s; a factor of 1 may round in another order
        if key in keys:
            np.testing.assert_allclose(found[key][:, :10], value[:, :10], rtol=0, atol=1e-12, err_msg=key)
            assert key not in ("dopamine", "cortex_to_dorsal.w") or not np.array_equal(found[key], value), key


@pytest.mark.brian
@pytest.mark.parametrize("together", TOGETHER)
def test_brian2_does_what_jax_does(together):
    pytest.importorskip("brian2")
    circuit = put(basal_ganglia(), ACTS, TOGETHER[together])
    compare(on_jax(circuit, watched(circuit)), on_brian(circuit, watched(circuit)))


@pytest.mark.brian
def test_spiking_circuits_fire_the_same_spikes_on_all_machines(tmp_path):
    pytest.importorskip("brian2")
    circuit = put(spiking(tmp_path), SPIKES, SPIKES)
    keys = ["inputs.spike", "cells.spike", "inputs_to_cells.w"]
    xla = on_jax(circuit, keys)
    compare(xla, on_jax(circuit, keys, kernel="native"))
    compare(xla, on_brian(circuit, keys))
    fired = xla["cells.spike"][0].sum(axis=1)  # of each decision of 10 ms
    assert fired[2:6, 4:].sum() == 0
    assert fired[6:, 4:].sum() > 10
    weights = xla["inputs_to_cells.w"][0]
    assert np.array_equal(weights[1], weights[5])
    assert not np.array_equal(weights[5], weights[6])


class Deaf:
    """Hears nothing of a replay."""

    def __getattr__(self, name) -> Any:
        return lambda *arguments: None


@pytest.mark.parametrize("together", TOGETHER)
def test_a_replay_of_the_second_half_arrives_where_the_run_arrived(together):
    circuit = put(basal_ganglia(), ACTS, TOGETHER[together])
    recorder = ActivityRecorder(circuit, (3,), "float64")
    record = recorder.beside(())
    program = JaxProgram(circuit, make_environment(circuit), (3,), "float64", record, kernel="native")
    states = [{key: np.array(value) for key, value in program.state().items()}]

    def take(chunk) -> None:
        recorder.add(states[-1], chunk)
        states.append({key: np.array(value) for key, value in program.state().items()})

    program.run(40, take, chunk=20)  # the gates of 0.2 s to 0.6 s are open until decision 30
    assert recorder.activity is not None
    assert recorder.activity.start == 20
    replay = Replay(hoist(lower(circuit)), recorder.activity)
    replay.run(cast(Any, Deaf()))
    compared = [key for key in states[-1] if key in replay.values and not key.startswith("interventions.")]
    for key in compared:
        np.testing.assert_allclose(replay.values[key], states[-1][key][0], rtol=1e-9, atol=1e-12, err_msg=key)
    assert {"cortex_recurrent.w", "cortex.h", "cortex_to_dorsal.e"} <= set(compared)


def test_a_continued_run_finds_the_interventions_where_the_first_one_left_them():
    circuit = put(basal_ganglia(), ACTS, ("lesion", "freeze"))
    gates = JaxProgram(circuit, make_environment(circuit), (3,), "float64", ["dopamine"], start=20)
    index = np.arange(20, 40)
    for window in gates.lowered.gates.values():
        np.testing.assert_array_equal(window.on(index), (index >= 10) & (index < 30))


#: spikes that release dopamine, which makes of traces of their pairs a change of weights; in YAML, each of size 0
NOTHING = """
circuit: nothing
format: 1
timing: {dt: 0.1 ms, decision_interval: 5 ms}
populations:
  inputs: {size: 20, neuron: poisson, rate: 80 Hz}
  cells: {size: 10, neuron: lif_current, drive: 14 mV}
neuromodulators:
  dopamine: {source: concentration, population: cells, tau: 200 ms, amount: 0.02}
plasticity:
  pairs:
    {rule: stdp_dopamine, potentiation: 0.2 mV, depression: 0.21 mV, tau_eligibility: 1 s, w_maximum: 8 mV,
     modulator: dopamine}
projections:
  inputs_to_cells:
    {source: inputs, target: cells, weights: {uniform: [1 mV, 5 mV]}, plasticity: pairs,
     delay: {uniform: [0.2 ms, 2 ms]}}
  among_cells:
    {source: cells, target: cells, weights: {uniform: [-1 mV, 1 mV]}, connectivity: {probability: 0.5, no_self: true},
     delay: 1 ms}
interventions:
  lesion: {lesion: inputs_to_cells, fraction: 0}
  lesion_for_a_time: {lesion: among_cells, fraction: 0, from: 50 ms, to: 100 ms}
  lesion_of_neurons: {lesion: cells, fraction: 0}
  lesion_of_dopamine: {lesion: dopamine, fraction: 0, from: 50 ms}
  antagonist: {antagonist: dopamine, dose: 0, half_dose: 1}
  agonist: {agonist: dopamine, dose: 0, half_dose: 1, efficacy: 0.5, from: 50 ms}
  no_pulse: {stimulate: cells.drive, amplitude: 0 mV, from: 50 ms, to: 60 ms, every: 20 ms}
  no_noise: {noise: cells.drive, deviation: 0 mV}
"""


@pytest.fixture
def nothing(tmp_path) -> Circuit:
    (tmp_path / "nothing.yaml").write_text(NOTHING)
    return load_circuit(tmp_path / "nothing.yaml")


def same_bits(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for key, values in one.items():
        assert values.dtype == other[key].dtype
        assert values.tobytes() == other[key].tobytes(), key


@pytest.mark.parametrize("backend", ["xla", "native", "brian2"])
def test_interventions_of_size_0_leave_spikes_and_voltages_as_they_are_bit_for_bit(nothing, backend):
    """A run under each alone and under all together, against the plain one; the same ones of another size differ."""
    keys = watched(nothing)
    assert {"cells.v", "dopamine.level"} <= set(keys)

    def run(circuit: Circuit) -> dict[str, np.ndarray]:
        every = [*dict.fromkeys((*keys, "cells.spike", "inputs.spike"))]
        return on_brian(circuit, every) if backend == "brian2" else on_jax(circuit, every, kernel=backend)

    plain = run(nothing)
    assert plain["cells.spike"].sum() > 50
    assert np.ptp(plain["cells.v"]) > 1e-3
    assert not np.array_equal(plain["inputs_to_cells.w"][:, 0], plain["inputs_to_cells.w"][:, -1])
    together = nothing
    for name in nothing.interventions:
        together = together.intervene(name)
        if backend == "xla":
            same_bits(run(nothing.intervene(name)), plain)
    assert len(together.told["interventions"]) == len(nothing.interventions)
    same_bits(run(together), plain)
    hurt = run(nothing.antagonist("dopamine", 1.0, 1.0).lesion("among_cells", 0.2, start="50 ms"))
    assert hurt["cells.v"].tobytes() != plain["cells.v"].tobytes()
