"""Fit: can this device run this circuit, and its learning rule; if not, what binds, and what would do instead."""

from __future__ import annotations

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.constraints import CONSTRAINTS, findings
from neuro_rtrrl.ledger.fit.extent import extent_of
from neuro_rtrrl.ledger.fit.finding import Finding
from neuro_rtrrl.ledger.fit.placement import Placement
from neuro_rtrrl.ledger.fit.verdict import Substitute, Verdict
from neuro_rtrrl.ledger.latency import Latency
from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile
from neuro_rtrrl.lowering import LoweredCircuit, lower

__all__ = ["CONSTRAINTS", "Finding", "Placement", "Substitute", "Verdict", "fit"]


def fit(
    circuit: Circuit,
    profile: HardwareProfile | str,
    bits: int | None = None,
    search: bool = True,
    lowered: LoweredCircuit | None = None,
    latency: Latency | None = None,
) -> Verdict:
    """Judge whether a circuit, learning included, fits a device.

    Parameters
    ----------
    circuit : Circuit
        Frozen, it is judged as one that is only run.
    profile : HardwareProfile or str
        Or its name.
    bits : int, optional
        Width of every word that the device leaves open; without it what the profile names as usual, else 32.
    search : bool
        Whether to look for the cheapest substitute where it does not fit.
    lowered : LoweredCircuit, optional
        The circuit lowered, where the caller has it: wiring a large one takes a while.
    latency : Latency, optional
        The time of a decision on the device, where the caller has it.

    Raises
    ------
    CircuitError
        If there is no such profile, if ``bits`` is no width, or if the circuit cannot be lowered.
    """
    if bits is not None and not 1 <= bits <= 64:
        raise CircuitError(Problem("a word has 1 to 64 bit", where="--bits", found=str(bits)))
    chip = load_profile(profile) if isinstance(profile, str) else profile
    extent = extent_of(lowered or lower(circuit))
    case = Case(circuit, chip, extent, bits, latency=latency)
    found = findings(case)
    violated = {finding.name for finding in found if finding.status == "violated"}
    cited = dict.fromkeys(source for finding in found for source in finding.sources)
    return Verdict(
        circuit.name,
        chip.name,
        found,
        case.placement,
        _substitute(case, violated) if search and violated else None,
        search,
        {key: chip.sources[key].citation for key in cited},
    )


def _substitute(case: Case, violated: set[str]) -> Substitute | None:
    from neuro_rtrrl.ledger.fit.search import cheapest  # only where something is to be looked for

    return cheapest(case, violated)
