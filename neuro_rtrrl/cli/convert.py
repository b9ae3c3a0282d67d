"""``neuro-rtrrl convert``."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.cli.output import notice, print_json, unfinished
from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.results import load_results

__all__ = ["run_convert"]


def run_convert(results: str, target: str, out: Path | None, json: bool) -> int:
    """Write a results folder for another tool, beside it unless a place is named."""
    result = load_results(results)
    if result.unfinished:
        notice(unfinished(result, results))
    folder = Path(results)
    for path in _places(out, target, result.seeds):
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            hint = "choose another --out, or remove it first"
            raise CircuitError(Problem(f"{path} is there already", where="--out", hint=hint))
    if target == "csv":
        from neuro_rtrrl.formats import to_csv

        written = to_csv(result, out or folder / "csv")
    elif target == "nwb":
        from neuro_rtrrl.formats import to_nwb

        written = to_nwb(result, out or folder / f"{result.circuit}.nwb")
    else:
        from neuro_rtrrl.formats import save_neo

        written = (save_neo(result, out or folder / f"{result.circuit}.nix"),)
    if json:
        print_json({"written": [str(path) for path in written]})
    else:
        for path in written:
            print(f"wrote {path}")
    return 0


def _places(out: Path | None, target: str, seeds: tuple[int, ...]) -> list[Path]:
    """Return what would be written where a place was named; what lies within the results is made of them, and anew."""
    if out is None:
        return []
    if target == "nwb" and len(seeds) > 1:
        return [out.with_name(f"{out.stem}-seed{seed}{out.suffix}") for seed in seeds]
    return [out]
