"""What a circuit asks to record, held against what there is to record in this very run."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuro_rtrrl.errors import CircuitError, Problem, Problems
from neuro_rtrrl.graph.circuit import Circuit, Recording
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.lowering.dataflow import written_keys
from neuro_rtrrl.lowering.simplify import targets_of
from neuro_rtrrl.units import format_si

__all__ = ["refuse_more_than_fits", "refuse_what_cannot_be_recorded"]


def refuse_what_cannot_be_recorded(
    circuit: Circuit, lowered: LoweredCircuit, start: int, decisions: int
) -> None:
    """Refuse windows outside of a run, and every step of what there is only once a decision.

    Parameters
    ----------
    circuit : Circuit
    lowered : LoweredCircuit
        Of this circuit, its recordings kept.
    start, decisions : int
        The run's first decision and how many there are.

    Raises
    ------
    CircuitError
        With every such request, by its place under ``record``.
    """
    problems, timing = Problems(), circuit.timing
    first, last = start * timing.steps, (start + decisions) * timing.steps
    for index, each in enumerate(circuit.record):
        if each.begin >= last or (each.end is not None and each.end <= first):
            key, step = ("from", each.begin) if each.begin >= last else ("to", each.end or 0)
            run = f"{format_si(first * timing.dt, 's')} to {format_si(last * timing.dt, 's')}"
            problems.add(
                f"the window of '{each.key}' is outside of the run",
                where=f"record.{index}.{key}",
                found=format_si(step * timing.dt, "s"),
                available=(run,),
                hint="run for longer, or record another window",
            )
        if each.by_step and not each.spikes and not _is_there_at_each_step(lowered, each):
            problems.add(
                f"'{each.key}' is computed once a decision, not every step",
                where=f"record.{index}.every",
                hint="write 'every: decision'",
            )
    problems.raise_if_any()


def refuse_more_than_fits(
    circuit: Circuit,
    variables: Mapping[str, Any],
    start: int,
    decisions: int,
    seeds: int,
    folder: Path | None,
) -> None:
    """Refuse recordings that would fill the disk or, without a folder to stream them to, the memory.

    Raises
    ------
    CircuitError
    """
    size = 0.0
    for each in circuit.record:
        if not each.spikes:  # sparse: how many there will be, nobody knows
            shape = variables[each.key].space.shape if each.key in variables else ()
            if each.neurons is not None and shape:
                shape = (len(each.neurons), *shape[1:])
            kept = len(each.ticks(start, decisions, circuit.timing.steps))
            size += 4.0 * seeds * kept * math.prod(shape)
    hint = "record less: less often ('every: 100 decisions'), fewer neurons, fewer seeds, a window"
    if folder is not None:
        space = shutil.disk_usage(folder).free
        if size > space:
            message = f"the recordings would take {_shown(size)}, and {folder} has room for {_shown(space)}"
            raise CircuitError(Problem(message, where="record", hint=hint))
    elif hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if 2 * size > memory:  # twice: once in pieces and once whole
            message = f"the recordings would take {_shown(size)}, and this machine has {_shown(memory)}"
            hint = f"give a results folder (out), which takes them as the run goes on, or {hint}"
            raise CircuitError(Problem(message, where="record", hint=hint))


def _is_there_at_each_step(lowered: LoweredCircuit, each: Recording) -> bool:
    """Whether a variable has a value of its own while a decision interval is integrated."""
    variable = lowered.variables.get(each.key)
    if variable is None:
        return False
    sensed = {key for line in lowered.sections.get("sense", ()) for key in targets_of(line)}
    present = variable.persistent or variable.value is not None or variable.role == "clamped"
    return present or each.key in written_keys(lowered, dt_only=True) | sensed


def _shown(size: float) -> str:
    return f"{size / 1e9:,.0f} GB" if size >= 1e10 else f"{size / 1e6:,.0f} MB"
