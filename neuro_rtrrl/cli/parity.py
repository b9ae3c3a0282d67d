"""``neuro-rtrrl parity``."""

from __future__ import annotations

from neuro_rtrrl.agreement import ParityReport, parity
from neuro_rtrrl.cli.output import console, notice, number, print_json
from neuro_rtrrl.graph import load_circuit

__all__ = ["run_parity"]


def run_parity(
    file: str,
    settings: list[str],
    interventions: list[str],
    decisions: int,
    seed: int,
    tolerance: float,
    kernel: str,
    json: bool,
    profile: str | None = None,
    bits: list[str] | None = None,
) -> int:
    """Compare the backends; exit code 1 where they part."""
    circuit = load_circuit(file, settings)
    for name in interventions:
        circuit = circuit.intervene(name)
    words = None
    if profile or bits:
        from neuro_rtrrl.ledger.word_lengths import word_lengths

        words = word_lengths(profile, bits or ())
        notice(str(words))
    report = parity(circuit, decisions, seed, tolerance, kernel, notice=notice, words=words)
    if json:
        print_json(report.as_dict())
    else:
        _print(report)
    return 0 if report.agrees else 1


def _print(report: ParityReport) -> None:
    from rich.table import Table

    title = (
        f"JAX ({report.kernel} kernel) and Brian2, float64, {report.decisions} decisions: largest difference"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("variable")
    table.add_column("difference", justify="right")
    parts = any(difference > report.tolerance for difference in report.max_difference.values())
    if parts:
        table.add_column("")
    for name, difference in report.max_difference.items():
        mark = ("PARTS" if difference > report.tolerance else "",) if parts else ()
        table.add_row(name, f"{difference:.2g}", *mark)
    console().print(table)
    if report.by_stretch:
        print(f"synapses were compared every {report.stretch} decisions, all else after each")
    for population, count in report.spikes.items():
        print(f"{population}: {count:,} spikes on both")
    _print_spikes(report)
    parted = report.first_divergence
    if parted is None:
        print(f"The backends agree: nothing differs by more than {report.tolerance:g}.")
    else:
        print(
            f"The backends part at decision {parted.tick} in {parted.variable}: "
            f"{parted.jax!r} on JAX, {parted.brian2!r} on Brian2."
        )


def _print_spikes(report: ParityReport) -> None:
    """Say which spike only one backend has, what there was to see before it, and whether the trains are alike."""
    spike = report.first_spike
    if spike is None:
        return
    from rich.table import Table

    machine = {"jax": "JAX", "brian2": "Brian2"}[spike.fired_on]
    before = f"; {spike.membrane} was {spike.apart:.2g} apart before it" if spike.membrane else ""
    print(
        f"The first spike that differs: neuron {spike.neuron} of {spike.population} fires at {spike.time:.6g} s "
        f"on {machine} only{before}."
    )
    table = Table(title="Spike trains, with standard errors (JAX, Brian2)", title_justify="left")
    for heading in ("population", "rate (Hz)", "variation of intervals", "synchrony", ""):
        table.add_column(heading)
    for population, (jax, brian) in report.statistics.items():
        cells = [
            ", ".join(f"{number(each.value)} ± {number(each.error)}" for each in pair)
            for pair in zip(vars(jax).values(), vars(brian).values(), strict=True)
        ]
        table.add_row(population, *cells, "alike" if jax.agrees(brian) else "DIFFER")
    console().print(table)
