"""``neuro-rtrrl cost``."""

from __future__ import annotations

from neuro_rtrrl.cli.output import console, print_json
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import compare_rules, cost, render

__all__ = ["run_cost"]


def run_cost(
    file: str, settings: list[str], profile: str | None, explain: str | None, compare: bool, steps: int, json: bool
) -> int:
    """Print the ledger of one decision."""
    circuit = load_circuit(file, settings)
    report = cost(circuit, profile)
    comparison = compare_rules(circuit, steps) if compare else None
    if json:
        document = report.as_dict()
        if explain:
            document["explain"] = report.explain(explain)
        if comparison is not None:
            document["comparison"] = comparison.as_dict()
        print_json(document)
        return 0
    if explain:
        print(report.explain(explain))
        return 0
    screen = console()
    for part in render(report):
        screen.print(part)
    if comparison is not None:
        for part in render(comparison):
            screen.print(part)
    return 0
