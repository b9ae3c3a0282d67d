"""The replay in NumPy arrives where the run arrived: every lasting variable of every circuit, to rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger.activity import ActivityRecorder, recordings_of
from neuro_rtrrl.ledger.effective import effective_counts
from neuro_rtrrl.ledger.replay import Replay
from neuro_rtrrl.lowering import hoist, lower
from neuro_rtrrl.programs import make_environment, make_program
from tests.conformance.dopamine_circuits import DOPAMINE

CIRCUITS = Path(__file__).parents[2] / "circuits"
RUNS = {
    "rates": ("bg", ()),
    "sparse, with dutch traces, three steps a decision, transported weights": (
        "bg",
        (
            "projections.cortex_recurrent.connectivity={probability: 0.3}",
            "plasticity.cortical.rule=rflo_td_dutch",
            "timing.decision_interval=60 ms",
            "projections.dorsal_feedback.feedback=symmetric",
        ),
    ),
    "running statistics of the senses": ("bg", ("populations.sensory.neuron=normalised_input",)),
    "spikes on their way": ("stdp", ()),
    "spikes on their way for various times": (
        "stdp",
        ("projections.afferents_to_neurons.delay={uniform: [0 ms, 3 ms]}",),
    ),
    "a cortex that spikes": ("lif_bg", ("projections.cortex_recurrent.delay=3 ms",)),
    "actions by degrees": ("reacher", ()),
}


class Deaf:
    """Hears nothing of a replay."""

    def __getattr__(self, name):
        return lambda *arguments: None


def recorded(name, overrides, count=40, longest=1000):
    """Return circuit, activity of the second half of a run, and the state at its end."""
    circuit = load_circuit(CIRCUITS / f"{name}.yaml", list(overrides))
    environment = make_environment(circuit)
    program = make_program(circuit, environment, "jax", (2,), "float64", recordings_of(circuit))
    recorder = ActivityRecorder(circuit, (2,), "float64", longest)

    def state():
        return {key: np.array(value) for key, value in program.state().items()}

    before = [state()]

    def take(chunk):
        recorder.add(before[0], chunk)
        before[0] = state()

    program.run(count, take, chunk=count // 2)
    assert recorder.activity.start == count // 2
    return circuit, recorder.activity, {key: value[0] for key, value in before[0].items()}


@pytest.mark.parametrize("run", RUNS)
def test_a_replay_arrives_where_the_run_arrived(run):
    circuit, activity, after = recorded(*RUNS[run])
    lowered = hoist(lower(circuit.replace(record=())))
    replay = Replay(lowered, activity)
    start = {key: np.array(value) for key, value in replay.values.items()}
    replay.run(Deaf())
    moved = 0
    for key, value in after.items():
        if key not in replay.values:
            continue
        mask = lowered.masks.get(lowered.variables[key].space.name, True)
        found = np.where(mask, replay.values[key], 0)
        np.testing.assert_allclose(found, np.where(mask, value, 0), rtol=1e-9, atol=1e-12, err_msg=key)
        moved += not np.array_equal(start[key], replay.values[key])
    assert moved > 2


@pytest.mark.parametrize("name", DOPAMINE)
def test_a_replay_of_continuous_dopamine_arrives_where_the_run_arrived(name, tmp_path, monkeypatch):
    path = tmp_path / "circuit.yaml"
    path.write_text(DOPAMINE[name], encoding="utf-8")
    monkeypatch.setitem(RUNS, name, (str(path.with_suffix("")), ()))
    test_a_replay_arrives_where_the_run_arrived(name)


def test_a_long_stretch_is_kept_from_its_beginning():
    circuit, activity, _ = recorded("bg", (), longest=7)
    assert (activity.start, activity.decisions) == (20, 7)
    assert effective_counts(hoist(lower(circuit.replace(record=()))), activity).activity is activity
