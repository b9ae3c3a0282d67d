"""C identifiers for the keys of variables: ``cortex.h`` becomes ``cortex_h``."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["identifiers"]

_LONGEST = 48
# reserved words, and the names that the emitted text uses itself
_WORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "real s wiring pre post row synapse step first tick state begin_episode integrate kept noise observation "
    "reward terminated action action_type taken uniform neuron start other chosen cumulative arrived delayed added "
    "entry head at minimum maximum sign_of truth asm main errno I"
)
_TAKEN = frozenset(_WORDS.split())
_NUMBERED = re.compile(r"(total|noise|kept|log)_\d+$")  # the emitted text numbers names of its own
_SIGNS = {" / ": " per ", " - ": " minus ", " + ": " plus ", " * ": " ", "1 per ": "per "}


def identifiers(keys: Iterable[str]) -> dict[str, str]:
    """Return key → identifier, all different, none of them a word of C or of the emitted text."""
    found: dict[str, str] = {}
    used: set[str] = {*_TAKEN}
    for key in keys:
        base = _plain(key)
        name, number = base, 1
        while name in used or name.isupper() or _NUMBERED.match(name):
            number += 1
            name = f"{base}_{number}" if not _NUMBERED.match(base) else f"{base}_{number}_"
        used.add(name)
        found[key] = name
    return found


def _plain(key: str) -> str:
    """Return a key in letters, digits and underscores; of an expression's owners only the expression's own."""
    if "(" in key:
        owner, _, text = key.partition("(")
        key = owner + re.sub(r"\b[A-Za-z_]\w*\.(?=\w)", "", text)
        for sign, word in _SIGNS.items():
            key = key.replace(sign, word)
    base = re.sub(r"_+", "_", re.sub(r"\W+", "_", key)).strip("_")[:_LONGEST].rstrip("_") or "value"
    return f"v_{base}" if base[0].isdigit() else base
