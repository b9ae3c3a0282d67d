"""``neuro-rtrrl fit``."""

from __future__ import annotations

from neuro_rtrrl.cli.output import console, print_json
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import render_table
from neuro_rtrrl.ledger.fit import Verdict, fit
from neuro_rtrrl.ledger.fit.tables import fit_table, placement_table

__all__ = ["print_fit", "run_fit"]


def run_fit(file: str, settings: list[str], profile: str, bits: int | None, freeze: bool, json: bool) -> int:
    """Judge a circuit on a device; exit code 0 whatever the verdict is."""
    circuit = load_circuit(file, settings)
    verdict = fit(circuit.freeze() if freeze else circuit, profile, bits)
    if json:
        print_json(verdict.as_dict())
    else:
        print_fit(console(), verdict)
    return 0


def print_fit(screen, verdict: Verdict, brief: bool = False) -> None:
    """Print a verdict; ``brief`` leaves out what holds, and the placement."""
    screen.print(render_table(fit_table(verdict, brief)))
    placement = None if brief else placement_table(verdict)
    if placement is not None:
        screen.print("")
        screen.print(render_table(placement))
