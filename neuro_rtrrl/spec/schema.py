"""The circuit file as a whole: :class:`CircuitSpec`. Its sections are in :mod:`neuro_rtrrl.spec.sections`.

The schema judges each value by itself. Whether a projection's source exists, a parameter belongs to its model
or the sizes fit is for the graph to say.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from neuro_rtrrl.spec.faults import Fault, refuse
from neuro_rtrrl.spec.sections import (
    Connectivity,
    Environment,
    Intervention,
    Models,
    Neuromodulator,
    PlasticityGroup,
    Population,
    Projection,
    RecordEntry,
    Section,
    Timing,
    whole_multiple,
)
from neuro_rtrrl.spec.values import AsTuple, Distribution, Initialiser, Name, TransposeOf
from neuro_rtrrl.units import Quantity

__all__ = [
    "CircuitSpec",
    "Connectivity",
    "Distribution",
    "Environment",
    "Initialiser",
    "Intervention",
    "Models",
    "Neuromodulator",
    "PlasticityGroup",
    "Population",
    "Projection",
    "Quantity",
    "RecordEntry",
    "Timing",
    "TransposeOf",
]

Item = TypeVar("Item")


def _empty_section(value: Any) -> Any:
    """Read a section with nothing under it as an empty one."""
    return {} if value is None else value


def _empty_list(value: Any) -> Any:
    return () if value is None else value


Named = Annotated[dict[Name, Item], BeforeValidator(_empty_section)]


class CircuitSpec(Section):
    """A circuit file that obeys the schema; dicts keep the order of the file.

    Attributes
    ----------
    circuit : str
        The circuit's name.
    format : int
        The version of the file format, 1.
    timing : Timing
    environment : Environment or None
        None: the circuit runs open loop.
    populations, neuromodulators, plasticity, projections, interventions : dict of str to section
    record : tuple of RecordEntry
    models : Models
    """

    circuit: str = Field(min_length=1)
    format: Literal[1]
    description: str = ""
    timing: Timing
    environment: Environment | None = None
    populations: Named[Population] = Field(min_length=1)
    neuromodulators: Named[Neuromodulator] = Field(default_factory=dict)
    plasticity: Named[PlasticityGroup] = Field(default_factory=dict)
    projections: Named[Projection] = Field(default_factory=dict)
    record: Annotated[tuple[RecordEntry, ...], AsTuple, BeforeValidator(_empty_list)] = ()
    interventions: Named[Intervention] = Field(default_factory=dict)
    models: Annotated[Models, BeforeValidator(_empty_section)] = Field(default_factory=Models)

    @field_validator("record", mode="after")
    @classmethod
    def _count_decisions(
        cls, record: tuple[RecordEntry, ...], info: ValidationInfo
    ) -> tuple[RecordEntry, ...]:
        """Turn ``every: 200 ms`` into a number of decisions where it is one, and hold all times against dt."""
        timing = info.data.get("timing")
        if timing is None or timing.dt is None or timing.decision_interval is None:
            return record
        entries, faults = [], []
        for index, entry in enumerate(record):
            if isinstance(entry.every, Quantity):
                count = whole_multiple(entry.every, timing.decision_interval)
                entry = entry if count is None else entry.model_copy(update={"every": count})
            times = {"every": entry.every, "from": entry.from_, "to": entry.to}
            for key, time in times.items():
                if isinstance(time, Quantity) and time.value and whole_multiple(time, timing.dt) is None:
                    message = f"'{key}' must be a whole multiple of dt ({timing.dt.value:g} s)"
                    faults.append(Fault(message, (index, key), f"{time.value:g} s"))
            if entry.to is not None and entry.to.value <= (entry.from_.value if entry.from_ else 0.0):
                message = "the window ends before it begins"
                faults.append(Fault(message, (index, "to"), f"{entry.to.value:g} s"))
            entries.append(entry)
        if faults:
            raise refuse(*faults)
        return tuple(entries)
