"""``neuro-rtrrl parity``."""

from __future__ import annotations

from neuro_rtrrl.agreement import ParityReport, parity
from neuro_rtrrl.cli.output import console, notice, print_json
from neuro_rtrrl.graph import load_circuit

__all__ = ["run_parity"]


def run_parity(
    file: str,
    settings: list[str],
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
    table.add_column("")
    for name, difference in report.max_difference.items():
        table.add_row(name, f"{difference:.2g}", "" if difference <= report.tolerance else "PARTS")
    console().print(table)
    parted = report.first_divergence
    if parted is None:
        print(f"The backends agree: nothing differs by more than {report.tolerance:g}.")
    else:
        print(
            f"The backends part at decision {parted.tick} in {parted.variable}: "
            f"{parted.jax!r} on JAX, {parted.brian2!r} on Brian2."
        )
