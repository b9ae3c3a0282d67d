"""Results as NWB files (Neurodata Without Borders 2; Rübel et al. 2022, eLife 11:e78362), one for each seed.

Everything is simulated: units have no electrodes, and the subject is said to be synthetic.
"""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.formats.needed import needed
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.results.contents import Series, duration, series, spikes
from neuro_rtrrl.results.replacing import replacing
from neuro_rtrrl.results.result import Result

__all__ = ["to_nwb"]

_UNITS = {"volt": "volts", "second": "seconds", "amp": "amperes", "ampere": "amperes", "1": "a.u."}

#: The taxon of what no organism has made; the format wants a species of everything.
_SYNTHETIC = "http://purl.obolibrary.org/obo/NCBITaxon_32630"


def to_nwb(result: Result, path: str | os.PathLike, circuit: Circuit | None = None) -> tuple[Path, ...]:
    """Write NWB files: spikes as units, all else as time series, episodes as trials.

    Of what is recorded less often than it has values (weights, now and then) there is a table under ``analysis``, with
    the columns ``time`` and ``value``.

    Parameters
    ----------
    result : Result
    path : path
        Of the file; with several seeds, ``name.nwb`` becomes ``name-seed3.nwb`` and so on.
    circuit : Circuit, optional
        Its file is kept in ``general/source_script``; by default that of the results folder.

    Returns
    -------
    tuple of Path
        The files, in the order of ``result.seeds``.

    Raises
    ------
    RunError
        If pynwb is not installed, or a file cannot be written.
    """
    pynwb = needed("pynwb", "nwb")
    target, written = Path(path), []
    for seed in result.seeds:
        name = (
            target if len(result.seeds) == 1 else target.with_name(f"{target.stem}-seed{seed}{target.suffix}")
        )
        content = _content(pynwb, result, seed, _document(result, circuit))
        with replacing(name) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as file:
            file.write(content)
        written.append(name)
    return tuple(written)


def _content(pynwb: Any, result: Result, seed: int, document: str | None) -> Any:
    known = result.provenance
    file = pynwb.NWBFile(
        session_description=f"Simulation of the circuit {result.circuit} by neuro-rtrrl, seed {seed}.",
        identifier=str(uuid.uuid4()),
        session_start_time=_start(known.get("start")),
        session_id=f"{result.circuit}-{known.get('circuit_hash', 'unknown')}-seed{seed}",
        keywords=["simulation", "reinforcement learning", "neuro-rtrrl", result.circuit],
        notes=json.dumps({**known, "seed": seed}, default=str),
        source_script=document,
        source_script_file_name="circuit.yaml" if document else None,
        experiment_description=f"Circuit {result.circuit}, {result.decisions} decisions, learning as its file says.",
        subject=pynwb.file.Subject(
            subject_id=f"{result.circuit}-seed{seed}",
            description="A simulated circuit; there was no animal.",
            species=_SYNTHETIC,
            sex="U",
            age="P0D",
        ),
        data_collection="Simulated; no animal and no electrode. Times are model time from the start of the run.",
    )
    for each in series(result, seed).values():
        if len(each.times):
            if max(each.values.shape[1:], default=0) > len(each.times):
                file.add_analysis(_table(each))
            else:
                file.add_acquisition(_time_series(pynwb, each))
    _add_units(pynwb, file, result, seed)
    _add_trials(file, result, seed)
    return file


def _time_series(pynwb: Any, each: Series) -> Any:
    from hdmf.backends.hdf5.h5_utils import H5DataIO

    shape = ", ".join(str(dim) for dim in each.values.dims[1:])
    values = np.asarray(each.values.values)
    return pynwb.TimeSeries(
        name=each.key.replace(".", "_"),
        data=H5DataIO(values, compression="gzip"),  # pyright: ignore[reportCallIssue]
        unit=_UNITS.get(each.units, each.units),
        starting_time=float(each.times[0]),
        rate=1.0 / each.interval,
        description=f"Simulated {each.long_name} ({each.key})"
        + (f"; axes: time, {shape}." if shape else "."),
    )


def _table(each: Series) -> Any:
    """Return a table of moments: readers take the longest axis of a time series for time, which here it is not."""
    from hdmf.common import DynamicTable, VectorData

    shape = ", ".join(str(dim) for dim in each.values.dims[1:])
    unit = _UNITS.get(each.units, each.units)
    told = f"simulated {each.long_name} in {unit}; axes: time, {shape}"
    return DynamicTable(
        name=each.key.replace(".", "_"),
        description=told,
        columns=[
            VectorData(name="time", description="model time in seconds", data=np.asarray(each.times)),
            VectorData(name="value", description=told, data=np.asarray(each.values.values)),
        ],
    )


def _add_units(pynwb: Any, file: Any, result: Result, seed: int) -> None:
    recorded = spikes(result, seed)
    if not recorded:
        return
    told = "simulated neurons, all spikes known: no sorting, no electrodes"
    file.units = pynwb.misc.Units(
        name="units", description=told, resolution=float(result.recordings.attrs["dt"])
    )
    file.add_unit_column("population", "the circuit's population to which the simulated neuron belongs")
    file.add_unit_column("neuron", "index of the neuron in its population, from 0")
    for each in recorded.values():
        for neuron, times in zip(each.recorded, each.trains(), strict=True):
            file.add_unit(
                spike_times=times,
                obs_intervals=[[each.begin, each.end]],
                population=each.population,
                neuron=int(neuron),
            )


def _add_trials(file: Any, result: Result, seed: int) -> None:
    """Write the finished episodes of the task as trials."""
    episodes = result.episodes.of(result.seeds.index(seed))
    if not episodes:
        return
    interval = float(result.recordings.attrs.get("decision_interval", 1.0))
    file.add_trial_column("reward", "sum of rewards of the episode")
    file.add_trial_column("steps", "environment steps of the episode")
    file.add_trial_column("truncated", "whether a time limit cut the episode off")
    begin = duration(result)[0]
    for each in episodes:
        end = (each.end + 1) * interval
        file.add_trial(
            start_time=begin,
            stop_time=end,
            reward=each.total,
            steps=each.length,
            truncated=bool(each.truncated),
        )
        begin = end


def _start(text: Any) -> datetime:
    return datetime.fromisoformat(text) if isinstance(text, str) else datetime.now(UTC)


def _document(result: Result, circuit: Circuit | None) -> str | None:
    if circuit is not None:
        return circuit.document or None
    file = result.folder / "circuit.yaml" if result.folder else None
    return file.read_text(encoding="utf-8") if file is not None and file.exists() else None
