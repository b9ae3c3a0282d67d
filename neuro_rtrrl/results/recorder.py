"""Recordings: from chunks of a run to one labelled dataset.

A tick is labelled with the start of its interval, as Brian2's monitors do: decision ``d`` has the time
``d * decision_interval``, a spike in integration step ``i`` the time ``i * dt``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuro_rtrrl.graph.circuit import Circuit, Recording
from neuro_rtrrl.results.libraries import wait_until_loaded

if TYPE_CHECKING:
    from neuro_rtrrl.backends.chunk import Chunk

__all__ = ["Recorder"]


class Recorder:
    """Keeps the recorded variables of S seeds.

    Parameters
    ----------
    circuit : Circuit
    seeds : sequence of int
    record : iterable of Recording, optional
        What to keep; the circuit's own list by default.
    units : mapping of str to Dimension or str, optional
        Key → physical dimension; what is missing is a pure number.
    """

    def __init__(
        self,
        circuit: Circuit,
        seeds: Sequence[int],
        record: Iterable[Recording] | None = None,
        units: Mapping[str, Any] | None = None,
    ) -> None:
        self.circuit = circuit
        self.seeds = tuple(int(seed) for seed in seeds)
        self.record = tuple(circuit.record if record is None else record)
        self.units = {key: str(value) for key, value in (units or {}).items()}
        self._clocks = _clocks(self.record)
        self.forget()

    def forget(self) -> None:
        """Let go of what was kept: it is safe elsewhere."""
        self._kept: dict[str, list[np.ndarray]] = {each.key: [] for each in self.record}
        self._ticks: dict[str, list[np.ndarray]] = {each.key: [] for each in self.record}
        self.bytes = 0

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk's records: the times and neurons that were asked for, and no others."""
        for each in self.record:
            if each.key not in chunk.records:
                continue
            values = np.asarray(chunk.records[each.key])
            ticks = each.ticks(chunk.start, chunk.count, self.circuit.timing.steps)
            if each.by_step:
                values = values.reshape(len(values), -1, *values.shape[3:])
                first, every = chunk.start * self.circuit.timing.steps, 1
            else:
                rows = each.rows(chunk.start, chunk.count)
                first, every = rows.start, rows.step
            begin, end = ((tick - first) // every for tick in (ticks.start, ticks.stop + every - 1))
            values = values[:, begin : max(begin, end) : ticks.step // every][:, : len(ticks)]
            if each.spikes:
                self._keep(each, *_events(each, values, ticks.start))
            else:  # a copy: a view would keep the whole chunk alive
                self._keep(each, np.array(values), np.asarray(ticks, dtype=np.int64))

    def _keep(self, each: Recording, values: np.ndarray, ticks: np.ndarray) -> None:
        self._kept[each.key].append(values)
        self._ticks[each.key].append(ticks)
        self.bytes += values.nbytes + ticks.nbytes

    # --- the dataset ----------------------------------------------------------------------------------------

    def dataset(self):
        """Return what was kept so far as an ``xarray.Dataset``.

        Dimensions are ``seed``, ``decision`` (with the coordinate ``time``; ``decision_every_<n>`` where only
        each n-th was kept; ``step`` and ``step_every_<n>`` for steps of dt; another window has a number behind) and
        ``<population>_neuron``, ``<population>_post``, ``<population>_pre``. Spikes are ragged:
        ``<population>_spike_time``, ``_spike_neuron`` and ``_spike_seed`` over ``<population>_spike``;
        ``_spike_recorded`` lists the neurons that were looked at. Every variable
        has ``key``, ``units`` and ``long_name``; the attribute ``along_time`` names the dimensions that grow.
        """
        wait_until_loaded()
        import xarray

        dataset = xarray.Dataset(
            coords={"seed": np.asarray(self.seeds, dtype=np.int64)},
            attrs={
                "circuit": self.circuit.name,
                "time": "start of the decision interval or integration step",
                **self.circuit.told,
                "dt": self.circuit.timing.dt,
                "decision_interval": self.circuit.timing.decision_interval,
            },
        )
        grows = {}
        for each in self.record:
            if each.spikes:
                self._write_spikes(dataset, each)
                grows[f"{each.owner}_spike"] = None
            elif self._kept[each.key]:
                self._write(dataset, each)
                grows[self._clocks[each.key]] = None
        dataset.attrs["along_time"] = " ".join(grows)
        return dataset

    def _write(self, dataset, each: Recording) -> None:
        values = np.concatenate(self._kept[each.key], axis=1)
        ticks = np.concatenate(self._ticks[each.key])
        timing, clock = self.circuit.timing, self._clocks[each.key]
        interval = timing.dt if each.by_step else timing.decision_interval
        time = "time" if clock == "decision" else f"{clock}_time"
        if clock not in dataset.coords:
            dataset.coords[clock] = (clock, ticks)
            dataset.coords[time] = (clock, ticks * interval, {"units": "second", "long_name": "model time"})
        dims = ["seed", clock]
        for name, labels in self._axes(each, values.shape[2:]):
            dims.append(_dimension(dataset, name, labels))
        attributes = {
            "key": each.key,
            "units": self.units.get(each.key, "1"),
            "long_name": self._long_name(each),
            **self._protocol_of(each),
        }
        dataset[each.key.replace(".", "_")] = (tuple(dims), values, attributes)

    def _axes(self, each: Recording, shape: tuple[int, ...]) -> list[tuple[str, np.ndarray]]:
        if each.key == "observation" and self.circuit.environment is not None:
            return [("observation_entry", np.asarray(self.circuit.environment.everything, str))]
        projection = self.circuit.projections.get(each.owner)
        if projection is not None and len(shape) == 2:
            names = f"{projection.target.population}_post", f"{projection.source.population}_pre"
        else:
            names = (f"{each.owner}_neuron",) if len(shape) == 1 else ()
            names += tuple(f"{each.owner}_axis_{axis}" for axis in range(len(names), len(shape)))
        labels = [np.arange(size) for size in shape]
        if each.neurons is not None and labels:
            labels[0] = np.asarray(each.neurons)
        return list(zip(names, labels, strict=True))

    def _protocol_of(self, each: Recording) -> dict[str, list[str]]:
        """Return what the numbers of a protocol's observation stand for."""
        protocol = self.circuit.environment.protocol if self.circuit.environment else None
        if each.key != "observation" or protocol is None:
            return {}
        return {
            "stimuli": list(protocol.stimuli),
            "phases": [phase.name for phase in protocol.phases],
            "trial_types": [kind.name for kind in protocol.types],
        }

    def _write_spikes(self, dataset, each: Recording) -> None:
        pairs = [np.zeros((2, 0), np.int32), *self._kept[each.key]]
        seed, neuron = np.concatenate(pairs, axis=1)
        step = np.concatenate([np.zeros(0, np.int64), *self._ticks[each.key]])
        order = np.lexsort((neuron, step, seed))
        times = step[order] * self.circuit.timing.dt
        numbers = np.asarray(self.seeds, dtype=np.int64)[seed[order]]
        name, dim = f"{each.owner}_spike", (f"{each.owner}_spike",)
        label = each.owner.replace("_", " ")
        size = self.circuit.populations[each.owner].size
        key = {"key": each.key, "from": each.begin * self.circuit.timing.dt}
        key |= {} if each.end is None else {"to": each.end * self.circuit.timing.dt}
        recorded = np.arange(size) if each.neurons is None else np.asarray(each.neurons)
        dataset[f"{name}_time"] = (
            dim,
            times,
            {**key, "units": "second", "long_name": f"spike times of {label}"},
        )
        dataset[f"{name}_neuron"] = (dim, neuron[order], {"long_name": f"neuron of {label} that fired"})
        looked_at = {"long_name": f"neurons of {label} whose spikes were recorded"}
        dataset[f"{name}_recorded"] = (f"{name}_recorded", recorded, looked_at)
        dataset[f"{name}_seed"] = (dim, numbers, {"long_name": "seed of the run in which it fired"})

    def _long_name(self, each: Recording) -> str:
        owner = each.owner.replace("_", " ")
        if each.owner in self.circuit.neuromodulators and not each.variable:
            return f"{owner} ({self.circuit.neuromodulators[each.owner].model.name.replace('_', ' ')})"
        if each.owner in self.circuit.populations:
            model = self.circuit.populations[each.owner].model
        elif each.owner in self.circuit.projections:
            model = self.circuit.projections[each.owner].rule
        else:
            return owner
        described = {state.name: state.description for state in model.states}
        described |= {parameter.name: parameter.description for parameter in model.parameters}
        described.setdefault("r", "rate")
        return f"{described.get(each.variable) or each.variable} of {owner}"


def _events(each: Recording, fired: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Return seed and neuron of each spike, shape (2, events), and the integration step in which it was fired."""
    seed, step, neuron = np.nonzero(fired)
    if each.neurons is not None:
        neuron = np.asarray(each.neurons)[neuron]
    return np.stack([seed, neuron]).astype(np.int32), start + step


def _clocks(record: Iterable[Recording]) -> dict[str, str]:
    """Name the dimension of each recording's times: those of one name are the same times, in every stretch."""
    found, windows = {}, {}
    for each in record:
        word, every = ("step", each.stride) if each.by_step else ("decision", max(1, each.every))
        base = word if every == 1 else f"{word}_every_{every}"
        known = windows.setdefault(base, [])
        window = each.begin, each.end
        if not each.spikes and window not in known:
            known.append(window)
        number = known.index(window) if window in known else 0
        found[each.key] = base if number == 0 else f"{base}_{number + 1}"
    return found


def _dimension(dataset, base: str, labels: np.ndarray) -> str:
    """Return a dimension with exactly these labels: ``base``, or ``base_2`` where ``base`` has others."""
    name, number = base, 1
    while name in dataset.coords and not np.array_equal(dataset.coords[name].values, labels):
        number += 1
        name = f"{base}_{number}"
    if name not in dataset.coords:
        dataset.coords[name] = (name, labels)
    return name
