"""Recordings on disk as a run goes on: whole files, one after the other, that become one at its end.

An HDF5 file that is open for writing when its process is killed may be unreadable afterwards, all of it. A part is
written beside its final name and put there in one step, so that whatever happens every part that is there is whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.results.replacing import replacing

__all__ = ["COMPRESSION", "Parts", "merge"]

COMPRESSION: dict[str, Any] = {"zlib": True, "complevel": 1, "shuffle": True}
CHUNK = 1 << 20  # bytes of a variable that HDF5 compresses and reads together


class Parts:
    """The parts of a run's recordings, in a folder of their own within its results folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "recordings"

    def path(self, number: int) -> Path:
        """Return the file of the ``number``-th part, counted from 1."""
        return self.folder / f"part-{number:06d}.nc"

    def write(self, number: int, dataset: Any) -> None:
        """Write one part.

        Raises
        ------
        RunError
            If it cannot be written; those before it stay.
        """
        with replacing(self.path(number)) as target:
            self.folder.mkdir(exist_ok=True)
            dataset.to_netcdf(target, encoding=packed(dataset))

    def merge(self, count: int, target: Path) -> None:
        """Write the first ``count`` parts as one file."""
        merge([self.path(number) for number in range(1, count + 1)], target)

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.folder, ignore_errors=True)


def packed(dataset: Any) -> dict[str, Any]:
    """Return how the variables of a dataset are compressed."""
    return {
        str(name): COMPRESSION
        for name, array in dataset.variables.items()
        if array.size and array.ndim and array.dtype.kind in "iufb"
    }


def merge(paths: Sequence[Path], target: Path) -> None:
    """Write parts as one file, holding no more than one part in memory.

    Values follow each other in time; spikes, which have no axis of seeds, by seed and then in time.
    """
    import netCDF4

    lengths: dict[str, list[Any]] = {}  # dimension -> of each part its length, for spikes of each seed
    for source in _opened(paths):
        for dim in source.getncattr("along_time").split():
            lengths.setdefault(dim, []).append(_length(source, dim))
    with closing(netCDF4.Dataset(target, "w", format="NETCDF4")) as whole:
        totals = {dim: int(np.sum(parts)) for dim, parts in lengths.items()}
        for number, source in enumerate(_opened(paths)):
            if number == 0:
                _describe(source, whole, totals)
            for name, variable in source.variables.items():
                grows = next((dim for dim in variable.dimensions if dim in lengths), None)
                if grows is None and number:
                    continue
                values = variable[...]
                for here, there in _places(grows, lengths, number):
                    axis = variable.dimensions.index(grows) if grows else 0
                    front = (slice(None),) * axis
                    if grows is None:
                        whole[name][...] = values
                    elif here.stop > here.start:
                        whole[name][(*front, there)] = values[(*front, here)]


def _opened(paths: Sequence[Path]) -> Iterator[Any]:
    import netCDF4

    for path in paths:
        with closing(netCDF4.Dataset(path)) as source:
            source.set_auto_mask(False)
            source.set_auto_scale(False)
            yield source


def _length(source: Any, dim: str) -> Any:
    """Return the length of a dimension, as an array over seeds for spikes (which are sorted by seed)."""
    if f"{dim}_seed" not in source.variables:
        return np.array([source.dimensions[dim].size])
    fired = source[f"{dim}_seed"][...]
    return np.array([np.count_nonzero(fired == seed) for seed in source["seed"][...]])


def _places(dim: str | None, lengths: dict[str, list[Any]], number: int) -> Iterator[tuple[slice, slice]]:
    """Yield which values of the ``number``-th part stand where in the whole."""
    if dim is None:
        yield slice(0, 0), slice(0, 0)
        return
    table = np.array(lengths[dim])  # (parts, seeds), or one column
    starts = np.concatenate([[0], np.cumsum(table.sum(axis=0))])
    at = 0
    for seed, length in enumerate(table[number]):
        begin = starts[seed] + table[:number, seed].sum()
        yield slice(at, at + length), slice(begin, begin + length)
        at += length


def _describe(source: Any, whole: Any, totals: dict[str, int]) -> None:
    """Make the dimensions, the variables and the attributes of the whole."""
    whole.setncatts({name: source.getncattr(name) for name in source.ncattrs()})
    for name, dimension in source.dimensions.items():
        whole.createDimension(name, totals.get(name, dimension.size))
    for name, variable in source.variables.items():
        attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
        fill = attributes.pop("_FillValue", None)
        shape = [whole.dimensions[dim].size for dim in variable.dimensions]
        how: dict[str, Any] = {}
        if shape and all(shape) and variable.dtype != str:
            how = {**COMPRESSION, "chunksizes": _chunk(variable, shape, totals)}
        made = whole.createVariable(name, variable.dtype, variable.dimensions, fill_value=fill, **how)
        made.setncatts(attributes)
        made.set_auto_mask(False)
        made.set_auto_scale(False)


def _chunk(variable: Any, shape: list[int], totals: dict[str, int]) -> list[int]:
    """Return the shape of a chunk: one seed, all neurons, as many moments as make a chunk."""
    sizes = [
        1 if dim == "seed" and len(shape) > 1 else size
        for dim, size in zip(variable.dimensions, shape, strict=True)
    ]
    row = variable.dtype.itemsize
    for dim, size in zip(variable.dimensions, sizes, strict=True):
        row *= 1 if dim in totals else size
    return [
        max(1, min(size, CHUNK // row)) if dim in totals else size
        for dim, size in zip(variable.dimensions, sizes, strict=True)
    ]
