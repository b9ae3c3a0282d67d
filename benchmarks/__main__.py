"""Measure everything: ``python -m benchmarks``; ``--help`` says how much of it, and where the numbers go.

Contestants that are compared run in turns, each in a process of its own that stays warm, pinned to the same core, so
that a machine's noise hits both; what is reported is the ratio of each pair of turns: minimum, median and maximum.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import history, report
from benchmarks.bench import Bench, Job
from benchmarks.growth import growth_jobs
from benchmarks.machine import commit, machine
from benchmarks.memory import TITLE as MEMORY_TITLE
from benchmarks.memory import memory_job
from benchmarks.outcomes import Outcome
from benchmarks.pairs import pair_job
from benchmarks.rows import BATCH_1, BRIAN, GPU, ROWS, SEEDS, SIZE
from benchmarks.start_up import SECTION as START_UP
from benchmarks.start_up import STARTS, start_up_job
from benchmarks.tick import TITLE as TICK_TITLE
from benchmarks.tick import tick_job
from benchmarks.turns import Pool

README = Path(__file__).parent / "README.md"
SECTIONS = (BATCH_1, SEEDS, SIZE, BRIAN, START_UP, GPU)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the options ask for."""
    options = parser().parse_args(arguments)
    console = Console()
    if options.history:
        print(history.moved(history.read()))
        return
    rounds = options.rounds or (2 if options.quick else 7)
    found = {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), "commit": commit(), "machine": machine()}
    with Pool() as pool:
        bench = Bench(
            rounds,
            0.3 if options.quick else 1.0,
            options.core,
            options.only,
            options.quick,
            pool,
            say=lambda _: None,
        )
        interrupted = run(bench, console)
    document = {**found, **as_document(bench), "interrupted": interrupted}
    wide = console if console.is_terminal else Console(width=220)
    wide.print(report.screen(document))
    if options.json:
        options.json.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.picture:
        from benchmarks.picture import draw

        draw(document, options.picture)
    if options.write:
        report.write_into(README, report.markdown(document))
    if not (interrupted or options.quick or options.only):
        history.append(document)
    if interrupted:
        raise SystemExit(130)


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    found = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure speed, growth, memory and start-up against peers that take turns with us.",
    )
    found.add_argument(
        "--rounds", type=positive, metavar="N", help="turns of each pair; 7, or 2 with --quick"
    )
    found.add_argument(
        "--only", default="", metavar="TEXT", help="rows whose name, title or section holds TEXT"
    )
    found.add_argument("--core", type=int, default=0, metavar="N", help="the core that contestants share; 0")
    found.add_argument(
        "--quick", action="store_true", help="short turns, two rounds: an impression, not a result"
    )
    found.add_argument("--json", type=Path, metavar="FILE", help="write the numbers")
    found.add_argument("--picture", type=Path, metavar="FILE", help="draw them (.png, .svg or .pdf)")
    found.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    found.add_argument(
        "--history", action="store_true", help="print how each row moved over the runs; measure nothing"
    )
    return found


def positive(text: str) -> int:
    """Read a whole number above 0."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def jobs(bench: Bench) -> list[Job]:
    """Return what is to be measured, in an order in which neighbours share contestants."""
    found: list[Job] = []
    for section in SECTIONS:
        found += [
            pair_job(row)
            for row in ROWS
            if row.section == section and bench.wants(row.name, row.title, row.peer_title, section)
        ]
        if section == SEEDS and bench.wants(MEMORY_TITLE, SEEDS, "memory_per_seed"):
            found.append(memory_job())
        if section == SIZE:
            found += growth_jobs(bench)
    found += [
        start_up_job(start) for start in STARTS if bench.wants(start.title, START_UP, f"start_{start.name}")
    ]
    if bench.wants(TICK_TITLE, "tick"):
        found.append(tick_job())
    return found


def run(bench: Bench, console: Console) -> bool:
    """Measure everything, showing how far it is; return whether Ctrl-C ended it early."""
    todo = jobs(bench)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bar = shown.add_task("", total=len(todo), detail="")
        bench.say = lambda text: shown.update(bar, detail=text)
        try:
            for index, job in enumerate(todo):
                shown.update(bar, description=job.title, detail="starting")
                bench.pool.keep_only({name for later in todo[index:] for name in later.contestants})
                job.run(bench)
                shown.advance(bar)
        except KeyboardInterrupt:
            console.print("interrupted: what is there so far")
            return True
    return False


def as_document(bench: Bench) -> dict[str, Any]:
    """Return what was found, for JSON."""
    return {
        "format": 1,
        "rounds": bench.rounds,
        "seconds": bench.seconds,
        "quick": bench.quick,
        "rows": [outcome.as_dict() for outcome in sorted(bench.outcomes, key=_section)],
        "growth": bench.growth,
        "tick": bench.tick,
    }


def _section(outcome: Outcome) -> int:
    return SECTIONS.index(outcome.section)


if __name__ == "__main__":
    main()
