"""Joules and seconds to a criterion: of a study's stored rows, or of one run."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from pathlib import Path

from neuro_rtrrl.cli.output import console, notice, plain, print_json
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.ledger.criterion import Reached, ToCriterion, duration, to_criterion
from neuro_rtrrl.ledger.report import CostReport
from neuro_rtrrl.ledger.side_by_side import words
from neuro_rtrrl.ledger.side_by_side.sheet import parse_profiles
from neuro_rtrrl.ledger.side_by_side.text import notes
from neuro_rtrrl.studies.joules import (
    HEADS,
    RowCost,
    as_csv,
    as_dict,
    as_markdown,
    cells_of,
    explained,
    joules_of,
    require_criterion,
    sheet_of,
)
from neuro_rtrrl.studies.joules_figure import joules_picture
from neuro_rtrrl.studies.kept import TABLE
from neuro_rtrrl.studies.load import Study, load_study
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.study import default_folder

__all__ = ["WINDOW", "reached_in", "run_study_to_criterion", "run_to_criterion", "show_to_criterion"]

WINDOW = 100  # episodes, as the studies have it


def run_study_to_criterion(
    file: str, profiles: str, criterion: float | None, json: bool, csv: bool, out: Path | None
) -> int:
    """Print what a study's rows took to reach the criterion, and write it where that was asked for."""
    from neuro_rtrrl.cli.compare import write_file

    devices = parse_profiles(profiles)
    if not devices:
        raise CircuitError(
            Problem("joules need a profile", "--profiles", hint="--profiles loihi1,spinnaker2")
        )
    study = load_study(file)
    require_criterion(study, criterion)  # first: to run the study without one would be in vain
    costs = joules_of(study, _stored(study), devices, criterion)
    texts: dict[str, str] = {}
    if out is not None:
        document = plain(as_dict(study, costs))
        texts = {
            "joules.md": as_markdown(study, costs),
            "joules.csv": as_csv(study, costs),
            "joules.json": json_format.dumps(document, indent=1, ensure_ascii=False) + "\n",
        }
        for name, text in texts.items():
            write_file(out / name, lambda path, text=text: path.write_text(text, encoding="utf-8"), True)
        write_file(out / "joules.png", lambda path: joules_picture(study.title, costs, path))
    written = [] if out is None else [out / name for name in (*texts, "joules.png")]
    if json:
        print_json({**as_dict(study, costs), "files": [str(path) for path in written]})
    elif csv:
        print(as_csv(study, costs), end="")
    else:
        _show(study, costs, devices)
    if not json:
        for path in written:
            (notice if csv else print)(f"file: {path}")
    return 0


def _stored(study: Study) -> Store:
    folder = default_folder(study)
    if not (folder / "jobs").is_dir() and not (folder / TABLE).is_file():
        there = f"there is neither {folder / 'jobs'} nor {folder / TABLE}"
        message = f"nothing of the study '{study.name}' is stored: {there}"
        hint = f"run it: neuro-rtrrl study {study.path}"
        raise CircuitError(Problem(message, "--study", hint=hint))
    return Store(folder)


def _show(study: Study, costs: Sequence[RowCost], devices) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    if not screen.is_terminal:
        screen.width = max(screen.width, 100)
    screen.print(Text(f"{study.title}: joules to criterion", style="bold"))
    for profile in dict.fromkeys(each.profile for each in costs):
        table = Table(title=profile, title_justify="left", box=None, pad_edge=False)
        table.add_column("row", no_wrap=True)
        for head in HEADS:
            table.add_column(head, justify="center" if head in ("fits", "grade") else "right", no_wrap=True)
        for each in costs:
            if each.profile == profile:
                table.add_row(each.row, *(Text(cell) for cell in cells_of(each)))
        screen.print("")
        screen.print(table)
    screen.print("")
    screen.print(Text(explained(costs), style="dim italic"))
    screen.print("")
    for part in notes(sheet_of(costs, devices)):
        screen.print(part)


def run_to_criterion(report: CostReport, folder: str, criterion: float) -> dict[str, ToCriterion]:
    """Return what a run took on the report's device: ``dense``, and ``effective`` where its activity was recorded."""
    assert report.profile is not None
    assert report.energy is not None
    assert report.latency is not None
    reached = reached_in(folder, report.circuit, criterion)
    interval = report.circuit.timing.decision_interval
    found = {"dense": to_criterion(report.energy, report.latency, reached, interval)}
    if report.effective_energy is not None:
        found["effective"] = to_criterion(report.effective_energy, report.latency, reached, interval)
    return found


def show_to_criterion(screen, learned: dict[str, ToCriterion]) -> None:
    """Print what a run took, in joules and seconds."""
    from rich.text import Text

    dense = learned["dense"]
    reached = dense.reached
    got = sum(each is not None for each in reached.decisions)
    when = "never" if reached.median is None else f"{reached.median:,.0f} decisions"
    head = f"to a return of {reached.criterion:g} on {dense.profile}, the mean of {WINDOW} episodes"
    screen.print(Text(head, style="italic"))
    screen.print(f"  median over seeds: {when} ({got} of {len(reached.decisions)} seeds)")
    for name, each in learned.items():
        band = ", ".join(f"{end} {words.joules(each.joules[end])}" for end in ("low", "high"))
        on = words.joules(each.powered["nominal"])
        label = "every operation counted" if name == "dense" else "as recorded, zeros left out"
        screen.print(f"  {label}: {each.energy_text()} ({band}); switched on all the time: {on}")
    screen.print(
        f"  time: {dense.time_text()} on the device, {duration(dense.model_seconds)} in the circuit's own"
    )
    left = ", ".join(dense.unpriced) or "nothing"
    screen.print(Text(f"  weakest grade {dense.weakest or '-'}; not costed: {left}"))


def reached_in(folder: str, circuit, criterion: float) -> Reached:
    """Return after how many decisions each seed of a run reached a return, the mean of 100 episodes.

    Raises
    ------
    CircuitError
        If it is no results folder, or of another circuit.
    """
    from neuro_rtrrl.results import load_results
    from neuro_rtrrl.studies.scores import reached

    result = load_results(folder, circuit)
    table, found = result.episodes.table, []
    for row in range(len(result.seeds)):
        mine = table.seed == row
        when = reached(table.total[mine], table.end[mine], WINDOW, criterion)
        found.append(when[0] if when else None)
    return Reached(criterion, tuple(found))
