"""``neuro-rtrrl verify``: run the gates of assays."""

from __future__ import annotations

import time
from pathlib import Path

from neuro_rtrrl.assays import Assay, Verdict, find_assays, load_assay, verify
from neuro_rtrrl.cli.output import console, notice, print_json
from neuro_rtrrl.errors import CircuitError, Problem, nearest

__all__ = ["run_verify"]

FOLDER = "experiments"


def run_verify(
    chosen: list[str], listed: bool, out: Path | None, json: bool, seeds: int | None = None
) -> int:
    """Run the assays; exit code 1 where a gate does not pass."""
    assays = [load_assay(path) for path in _paths(chosen)]
    if seeds is not None:
        assays = [each.of_seeds(seeds) for each in assays]
    if listed:
        _list(assays, json)
        return 0
    verdicts = []
    for assay in assays:
        began = time.perf_counter()
        verdicts.append(verify(assay, out, notice, keep=seeds is None or out is not None))
        if not json:
            _show(verdicts[-1], time.perf_counter() - began)
    passed = all(verdict.passed for verdict in verdicts)
    if json:
        print_json({"passed": passed, "assays": [verdict.as_dict() for verdict in verdicts]})
    elif len(verdicts) > 1:
        good = sum(verdict.passed for verdict in verdicts)
        print(f"{good} of {len(verdicts)} assays pass")
    return 0 if passed else 1


def _paths(chosen: list[str]) -> list[Path]:
    """Return the files that are meant: paths, or names of assays, files or folders below ``experiments``."""
    found = find_assays(FOLDER)
    if not chosen:
        if not found:
            hint = "name a file: neuro-rtrrl verify my_assay.yaml"
            raise CircuitError(Problem(f"there are no assays below '{FOLDER}'", hint=hint))
        return list(found)
    paths: list[Path] = []
    for name in chosen:
        if name.endswith((".yaml", ".yml")):
            paths.append(Path(name))
            continue
        if Path(name).is_file():
            hint = "name an assay, or a file that ends in .yaml"
            raise CircuitError(Problem(f"{name} is no assay file", found=name, hint=hint))
        meant = [each for each in found if name in (each.stem, each.parent.name)]
        if not meant:
            known = tuple(dict.fromkeys(part for each in found for part in (each.parent.name, each.stem)))
            hint = nearest(name, known) or "a file is named with its ending: my_assay.yaml"
            raise CircuitError(Problem(f"there is no assay '{name}'", found=name, available=known, hint=hint))
        paths += [each for each in meant if each not in paths]
    return paths


def _list(assays: list[Assay], json: bool) -> None:
    if json:
        rows = [
            {"assay": each.name, "file": str(each.path), "title": each.spec.title, "source": each.spec.source}
            for each in assays
        ]
        print_json({"assays": rows})
        return
    from rich.table import Table

    table = Table()
    for head in ("assay", "what it shows", "gates", "controls"):
        table.add_column(head)
    for each in assays:
        controls = ", ".join(each.spec.controls).replace("_", " ")
        table.add_row(each.name, each.spec.title, str(len(each.expectations)), controls)
    console().print(table)


def _show(verdict: Verdict, seconds: float) -> None:
    from rich.table import Table

    table = Table(title=f"{verdict.assay} ({seconds:.0f} s)", title_justify="left")
    table.add_column("")
    table.add_column("expectation")
    table.add_column("holds in", justify="right")
    table.add_column("")
    for gate in verdict.gates:
        intact = gate.variant == "intact"
        due = f"{sum(gate.held)} of {len(gate.held)} seeds"
        what = f"{gate.expectation.replace('_', ' ')}: {gate.text}"
        where = gate.variant.replace("_", " ") if intact else f"{gate.variant.replace('_', ' ')} (must fail)"
        table.add_row(where, what, due, "pass" if gate.passed else "FAIL")
    console().print(table)
    numbers = Table()
    numbers.add_column("measure, mean over seeds")
    for variant in verdict.measures:
        numbers.add_column(variant.replace("_", " "), justify="right")
    for name in next(iter(verdict.measures.values())):
        numbers.add_row(name, *(f"{found[name].mean():.3g}" for found in verdict.measures.values()))
    console().print(numbers)
    for kind, path in (("table", verdict.table), ("figure", verdict.figure)):
        if path is not None:
            print(f"{kind}: {path}")
