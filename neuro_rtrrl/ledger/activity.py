"""What a run has to leave behind so that its zeros can be counted: a start and what came from outside.

A stretch of decisions follows from its first state, what the environment showed, and the numbers of chance. Those are
few, so they are kept instead of every variable of every decision; :mod:`~neuro_rtrrl.ledger.replay` makes the rest.
Noise is not kept: it is a function of the seed and the decision's index. Actions and spikes are, so that a rounding
error can never turn a replay onto another path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit, Recording

__all__ = ["FILE", "LONGEST", "Activity", "ActivityRecorder", "activity_of", "load_activity", "recordings_of"]

FILE = "activity.nc"
LONGEST = 1000  # decisions
MOST_UPDATES = 50_000_000  # of synapses in a stretch: bounds how long its replay takes
_FLAGS = ("reward", "first", "terminated")


class Stretch(Protocol):
    """What a backend hands back; see ``neuro_rtrrl.backends.chunk.Chunk``."""

    @property
    def start(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def reward(self) -> np.ndarray: ...
    @property
    def first(self) -> np.ndarray: ...
    @property
    def terminated(self) -> np.ndarray: ...
    @property
    def records(self) -> Mapping[str, np.ndarray]: ...


@dataclass(frozen=True)
class Activity:
    """A stretch of N decisions of one seed.

    Attributes
    ----------
    circuit : str
        The circuit's hash.
    seed, start : int
        The seed, and the index of the first decision in its streams of noise.
    precision : {"float32", "float64"}
    state : mapping of str to array
        Every lasting variable before the first decision, SI, matrices ``(post, pre)``.
    reward, first, terminated : arrays (N,)
    shown : mapping of str to array
        Key of what a clamped population is shown, or of an actor's choice → (N, n).
    spikes : mapping of str to array
        Key → (N, k, n), bool.
    earlier : mapping of str to array
        Key → (m, n), bool: the last spikes before the first decision, for those that are still on their way.
    """

    circuit: str
    seed: int
    start: int
    precision: str
    state: Mapping[str, np.ndarray]
    reward: np.ndarray
    first: np.ndarray
    terminated: np.ndarray
    shown: Mapping[str, np.ndarray] = field(default_factory=dict)
    spikes: Mapping[str, np.ndarray] = field(default_factory=dict)
    earlier: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def decisions(self) -> int:
        """N."""
        return len(self.reward)

    def save(self, path: Path) -> None:
        """Write one netCDF file."""
        import xarray

        groups = {"state": self.state, "shown": self.shown, "spikes": self.spikes, "earlier": self.earlier}
        groups["flags"] = {name: getattr(self, name) for name in _FLAGS}
        dataset = xarray.Dataset(
            attrs={
                "circuit_hash": self.circuit,
                "seed": self.seed,
                "start": self.start,
                "precision": self.precision,
            }
        )
        for group, values in groups.items():
            for index, (key, value) in enumerate(values.items()):
                array = np.asarray(value)
                name = f"{group}_{index}"
                dims = tuple(f"{name}_{axis}" for axis in range(array.ndim))
                stored = array.astype(np.int8) if array.dtype == bool else array
                dataset[name] = (dims, stored, {"key": key, "group": group})
        packed = {
            str(each): {"zlib": True, "complevel": 4}
            for each, array in dataset.variables.items()
            if array.size and array.ndim
        }
        dataset.to_netcdf(path, encoding=packed)


def load_activity(folder: str | PathLike, circuit: Circuit) -> Activity:
    """Read what ``simulate --ledger`` left in a results folder.

    Raises
    ------
    CircuitError
        If there is nothing of that kind, it cannot be read, or it is of another circuit.
    """
    import xarray

    path = Path(folder) / FILE
    if not path.is_file():
        message = f"there is no record of activity in {folder}"
        raise CircuitError(
            Problem(message, hint="run the circuit with: neuro-rtrrl simulate FILE --ledger --out DIR")
        )
    try:
        stored = xarray.load_dataset(path, decode_times=False, decode_timedelta=False)
        groups: dict[str, dict[str, np.ndarray]] = {}
        for each in stored.data_vars.values():
            groups.setdefault(str(each.attrs["group"]), {})[str(each.attrs["key"])] = each.values
        flags = groups["flags"]
        found = Activity(
            circuit=str(stored.attrs["circuit_hash"]),
            seed=int(stored.attrs["seed"]),
            start=int(stored.attrs["start"]),
            precision=str(stored.attrs["precision"]),
            state=groups.get("state", {}),
            reward=flags["reward"],
            first=flags["first"].astype(bool),
            terminated=flags["terminated"].astype(bool),
            shown=groups.get("shown", {}),
            spikes={key: value.astype(bool) for key, value in groups.get("spikes", {}).items()},
            earlier={key: value.astype(bool) for key, value in groups.get("earlier", {}).items()},
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        message = f"the record of activity in {folder} cannot be read"
        hint = "the file is damaged; run the circuit again with --ledger"
        raise CircuitError(Problem(message, found=f"{type(error).__name__}: {error}", hint=hint)) from error
    return _of_circuit(found, circuit, f"the run in {folder}")


def activity_of(run: Any, circuit: Circuit) -> Activity:
    """Return the activity of a result in memory, or of a results folder.

    Raises
    ------
    CircuitError
        As :func:`load_activity`.
    """
    if isinstance(run, str | PathLike):
        return load_activity(run, circuit)
    found = getattr(run, "activity", None)
    if found is None:
        raise CircuitError(Problem("this run kept no activity", hint="simulate with ledger=True"))
    return _of_circuit(found, circuit, "this run")


def _of_circuit(found: Activity, circuit: Circuit, what: str) -> Activity:
    if found.circuit != circuit.hash:
        hint = "give the circuit of that run, with the same --set, --with and --freeze"
        raise CircuitError(Problem(f"{what} was of another circuit than '{circuit.name}'", hint=hint))
    return found


def recordings_of(circuit: Circuit) -> tuple[Recording, ...]:
    """Return what a backend must record: what populations are shown, what actors choose, all spikes."""
    found: list[Recording] = []
    for name, population in circuit.populations.items():
        model = population.model
        if model.clamped:
            found.append(Recording(name, model.clamps))
        if population.role == "actor" and not model.by_degrees:
            found.append(Recording(name, "chosen"))
        if model.spikes:
            found.append(Recording(name, "spike", every=0))
    return tuple(found)


def _synapses(circuit: Circuit) -> int:
    sizes = {name: population.size for name, population in circuit.populations.items()}
    return sum(sizes[p.source.population] * sizes[p.target.population] for p in circuit.projections.values())


class ActivityRecorder:
    """Keeps the last stretch of a run, or its beginning where that is long.

    Parameters
    ----------
    circuit : Circuit
    seeds : sequence of int
        Of the run; the first one's activity is kept.
    precision : str
    longest : int
        Decisions that are kept at most; fewer of a circuit with many synapses.

    Raises
    ------
    CircuitError
        For a circuit that learns by exact RTRL.
    """

    def __init__(
        self, circuit: Circuit, seeds: Sequence[int], precision: str, longest: int = LONGEST
    ) -> None:
        if any(group.rule.nonlocal_names for group in circuit.plasticity.values()) and not circuit.frozen:
            message = "effective counts follow what neurons and synapses do, and exact RTRL is not local"
            raise CircuitError(Problem(message, hint="run without --ledger; 'cost' counts it in full"))
        self.circuit, self.seed, self.precision = circuit, int(seeds[0]), precision
        updates = max(1, _synapses(circuit)) * circuit.timing.steps
        self.longest = max(1, min(longest, MOST_UPDATES // updates))
        steps = [projection.longest_delay / circuit.timing.dt for projection in circuit.projections.values()]
        self._delay = round(max(steps, default=0))
        self._earlier: dict[str, np.ndarray] = {}
        self._last: dict[str, np.ndarray] = {}
        self.activity: Activity | None = None

    def beside(self, record: Iterable[Recording]) -> tuple[Recording, ...]:
        """Return what a program must record: what somebody asked for, and in full what the activity needs.

        A variable that is asked for in part (some neurons, now and then) is refused: a program keeps it once.

        Raises
        ------
        CircuitError
        """
        mine = {each.key: each for each in recordings_of(self.circuit)}
        for each in record:
            whole = mine.pop(each.key, each)
            if whole != each:
                hint = "record the whole of it, every decision (of spikes, every step), or leave --ledger out"
                message = f"'{each.key}' is recorded in part, and the ledger needs all of it"
                raise CircuitError(Problem(message, where="record", hint=hint))
        return (*record, *mine.values())

    def add(self, before: Mapping[str, np.ndarray], chunk: Stretch) -> None:
        """Take a stretch and the state that it began with; forget the one before."""
        self._earlier = self._last
        count = min(chunk.count, self.longest)
        shown, spikes, last = {}, {}, {}
        for each in recordings_of(self.circuit):
            values = np.asarray(chunk.records[each.key][0])
            if each.variable == "spike":
                spikes[each.key] = np.array(values[:count], dtype=bool)
                train = values.reshape(-1, values.shape[-1])
                if each.key in self._earlier:
                    train = np.concatenate([self._earlier[each.key], train])
                last[each.key] = np.array(train[max(0, len(train) - self._delay) :], dtype=bool)
            else:
                shown[each.key] = np.array(values[:count])
        self._last = last
        self.activity = Activity(
            self.circuit.hash,
            self.seed,
            int(chunk.start),
            self.precision,
            {key: np.array(value[0]) for key, value in before.items()},
            *(np.array(np.asarray(getattr(chunk, name))[0, :count]) for name in _FLAGS),
            shown=shown,
            spikes=spikes,
            earlier=self._earlier,
        )
