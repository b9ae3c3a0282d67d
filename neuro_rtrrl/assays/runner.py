"""Run an assay: every run with every seed, intact and in each control; measure, judge, keep a table and a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.assays.expectations import evaluate
from neuro_rtrrl.assays.load import INTACT, Assay
from neuro_rtrrl.assays.measures import measured
from neuro_rtrrl.assays.program import Program
from neuro_rtrrl.assays.table import made_of, write_table
from neuro_rtrrl.interrupts import whole_runs
from neuro_rtrrl.results import Result
from neuro_rtrrl.results.replacing import replacing
from neuro_rtrrl.simulation import simulate

__all__ = ["Gate", "Verdict", "gates_of", "verify"]


@dataclass(frozen=True)
class Gate:
    """One expectation in one variant.

    Attributes
    ----------
    variant : str
        ``intact``, or a control, in which the expectation must fail.
    held : tuple of bool
        For each seed, whether it held.
    passed : bool
        Whether this is as it should be.
    """

    variant: str
    expectation: str
    text: str
    held: tuple[bool, ...]
    due: int
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """What became of an assay.

    Attributes
    ----------
    measures : mapping
        Variant → measure → array (S,).
    table, figure : Path or None
        The files that were written.
    """

    assay: str
    path: Path
    seeds: tuple[int, ...]
    gates: tuple[Gate, ...]
    measures: Mapping[str, Mapping[str, np.ndarray]]
    table: Path | None = None
    figure: Path | None = None
    results: Mapping[str, Mapping[str, Result]] = field(default_factory=dict, repr=False)

    @property
    def passed(self) -> bool:
        """Whether every expectation holds, and fails where its mechanism is removed."""
        return all(gate.passed for gate in self.gates)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON document of one assay."""
        return {
            "assay": self.assay,
            "file": str(self.path),
            "passed": self.passed,
            "seeds": list(self.seeds),
            "gates": [
                {
                    "variant": gate.variant,
                    "expectation": gate.expectation,
                    "text": gate.text,
                    "held": sum(gate.held),
                    "due": gate.due,
                    "passed": gate.passed,
                }
                for gate in self.gates
            ],
            "measures": {
                variant: {name: [_number(value) for value in values] for name, values in found.items()}
                for variant, found in self.measures.items()
            },
            "table": None if self.table is None else str(self.table),
            "figure": None if self.figure is None else str(self.figure),
        }


def verify(
    assay: Assay,
    out: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
    keep: bool = True,
) -> Verdict:
    """Run an assay and judge it; table and figure are written beside its file, or into ``out``, if they are to be kept.

    Parameters
    ----------
    assay : Assay
    out : path, optional
    progress : callable, optional
        Is told, in a line, what begins.

    Raises
    ------
    CircuitError, RunError
        If a run cannot be made, or the files cannot be written.
    KeyboardInterrupt
        If a run was ended early, by Ctrl-C or a kill: no table is written of parts of runs.
    """
    folder = None if not keep else assay.path.parent if out is None else Path(out)
    if assay.program is not None:
        return _programmed(assay, folder, progress)
    results: dict[str, dict[str, Result]] = {}
    measures: dict[str, dict[str, np.ndarray]] = {}
    for variant, circuits in assay.circuits.items():
        results[variant] = {}
        for run, circuit in circuits.items():
            if progress is not None:
                which = ", ".join(each for each in dict.fromkeys((variant, run)) if each != INTACT) or INTACT
                size = f"{assay.decisions[run]:,} decisions, {len(assay.seeds)} seeds"
                progress(f"{assay.name}: {which.replace('_', ' ')}: {size}")
            with whole_runs():
                results[variant][run] = simulate(
                    circuit, decisions=assay.decisions[run], seeds=assay.seeds, backend=assay.spec.backend
                )
        measures[variant] = {
            name: measured(results[variant][assay.run_of(each)], each, assay.until[assay.run_of(each)])
            for name, each in assay.spec.measures.items()
        }
    verdict = Verdict(
        assay.name, assay.path, assay.seeds, tuple(gates_of(assay, measures)), measures, results=results
    )
    return _kept(assay, verdict, folder)


def _programmed(assay: Assay, folder: Path | None, progress: Callable[[str], None] | None) -> Verdict:
    """Let the assay's program run every variant, and draw them."""
    program = Program(assay)
    runs = {}
    for variant, circuits in assay.circuits.items():
        if progress is not None:
            progress(f"{assay.name}: {variant.replace('_', ' ')}: {len(assay.seeds)} seeds")
        with whole_runs():
            runs[variant] = program.run(next(iter(circuits.values())))
    measures = {variant: numbers for variant, (numbers, _) in runs.items()}
    gates = tuple(gates_of(assay, measures))
    verdict = Verdict(assay.name, assay.path, assay.seeds, gates, measures)
    return _kept(assay, verdict, folder, lambda target: program.draw(runs, target))


def gates_of(assay: Assay, measures: Mapping[str, Mapping[str, np.ndarray]]) -> list[Gate]:
    """Judge measures: variant → measure → array (S,)."""
    gates = []
    for variant, values in measures.items():
        control = assay.spec.controls.get(variant)
        for name, expression in assay.expectations.items():
            if control is not None and name not in control.fails:
                continue
            found = np.broadcast_to(evaluate(expression, values), len(assay.seeds))
            held = tuple(bool(each) for each in found)
            enough = sum(held) >= assay.majority
            text = assay.spec.expect[name]
            gates.append(Gate(variant, name, text, held, assay.majority, enough == (control is None)))
    return gates


def _kept(
    assay: Assay, verdict: Verdict, folder: Path | None, draw: Callable[[Path], None] | None = None
) -> Verdict:
    if folder is None:
        return verdict
    folder.mkdir(parents=True, exist_ok=True)
    stem = assay.path.stem
    table = folder / f"{stem}.csv"
    write_table(table, verdict.seeds, verdict.measures, made_of(assay))
    if draw is None and not assay.spec.figure:
        return Verdict(**{**vars(verdict), "table": table})
    figure = folder / f"{stem}.png"
    with replacing(figure) as target:
        if draw is not None:
            draw(target)
        else:
            from neuro_rtrrl.assays.figure import draw_figure

            draw_figure(assay, verdict, target)
    return Verdict(**{**vars(verdict), "table": table, "figure": figure})


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
