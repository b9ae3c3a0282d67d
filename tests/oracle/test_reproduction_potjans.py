"""Potjans et al. 2011: the mechanisms are there on a short run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neuro_rtrrl as nr

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
POTJANS = EXPERIMENTS / "Potjans_2011" / "circuit.yaml"
NO_FLOOR = ("populations.midbrain.spontaneous=200 Hz", "neuromodulators.dopamine.baseline=20000 Hz")
PUNISHED = "environment.parameters.task=negative"
FEWER = ("populations.cortex.size=25", "projections.position_to_cortex.weights="
         "{grid: {low: [0, 0], high: [4, 4], shape: [5, 5]}}")  # fmt: skip


RECORDED = (
    "record=[{variable: midbrain.rate, neurons: 0, every: step}, {variable: dopamine}, {variable: reward},"
    " {variable: cortex.x, every: step}, {variable: cortex.efficacy, every: step}]"
)


@pytest.fixture(scope="module")
def punished():
    """Twelve decisions of the task in which every step is punished, with the floor and without."""
    found = {}
    for name, overrides in {"floor": (), "no floor": NO_FLOOR}.items():
        circuit = nr.load(POTJANS, [PUNISHED, RECORDED, *FEWER, *overrides])
        found[name] = nr.simulate(circuit, decisions=12, seeds=[0])
    return found


def test_punishment_silences_the_midbrain_and_no_more(punished):
    result = punished["floor"]
    assert (result["reward"].values[0, 2:] == -0.5).all()
    firing = result["midbrain.rate"].values[0].ravel()
    assert firing.min() == 0.0
    assert (firing[800:] == 0).mean() > 0.5
    assert result["dopamine"].values.min() >= -600 / 8000 - 1e-6  # nothing is released: the deepest dip


def test_without_the_floor_punishment_is_told_in_full(punished):
    result = punished["no floor"]
    assert result["midbrain.rate"].values.min() > 0
    assert result["dopamine"].values[0, 4:].mean() == pytest.approx(-0.5, abs=0.15)


def test_a_synapse_is_open_when_its_place_was_just_left(punished):
    result = punished["floor"]
    trace, efficacy = (result[f"cortex.{name}"].values[0].reshape(12, 200, 25) for name in ("x", "efficacy"))
    before, here = (int(np.argmax(trace[decision].mean(axis=0))) for decision in (4, 5))
    assert before != here
    gate = (trace * efficacy)[5].mean(axis=0)
    assert gate[before] > 3 * gate[here]
