"""``neuro-rtrrl compare``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from neuro_rtrrl.cli.output import console, notice, print_json
from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.ledger.side_by_side.rules import parse_rules
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet, compare_all, parse_profiles
from neuro_rtrrl.ledger.side_by_side.text import as_csv, render_sheet
from neuro_rtrrl.results.replacing import hint_of, reason_of, replacing

__all__ = ["run_compare", "write_file"]

WIDTH = 100  # columns that the table needs


def run_compare(
    files: list[str],
    settings: list[str],
    profiles: str,
    rules: str,
    study: str | None,
    criterion: float | None,
    json: bool,
    csv: bool,
    html: Path | None,
    out: Path | None,
) -> int:
    """Print the comparison, and write what was asked for."""
    if json and csv:
        raise CircuitError(
            Problem("--json and --csv both want standard output", hint="--out DIR writes both")
        )
    if study is not None:
        from neuro_rtrrl.cli.criterion import run_study_to_criterion

        if files or settings or html is not None:
            message = "a study is compared by itself"
            raise CircuitError(Problem(message, "--study", hint="leave out circuits, --set and --html"))
        return run_study_to_criterion(study, profiles, criterion, json, csv, out)
    if not files:
        raise CircuitError(Problem("no circuit to compare", hint="neuro-rtrrl compare circuits/bg.yaml"))
    if criterion is not None:
        hint = "with --study, or: neuro-rtrrl cost FILE --profile NAME --from RESULTS --criterion 0.9"
        raise CircuitError(Problem("a criterion needs learning curves", "--criterion", hint=hint))
    chosen, devices = parse_rules(rules), parse_profiles(profiles)
    sheet = compare_all(_named(files, settings), chosen, devices)
    written = _write(sheet, html, out)
    if json:
        print_json({**sheet.as_dict(), "files": [str(path) for path in written]})
    elif csv:
        print(as_csv(sheet), end="")
    else:
        screen = console()
        if not screen.is_terminal:  # a file has room for the whole table
            screen.width = max(screen.width, WIDTH)
        screen.print(render_sheet(sheet))
    if not json:
        for path in written:
            (notice if csv else print)(f"file: {path}")
    return 0


def _named(files: list[str], settings: list[str]) -> list[tuple[str, Circuit]]:
    """Return the circuits by the names of their files; where two share one, by their paths."""
    problems: list[Problem] = []
    found: list[tuple[str, Circuit]] = []
    for file in dict.fromkeys(files):
        try:
            found.append((file, load_circuit(file, settings)))
        except CircuitError as error:
            problems += error.problems
    if problems:
        raise CircuitError(problems)
    stems = [Path(file).stem for file, _ in found]
    return [
        (stem if stems.count(stem) == 1 else file, circuit)
        for stem, (file, circuit) in zip(stems, found, strict=True)
    ]


def _write(sheet: Sheet, html: Path | None, out: Path | None) -> list[Path]:
    files = {} if html is None else {html: ".html"}
    if out is not None:
        files |= {out / f"compare{ending}": ending for ending in (".html", ".csv", ".json", ".svg")}
    for path, ending in files.items():
        # a page may have any name: the form is that of the option
        write_file(
            path,
            lambda target, ending=ending: _save(sheet, target, ending),
            make_folder=out is not None,
            option="--html" if path == html else "--out",
        )
    return list(files)


def _save(sheet: Sheet, target: Path, ending: str) -> None:
    if ending == ".html":
        from neuro_rtrrl.ledger.side_by_side.page import page_of

        target.write_text(page_of(sheet), encoding="utf-8")
    else:
        sheet.save(target)


def write_file(
    path: Path, write: Callable[[Path], object], make_folder: bool = False, option: str = "--out"
) -> None:
    """Write a file whole or not at all; ``option`` is what named it.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as target:
            write(target)
    except OSError as error:
        hint = hint_of(error).replace("--out", option)
        raise RunError(Problem(f"{path} could not be written: {reason_of(error)}", hint=hint)) from error
    except RunError as error:
        problems = [
            replace(problem, hint=problem.hint.replace("--out", option)) for problem in error.problems
        ]
        raise RunError(problems) from error
