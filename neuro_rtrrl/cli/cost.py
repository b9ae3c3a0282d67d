"""``neuro-rtrrl cost``."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.cli.output import console, print_json
from neuro_rtrrl.errors import CircuitError, Problem
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
    run: str | None = None,
    freeze: bool = False,
    interventions: tuple[str, ...] = (),
    criterion: float | None = None,
) -> int:
    """Print the ledger of one decision, and with a run's results also what its decisions really took."""
    circuit = load_circuit(file, settings)
    for name in interventions:
        circuit = circuit.intervene(name)
    circuit = circuit.freeze() if freeze else circuit
    if criterion is not None and (run is None or profile is None):
        hint = "--profile spinnaker2 --from RESULTS --criterion 0.9"
        raise CircuitError(
            Problem("a criterion needs a run's learning curves and a profile", "--criterion", hint=hint)
        )
    activity = None
    if run is not None:
        from neuro_rtrrl.ledger.activity import FILE, load_activity

        if criterion is None or (Path(run) / FILE).is_file():  # energy to a criterion needs no activity
            activity = load_activity(run, circuit)
    report = cost(circuit, profile, activity=activity)
    learned = None
    if criterion is not None and run is not None:
        from neuro_rtrrl.cli.criterion import run_to_criterion

        learned = run_to_criterion(report, run, criterion)
    if json:
        document = report.as_dict(steps)
        if learned is not None:
            document["to_criterion"] = {name: each.as_dict() for name, each in learned.items()}
        document["fit"] = None if report.profile is None else _verdict(report).as_dict()
        if explain:
            document["explain"] = report.explain(explain)
        print_json(document)
    elif explain:
        print(report.explain(explain))
    else:
        screen = console()
        screen.print(render(report))
        if report.profile is not None:
            from neuro_rtrrl.cli.fit import print_fit

            screen.print("")
            print_fit(screen, _verdict(report), brief=True)
        if learned is not None:
            from neuro_rtrrl.cli.criterion import show_to_criterion

            screen.print("")
            show_to_criterion(screen, learned)
        if compare:
            _comparison(screen, report, steps)
    return 0


def _verdict(report):
    """Judge the circuit as it is; a substitute is looked for by ``fit``."""
    from neuro_rtrrl.ledger.fit import fit

    return fit(report.circuit, report.profile, search=False, lowered=report.lowered, latency=report.latency)


def _comparison(screen, report, steps: int) -> None:
    table = report.comparison(steps)
    screen.print("")
    screen.print(
        "no recurrent population that learns: nothing to compare" if table is None else render_table(table)
    )
