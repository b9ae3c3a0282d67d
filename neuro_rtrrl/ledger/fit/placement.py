"""Where neurons go on a chip of many cores, each with its synapses, and what then travels between cores.

Neurons are laid out population by population until a core is full. Where that takes several cores, a partitioner tries
(:mod:`neuro_rtrrl.ledger.fit.partition`), and what it finds is kept if fewer messages cross and no core holds more than
it can. The same circuit always goes to the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuro_rtrrl.ledger.fit.extent import Extent
from neuro_rtrrl.ledger.fit.partition import partitions

__all__ = ["Load", "Placement", "Room", "Task", "place"]


@dataclass(frozen=True, eq=False)
class Load:
    """What the neurons of one population take with them: arrays with one entry a neuron."""

    synapses: np.ndarray
    synaptic_bits: np.ndarray
    bits: np.ndarray

    @classmethod
    def of(cls, size: int, synapses: Any, synaptic_bits: Any, neuron_bits: int) -> Load:
        """Return the load of ``size`` neurons; numbers and arrays ``(size,)`` may be mixed."""
        count = np.broadcast_to(np.asarray(synapses, dtype=np.int64), (size,))
        own = np.broadcast_to(np.asarray(synaptic_bits, dtype=np.int64), (size,))
        return cls(count, own, own + neuron_bits)


@dataclass(frozen=True)
class Room:
    """What one core holds; None where that is not known."""

    neurons: float | None = None
    synapses: float | None = None
    synaptic_bits: float | None = None
    bits: float | None = None
    in_axons: float | None = None

    @property
    def known(self) -> bool:
        """Whether anything bounds what goes into a core."""
        return any(value is not None for value in vars(self).values())


@dataclass(frozen=True, eq=False)
class Placement:
    """Which core every neuron is on, and what follows from it.

    Attributes
    ----------
    core : dict
        Population -> core of each neuron, int ``(n,)``.
    cores : int
        How many are used.
    most : dict
        ``neurons``, ``synapses``, ``synaptic_bits``, ``bits``, ``in_axons``, ``out_axons`` -> the most of any core.
    within, across : int
        Messages of rates in a decision: one for each source neuron, core it speaks to, and time it is sent. What the
        environment sends is not among them.
    hops : float or None
        Mean distance of a message between cores in links of the mesh, which is filled row by row; None where the
        mesh is not known or nothing crosses.
    partitioner : str
    """

    core: dict[str, np.ndarray]
    cores: int
    most: dict[str, int]
    within: int
    across: int
    hops: float | None = None
    partitioner: str = "blocks"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form: population → how many neurons on each core it uses."""
        spread = {
            name: {
                str(core): int(count)
                for core, count in zip(*np.unique(cores, return_counts=True), strict=True)
            }
            for name, cores in self.core.items()
        }
        return {
            "cores": self.cores,
            "neurons_by_core": spread,
            "most_of_a_core": self.most,
            "messages_within_cores": self.within,
            "messages_between_cores": self.across,
            "mean_hops": self.hops,
            "partitioner": self.partitioner,
        }


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be placed.

    Attributes
    ----------
    extent : Extent
    loads : mapping
        Population -> what its neurons take; those without a load are not on the device.
    sent : mapping
        Projection -> messages of one source neuron in a decision.
    columns : int, optional
        Of the mesh of cores.
    cores : float, optional
        How many there are: what needs more is not placed any better.
    """

    extent: Extent
    loads: Mapping[str, Load]
    sent: Mapping[str, int]
    columns: int | None = None
    cores: float | None = None


def place(task: Task, room: Room, together: bool = False, refine: bool = True) -> Placement:
    """Put every neuron of the device on a core.

    Parameters
    ----------
    task : Task
    room : Room
    together : bool
        Whether all neurons have to be on one core, whatever it holds.
    refine : bool
        Whether to look for a better placement where one core does not do.
    """
    placed = _measured(task, _blocks(task, Room() if together else room), "blocks")
    if refine and 1 < placed.cores <= (task.cores or placed.cores):
        weights = _weights(task, room)
        for partitioner, core in partitions(task.extent, placed.core, task.sent, weights):
            other = _measured(task, core, partitioner)
            if other.across < placed.across and _holds(other, room):
                return other
    return placed


def _weights(task: Task, room: Room) -> np.ndarray:
    """Return the share of a core that each neuron takes, of whatever it takes the most of."""
    count = sum(len(load.bits) for load in task.loads.values())
    shares = [np.full(count, 1.0 / (room.neurons or count))]
    for what in ("synapses", "synaptic_bits", "bits"):
        most = getattr(room, what)
        if most is not None:
            shares.append(np.concatenate([getattr(load, what) for load in task.loads.values()]) / most)
    return np.max(shares, axis=0)


def _holds(placement: Placement, room: Room) -> bool:
    return all(value is None or placement.most[name] <= value for name, value in vars(room).items())


def _blocks(task: Task, room: Room) -> dict[str, np.ndarray]:
    """Fill one core after the other, in the order of the populations; one neuron at least goes to each."""
    loads = task.loads
    offsets = np.cumsum([0, *(len(load.bits) for load in loads.values())])
    count = int(offsets[-1])
    if not count:
        return {name: np.zeros(0, dtype=np.int64) for name in loads}
    stacked = {"neurons": np.ones(count, dtype=np.int64)}
    for what in ("synapses", "synaptic_bits", "bits"):
        stacked[what] = np.concatenate([getattr(load, what) for load in loads.values()])
    bounded = [(np.cumsum(stacked[w]), v) for w in stacked if (v := getattr(room, w)) is not None]
    core = np.zeros(count, dtype=np.int64)
    start, number, size = 0, 0, count
    while start < count:
        stop = count
        for total, most in bounded:
            before = total[start - 1] if start else 0
            stop = min(stop, int(np.searchsorted(total, before + most, side="right")))
        stop = max(stop, start + 1)
        if room.in_axons is not None:
            stop = min(stop, start + 2 * size)  # a core holds about as many as the one before
            while stop > start + 1 and _listened(task, offsets, start, stop) > room.in_axons:
                stop = start + (stop - start) // 2
            size = stop - start
        core[start:stop] = number
        start, number = stop, number + 1
    return {name: core[offsets[i] : offsets[i + 1]] for i, name in enumerate(loads)}


def _listened(task: Task, offsets: np.ndarray, start: int, stop: int) -> int:
    """Return how many sources the neurons from ``start`` to ``stop`` listen to."""
    heard: dict[str, np.ndarray] = {}
    for i, name in enumerate(task.loads):
        low, high = max(start, offsets[i]) - offsets[i], min(stop, offsets[i + 1]) - offsets[i]
        for projection in task.extent.onto(name) if high > low else ():
            source = task.extent.ends[projection][0]
            mask = task.extent.masks.get(projection)
            reached = (
                np.ones(task.extent.neurons[source], bool) if mask is None else mask[low:high].any(axis=0)
            )
            heard[source] = heard[source] | reached if source in heard else np.asarray(reached)
    return sum(int(each.sum()) for each in heard.values())


def _measured(task: Task, core: dict[str, np.ndarray], partitioner: str) -> Placement:
    """Work out what a placement asks of cores and of the ways between them."""
    extent = task.extent
    cores = 1 + max((int(each.max(initial=-1)) for each in core.values()), default=-1)
    sums = {"neurons": sum(np.bincount(each, minlength=cores) for each in core.values())}
    for what in ("synapses", "synaptic_bits", "bits"):
        sums[what] = sum(
            np.bincount(each, weights=getattr(task.loads[name], what), minlength=cores)
            for name, each in core.items()
        )
    heard: dict[str, np.ndarray] = {}  # source -> (core, neuron): whether the core listens to it
    within = across = distance = 0
    for projection, (source, target) in extent.ends.items():
        if target not in core:
            continue
        reached = _reached(extent, projection, core[target], cores)
        heard[source] = heard[source] | reached if source in heard else reached
        times = task.sent.get(projection, 0)
        if source in core and times:
            home = core[source]
            stay = times * int(reached[home, np.arange(len(home))].sum())
            within += stay
            across += times * int(reached.sum()) - stay
            distance += times * _distance(reached, home, task.columns)
    out = np.zeros(cores, dtype=np.int64)
    for source, reached in heard.items():
        if source in core:
            out += np.bincount(core[source], weights=reached.sum(axis=0), minlength=cores).astype(np.int64)
    sums["in_axons"] = sum(reached.sum(axis=1) for reached in heard.values())
    sums["out_axons"] = out
    most = {what: int(np.max(each, initial=0)) for what, each in sums.items()}
    hops = distance / across if task.columns and across else None
    return Placement(core, cores, most, within, across, hops, partitioner)


def _reached(extent: Extent, projection: str, core: np.ndarray, cores: int) -> np.ndarray:
    """Return which source neurons each core listens to along a projection, bool ``(core, pre)``."""
    source, _ = extent.ends[projection]
    found = np.zeros((cores, extent.neurons[source]), dtype=bool)
    if not len(core):
        return found
    if projection not in extent.masks:
        found[np.unique(core)] = True
        return found
    mask = extent.masks[projection]
    if np.any(np.diff(core) < 0):
        order = np.argsort(core, kind="stable")
        mask, core = mask[order], core[order]
    used, starts = np.unique(core, return_index=True)
    found[used] = np.logical_or.reduceat(mask, starts, axis=0)
    return found


def _distance(reached: np.ndarray, home: np.ndarray, columns: int | None) -> int:
    """Return the links that messages pass, from the neurons' cores to all that listen to them."""
    if not columns:
        return 0
    y, x = np.divmod(home, columns)
    total = 0
    for number in np.flatnonzero(reached.any(axis=1)):
        v, u = divmod(int(number), columns)
        total += int((np.abs(y - v) + np.abs(x - u))[reached[number]].sum())
    return total
