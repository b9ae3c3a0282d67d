"""One seed, counter-based: every random number is a function of (seed, stream, index).

The generator is Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1,
2, 3"), written in NumPy and equal bit for bit to what ``jax.random`` draws with its partitionable layout.
So initial weights can be drawn without JAX, and both backends read action noise and environment keys from
the same place.

Nothing here keeps a state: there is no "next" number, only the number at an index.
"""

from __future__ import annotations

import math
import operator
import zlib
from enum import IntEnum

import numpy as np

__all__ = [
    "Stream",
    "below",
    "bits",
    "fold_in",
    "key",
    "name_number",
    "normal",
    "stream_key",
    "uniform",
    "words",
]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_KEY_PARITY = np.uint32(0x1BD11BDA)
_LOW_WORD = 0xFFFFFFFF
_PIECE = 1 << 16  # numbers that are worked out together, so that they stay in the processor's cache


class Stream(IntEnum):
    """What a random number is for; the values are part of every result and never change their meaning."""

    WEIGHTS = 1
    CONNECTIVITY = 2
    PARAMETERS = 3
    ACTION = 4
    ENVIRONMENT_STEP = 5
    ENVIRONMENT_RESET = 6
    NOISE = 7
    LESION = 8
    DELAY = 9


def key(seed: int) -> np.ndarray:
    """Return the key of a seed: its high and its low 32-bit word, shape (2,), uint32.

    Equal to ``jax.random.key(seed)`` for seeds below 2**32, and for all seeds where JAX has 64-bit integers
    on; without them JAX would drop the high word, which this definition keeps. Seed 0 is a seed like any
    other.

    Raises
    ------
    ValueError
        If the seed is negative or not below 2**63.
    TypeError
        If the seed is not an integer.
    """
    seed = operator.index(seed)
    if not 0 <= seed < 2**63:
        raise ValueError(f"a seed is an integer from 0 to 2**63 - 1, not {seed}")
    return np.array([seed >> 32, seed & _LOW_WORD], dtype=np.uint32)


def fold_in(key: np.ndarray, data: int) -> np.ndarray:
    """Return the key that ``data`` selects among the children of ``key``; equal to ``jax.random.fold_in``.

    Parameters
    ----------
    key : array (2,), uint32
    data : int
        From 0 to 2**32 - 1.

    Raises
    ------
    ValueError
        If ``data`` is out of range (JAX would wrap it silently).
    """
    data = operator.index(data)
    if not 0 <= data <= _LOW_WORD:
        raise ValueError(f"an index of a random stream is an integer from 0 to 2**32 - 1, not {data}")
    first, second = _threefry(key, np.zeros(1, np.uint32), np.array([data], np.uint32))
    return np.concatenate([first, second])


def stream_key(seed: int, stream: Stream, name: str | int = 0) -> np.ndarray:
    """Return the key of one named stream of a seed, shape (2,), uint32.

    Parameters
    ----------
    seed : int
    stream : Stream
    name : str or int
        What within the stream, such as a projection's name (its CRC-32 is folded in) or a number. A circuit's
        other parts can be renamed, added and removed without changing this one's numbers.
    """
    return fold_in(fold_in(key(seed), int(stream)), name_number(name))


def bits(key: np.ndarray, n: int, start: int = 0) -> np.ndarray:
    """Return 32-bit words ``start`` to ``start + n`` of a key, shape (n,), uint32.

    With ``start = 0`` equal to ``jax.random.bits(key, (n,))``. Word i does not depend on ``start`` or ``n``.
    """
    first, second = _threefry(key, *_counters(n, start))
    return first ^ second


def words(key: np.ndarray, n: int, start: int = 0) -> np.ndarray:
    """Return 64-bit words ``start`` to ``start + n`` of a key, shape (n,), uint64; see :func:`bits`."""
    first, second = _threefry(key, *_counters(n, start))
    return (first.astype(np.uint64) << np.uint64(32)) | second.astype(np.uint64)


def uniform(key: np.ndarray, shape: int | tuple[int, ...]) -> np.ndarray:
    """Draw from [0, 1) in float64 with 53 random bits each: the 64-bit word's upper bits times 2**-53.

    (``jax.random.uniform`` uses 52 of them in float64 and 23 in float32, so it is not the same number.)
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    numbers = (words(key, math.prod(shape)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers.reshape(shape)


def below(key: np.ndarray, shape: int | tuple[int, ...], probability: float) -> np.ndarray:
    """Return ``uniform(key, shape) < probability``, bool, piece by piece: a hundred million take two seconds.

    A number is below where its upper 32 bits are below those of the bound; only where they are equal, which is
    once in four thousand million times, its other 21 bits decide.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    found = np.empty(math.prod(shape), dtype=bool)
    bound = math.ceil(probability * 2.0**53)  # of the 53-bit integer that uniform divides by 2**53
    upper, lower = min(bound >> 21, _LOW_WORD), bound & 0x1FFFFF
    for start in range(0, found.size, _PIECE):
        piece = found[start : start + _PIECE]
        first, second = _threefry(key, *_counters(piece.size, start))
        np.less(first, np.uint32(upper), out=piece)
        even = np.flatnonzero(first == np.uint32(upper))
        if bound >> 53:  # a probability of 1
            piece[:] = True
        elif even.size:
            piece[even] = (second[even] >> np.uint32(11)) < lower
    return found.reshape(shape)


def normal(key: np.ndarray, shape: int | tuple[int, ...]) -> np.ndarray:
    """Draw standard normal numbers in float64 by the cosine half of Box & Muller (1958).

    Two uniform numbers make one, so that the number at an index depends on the index alone and not on how
    many were asked for.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    radius, angle = uniform(key, (math.prod(shape), 2)).T
    # 1 - radius is in (0, 1]: the logarithm stays finite
    return (np.sqrt(-2.0 * np.log1p(-radius)) * np.cos(2.0 * np.pi * angle)).reshape(shape)


def name_number(name: str | int) -> int:
    """Return the number that stands for a stream's name: the CRC-32 of a text, an integer as it is."""
    return zlib.crc32(name.encode("utf-8")) if isinstance(name, str) else operator.index(name)


def _counters(n: int, start: int) -> tuple[np.ndarray, np.ndarray]:
    if start + n <= _LOW_WORD:
        return np.zeros(n, np.uint32), np.arange(start, start + n, dtype=np.uint32)
    index = np.arange(start, start + n, dtype=np.uint64)
    return (index >> np.uint64(32)).astype(np.uint32), (index & np.uint64(_LOW_WORD)).astype(np.uint32)


def _threefry(key: np.ndarray, high: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Encrypt the counters (``high``, ``low``): five groups of four rounds, a key injection after each."""
    key = np.asarray(key, dtype=np.uint32)
    if key.shape != (2,):
        raise ValueError(f"a key has shape (2,), not {key.shape}")
    schedule = np.array([key[0], key[1], key[0] ^ key[1] ^ _KEY_PARITY], dtype=np.uint32)
    # one-element slices and not scalars: NumPy warns when scalars wrap around, and wrapping is meant here
    first, second = high + schedule[0:1], low + schedule[1:2]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            first += second
            rotated = second << np.uint32(rotation)
            second >>= np.uint32(32 - rotation)
            second |= rotated
            second ^= first
        injected = (group + 1) % 3, (group + 2) % 3
        first += schedule[injected[0] : injected[0] + 1]
        second += schedule[injected[1] : injected[1] + 1] + np.uint32(group + 1)
    return first, second
