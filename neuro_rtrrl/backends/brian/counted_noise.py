"""The project's streams of noise in C++: a stand-alone program draws the numbers that all backends share.

Every number is a function of (seed, name, step, neuron); see :mod:`neuro_rtrrl.randomness`. So noise needs no
memory and no file, however long a run is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Function

from neuro_rtrrl.backends.brian.groups import Groups
from neuro_rtrrl.lowering import Space
from neuro_rtrrl.randomness import Stream, stream_key

__all__ = ["COUNTED_UNIFORM", "CountedGroups", "stream_values"]

# Threefry-2x32 with 20 rounds (Salmon et al. 2011), as in randomness.py: the child of the stream's key at a
# step is a key, of which word i is the child i with both halves combined; 24 bits of it are the number.
_CPP = """
static inline void _threefry(const uint32_t* key, const uint32_t counter, uint32_t* word)
{
    const uint32_t schedule[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu};
    const int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    uint32_t first = schedule[0], second = counter + schedule[1];
    for (int group = 0; group < 5; group++)
    {
        for (int round = 0; round < 4; round++)
        {
            const int turn = rotations[group % 2][round];
            first += second;
            second = ((second << turn) | (second >> (32 - turn))) ^ first;
        }
        first += schedule[(group + 1) % 3];
        second += schedule[(group + 2) % 3] + (uint32_t)(group + 1);
    }
    word[0] = first;
    word[1] = second;
}
static inline double _counted_uniform(const int32_t high, const int32_t low, const int64_t step, const int32_t index)
{
    const uint32_t stream[2] = {(uint32_t)high, (uint32_t)low};
    uint32_t child[2], word[2];
    _threefry(stream, (uint32_t)step, child);
    _threefry(child, (uint32_t)index, word);
    return (double)((word[0] ^ word[1]) >> 8) / 16777216.0;
}
"""


def _elsewhere(*arguments: Any) -> Any:
    raise NotImplementedError("counted_uniform is for C++; elsewhere noise comes from environments.streams")


COUNTED_UNIFORM = Function(
    _elsewhere, arg_units=[1, 1, 1, 1], arg_types=["integer"] * 4, return_type="float", return_unit=1
)
COUNTED_UNIFORM.implementations.add_implementation("cpp", code=_CPP, name="_counted_uniform")

_PARTS = ("stream_high", "stream_low", "first_step")


class CountedGroups(Groups):
    """Groups whose noise is an expression of step and neuron, not an array that is filled from outside."""

    def _noise_lines(self, key: str, space: Space) -> list[str]:
        names = self.names[space.name]
        high, low, first = (names[f"{key}.{part}"] for part in _PARTS)
        number = f"counted_uniform({high}, {low}, t_in_timesteps + {first}, i)"
        shared = [f"{name} : integer (shared)" for name in (high, low, first)]
        return [f"{names[key]} = {number} : 1", *shared]

    def _connect_names(self, group: Any, name: str) -> None:
        group.namespace["counted_uniform"] = COUNTED_UNIFORM
        super()._connect_names(group, name)


def stream_values(key: str, seed: int, first_step: int) -> dict[str, np.ndarray]:
    """Return what selects a seed's stream, for the variables that :class:`CountedGroups` adds."""
    high, low = stream_key(seed, Stream.NOISE, key).view(np.int32)
    values = zip(_PARTS, (high, low, first_step), strict=True)
    return {f"{key}.{part}": np.array([value], np.int32) for part, value in values}
