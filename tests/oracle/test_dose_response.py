"""The dose–response curve: the drug comes and goes in time, and the Hill curve that is fitted is Hill's."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import neuro_rtrrl as nr

FOLDER = Path(__file__).parents[2] / "experiments" / "Dose_response"


def test_the_antagonist_comes_and_goes_in_the_middle_third_of_the_trials():
    circuit = nr.load(FOLDER / "circuit.yaml").with_dose("antagonist", 100)
    (event,) = circuit.events
    assert event.window is not None
    on = [event.window.on(decision) for decision in range(4 * 1200)]
    assert on == [1600 <= decision < 3200 for decision in range(4 * 1200)]
    assert event.occupancy == pytest.approx(100 / 101)


def test_a_hill_curve_is_found_again_from_its_own_points():
    program = runpy.run_path(str(FOLDER / "reproduction.py"))
    doses = np.array(program["DOSES"])
    made = 0.9 - 0.6 * doses**1.5 / (doses**1.5 + 4.0**1.5)
    found = program["fitted"](made)
    assert found == pytest.approx((0.9, 0.3, 4.0, 1.5, 1.0), rel=1e-3)
    assert program["fitted"](np.full(len(doses), 0.9))[-1] == 0.0
