"""gymnasium's spaces as a circuit has them: observations flat with a name for each entry, actions as what is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuro_rtrrl.environments import catalogue
from neuro_rtrrl.environments.spaces import Actions, Continuous, Discrete

__all__ = ["actions_in", "entries_of", "taken"]


def entries_of(space: Any, identifier: str = "") -> tuple[str, ...]:
    """Return a name for each entry of a flattened observation, in the order of ``gymnasium.spaces.flatten``.

    Where gymnax has the same environment its names are taken.

    Raises
    ------
    ValueError
        If what is seen has no fixed size.
    """
    names = tuple(_entries(space, ""))
    if identifier in catalogue.names():
        known = catalogue.describe(identifier).observation
        return known if len(known) == len(names) else names
    return names


def _entries(space: Any, prefix: str) -> list[str]:
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        return [
            name for key, part in space.spaces.items() for name in _entries(part, _under(prefix, str(key)))
        ]
    if isinstance(space, spaces.Tuple):
        parts = enumerate(space.spaces)
        return [name for index, part in parts for name in _entries(part, _under(prefix, f"part_{index}"))]
    if isinstance(space, spaces.MultiDiscrete):
        sizes = np.ravel(space.nvec)
        return [_under(prefix, f"value_{i}_{j}") for i, size in enumerate(sizes) for j in range(int(size))]
    if isinstance(space, spaces.Discrete):
        return [_under(prefix, f"value_{number}") for number in range(int(space.n))]
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        shape = tuple(space.shape or ())
        if shape in ((), (1,)) and prefix:
            return [prefix]
        return [_under(prefix, "_".join(("entry", *map(str, index)))) for index in np.ndindex(shape)]
    raise ValueError(f"shows {type(space).__name__}, which has no fixed size")


def _under(prefix: str, name: str) -> str:
    return f"{prefix}_{name}" if prefix else name


def actions_in(space: Any) -> Actions:
    """Return what can be done.

    Raises
    ------
    ValueError
        If it is neither choices nor numbers.
    """
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return Discrete((int(space.n),))
    if isinstance(space, spaces.MultiDiscrete):
        return Discrete(tuple(int(size) for size in np.ravel(space.nvec)))
    if isinstance(space, spaces.MultiBinary):
        return Discrete((2,) * int(np.prod(space.shape)))
    if isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating):
        low, high = (np.ravel(bound).astype(float).tolist() for bound in (space.low, space.high))
        return Continuous(tuple(low), tuple(high))
    raise ValueError(f"takes {space}, and a circuit makes choices or acts by degrees")


def taken(space: Any, action: np.ndarray) -> Any:
    """Return an action of a circuit, (slots,), as gymnasium's ``space`` has it."""
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return int(action[0]) + int(space.start)
    if isinstance(space, spaces.MultiDiscrete):
        return (action.reshape(space.nvec.shape) + space.start).astype(space.dtype)
    if isinstance(space, spaces.MultiBinary):
        return action.reshape(space.shape).astype(space.dtype)
    # rounding must not lead out of bounds
    return np.clip(action.reshape(space.shape).astype(space.dtype), space.low, space.high)
