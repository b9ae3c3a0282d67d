"""Every lowered line of one part of a circuit, with what it does and what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.language import KINDS
from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.influence import SCOPE
from neuro_rtrrl.ledger.messages import place
from neuro_rtrrl.ledger.pricing import energy_of_line
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.tables import format_count
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.units import format_si

__all__ = ["explain", "explainable"]


def explainable(lowered: LoweredCircuit) -> tuple[str, ...]:
    """Return the names that can be explained: projections, populations, modulators, groups of plasticity."""
    circuit = lowered.circuit
    return (*circuit.projections, *circuit.populations, *circuit.neuromodulators, *circuit.plasticity)


def explain(
    name: str,
    lowered: LoweredCircuit,
    lines: Iterable[Line],
    written: Iterable[Line],
    profile: HardwareProfile | None = None,
    precision: str = "fp32",
) -> str:
    """Return the lines of one owner as text, in the order of the tick.

    Parameters
    ----------
    name : str
        A projection, population, modulator or group of plasticity.
    lowered : LoweredCircuit
        The hoisted form, whose ``lines`` are explained.
    written : iterable of Line
        The lines as written; only their total is shown, for comparison.
    profile : HardwareProfile, optional
        Prices the operations of each line, where it has prices for operations.

    Raises
    ------
    CircuitError
        If the circuit has nothing of that name.
    """
    names = explainable(lowered)
    if name not in names:
        hint = nearest(name, names)
        raise CircuitError(
            Problem(f"there is nothing to explain by the name '{name}'", available=names, hint=hint)
        )
    lines = tuple(lines)
    own = [line for line in lines if place(line.owner, lowered) == name]
    hoisted = {key for line in own for key in line.fetched if "(" in key}
    shared = [line for line in lines if line.owner != name and line.text.split(" = ")[0] in hoisted]
    shared = [line for line in shared if line not in own]
    text = [_title(name, lowered)]
    text += _block(own, profile, precision) if own else ["  nothing happens here that is counted"]
    if shared:
        text += ["", "worked out elsewhere, once a neuron or once for all, and read here:"]
        text += _block(shared, profile, precision)
    before = Counter()
    for line in written:
        if place(line.owner, lowered) == name and not line.trigger:
            before.update({kind: count for (_, kind), count in line.operations.items()})
    if before:
        text += ["", f"as written, before regrouping by scope: {_words(before)}"]
    return "\n".join(text)


def _title(name: str, lowered: LoweredCircuit) -> str:
    space = lowered.spaces.get(name)
    if space is not None and space.kind == "projection":
        sparse = (
            ""
            if space.elements == space.shape[0] * space.shape[1]
            else f" of {space.shape[0] * space.shape[1]:,}"
        )
        return f"{name}: {space.elements:,}{sparse} synapses, {space.pre} to {space.post}; per decision"
    if space is not None:
        return f"{name}: {space.elements:,} neurons; per decision"
    return f"{name}; per decision"


def _block(lines: list[Line], profile: HardwareProfile | None, precision: str) -> list[str]:
    text, phase = [], ""
    for line in lines:
        if line.phase != phase:
            phase = line.phase
            text.append(f"  {phase.replace('_', ' ')}")
        text.append(f"    {line.text}")
        text.append(f"        {_detail(line, profile, precision)}")
    total: Counter = Counter()
    for line in lines:
        if not line.trigger:
            total.update({kind: count for (_, kind), count in line.operations.items()})
    reads = sum(line.reads for line in lines if not line.trigger)
    writes = sum(line.writes for line in lines if not line.trigger)
    text.append(f"  total: {_words(total)}; {_plain(reads)} words read, {_plain(writes)} written")
    return text


def _detail(line: Line, profile: HardwareProfile | None, precision: str) -> str:
    counts: Counter = Counter()
    for (_, kind), count in line.operations.items():
        counts[kind] += count
    what = {"projection": "synapses", "population": "neurons", "broadcast": "value", SCOPE: "entries"}[
        line.scope
    ]
    parts = [f"{format_count(line.elements)} {what}" + (f", {line.times} times" if line.times > 1 else "")]
    if line.times == 0:
        parts.append("once a run, not counted")
    else:
        parts.append(_words(counts))
        parts.append(f"{_plain(line.reads)} read, {_plain(line.writes)} written")
    if line.trigger:
        parts.append(f"for each spike of {line.trigger.removesuffix('.spike')}")
    if profile is not None and line.operations:
        joules, left_out = energy_of_line(line, profile, precision)
        parts.append("not costed" if joules is None else format_si(joules, "J"))
        if joules is not None and left_out:
            parts[-1] += f" and {', '.join(left_out)} not costed"
    return " | ".join(parts)


def _plain(count: float) -> str:
    return format_count(count) if count else "0"


def _words(counts: Counter) -> str:
    return (
        ", ".join(f"{format_count(counts[kind])} {kind}" for kind in KINDS if counts[kind]) or "no operations"
    )
