"""``neuro-rtrrl plot``."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.cli.output import notice, print_json
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.plot import picture
from neuro_rtrrl.results import load_results

__all__ = ["run_plot"]


def run_plot(results: str, kind: str, seed: int | None, out: Path | None, json: bool) -> int:
    """Draw one figure of a results folder, into that folder unless a file is named."""
    result = load_results(results)
    if result.unfinished:
        notice(
            f"the run in {results} is not finished: its first {result.decisions:,} decisions, flushed last"
        )
    circuit = load_circuit(str(Path(results) / "circuit.yaml")) if kind == "activity" else None
    path = picture(result, kind, out or Path(results) / f"{kind}.png", seed, circuit)
    if json:
        print_json({"pictures": [str(path)]})
    else:
        print(f"wrote {path}")
    return 0
