"""``neuro-rtrrl convert``."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.cli.output import notice, print_json
from neuro_rtrrl.results import load_results

__all__ = ["run_convert"]


def run_convert(results: str, target: str, out: Path | None, json: bool) -> int:
    """Write a results folder for another tool, beside it unless a place is named."""
    result = load_results(results)
    if result.unfinished:
        notice(
            f"the run in {results} is not finished: its first {result.decisions:,} decisions, flushed last"
        )
    folder = Path(results)
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
