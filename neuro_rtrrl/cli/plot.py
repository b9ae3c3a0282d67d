"""``neuro-rtrrl plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuro_rtrrl.cli.output import notice, print_json, unfinished
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.plot import picture
from neuro_rtrrl.results import Result, load_results
from neuro_rtrrl.units import UnitError, parse_quantity, unit_dimension

__all__ = ["run_plot"]


def run_plot(
    results: str, kind: str | None, seed: int | None, out: Path | None, json: bool, events: str | None = None
) -> int:
    """Draw one figure of a results folder, into that folder unless a file is named."""
    result = load_results(results)
    if result.unfinished:
        notice(unfinished(result, results))
    kind = kind or _first(result)
    options: dict[str, Any] = {}
    if events is not None:
        if kind != "psth":
            raise CircuitError(
                Problem(f"'{kind}' is not aligned to events", where="--events", available=("psth",))
            )
        options["events"] = _times(result, seed, events)
    circuit = load_circuit(str(Path(results) / "circuit.yaml")) if kind == "activity" else None
    path = picture(result, kind, out or Path(results) / f"{kind}.png", seed, circuit, **options)
    if json:
        print_json({"pictures": [str(path)]})
    else:
        print(f"wrote {path}")
    return 0


def _first(result: Result) -> str:
    """Return the figure for which there is something: spikes, else a modulator, else the returns of episodes."""
    keys = list(result)
    if any(key.endswith(".spike") for key in keys):
        return "raster"
    if "dopamine" in keys:
        return "dopamine"
    return "learning" if len(result.episodes) else "raster"


def _times(result: Result, seed: int | None, text: str) -> list[float]:
    """Return times in seconds, as they are written or as a protocol's trials have them."""
    try:
        quantities = [parse_quantity(each) for each in text.split(",")]
    except UnitError:
        return _of_trials(result, seed, text.strip())
    if any(each.dimension != unit_dimension("second") for each in quantities):
        message, hint = "events are times with their unit", 'write --events "1 s, 2.5 s"'
        raise CircuitError(Problem(message, where="--events", found=text, hint=hint))
    return [each.value for each in quantities]


def _of_trials(result: Result, seed: int | None, name: str) -> list[float]:
    """Return when a protocol's trials began, or a stimulus or reward in them."""
    try:
        table = result.trials
    except CircuitError as error:
        hint = (
            'write times, --events "1 s, 2.5 s"; names are those of a protocol\'s stimuli, reward and trial'
        )
        first = error.problems[0]
        raise CircuitError(Problem(first.message, where="--events", found=name, hint=hint)) from None
    table = table[table["seed"] == (result.seeds[0] if seed is None else seed)]
    after = {"trial": 0.0, "reward": table["reward_time"]}
    known = ("seed", "trial", "phase", "type", "start", "time", "decisions", "reward", "reward_time")
    after |= {column: table[column] for column in table.columns if column not in known}
    if name not in after:
        raise CircuitError(
            Problem(f"there is no event '{name}'", where="--events", found=name, available=tuple(after))
        )
    return (table["time"] + after[name]).dropna().tolist()
