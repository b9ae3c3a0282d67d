"""Which keys go with which intervention, and whether its times follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuro_rtrrl.spec.faults import Fault, shown

__all__ = ["KINDS", "faults_of", "order_of"]

TIMES = ("from", "to", "every", "until")

#: Kind → the keys that it may have beside its times; those in the first row are required.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "lesion": ((), ("fraction",)),
    "stimulate": (("amplitude",), ("neurons",)),
    "silence": ((), ("neurons",)),
    "freeze": ((), ()),
    "noise": (("deviation",), ("neurons",)),
    "antagonist": (("dose", "half_dose"), ("hill", "target")),
    "agonist": (("dose", "half_dose", "efficacy"), ("hill", "target")),
}


def faults_of(written: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the keys that an intervention was given.

    Parameters
    ----------
    written : dict
        Key as the file has it → value, read; times are quantities.
    """
    kinds = [kind for kind in KINDS if written.get(kind) is not None]
    if len(kinds) != 1:
        message = "an intervention does one thing"
        message += (
            f", and this does {len(kinds)}: {', '.join(kinds)}" if kinds else ": say which, and to what"
        )
        yield Fault(
            message, available=tuple(KINDS), hint="" if kinds else "{lesion: dopamine, fraction: 0.8}"
        )
        return
    required, optional = KINDS[kinds[0]]
    allowed = (*kinds, *required, *optional, *TIMES)
    for key in written:
        if key not in allowed:
            yield Fault(f"'{kinds[0]}' takes no '{key}'", (key,), available=allowed[1:], key=True)
    for key in required:
        if written.get(key) is None:
            yield Fault(f"'{kinds[0]}' needs '{key}'", available=allowed[1:], key=True)
    yield from order_of(written)


def order_of(written: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the times of an intervention, read."""
    start, stop, every, until = (written.get(key) for key in TIMES)
    begin = start.value if start is not None else 0.0
    if stop is not None and stop.value <= begin:
        hint = "'to' is a time of the run, as 'from' is, not a duration"
        yield Fault(f"'to' must be later than 'from' ({begin:g} s)", ("to",), f"{stop.value:g} s", hint=hint)
    elif every is not None and stop is not None and every.value < stop.value - begin:
        message = f"a pulse of {stop.value - begin:g} s does not fit into 'every'"
        yield Fault(message, ("every",), f"{every.value:g} s", hint="make 'every' longer, or 'to' earlier")
    if every is not None and stop is None:
        yield Fault(
            "'every' repeats what ends, and this has no 'to'", ("every",), shown(f"{every.value:g} s")
        )
    if until is not None and every is None:
        yield Fault(
            "'until' ends what 'every' repeats", ("until",), hint="without 'every', write 'to'", key=True
        )
    elif until is not None and until.value <= begin:
        yield Fault(f"'until' must be later than 'from' ({begin:g} s)", ("until",), f"{until.value:g} s")
