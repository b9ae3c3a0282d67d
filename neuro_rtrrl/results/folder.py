"""The results folder: made before a run starts, filled when it ends, read by ``--from``."""

from __future__ import annotations

import atexit
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem, RunError
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.interventions import with_weights
from neuro_rtrrl.results.episodes import Episodes
from neuro_rtrrl.results.parts import Parts, packed
from neuro_rtrrl.results.provenance import now
from neuro_rtrrl.results.replacing import hint_of, reason_of, replacing
from neuro_rtrrl.results.result import Result
from neuro_rtrrl.results.weights import state_to_dataset

__all__ = ["DEFAULT_BASE", "ResultsFolder", "load_results", "open_recordings"]

DEFAULT_BASE = Path("results")
PLAIN: dict[str, Any] = {"decode_times": False, "decode_timedelta": False}
FORMAT = 1  # of the folder; raised when a reader of the old form would misread the new one


class ResultsFolder:
    """A folder that one run owns. Make it with :meth:`create`, before the run."""

    def __init__(self, path: Path) -> None:
        self.path, self.parts = path, Parts(path)
        self._circuit: Circuit | None = None
        self._units: dict[str, str] = {}

    @classmethod
    def create(cls, path: str | os.PathLike | None, circuit_name: str) -> ResultsFolder:
        """Make the folder, so that a long run cannot fail at its end for want of one.

        Parameters
        ----------
        path : path or None
            None makes ``results/<circuit>-<timestamp>-<n>``.
        circuit_name : str

        Raises
        ------
        CircuitError
            If something is there already.
        RunError
            If it cannot be made or written.
        """
        folder = cls(_new_default(circuit_name) if path is None else _given(Path(path)))
        with folder.writing(
            "summary.json"
        ) as probe:  # shows now, not after an hour, whether one can write here
            probe.write_text(
                json.dumps({"format": FORMAT, "circuit": circuit_name, "finished": False}) + "\n"
            )
        return folder

    def begin(
        self, circuit: Circuit, provenance: Mapping[str, Any], units: Mapping[str, Any] | None = None
    ) -> None:
        """Write the resolved circuit and what is known of the run at its start.

        ``units`` maps keys of variables to their physical dimensions, for what is written later.
        """
        self._circuit, self._units = circuit, {key: str(value) for key, value in (units or {}).items()}
        with self.writing("circuit.yaml") as target:
            target.write_text(circuit.document or f"circuit: {circuit.name}\n", encoding="utf-8")
        own = circuit.environment.own if circuit.environment else None
        if own is not None:  # the task's code belongs to the circuit: what is kept can be run again
            (self.path / own.file).parent.mkdir(parents=True, exist_ok=True)
            with self.writing(own.file) as target:
                target.write_bytes(own.content())
        self._write_json("provenance.json", provenance)

    def checkpoint(self, result: Result, recordings: Any, part: int) -> None:
        """Write a part of the recordings, and where the run stands: what is left of it if it is killed.

        Raises
        ------
        RunError
            If a file cannot be written; what was written before stays as it was.
        """
        self.parts.write(part, recordings)
        self._stand(result, part)

    def salvage(self, result: Result) -> None:
        """Write where a run stood that failed before any of its recordings was on disk: weights and episodes.

        Raises
        ------
        RunError
            If a file cannot be written.
        """
        self._stand(result, 0)

    def _stand(self, result: Result, part: int) -> None:
        self._write_state(result)
        self._write_dataset("episodes.nc", result.episodes.to_dataset())
        self._write_json("summary.json", self._summary(result, finished=False, parts=part))

    def finish(self, result: Result, circuit: Circuit, provenance: Mapping[str, Any], parts: int = 0) -> None:
        """Write everything that the run left: weights first, so that they are safe if the disk fills up.

        ``parts`` says how many parts of the recordings are there, the last one with the end of the run; they become
        one file. Without any, ``result.recordings`` is written.

        Raises
        ------
        RunError
            If a file cannot be written; those before it stay.
        """
        self._circuit = circuit
        self._write_state(result)
        self._write_dataset("episodes.nc", result.episodes.to_dataset())
        if parts:
            with self.writing("recordings.nc") as target:
                self.parts.merge(parts, target)
        else:
            self._write_dataset("recordings.nc", result.recordings)
        self._write_json("provenance.json", {**provenance, "end": now()})
        self._write_json("summary.json", self._summary(result, finished=True))
        self.parts.remove()

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Yield a temporary path that becomes ``name`` when the block ends well; see :func:`replacing`."""
        return replacing(self.path / name)

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        with self.writing(name) as target:
            text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
            target.write_text(text + "\n", encoding="utf-8")

    def _summary(self, result: Result, **more: Any) -> dict[str, Any]:
        return {"format": FORMAT, **more, **result.as_dict(), "results": str(self.path)}

    def _write_state(self, result: Result) -> None:
        assert self._circuit is not None, "begin() comes first"
        state = state_to_dataset(self._circuit, result.seeds, result.state, self._units)
        state.attrs["next_decision"] = result.next_decision  # it may be younger than the summary
        self._write_dataset("weights.nc", state)

    def _write_dataset(self, name: str, dataset) -> None:
        with self.writing(name) as target:
            dataset.to_netcdf(target, encoding=packed(dataset))


def load_results(path: str | os.PathLike, circuit: Circuit | None = None) -> Result:
    """Read a results folder; recordings are read from it when they are looked at.

    Of a run that was killed, that ran out of disk or that still goes on, what it had flushed last is returned, with
    ``unfinished`` set. Of one that failed before it flushed anything that are weights and episodes, and no recordings.

    Parameters
    ----------
    path : path
    circuit : Circuit, optional
        A circuit that is to take the weights: they are checked against it.

    Raises
    ------
    CircuitError
        If it is no results folder, is incomplete or damaged, or its weights do not fit ``circuit``.
    """
    import xarray

    folder = Path(path)
    summary = _summary(folder)
    unfinished = not summary["finished"]
    try:
        read = {name: xarray.load_dataset(folder / f"{name}.nc", **PLAIN) for name in ("weights", "episodes")}
        recordings = (
            _of_parts(folder, int(summary["parts"]))
            if unfinished
            else open_recordings(folder / "recordings.nc")
        )
        provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        stored = read["weights"]
        result = Result(
            circuit=str(summary["circuit"]),
            seeds=tuple(int(seed) for seed in np.atleast_1d(stored["seed"].values)),
            decisions=int(summary["decisions"]),
            episodes=Episodes.from_dataset(read["episodes"]),
            recordings=recordings,
            state={str(each.attrs["key"]): each.values for each in stored.data_vars.values()},
            settable=tuple(
                str(each.attrs["key"]) for each in stored.data_vars.values() if each.attrs["settable"]
            ),
            wall_seconds=float(summary["wall_seconds"]),
            decisions_per_second=float(summary["decisions_per_second"]),
            first_decision_seconds=float(summary["first_decision_seconds"]),
            interrupted=bool(summary["interrupted"]) or unfinished,
            folder=folder,
            provenance=provenance,
            next_decision=int(stored.attrs.get("next_decision", summary["next_decision"])),
            unfinished=unfinished,
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CircuitError(
            Problem(
                f"the results in {folder} cannot be read",
                found=f"{type(error).__name__}: {error}",
                hint="a file is missing or damaged; run the circuit again",
            )
        ) from error
    if circuit is not None:
        _fits(result, circuit, folder)
    return result


def open_recordings(path: Path) -> Any:
    """Return recordings as a dataset that reads from the file what is looked at."""
    import xarray

    return xarray.open_dataset(path, **PLAIN)


def _of_parts(folder: Path, count: int) -> Any:
    """Return the recordings of a run that did not end: its parts as one file, which goes with the process."""
    if not count:
        import xarray

        return xarray.Dataset()
    place = tempfile.mkdtemp(prefix="neuro_rtrrl_")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    whole = Path(place) / "recordings.nc"
    Parts(folder).merge(count, whole)
    return open_recordings(whole)


def _fits(result: Result, circuit: Circuit, folder: Path) -> None:
    try:
        with_weights(circuit, result.of(result.seeds[0]))
    except CircuitError as error:
        head = Problem(
            f"the weights in {folder} (circuit '{result.circuit}') do not fit circuit '{circuit.name}'",
            hint="continue with the circuit of that run, or change only what leaves its populations alone",
        )
        raise CircuitError([head, *error.problems]) from None


def _summary(folder: Path) -> dict[str, Any]:
    def problem(message: str, **details) -> CircuitError:
        return CircuitError(Problem(message, **details))

    if not folder.is_dir():
        missing = "is not a folder" if folder.exists() else "does not exist"
        raise problem(f"{folder} {missing}", hint="give the results folder of an earlier 'simulate'")
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if not isinstance(summary, dict) or "format" not in summary:
            raise ValueError
    except (OSError, ValueError):
        raise problem(
            f"{folder} is no results folder: it holds no readable summary.json",
            hint="give the folder that 'simulate' named at its end",
        ) from None
    if summary["format"] != FORMAT:
        raise problem(
            f"{folder} was written in another format", found=str(summary["format"]), available=(str(FORMAT),)
        )
    if not summary.get("finished") and "parts" not in summary:
        raise problem(
            f"the run in {folder} is not finished; it goes on, or it ended early: nothing recorded was flushed",
            hint="wait for it if it goes on, else run the circuit again",
        )
    return summary


def _new_default(circuit_name: str) -> Path:
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    safe = (
        "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in circuit_name) or "circuit"
    )
    for number in range(1, 10_000):
        path = DEFAULT_BASE / f"{safe}-{stamp}-{number}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if path.exists():
                continue
            raise _unwritable(path, NotADirectoryError(errno.ENOTDIR, "results is not a folder")) from None
        except OSError as error:
            raise _unwritable(path, error) from error
        return path
    raise RunError(Problem(f"no free name for a results folder in {DEFAULT_BASE}"))


def _given(path: Path) -> Path:
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            what = "is a file" if not path.is_dir() else "already holds files"
            raise CircuitError(
                Problem(f"the results folder {path} {what}", hint="choose another --out, or remove it first")
            )
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(
        Problem(f"the results folder {path} cannot be made: {reason_of(error)}", hint=hint_of(error))
    )
