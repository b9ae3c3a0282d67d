"""NEST itself runs the experiment whose numbers are stored.

Needs NEST 3 (``pip install nest-simulator``); without it these tests are skipped. To store the numbers that
:mod:`tests.golden.test_nest_stdp_dopamine` holds without it: ``python -m tests.extras.test_nest``.
"""

from __future__ import annotations

import json

import pytest

from tests.golden.nest_experiment import STORED, measure, stored

pytestmark = pytest.mark.extra


def test_nest_still_measures_what_is_stored():
    pytest.importorskip("nest", reason="NEST is not installed")
    found, before = measure(), stored()
    assert found["times"] == before["times"]
    assert found["weights"] == pytest.approx(before["weights"], rel=1e-9)


if __name__ == "__main__":
    STORED.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
