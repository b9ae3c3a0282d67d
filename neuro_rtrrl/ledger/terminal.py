"""The report for a terminal: tables by rich, which is imported only here and only when something is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuro_rtrrl.ledger.tables import Table, format_count
from neuro_rtrrl.units import format_si

if TYPE_CHECKING:
    from rich.console import Group

    from neuro_rtrrl.ledger.energy import Energy
    from neuro_rtrrl.ledger.report import CostReport

__all__ = ["render", "render_table"]


def render(report: CostReport, comparison: bool = False) -> Group:
    """Return the whole report as one rich renderable.

    Parameters
    ----------
    report : CostReport
    comparison : bool
        Whether the table against exact RTRL and BPTT follows.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(f"{report.circuit.name}: {', '.join(report.headline())}", style="bold"), ""]
    for table in report.tables():
        parts += [render_table(table), ""]
    for population, entry in report.per_spike.items():
        parts += [render_table(_per_spike(population, entry)), ""]
    parts += [render_table(_neurobench(report.neurobench)), ""]
    for table in report.effective_tables():
        parts += [render_table(table), ""]
    if report.energy is not None:
        parts += [render_table(_energy(report.energy)), ""]
        if report.unpriced:
            parts += [render_table(_unpriced(report.energy)), ""]
    if report.effective_energy is not None:
        parts += [render_table(_energy(report.effective_energy, "of what the run did, ")), ""]
    if report.latency is not None:
        time = report.latency
        parts += [Text(f"time on {time.profile}, per decision: {time.verdict}: {time.reason}"), ""]
    table = report.comparison() if comparison else None
    if table is not None:
        parts += [render_table(table), ""]
    return Group(*parts[:-1])


def render_table(table: Table) -> Any:
    """Return one table as a rich renderable, its note below it; at no width is a number cut."""
    from rich.console import Group
    from rich.text import Text

    from neuro_rtrrl.ledger.fitted import FittedTable

    drawn = FittedTable(table)
    return Group(drawn, Text(table.note, style="dim italic")) if table.note else drawn


def _per_spike(population: str, entry: dict[str, Any]) -> Table:
    rows = {phase: kinds for phase, kinds in entry["operations"].items() if any(kinds.values())}
    kinds = tuple(
        kind for kind in next(iter(entry["operations"].values())) if any(row[kind] for row in rows.values())
    )
    note = (
        f"at most {format_count(entry['most_spikes'])} spikes a decision, if every neuron fired in every dt"
    )
    return Table(f"for each spike of {population}", "phase", kinds, rows, note=note)


def _neurobench(metrics: dict[str, Any]) -> Table:
    operations = metrics["synaptic_operations"]
    values = {
        "footprint (bytes)": metrics["footprint"],
        "connection sparsity": metrics["connection_sparsity"],
        "activation sparsity": metrics["activation_sparsity"],
        **{f"synaptic operations: {name}": value for name, value in operations.items()},
    }
    rows = {
        name: {
            "value": None if value is None else f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"
        }
        for name, value in values.items()
    }
    return Table(
        "NeuroBench, forward part",
        "metric",
        ("value",),
        rows,
        totalled=False,
        note="; ".join(metrics["notes"]),
    )


def _joules(value: float | None) -> str:
    return "-" if value is None else format_si(value, "J")


def _energy(energy: Energy, what: str = "") -> Table:
    rows: dict[str, dict[str, Any]] = {}
    for item in (*energy.items, *energy.beside):
        label = item.event if item in energy.items else f"beside: {item.event}"
        ends = {end: _joules(getattr(item, end)) for end in ("low", "nominal", "high")}
        rows[label] = {"count": item.count, **ends, "grade": item.grade}
    sums = {"total": (energy.total, energy.weakest)}
    if energy.powered["nominal"] is not None:
        sums["total, switched on all the time"] = (energy.powered, energy.weakest_powered)
    for label, (total, weakest) in sums.items():
        ends = {end: _joules(total[end]) for end in ("low", "nominal", "high")}
        rows[label] = {"count": "", **ends, "grade": weakest or "-"}
    notes = [
        f"total: leaves out {len(energy.unpriced)} kinds of event not costed, and what stands beside; "
        f"weakest grade: {energy.weakest or 'none, nothing has a price'}"
    ]
    events: dict[str, list[str]] = {}
    for item in (*energy.items, *energy.beside):
        events.setdefault(item.note, []).append(item.event)
    notes += [f"{', '.join(names)}: {note}" for note, names in events.items() if note]
    figures: dict[str, list[str]] = {}
    for name, entry in energy.sources().items():
        evidence = f" (evidence: {entry['evidence']})" if entry["evidence"] else ""
        figures.setdefault(f"{entry['citation']}{evidence}", []).append(name.removeprefix("energy."))
    notes += [f"{', '.join(names)}, from: {citation}" for citation, names in figures.items()]
    columns = ("count", "low", "nominal", "high", "grade")
    title = f"energy on {energy.profile}, {what}per decision"
    return Table(title, "event", columns, rows, note="\n".join(notes), totalled=False)


def _unpriced(energy: Energy) -> Table:
    rows = {item.event: {"count": item.count, "why": item.reason} for item in energy.unpriced}
    return Table("not costed", "event", ("count", "why"), rows, totalled=False)
