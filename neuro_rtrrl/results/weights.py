"""Learned weights as a mapping, and a run's lasting state as named arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from neuro_rtrrl.graph.circuit import Circuit

__all__ = ["Weights", "settable", "state_to_dataset"]


class Weights(Mapping[str, np.ndarray]):
    """Key (``projection.w``, ``population.parameter``) → array, as ``Circuit.with_weights`` takes it.

    Parameters
    ----------
    arrays : mapping of str to array
        SI; matrices ``(post, pre)``.
    seed : int, optional
        The seed that learned them.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], seed: int | None = None) -> None:
        self._arrays = {key: np.asarray(value) for key, value in arrays.items()}
        self.seed = seed

    def __getitem__(self, key: str) -> np.ndarray:
        return self._arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        origin = "" if self.seed is None else f" of seed {self.seed}"
        lines = [f"<Weights{origin}: {len(self)} arrays>"]
        width = max((len(key) for key in self), default=0)
        for key, value in self.items():
            lines.append(f"  {key:<{width}}  {' × '.join(map(str, value.shape)) or 'scalar'}")
        return "\n".join(lines)


def settable(circuit: Circuit, keys: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``keys`` that are weights or neuron parameters, which another run can start from."""
    weights = {f"{name}.w" for name, each in circuit.projections.items() if each.transpose_of is None}
    parameters = {
        f"{population.name}.{parameter}"
        for population in circuit.populations.values()
        for parameter in population.parameters
    }
    return tuple(key for key in keys if key in weights | parameters)


def state_to_dataset(
    circuit: Circuit,
    seeds: Sequence[int],
    state: Mapping[str, np.ndarray],
    units: Mapping[str, str] | None = None,
):
    """Return every lasting variable as an ``xarray.Dataset``.

    Names have underscores for dots; the attribute ``key`` keeps the real one, ``settable`` says (1 or 0)
    whether another run can start from it. Dimensions are ``seed``, then ``<population>_neuron`` or
    ``<population>_post``, ``<population>_pre``.
    """
    import xarray

    units = units or {}
    chosen = set(settable(circuit, tuple(state)))
    dataset = xarray.Dataset(coords={"seed": np.asarray(seeds, dtype=np.int64)})
    for key, value in state.items():
        name = _free_name(key, dataset)
        array = np.asarray(value)
        dims = ("seed", *_dimensions(circuit, key, array))
        attributes = {"key": key, "settable": int(key in chosen), "units": str(units.get(key, "1"))}
        dataset[name] = (dims, array, attributes)
    return dataset


def _free_name(key: str, taken) -> str:
    name = key.replace(".", "_")
    while name in taken:
        name += "_"
    return name


def _dimensions(circuit: Circuit, key: str, array: np.ndarray) -> tuple[str, ...]:
    owner, shape = key.split(".")[0], array.shape[1:]
    if owner in circuit.projections and len(shape) == 2:
        projection = circuit.projections[owner]
        return f"{projection.target.population}_post", f"{projection.source.population}_pre"
    if owner in circuit.populations and len(shape) == 1:
        return (f"{owner}_neuron",)
    return tuple(f"{key.replace('.', '_')}_{axis}" for axis in range(len(shape)))
