"""The names that scripts use; the command line says the same things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph import Circuit, load_circuit

if TYPE_CHECKING:
    import xarray

    from neuro_rtrrl.agreement import ParityReport
    from neuro_rtrrl.drawing import Picture
    from neuro_rtrrl.ledger import CostReport
    from neuro_rtrrl.ledger.fit import Verdict
    from neuro_rtrrl.ledger.side_by_side.sheet import Sheet
    from neuro_rtrrl.results import Result
    from neuro_rtrrl.studies.study import StudyResult

__all__ = [
    "check",
    "compare",
    "cost",
    "dose_response",
    "draw",
    "fit",
    "load",
    "load_results",
    "parity",
    "simulate",
    "study",
]


def load(path: str | PathLike, overrides: Sequence[str] = ()) -> Circuit:
    """Read and check a circuit file.

    Parameters
    ----------
    path : path
    overrides : sequence of str
        ``"path.to.key=value"``, as the command line's ``--set``.

    Raises
    ------
    CircuitError
        With every problem of the file, located.
    """
    return load_circuit(str(path), overrides)


def check(path: str | PathLike, overrides: Sequence[str] = ()) -> tuple[Problem, ...]:
    """Return every problem of a circuit file; empty if there is none."""
    try:
        load_circuit(str(path), overrides)
    except CircuitError as error:
        return error.problems
    return ()


def simulate(circuit: Circuit | str | PathLike, **options: Any) -> Result:
    """Run a circuit; see :func:`neuro_rtrrl.simulation.simulate` for all options.

    ``start_from`` also takes the folder of an earlier run.
    """
    from neuro_rtrrl.simulation import simulate as run

    circuit = circuit if isinstance(circuit, Circuit) else load(circuit)
    origin = options.get("start_from")
    if isinstance(origin, str | PathLike):
        options["start_from"] = load_results(origin, circuit)
    return run(circuit, **options)


def cost(
    circuit: Circuit | str | PathLike, profile: Any = None, run: Result | str | PathLike | None = None
) -> CostReport:
    """Count what one decision costs and, with a hardware profile, what of it has a price.

    Parameters
    ----------
    circuit : Circuit or path
    profile : str, path or HardwareProfile, optional
    run : Result or path, optional
        A run of ``simulate(circuit, ledger=True)`` or its results folder: then ``report.effective`` counts what its
        zeros left to be done.

    Raises
    ------
    CircuitError
        If the run was of another circuit, or without ``ledger=True``.
    """
    from neuro_rtrrl.ledger import cost as count

    circuit = circuit if isinstance(circuit, Circuit) else load(circuit)
    if run is None:
        return count(circuit, profile)
    from neuro_rtrrl.ledger.activity import activity_of

    return count(circuit, profile, activity=activity_of(run, circuit))


def fit(circuit: Circuit | str | PathLike, profile: Any, bits: int | None = None) -> Verdict:
    """Judge whether a device can run the circuit, learning included; see :func:`neuro_rtrrl.ledger.fit.fit`."""
    from neuro_rtrrl.ledger.fit import fit as judge

    return judge(circuit if isinstance(circuit, Circuit) else load(circuit), profile, bits)


def compare(
    circuits: Circuit | str | PathLike | Sequence[Circuit | str | PathLike],
    profiles: str = "all",
    rules: str = "own,rtrl,bptt:64,diagonal",
) -> Sheet:
    """Set circuits, learning rules and devices side by side.

    Parameters
    ----------
    circuits : Circuit or path, or several
    profiles, rules : str
        As the command line's ``--profiles`` and ``--rules``.

    Returns
    -------
    Sheet
        ``sheet.entries`` has the numbers, ``sheet.sources()`` what was published; ``sheet.save("compare.html")``.

    Raises
    ------
    CircuitError
        If a profile or a rule is unknown.
    """
    from neuro_rtrrl.ledger.side_by_side.rules import parse_rules
    from neuro_rtrrl.ledger.side_by_side.sheet import compare_all, parse_profiles

    given = [circuits] if isinstance(circuits, Circuit | str | PathLike) else list(circuits)
    read = [each if isinstance(each, Circuit) else load(each) for each in given]
    names = [circuit.name for circuit in read]
    unique = [
        name if names.count(name) == 1 else f"{name} {place}" for place, name in enumerate(names, start=1)
    ]
    return compare_all(list(zip(unique, read, strict=True)), parse_rules(rules), parse_profiles(profiles))


def draw(circuit: Circuit | str | PathLike, path: str | PathLike | None = None) -> Picture:
    """Draw the circuit, into an SVG, PNG or PDF file where a path is given; a notebook shows the picture."""
    from neuro_rtrrl.drawing import draw as picture

    return picture(circuit if isinstance(circuit, Circuit) else load(circuit), path)


def parity(circuit: Circuit | str | PathLike, decisions: int = 1000, **options: Any) -> ParityReport:
    """Compare the two backends; see :func:`neuro_rtrrl.agreement.parity`."""
    from neuro_rtrrl.agreement import parity as compare

    return compare(circuit if isinstance(circuit, Circuit) else load(circuit), decisions, **options)


def dose_response(
    circuit: Circuit | str | PathLike,
    drug: str,
    doses: Sequence[float | str],
    measure: Callable[[Circuit], float],
) -> xarray.DataArray:
    """Measure a circuit under several doses of a drug that its file names.

    Parameters
    ----------
    circuit : Circuit or path
    drug : str
        A name under ``interventions``, of an antagonist or an agonist; its receptors and Hill curve stay as they are.
    doses : sequence of float or str
        0 is the circuit without it.
    measure : callable
        What is measured of a circuit, such as the mean return of a run.

    Returns
    -------
    DataArray
        Named ``response``, over ``dose``, with the fraction of receptors that each dose occupies.

    Raises
    ------
    CircuitError
        If the file names no such drug, or a dose does not fit.
    """
    import xarray

    circuit = circuit if isinstance(circuit, Circuit) else load(circuit)
    under = [circuit.with_dose(drug, dose) for dose in doses]  # all are judged before any is run
    occupied = [next((each.occupancy for each in one.events if each.name == drug), 0.0) for one in under]
    coordinates = {"dose": list(doses), "occupancy": ("dose", occupied)}
    return xarray.DataArray([measure(one) for one in under], coordinates, ["dose"], name="response")


def load_results(path: str | PathLike, circuit: Circuit | None = None) -> Result:
    """Read a results folder; with a circuit, check that the weights fit it."""
    from neuro_rtrrl.results import load_results as read

    return read(path, circuit)


def study(
    path: str | PathLike,
    *,
    only: Sequence[str] = (),
    out: str | PathLike | None = None,
    jobs: int = 1,
    anew: bool = False,
    quick: bool = False,
) -> StudyResult:
    """Run a study file and write its table and figure; what has finished before does not run again.

    Parameters
    ----------
    path : path
    only : sequence of str
        Names of the rows to run; all by default.
    out : path, optional
        Folder of the results; by default one beside the file, named as the study.
    jobs : int
        How many jobs run side by side. More than one start processes of their own, which import the script that called:
        it needs the usual ``if __name__ == "__main__":``.
    anew : bool
        Run also what has finished.
    quick : bool
        Run a hundredth of the decisions and one seed, to see that it runs.

    Raises
    ------
    CircuitError
        With every problem of the study file, located.
    RunError
        If results cannot be stored; what becomes of a job that fails stands in ``summary.failed``.
    """
    from neuro_rtrrl.studies.load import load_study
    from neuro_rtrrl.studies.study import run_study

    return run_study(
        load_study(str(path), quick),
        only=only,
        out=None if out is None else str(out),
        processes=jobs,
        anew=anew,
    )
