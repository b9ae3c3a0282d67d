"""Results as a Neo block (Garcia et al. 2014, Front. Neuroinform. 8:10): a segment for each seed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.formats.needed import needed
from neuro_rtrrl.results.contents import duration, series, spikes
from neuro_rtrrl.results.replacing import replacing
from neuro_rtrrl.results.result import Result

__all__ = ["save_neo", "to_neo"]

_UNITS = {"volt": "V", "second": "s", "amp": "A", "ampere": "A", "hertz": "Hz", "siemens": "S"}


def to_neo(result: Result) -> Any:
    """Return a ``neo.Block``: spike trains of all recorded neurons, analog signals, episodes as epochs.

    What has more than one axis beside time (weights) becomes one channel for each synapse; the annotation ``shape`` has
    (post, pre). Units are those of the recording; what is a pure number is dimensionless.

    Raises
    ------
    RunError
        If neo is not installed.
    """
    neo, quantities = needed("neo", "neo"), needed("quantities", "neo")
    block = neo.Block(name=result.circuit, **_plain(result.provenance))
    for seed in result.seeds:
        segment = neo.Segment(name=f"seed {seed}", index=seed)
        for each in spikes(result, seed).values():
            for neuron, times in zip(each.recorded, each.trains(), strict=True):
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        times,
                        units="s",
                        t_start=each.begin,
                        t_stop=each.end,
                        name=f"{each.population} {neuron}",
                        population=each.population,
                        neuron=int(neuron),
                    )
                )
        for each in series(result, seed).values():
            values = np.asarray(each.values.values)
            unit = quantities.Quantity(1.0, _UNITS.get(each.units, each.units)) if each.units != "1" else 1.0
            segment.analogsignals.append(
                neo.AnalogSignal(
                    values.reshape(len(values), -1) * unit,
                    units=None if each.units != "1" else "dimensionless",
                    t_start=(float(each.times[0]) if len(each.times) else 0.0) * quantities.s,
                    sampling_period=each.interval * quantities.s,
                    name=each.key,
                    description=each.long_name,
                    shape=values.shape[1:],
                )
            )
        _add_episodes(neo, quantities, segment, result, seed)
        block.segments.append(segment)
    return block


def save_neo(result: Result, path: str | os.PathLike) -> Path:
    """Write :func:`to_neo`'s block as a NIX file (``.nix``), Neo's own format.

    Raises
    ------
    RunError
        If neo or nixio is not installed, or the file cannot be written.
    """
    needed("nixio", "neo")
    io = needed("neo.io", "neo")
    block, final = to_neo(result), Path(path)
    with replacing(final) as temporary:
        file = io.NixIO(str(temporary), "ow")
        try:
            file.write_block(block)
        finally:
            file.close()
    return final


def _add_episodes(neo: Any, quantities: Any, segment: Any, result: Result, seed: int) -> None:
    episodes = result.episodes.of(result.seeds.index(seed))
    if not episodes:
        return
    interval = float(result.recordings.attrs.get("decision_interval", 1.0))
    ends = np.array([(each.end + 1) * interval for each in episodes])
    begins = np.concatenate([[duration(result)[0]], ends[:-1]])
    epoch = neo.Epoch(
        times=begins * quantities.s,
        durations=(ends - begins) * quantities.s,
        labels=np.array([f"episode {number}" for number in range(len(episodes))]),
        name="episodes",
        array_annotations={"return": np.array([each.total for each in episodes])},
    )
    segment.epochs.append(epoch)


def _plain(provenance: Any) -> dict[str, Any]:
    """Return annotations: Neo takes numbers and text."""
    names = ("circuit_hash", "backend", "precision", "kernel", "start", "end", "git_commit")
    return {name: str(provenance[name]) for name in names if provenance.get(name) is not None}
