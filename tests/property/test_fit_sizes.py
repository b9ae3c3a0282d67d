"""A larger chip never takes less, and what it has room for is what the count says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_rtrrl.ledger import load_profile
from neuro_rtrrl.ledger.figure import Figure
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.constraints import findings
from neuro_rtrrl.ledger.fit.extent import extent_of
from neuro_rtrrl.lowering import lower
from tests.golden.worked_fit import worked_fit

ROOM = {
    "cores": st.integers(1, 50),
    "compartments_per_core": st.integers(1, 50),
    "in_axons_per_core": st.integers(20, 60),
    "out_axons_per_core": st.integers(1, 600),
}


@cache
def parts():
    with TemporaryDirectory() as folder:
        circuit = worked_fit(Path(folder))
    extent = extent_of(lower(circuit))
    return circuit, extent


def violated(capacity: dict[str, int]) -> set[str]:
    chip = load_profile("loihi1")
    figures = {
        name: Figure(nominal=float(value), unit="1", grade="P", operating_point="any", source="davies2018")
        for name, value in capacity.items()
    }
    chip = chip.model_copy(update={"capacity": figures})
    circuit, extent = parts()
    found = findings(Case(circuit, chip, extent, timed=False, refined=False))
    return {finding.name for finding in found if finding.status == "violated"}


@given(st.fixed_dictionaries(ROOM), st.sampled_from(["cores", "out_axons_per_core"]), st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_more_room_never_fits_less(capacity, what, more):
    assert violated({**capacity, what: capacity[what] + more}) <= violated(capacity)


@given(st.fixed_dictionaries(ROOM))
@settings(max_examples=20, deadline=None)
def test_neurons_fit_exactly_where_cores_times_neurons_per_core_suffice(capacity):
    needed = 32 + 3  # the readouts; what the environment sets is not on the chip
    fits = capacity["cores"] * capacity["compartments_per_core"] >= needed
    assert ("neurons" in violated(capacity)) == (not fits)
