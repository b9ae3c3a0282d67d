"""The circuit of experiments/Izhikevich_2007 against Brian2 written by hand, and its learning against plain loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")

import neuro_rtrrl as nr
from neuro_rtrrl.graph import mask

CIRCUIT = Path(__file__).parents[2] / "experiments" / "Izhikevich_2007" / "circuit.yaml"
SECONDS = 3
STEPS = 30_000  # of a lively run, in ms


def test_mean_rates_are_those_of_the_network_in_brian2():
    """In the first seconds, in which weights have hardly moved; four networks of ours to one of Brian2."""
    brian2 = pytest.importorskip("brian2")
    circuit = nr.load(CIRCUIT, ["record=[{variable: excitatory.spike}, {variable: inhibitory.spike}]"])
    result = nr.simulate(circuit, decisions=100 * SECONDS, seeds=4).recordings
    ours = {
        name: np.bincount(result[f"{name}_spike_seed"].values, minlength=4) / (size * SECONDS)
        for name, size in (("excitatory", 800), ("inhibitory", 200))
    }
    theirs = by_hand(brian2)
    for name, rates in ours.items():
        assert 0.5 < rates.mean() < 20
        assert abs(rates.mean() - theirs[name]) < 0.1 * theirs[name], (name, rates, theirs)


def by_hand(brian2) -> dict[str, float]:
    """Return the mean rates in Hz of the same kind of network, wired anew."""
    brian2.start_scope()
    brian2.seed(7)
    brian2.prefs.codegen.target = "numpy"
    brian2.defaultclock.dt = 1 * brian2.ms
    group = brian2.NeuronGroup(
        1000, "v : 1\nu : 1\ncurrent : 1\na : 1\nd : 1", threshold="v >= 30", reset="v = -65; u += d"
    )
    inhibitory = np.arange(1000) >= 800
    group.v, group.u = -65, -13
    group.a, group.d = np.where(inhibitory, 0.1, 0.02), np.where(inhibitory, 2, 8)
    group.run_regularly(
        """
        given = 140 - u + current + 13*(rand() - 0.5)
        v = v + 0.5*(0.04*v**2 + 5*v + given)
        v = v + 0.5*(0.04*v**2 + 5*v + given)
        u = u + a*(0.2*v - u)
        current = 0
        """,
        dt=1 * brian2.ms,
    )
    excites = brian2.Synapses(group[:800], group, on_pre="current_post += 1", delay=1 * brian2.ms)
    excites.connect(p=0.1)
    inhibits = brian2.Synapses(group[800:], group[:800], on_pre="current_post -= 1", delay=1 * brian2.ms)
    inhibits.connect(p=0.125)
    spikes = brian2.SpikeMonitor(group)
    brian2.Network(group, excites, inhibits, spikes).run(SECONDS * brian2.second)
    excitatory = np.sum(np.asarray(spikes.i) < 800)
    return {
        "excitatory": excitatory / (800 * SECONDS),
        "inhibitory": (spikes.num_spikes - excitatory) / (200 * SECONDS),
    }


def test_the_rewarded_synapse_is_the_only_one_between_the_two_neurons():
    circuit = nr.load(CIRCUIT)
    others = mask(circuit.projections["excitatory_to_excitatory"], 800, 800)
    own = mask(circuit.projections["rewarded"], 800, 800)
    assert others is not None
    assert own is not None
    assert not others[1, 0]
    assert np.argwhere(own).tolist() == [[1, 0]]


@pytest.fixture(scope="module")
def lively_circuit():
    """Return the circuit with neurons that fire often, so that there is much to reward."""
    record = "{variable: rewarded.w, neurons: 1}, {variable: reward}, {variable: dopamine}"
    return nr.load(
        CIRCUIT,
        [
            "populations.excitatory.noise=10 mV",
            "projections.rewarded.weights=2 mV",
            f"record=[{record}, {{variable: excitatory.spike, neurons: 0-1}}]",
        ],
    )


@pytest.fixture(scope="module")
def lively(lively_circuit):
    return nr.simulate(lively_circuit, decisions=STEPS // 10, seeds=1, precision="float64")


def spikes_of(result, neuron: int) -> np.ndarray:
    """Return the steps at which a neuron fired."""
    times = result.recordings["excitatory_spike_time"].values
    return np.round(times[result.recordings["excitatory_spike_neuron"].values == neuron] * 1e3).astype(int)


def test_a_reward_follows_each_coincidence_after_one_to_three_seconds(lively):
    first, second = spikes_of(lively, 0), spikes_of(lively, 1)
    since = np.array([step - first[first < step][-1] if (first < step).any() else 99 for step in second])
    found = second[since < 20]
    reward = lively["reward"].values[0]
    times = np.repeat(np.arange(len(reward)) * 10, reward.astype(int))
    assert len(found) > 10
    assert np.sum(found < STEPS - 3_050) <= len(times) <= np.sum(found < STEPS - 1_000)
    for each in times:  # there is a coincidence that it may belong to
        lags = each - found
        assert ((lags >= 990) & (lags <= 3_030)).any(), each
    assert times.mean() - found[: len(times)].mean() == pytest.approx(2_000, abs=600)


def test_the_weight_is_what_the_published_loop_makes_of_spikes_and_dopamine(lively):
    """Traces of 1 that lose 5 % a step, c in mV with a loss by exp(-0.01) a decision, w from dopamine + 0.002."""
    fired = [set(spikes_of(lively, neuron).tolist()) for neuron in (0, 1)]
    dopamine = lively["dopamine"].values[0]
    before = after = c = 0.0
    w, expected = 2.0, []
    for step in range(STEPS):
        before, after = 0.95 * before, 0.95 * after
        if step - 1 in fired[0]:  # a spike of n1 has arrived
            c -= 0.15 * after
        if step in fired[1]:
            c += 0.1 * before
            after = 1.0
        if step in fired[0]:
            before = 1.0
        if step % 10 == 9:
            w = min(4.0, max(0.0, w + c * (dopamine[step // 10] + 0.002)))
            c *= np.exp(-0.01)
            expected.append(w)
    found = lively["rewarded.w"].values[0, :, 0, 0] * 1e3
    assert np.ptp(found) > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_without_dopamine_rewards_come_and_a_weight_only_creeps(lively, lively_circuit):
    lesioned = lively_circuit.intervene("no_dopamine")
    result = nr.simulate(lesioned, decisions=STEPS // 20, seeds=1, precision="float64")
    assert result["reward"].values.sum() > 3
    assert not result["dopamine"].values.any()
    steps = [np.abs(np.diff(each["rewarded.w"].values[0, :, 0, 0])).max() for each in (result, lively)]
    assert 0 < steps[0] < 0.05 * steps[1]
