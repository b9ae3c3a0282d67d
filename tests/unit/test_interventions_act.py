"""Interventions act in their decisions and in no other, by the size that they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

import neuro_rtrrl as nr
from neuro_rtrrl.graph.timed import Intervention, Window, meet
from neuro_rtrrl.lowering import hoist, lower

ROOT = Path(__file__).parents[2]
RECORDED = (
    "dopamine",
    "reward",
    "cortex.u",
    "cortex.r",
    "ventral_striatum.r",
    "cortex_recurrent.w",
    "cortex.tau",
)
SETTINGS = (
    "populations.cortex.size=8",
    "record=[" + ", ".join(f"{{variable: {key}}}" for key in RECORDED) + "]",
)
WITHIN = slice(20, 50)  # 0.4 s to 1 s, in decisions of 20 ms
TIMES = {"start": "0.4 s", "stop": "1 s"}


@pytest.fixture(scope="module")
def circuit():
    return nr.load(ROOT / "circuits" / "bg.yaml", SETTINGS)


def of(result, key):
    return result[key].values[0]


@pytest.fixture(scope="module")
def hurt(circuit):
    changed = (
        circuit.lesion("dopamine", 0.8, **TIMES).silence("cortex", "0-2", **TIMES).freeze("cortical", **TIMES)
    )
    return nr.simulate(changed, decisions=80, seeds=1, precision="float64")


def test_dopamine_is_a_fifth_during_its_depletion_and_whole_before_and_after(hurt):
    value, dopamine = of(hurt, "ventral_striatum.r").ravel(), of(hurt, "dopamine").ravel()
    reward = of(hurt, "reward").ravel()
    ordinary = np.flatnonzero(np.abs(dopamine[1:]) > 0) + 1
    ended = np.append(dopamine[2:] == 0.0, False)  # the tick before a first one may have ended the episode
    ordinary = [t for t in ordinary if t + 1 < 80 and not ended[t - 1]]
    error = reward + 0.99 * value - np.append(0.0, value[:-1])
    gain = dopamine[ordinary] / error[ordinary]
    inside = np.array([20 <= t < 50 for t in ordinary])
    np.testing.assert_allclose(gain[inside], 0.2, rtol=1e-9)
    np.testing.assert_allclose(gain[~inside], 1.0, rtol=1e-9)
    assert inside.sum() > 10
    assert (~inside).sum() > 10


def test_silenced_neurons_send_nothing_within_and_something_outside(hurt):
    rates = of(hurt, "cortex.r")
    assert not rates[WITHIN, :3].any()
    assert (np.abs(rates[50:, :3]) > 0).all(axis=1).any()
    assert (np.abs(rates[1:19, :3]) > 0).any()
    assert (np.abs(rates[WITHIN, 3:]) > 0).any()


@pytest.mark.parametrize("key", ["cortex_recurrent.w", "cortex.tau"])
def test_frozen_weights_keep_their_values_to_the_bit_and_learn_before_and_after(hurt, key):
    weights = of(hurt, key)
    changed = np.any(weights[1:] != weights[:-1], axis=tuple(range(1, weights.ndim)))  # from t to t + 1
    assert not changed[19:49].any()
    assert changed[:19].any()
    assert changed[49:].any()


def test_a_stimulus_is_added_in_its_unit_to_the_chosen_neurons(circuit):
    frozen = circuit.freeze()
    plain = nr.simulate(frozen, decisions=22, seeds=1, precision="float64")
    pulsed = nr.simulate(
        frozen.stimulate("cortex", 0.5, [1, 4], **TIMES), decisions=22, seeds=1, precision="float64"
    )
    difference = of(pulsed, "cortex.u") - of(plain, "cortex.u")
    assert not difference[:20].any()
    np.testing.assert_allclose(difference[20], [0, 0.5, 0, 0, 0.5, 0, 0, 0], atol=1e-12)


def test_noise_is_fresh_for_every_neuron_and_time_with_mean_0_and_its_deviation():
    circuit = nr.load(ROOT / "circuits" / "bg.yaml", ["populations.cortex.size=400", *SETTINGS[1:]]).freeze()
    for name in ("sensory_to_cortex", "cortex_recurrent"):
        circuit = circuit.lesion(name, start="0 s")
    found = of(nr.simulate(circuit.noise("cortex", 0.3), decisions=20, seeds=1), "cortex.u")
    assert np.unique(found).size > 0.99 * found.size
    assert abs(found.mean()) < 4 * 0.3 / np.sqrt(found.size)
    assert found.std() == pytest.approx(0.3, rel=4 / np.sqrt(2 * found.size))


@pytest.mark.parametrize("part", ["cortex_recurrent", "cortex"])
def test_a_lesion_from_the_first_moment_is_the_lesion_that_was_always_there(circuit, part):
    frozen = circuit.freeze()
    always = nr.simulate(frozen.lesion(part, 0.4), decisions=30, seeds=1, precision="float64")
    timed = nr.simulate(frozen.lesion(part, 0.4, start="0 s"), decisions=30, seeds=1, precision="float64")
    np.testing.assert_allclose(of(timed, "cortex.u"), of(always, "cortex.u"), rtol=0, atol=1e-12)
    np.testing.assert_allclose(of(timed, "dopamine"), of(always, "dopamine"), rtol=0, atol=1e-12)


def test_a_drug_acts_on_what_synapses_read_and_not_on_what_is_released(circuit):
    """The oracle is a lesion of the gain, whose weight change is the same where dopamine is read by learning alone."""
    settings = ("plasticity.cortical.entropy_rate=0", "plasticity.corticostriatal.entropy_rate=0")
    plain = nr.load(ROOT / "circuits" / "bg.yaml", (*SETTINGS, *settings))
    blocked = nr.simulate(plain.antagonist("dopamine", 3.0, 1.0), decisions=2, seeds=1, precision="float64")
    lesioned = nr.simulate(plain.lesion("dopamine", 0.75), decisions=2, seeds=1, precision="float64")
    np.testing.assert_allclose(
        of(blocked, "cortex_recurrent.w"), of(lesioned, "cortex_recurrent.w"), rtol=1e-12
    )
    np.testing.assert_allclose(of(blocked, "dopamine") * 0.25, of(lesioned, "dopamine"), rtol=1e-12)


def test_occupancy_follows_the_hill_curve():
    def occupied(dose, half, hill):
        return Intervention(
            "d", "dopamine", kind="antagonist", dose=dose, half_dose=half, hill=hill
        ).occupancy

    assert occupied(0.0, 0.5, 1.0) == 0.0
    assert occupied(0.5, 0.5, 3.0) == 0.5
    for dose, half, hill in ((1.0, 0.5, 1.0), (0.2, 0.5, 2.0), (3.0, 0.7, 1.5)):
        assert occupied(dose, half, hill) == pytest.approx(dose**hill / (dose**hill + half**hill), rel=1e-12)
    assert occupied(1e-300, 1.0, 50.0) == 0.0


def test_receptors_of_one_group_leave_those_of_another_alone(circuit):
    form = {
        str(line) for _, line in lower(circuit.agonist("dopamine", 1, 1, 0.3, target="cortical")).statements()
    }
    assert any(line.startswith("cortex_recurrent.adam.gradient") and "agonist" in line for line in form)
    assert not any(line.startswith("cortex_to_dorsal") and "agonist" in line for line in form)


def test_a_continued_run_goes_on_with_the_clock_of_the_first(circuit):
    changed = circuit.lesion("dopamine", **TIMES)
    first = nr.simulate(changed, decisions=30, seeds=1)
    second = nr.simulate(changed, decisions=40, start_from=first)
    assert not of(first, "dopamine")[20:].any()
    assert of(first, "dopamine")[:20].any()
    assert not of(second, "dopamine")[:20].any()
    assert of(second, "dopamine")[20:].any()


def test_a_run_says_which_interventions_were_on(hurt, circuit, tmp_path):
    told = hurt.provenance["interventions"]
    assert told[0] == "lesion_dopamine: lesion of dopamine by 0.8 from 0.4 s to 1 s"
    assert hurt.recordings.attrs["interventions"] == told
    assert len(told) == 3
    result = nr.simulate(circuit.intervene("depletion"), decisions=4, seeds=1, out=tmp_path / "run")
    assert result.provenance["interventions"] == ["depletion: lesion of dopamine by 0.8"]
    loaded = nr.load_results(tmp_path / "run")
    assert "depletion" in str(loaded.recordings.attrs["interventions"])


def test_hoisting_computes_a_gate_once_and_not_once_a_synapse(circuit):
    form = hoist(lower(circuit.freeze("cortical", **TIMES)))
    line = next(str(line) for _, line in form.statements() if str(line).startswith("cortex_recurrent.w ="))
    assert "(1 - interventions.freeze_cortical)" in line or "1 - freeze_cortical" in line


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Window(0, 10), Window(10, 20), False),
        (Window(0, 11), Window(10, 20), True),
        (Window(5), Window(0, 5), False),
        (Window(), Window(100, 101), True),
        (Window(0, 2, 10), Window(2, 10), False),
        (Window(0, 2, 10), Window(2, 11), True),
        (Window(0, 1, 4), Window(2, 3, 4), False),
        (Window(0, 1, 4), Window(2, 3, 6), True),  # 8, but not before
        (Window(0, 1, 4, 8), Window(2, 3, 6), False),
        (Window(0, 1, 4), Window(1, 2, 6), False),  # one even, one odd
    ],
)
def test_windows_meet_where_a_decision_is_in_both(one, other, expected):
    assert meet(one, other) == meet(other, one) == expected
    assert any(one.on(t) and other.on(t) for t in range(200)) == expected
