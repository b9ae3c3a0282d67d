"""``neuro-rtrrl export``: one function for each target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuro_rtrrl.cli.output import notice, print_json
from neuro_rtrrl.cli.weights import read_weights
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.ledger.profile import load_profile

__all__ = ["TARGETS", "Words", "run_export"]

Report = tuple[dict[str, Any], list[str]]
"""The JSON document, and what a person reads."""


@dataclass(frozen=True)
class Words:
    """What a target in fixed point needs: whose words, which lengths, and the seed of the initial weights."""

    profile: str | None = None
    bits: tuple[str, ...] = ()
    seed: int = 0


def run_export(
    file: str,
    settings: list[str],
    target: str,
    out: Path | None,
    weights: str | None,
    json: bool,
    words: Words = Words(),
) -> int:
    """Write the circuit for another tool or machine."""
    if target != "c" and (words.profile or words.bits):
        given = "--profile" if words.profile else "--bits"
        hint = "leave it out, or write C: --target c"
        raise CircuitError(Problem(f"{given} says what words a chip has; {target} holds no words", hint=hint))
    circuit = load_circuit(file, settings)
    if weights is not None:
        circuit = circuit.with_weights(read_weights(weights, circuit))
    _refuse_existing(out if out is not None else Path(f"{Path(file).stem}{_DEFAULT[target]}"), target)
    document, lines = TARGETS[target](circuit, Path(file).stem, out, words)
    if json:
        print_json({"target": target, **document})
    else:
        print(*lines, sep="\n")
    return 0


_DEFAULT = {"nir": ".nir", "c": "_c"}
_TICK = ("tick.h", "tick.c", "main.c", "Makefile", "README.md")


def _refuse_existing(target: Path, kind: str) -> None:
    """Refuse, before anything is run, to write over what is there."""
    from neuro_rtrrl.exchange.side_file import side_file_of

    files = [target / name for name in _TICK] if kind == "c" else [target, side_file_of(target)]
    for path in files:
        if path.exists():
            hint = f"name another {'folder' if kind == 'c' else 'file'} with --out, or remove it first"
            raise CircuitError(Problem(f"{path} is there already, and is left as it is", hint=hint))


def _nir(circuit: Circuit, stem: str, out: Path | None, words: Words) -> Report:
    from neuro_rtrrl.exchange import export_nir

    written = export_nir(circuit, out if out is not None else Path(f"{stem}.nir"))
    files = [str(written.nir), str(written.side_file)]
    lines = [f"wrote {path}" for path in files]
    if written.cuts:
        lines.append("NIR cannot say all of this circuit; a tool that imports it leaves to you:")
    for cut in written.cuts:
        lines.append(f"  {cut.part}: {cut.missing} ({', '.join(cut.nodes)})")
    cuts = [{"part": cut.part, "nodes": list(cut.nodes), "missing": cut.missing} for cut in written.cuts]
    return {"files": files, "nodes": written.nodes, "cuts": cuts}, lines


def _c(circuit: Circuit, stem: str, out: Path | None, words: Words) -> Report:
    from neuro_rtrrl.deploy import check_exportable, write_sources

    hardware = load_profile(words.profile) if words.profile else None
    whole = bool(words.bits) or (hardware is not None and hardware.arithmetic != "float32")
    check_exportable(circuit, whole)
    point = None
    if whole:
        from neuro_rtrrl.ledger.word_lengths import word_lengths

        lengths = word_lengths(hardware, words.bits)
        from neuro_rtrrl.calibration import calibrate

        notice("running it in float64, to see how large everything becomes ...")
        point = calibrate(circuit, lengths)
    sources = write_sources(circuit, words.seed, point)
    folder = out if out is not None else Path(f"{stem}_c")
    files = [str(path) for path in sources.write(folder)]
    lines = [
        f"wrote {folder}: {', '.join(sources.files)}",
        f"{'whole numbers' if point else 'float32'}, {sources.state_bytes:,} bytes of state, "
        f"{sources.constant_bytes + sources.table_bytes:,} of constants; build it with: make -C {folder}",
    ]
    return {"files": files, **sources.facts()}, lines


TARGETS: dict[str, Callable[[Circuit, str, Path | None, Words], Report]] = {"nir": _nir, "c": _c}
"""Target → what writes it: of a circuit, its file's stem, ``--out`` and the words of a chip."""
