"""Statistics of spike trains on trains whose statistics are known."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.spike_trains import Statistic, train_statistics

DT, LENGTH, SIZE = 1e-3, 20_000, 50


def events(fired):
    """Turn (steps, neurons) booleans into events in the order of time."""
    return np.nonzero(fired)


def test_independent_random_trains_have_their_rate_variation_one_and_no_synchrony():
    fired = np.random.default_rng(1).random((LENGTH, SIZE)) < 20 * DT
    found = train_statistics(*events(fired), SIZE, DT, LENGTH)
    assert found.rate.value == pytest.approx(fired.sum() / SIZE / (LENGTH * DT))
    assert abs(found.rate.value - 20) < 5 * found.rate.error
    # a geometric interval of mean 1/p has the variation sqrt(1 - p)
    assert found.variation.value == pytest.approx(np.sqrt(1 - 20 * DT), abs=0.01)
    assert found.synchrony.value == pytest.approx(1 / SIZE, rel=0.2)


def test_a_metronome_does_not_vary_and_neurons_in_unison_are_synchronous():
    fired = np.zeros((LENGTH, SIZE), bool)
    fired[::40] = True
    found = train_statistics(*events(fired), SIZE, DT, LENGTH)
    assert found.rate.value == pytest.approx(25)
    assert found.variation.value == pytest.approx(0, abs=1e-9)
    assert found.synchrony.value == pytest.approx(1)


def test_silence_has_a_rate_and_no_other_statistics():
    found = train_statistics(*events(np.zeros((LENGTH, SIZE), bool)), SIZE, DT, LENGTH)
    assert found.rate.value == 0
    assert np.isnan(found.variation.value)
    assert np.isnan(found.synchrony.value)
    assert found.agrees(found)


def test_two_numbers_agree_within_four_standard_errors_of_their_difference():
    one = Statistic(10.0, 0.3)
    assert one.agrees(Statistic(11.9, 0.4))  # 4 times .5 is 2
    assert not one.agrees(Statistic(12.1, 0.4))
    assert not one.agrees(Statistic(float("nan"), 0.1))


def test_trains_of_one_process_agree_and_those_of_another_rate_do_not():
    random = np.random.default_rng(2)
    one, same, other = (
        train_statistics(*events(random.random((LENGTH, SIZE)) < rate * DT), SIZE, DT, LENGTH)
        for rate in (20, 20, 22)
    )
    assert one.agrees(same)
    assert not one.agrees(other)
