"""When interventions act: variables that are 1 within their window and 0 outside, known from a decision's index."""

from __future__ import annotations

from typing import Any

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.lowering.program import LoweredCircuit

__all__ = ["IN_WORDS", "gate_values", "refuse_events"]

#: Where, and what to do instead.
IN_WORDS = ("in a run in words of fixed length", "leave it out, or run without words")


def gate_values(lowered: LoweredCircuit, index: Any) -> dict[str, Any]:
    """Return the key of each gate that a tick reads → whether it is on.

    Parameters
    ----------
    lowered : LoweredCircuit
    index : int or array of int
        Of decisions, counted from the first decision of the first run: a run that goes on from another one's results
        begins where that one ended.

    Returns
    -------
    dict of str to bool or array
        Of the shape of ``index``.
    """
    return {key: window.on(index) for key, window in lowered.gates.items() if key in lowered.variables}


def refuse_events(circuit: Circuit, where: str, hint: str) -> None:
    """Raise CircuitError where interventions are in force and ``where`` there is no clock to follow them.

    Raises
    ------
    CircuitError
        Naming them.
    """
    if circuit.events:
        raise CircuitError(
            [
                Problem(f"intervention '{event.name}' cannot act {where}", location=event.place, hint=hint)
                for event in circuit.events
            ]
        )
