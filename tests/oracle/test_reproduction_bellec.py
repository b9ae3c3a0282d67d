"""experiments/Bellec_2020: its circuit is sound, its gradients are what it says, and its control is one."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import neuro_rtrrl as nr

FOLDER = Path(__file__).parents[2] / "experiments" / "Bellec_2020"
OWN = ("reproduction", "network", "backpropagation", "figure")
IGNORED = ("plasticity.afferent.rule=e_prop_lif_input", "plasticity.recurrent.rule=e_prop_lif")


@pytest.fixture(scope="module")
def reproduction():
    before = list(sys.path)
    sys.path.insert(0, str(FOLDER))
    module = importlib.import_module("reproduction")
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "EPISODES", 2)
    yield module
    patch.undo()
    sys.path[:] = before
    for name in OWN:
        sys.modules.pop(name, None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # of jax, about float64 in code that float32 shares
def test_traces_are_gradients_and_the_factorisation_is_exact_only_with_the_trace_of_adaptation(reproduction):
    found = reproduction.compare(nr.load(FOLDER / "circuit.yaml"), 3)
    assert found["traces_off"] < 1e-9
    assert found["theorem_off"] < 1e-9
    assert 0.9 < reproduction.cosine(found["e_prop"], found["through_time"]) < 0.9999
    without = reproduction.compare(nr.load(FOLDER / "circuit.yaml", IGNORED), 3)
    assert without["traces_off"] > 0.1
    assert without["theorem_off"] > 0.1


def test_a_frozen_cortex_keeps_its_weights_and_the_model_does_not():
    circuit = nr.load(FOLDER / "circuit.yaml")
    frozen = circuit.intervene("frozen_afferent").intervene("frozen_recurrent")
    key = "cortex_recurrent.w"
    start = [nr.simulate(each, decisions=1, seeds=1).weights[key] for each in (circuit, frozen)]
    later = [nr.simulate(each, decisions=200, seeds=1).weights[key] for each in (circuit, frozen)]
    assert (start[1] == later[1]).all()
    assert not (start[0] == later[0]).all()
