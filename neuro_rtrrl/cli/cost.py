"""``neuro-rtrrl cost``."""

from __future__ import annotations

from neuro_rtrrl.cli.output import console, print_json
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.ledger import cost, render, render_table

__all__ = ["run_cost"]


def run_cost(
    file: str,
    settings: list[str],
    profile: str | None,
    explain: str | None,
    compare: bool,
    steps: int,
    json: bool,
) -> int:
    """Print the ledger of one decision."""
    report = cost(load_circuit(file, settings), profile)
    if json:
        document = report.as_dict(steps)
        if explain:
            document["explain"] = report.explain(explain)
        print_json(document)
    elif explain:
        print(report.explain(explain))
    else:
        screen = console()
        screen.print(render(report))
        if compare:
            _comparison(screen, report, steps)
    return 0


def _comparison(screen, report, steps: int) -> None:
    table = report.comparison(steps)
    screen.print("")
    screen.print(
        "no recurrent population that learns: nothing to compare" if table is None else render_table(table)
    )
