"""A lesion of neurons that a neuromodulator listens to changes the neuromodulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neuro_rtrrl as nr

ROOT = Path(__file__).parents[2]
RELEASE = """
circuit: release
format: 1
timing: {dt: 1 ms, decision_interval: 10 ms}
populations:
  midbrain: {size: 200, neuron: poisson, rate: 100 Hz}
  listener: {size: 1, neuron: poisson, rate: 1 Hz}
neuromodulators:
  dopamine: {source: concentration, population: midbrain, tau: 200 ms}
interventions:
  lesion: {lesion: midbrain, fraction: 0.75, from: 3 s}
record:
  - {variable: dopamine}
"""
QUICK = {"decisions": 600, "seeds": 1, "precision": "float64"}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    file = tmp_path_factory.mktemp("release") / "release.yaml"
    file.write_text(RELEASE)
    return nr.load(file)


def level(circuit):
    return float(nr.simulate(circuit, **QUICK)["dopamine"].sel(decision=slice(200, None)).mean())


def test_dead_dopamine_neurons_release_nothing(release):
    whole, half, none = (level(release.lesion("midbrain", fraction)) for fraction in (0.0, 0.5, 1.0))
    assert whole == pytest.approx(200 * 100 * 0.2, rel=0.05)  # spikes a second times the time of uptake
    assert half == pytest.approx(whole / 2, rel=1e-9)
    assert none == 0


def test_a_timed_lesion_of_them_acts_at_its_time(release):
    control = nr.simulate(release, **QUICK)["dopamine"].values[0]
    found = nr.simulate(release.intervene("lesion"), **QUICK)["dopamine"].values[0]
    assert np.array_equal(found[:300], control[:300])
    np.testing.assert_allclose(found[500:], control[500:] / 4, rtol=0.01)  # ten times of uptake later


def test_without_its_critic_dopamine_is_the_reward():
    circuit = nr.load(ROOT / "circuits" / "bg.yaml", ["populations.cortex.size=8"])
    healthy, lesioned = (
        nr.simulate(each, **QUICK)["dopamine"].values
        for each in (circuit, circuit.lesion("ventral_striatum"))
    )
    assert set(np.unique(lesioned)) <= {-1.0, 0.0, 1.0}, "something of the value is left"
    assert len(np.unique(healthy)) > 50
