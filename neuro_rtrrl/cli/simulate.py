"""``neuro-rtrrl simulate``: the live line and the summary."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuro_rtrrl.cli.main import INTERRUPTED
from neuro_rtrrl.cli.output import console, notice, number, print_json
from neuro_rtrrl.cli.start_up import collect_as_usual
from neuro_rtrrl.errors import CircuitError, NeuroRtrrlError, Problem
from neuro_rtrrl.graph import Circuit, load_circuit
from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile
from neuro_rtrrl.ledger.word_lengths import word_lengths
from neuro_rtrrl.lowering.words import WordLengths
from neuro_rtrrl.results import Result, ResultsFolder, load_results
from neuro_rtrrl.results.libraries import load_meanwhile

__all__ = ["run_simulate"]

QUIET = 60.0  # seconds at most between two lines in a log


class _InterruptedError(NeuroRtrrlError):
    exit_code = INTERRUPTED


def run_simulate(
    file: str,
    settings: list[str],
    interventions: list[str],
    json: bool,
    out: str | None,
    start_from: str | None,
    profile: str | None = None,
    quantise: bool = False,
    bits: list[str] | None = None,
    **options: Any,
) -> int:
    """Run the circuit and show what it learned; the heavy imports come after the file is known to be sound."""
    circuit = load_circuit(file, settings)
    for name in interventions:
        circuit = circuit.intervene(name)
    circuit = circuit.freeze() if options.get("freeze") else circuit
    hardware = load_profile(profile) if profile else None
    if quantise or bits:
        options["words"] = word_lengths(hardware, bits or ())
        notice(str(options["words"]))
    origin = load_results(start_from, circuit) if start_from is not None else None
    mine = out is None or not Path(out).exists()
    folder = ResultsFolder.create(_given(out), circuit.name)
    try:
        with _Live() as live:
            from neuro_rtrrl.simulation import simulate

            result = simulate(
                circuit,
                out=folder,
                start_from=origin,
                progress=live.update,
                notice=live.say,
                started=live.begin,
                **options,
            )
    except BaseException as error:
        kept = any(folder.path.glob("*.nc"))
        if not kept:
            _discard(folder, mine, out is None)
        if isinstance(error, KeyboardInterrupt):
            raise _InterruptedError(
                Problem("interrupted before anything was recorded; nothing is kept")
            ) from None
        if kept and not isinstance(error, NeuroRtrrlError):
            notice(f"what was recorded is kept in {folder.path}")
        raise
    if json:
        print_json({**result.as_dict(), **_counted(circuit, result, options)})
    else:
        _summary(circuit, result, hardware, options.get("words"))
    return INTERRUPTED if result.interrupted else 0


def _given(out: str | None) -> str | None:
    if out is not None and not out.strip():
        raise CircuitError(
            Problem("the name of the results folder is empty", hint="leave --out away for a new one")
        )
    return out


def _discard(folder: ResultsFolder, mine: bool, by_default: bool) -> None:
    """Take back the folder of a run that recorded nothing, so that the same command can be given again."""
    with suppress(OSError):
        for name in ("summary.json", "provenance.json", "circuit.yaml"):
            (folder.path / name).unlink(missing_ok=True)
        for own in list(folder.path.rglob("*.py")):  # an environment's code, perhaps in a folder of its own
            own.unlink()
            for parent in list(own.parents)[: len(own.relative_to(folder.path).parents) - 1]:
                parent.rmdir()
        if mine:
            folder.path.rmdir()
        if by_default:  # in results/, which other runs may share: then it is not empty, and stays
            folder.path.parent.rmdir()


class _Live:
    """One line on standard error that tells rate, return and time left; plain lines where it is no terminal."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None
        self._tenth = -1
        self._said = 0.0

    def __enter__(self) -> _Live:
        if sys.stderr is None or not sys.stderr.isatty():
            return self
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
        )
        self._progress = Progress(*columns, console=console(stderr=True), transient=True)
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self) -> None:
        """Say that it has begun: what was asked for can be run."""
        if self._progress is None:
            notice("compiling ...")
        else:
            self._task = self._progress.add_task("compiling ...", total=None, state="")

    def say(self, text: str) -> None:
        """Say a line, above the live one where there is one."""
        if self._progress is None:
            notice(text)
        else:
            with suppress(OSError, ValueError):
                self._progress.console.print(text, markup=False)

    def update(self, now) -> None:
        """Show where the run stands."""
        collect_as_usual()  # the start is over
        if now.done < now.total:
            load_meanwhile()
        text = _state(now)
        if self._progress is not None:
            with suppress(OSError, ValueError):  # a terminal that has gone away ends no run
                self._progress.update(
                    self._task, description="simulating", completed=now.done, total=now.total, state=text
                )
            return
        tenth = 10 * now.done // now.total
        if tenth > self._tenth or now.elapsed > self._said + QUIET:
            self._tenth, self._said = tenth, now.elapsed
            notice(f"{now.done:>9,} of {now.total:,} decisions   {text}".rstrip())


def _state(now) -> str:
    parts = [f"{now.rate:,.0f} decisions/s"] if now.rate else []
    if now.recent_return is not None:
        parts.append(f"return {now.recent_return:.3g}")
    if now.seconds_left is not None:
        minutes, seconds = divmod(int(now.seconds_left + 0.5), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return "   ".join(parts)


def _summary(
    circuit: Circuit, result: Result, hardware: HardwareProfile | None, words: WordLengths | None
) -> None:
    from rich.table import Table

    screen = console()
    state = "interrupted; kept the first" if result.interrupted else "finished"
    seeds = f"{len(result.seeds)} seed{'s' * (len(result.seeds) != 1)}"
    print(
        f"{circuit.name}: {state} {result.decisions:,} decisions, {seeds}, in {result.wall_seconds:.1f} s "
        f"({result.decisions_per_second:,.0f} decisions/s; first after {result.first_decision_seconds:.1f} s)"
    )
    if circuit.environment is not None:
        table = Table(title=f"Learning on {circuit.environment.name}", title_justify="left")
        for heading in ("seed", "episodes", "final return", "best return"):
            table.add_column(heading, justify="right")
        document = result.as_dict()
        rows = zip(
            result.seeds, document["episodes"], document["final_return"], document["best_return"], strict=True
        )
        for seed, episodes, final, best in rows:
            table.add_row(str(seed), f"{episodes:,}", number(final), number(best))
        screen.print(table)
        print("final: episodes that end in the last tenth of the run; best: the best tenth")
    _ledger(circuit, result, screen, hardware, words)
    print(f"files: {result.folder}")
    if result.interrupted:
        print(f"go on from there with: --from {result.folder}")


def _ledger(
    circuit: Circuit,
    result: Result,
    screen: Any,
    hardware: HardwareProfile | None,
    words: WordLengths | None,
) -> None:
    from neuro_rtrrl.ledger import cost, render_table

    report = cost(circuit, hardware, activity=result.activity, words=words)
    print(f"one decision costs: {', '.join(report.headline())}")
    for table in report.effective_tables():
        screen.print("")
        screen.print(render_table(table))


def _counted(circuit: Circuit, result: Result, options: dict[str, Any]) -> dict[str, Any]:
    """Return what ``--ledger`` adds to the JSON document: the ledger of the run, as ``cost`` writes it."""
    if not options.get("ledger"):
        return {}
    from neuro_rtrrl.ledger import cost

    return {"ledger": cost(circuit, activity=result.activity).as_dict()}
