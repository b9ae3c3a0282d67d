"""How a population's neurons are laid out and wired: a neural circuit policy, in proportions.

What the numbers mean stands in :mod:`neuro_rtrrl.graph.ncp`; here they are only read.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from neuro_rtrrl.spec.faults import Fault, Refused, refuse, shown
from neuro_rtrrl.spec.values import validated

__all__ = ["NeuralCircuitPolicy", "OptionalWiring", "Wiring"]


def _read_synapses(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and value > 0 and (value < 1 or value == int(value)):
        return value
    message = "this is a whole number of synapses, or a share between 0 and 1"
    hint = "8 is eight synapses, 0.5 is half of what there could be"
    raise Refused(Fault(message, found=shown(value), hint=hint))


Synapses = Annotated[float, validated(_read_synapses)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


class NeuralCircuitPolicy(_Closed):
    """Layers in proportion to each other, and how many synapses a neuron has (or which share of the layer)."""

    inter: float = Field(default=5, gt=0)
    command: float = Field(default=3, gt=0)
    motor: float = Field(default=2, gt=0)
    sensory_fanout: Synapses = 0.5
    inter_fanout: Synapses = 0.5
    recurrent_command_synapses: Annotated[float | None, validated(_read_synapses, optional=True)] = None
    motor_fanin: Synapses = 0.5


class Wiring(_Closed):
    """The wiring of a population, by its name."""

    ncp: Annotated[NeuralCircuitPolicy, BeforeValidator(lambda value: {} if value is None else value)]


def _wiring(value: Any) -> Any:
    if value is None:
        return None
    if value == "ncp":
        return {"ncp": {}}
    if not isinstance(value, dict):
        hint = "sparse and self-free projections are written there: connectivity: {probability: 0.5, no_self: true}"
        raise refuse(
            Fault("this is not a wiring", found=shown(value), available=("ncp", "{ncp: ...}"), hint=hint)
        )
    return value


OptionalWiring = Annotated[Wiring | None, BeforeValidator(_wiring)]
