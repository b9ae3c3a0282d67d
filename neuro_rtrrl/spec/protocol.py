"""An open-loop protocol as a circuit file writes it: stimuli, trial types with their events, phases.

The schema judges values one by one; whether times fit the decision interval, events their trial and names what there
is, the graph says (:mod:`neuro_rtrrl.graph.protocol`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.spec.faults import Fault, Refused, refuse, shown
from neuro_rtrrl.spec.values import (
    AsTuple,
    Name,
    OptionalTime,
    read_name,
    read_positive_time,
    read_time,
    validated,
)
from neuro_rtrrl.units import Quantity

__all__ = ["Interval", "Onset", "Protocol", "ProtocolEvent", "ProtocolPhase", "Representation", "TrialType"]

MOST_TAPS = 10_000
MOST_TRIALS = 10_000_000


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


@dataclass(frozen=True)
class Onset:
    """When an event begins: at ``earliest``, or drawn evenly between the two, both included."""

    earliest: Quantity
    latest: Quantity


@dataclass(frozen=True)
class Interval:
    """Time between trials: ``fixed`` (time), ``uniform`` (low, high) or ``exponential`` (mean, minimum, maximum)."""

    kind: Literal["fixed", "uniform", "exponential"]
    arguments: tuple[Quantity, ...]


def _times(value: Any, kind: str) -> tuple[Quantity, Quantity]:
    """Read ``[low, high]``."""
    if not isinstance(value, list) or len(value) != 2:
        hint = f"write {{{kind}: [1 s, 2 s]}}"
        raise Refused(Fault(f"'{kind}' takes two times", (kind,), shown(value), hint=hint))
    found, faults = [], []
    for index, item in enumerate(value):
        try:
            found.append(read_time(item))
        except Refused as refused:
            faults += [fault.below(kind, index) for fault in refused.faults]
    if faults:
        raise Refused(*faults)
    if found[0].value > found[1].value:
        raise Refused(Fault("the first time is later than the second", (kind,), shown(value)))
    return found[0], found[1]


def _read_onset(value: Any) -> Onset:
    if isinstance(value, dict):
        if set(value) != {"uniform"}:
            forms = ("0.5 s", "{uniform: [0.5 s, 1 s]}")
            raise Refused(Fault("this does not say when the event is", found=shown(value), available=forms))
        return Onset(*_times(value["uniform"], "uniform"))
    time = read_time(value)
    return Onset(time, time)


def _read_interval(value: Any) -> Interval:
    if not isinstance(value, dict):
        return Interval("fixed", (read_time(value),))
    forms = ("3 s", "{uniform: [2 s, 4 s]}", "{exponential: 3 s}")
    if len(value) != 1 or next(iter(value)) not in ("uniform", "exponential"):
        hint = nearest(str(next(iter(value), "")), ("uniform", "exponential"))
        raise Refused(Fault("this is no interval", found=shown(value), available=forms, hint=hint))
    kind, content = next(iter(value.items()))
    if kind == "uniform":
        return Interval("uniform", _times(content, "uniform"))
    content = content if isinstance(content, dict) else {"mean": content}
    available, faults = ("mean", "minimum", "maximum"), []
    read: dict[str, Quantity] = {}
    for key, item in content.items():
        if key not in available:
            hint = nearest(str(key), available)
            faults.append(
                Fault(f"the key '{key}' is not known here", (kind, key), "", available, hint, key=True)
            )
            continue
        try:
            read[key] = read_positive_time(item) if key == "mean" else read_time(item)
        except Refused as refused:
            at = (kind, key) if isinstance(value[kind], dict) else (kind,)
            faults += [fault.below(*at) for fault in refused.faults]
    if "mean" not in content:
        faults.append(Fault("the key 'mean' is missing", (kind,), hint="write {exponential: {mean: 3 s}}"))
    if faults:
        raise Refused(*faults)
    mean = read["mean"]
    minimum = read.get("minimum", Quantity(0.0, mean.dimension))
    if minimum.value >= mean.value:
        raise Refused(
            Fault("'minimum' must be less than the mean", (kind, "minimum"), shown(content["minimum"]))
        )
    if "maximum" in read and read["maximum"].value <= mean.value:
        raise Refused(
            Fault("'maximum' must be more than the mean", (kind, "maximum"), shown(content["maximum"]))
        )
    return Interval("exponential", (mean, minimum, *((read["maximum"],) if "maximum" in read else ())))


def _read_types(value: Any) -> dict[str, float] | tuple[str, ...]:
    """Read one name, names in their order, or names with their probabilities."""
    if isinstance(value, str):
        return (read_name(value),)
    if isinstance(value, list) and value:
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise Refused(Fault("the name of a trial type is due here", (index,), shown(item)))
        return tuple(value)
    if not isinstance(value, dict) or not value:
        forms = ("paired", "[paired, paired, omitted]", "{paired: 0.9, omitted: 0.1}")
        raise Refused(Fault("this does not say which trials there are", found=shown(value), available=forms))
    faults = [
        Fault("a probability is a number from 0 to 1", (name,), shown(number))
        for name, number in value.items()
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1
    ]
    if faults:
        raise Refused(*faults)
    total = sum(value.values())
    if abs(total - 1) > 1e-6:
        raise Refused(Fault("the probabilities of the trial types must add up to 1", found=f"{total:g}"))
    return {name: float(number) for name, number in value.items()}


def _read_value(value: Any) -> float | tuple[float, float]:
    """Read a number, or the two between which it is drawn."""

    def number(item: Any) -> bool:
        return isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item)

    if number(value):
        return float(value)
    between = value.get("uniform") if isinstance(value, dict) and set(value) == {"uniform"} else None
    if not isinstance(between, list) or len(between) != 2 or not all(map(number, between)):
        forms = ("0.5", "{uniform: [0, 1]}")
        raise Refused(Fault("this is not what a stimulus shows", found=shown(value), available=forms))
    if between[0] >= between[1]:
        raise Refused(Fault("the first number must be less than the second", ("uniform",), shown(between)))
    return float(between[0]), float(between[1])


class ProtocolEvent(_Section):
    """A stimulus that is shown, or a reward that comes: at its time, or in answer to an action."""

    stimulus: Annotated[str | None, validated(read_name, optional=True)] = None
    reward: float | None = None
    at: Annotated[Onset | None, validated(_read_onset, optional=True)] = None
    for_: Annotated[Quantity | None, validated(read_positive_time, optional=True)] = Field(
        default=None, alias="for"
    )
    value: Annotated[float | tuple[float, float], validated(_read_value)] = 1.0
    probability: float = Field(default=1.0, ge=0, le=1)
    when: Annotated[str | None, validated(read_name, optional=True)] = None
    from_: OptionalTime = Field(default=None, alias="from")
    to: Annotated[Quantity | None, validated(read_positive_time, optional=True)] = None
    delay: OptionalTime = None


def _empty_list(value: Any) -> Any:
    return () if value is None else value


class TrialType(_Section):
    """What happens in a trial of this type."""

    duration: Annotated[Quantity | None, validated(read_positive_time, optional=True)] = None
    events: Annotated[tuple[ProtocolEvent, ...], AsTuple, BeforeValidator(_empty_list)] = ()


class ProtocolPhase(_Section):
    """Trials of some types, drawn, or in their order."""

    name: Name
    types: Annotated[dict[str, float] | tuple[str, ...], validated(_read_types)]
    trials: Annotated[int | None, Field(default=None, ge=1, le=MOST_TRIALS)] = None
    shuffle: bool = False


class Representation(_Section):
    """How stimuli reach the circuit: as a row of neurons, each active at its time after the onset."""

    serial_compound: int = Field(ge=1, le=MOST_TAPS)
    width: Annotated[Quantity | None, validated(read_positive_time, optional=True)] = None


def _distinct_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise Refused(Fault("a list of names is due here", found=shown(value), hint="write [light, tone]"))
    faults = []
    for index, item in enumerate(value):
        try:
            read_name(item)
        except Refused as refused:
            faults += [fault.below(index) for fault in refused.faults]
        if item in value[:index]:
            faults.append(Fault("this name is listed twice", (index,), shown(item)))
    if faults:
        raise Refused(*faults)
    return tuple(value)


def _some(value: Any) -> Any:
    if isinstance(value, list | dict) and not value:
        raise refuse(Fault("at least one is due here", found=shown(value)))
    return value


class Protocol(_Section):
    """A schedule of stimuli and rewards."""

    stimuli: Annotated[tuple[str, ...], validated(_distinct_names)]
    types: Annotated[dict[Name, TrialType], BeforeValidator(_some)]
    phases: Annotated[tuple[ProtocolPhase, ...], AsTuple, BeforeValidator(_some)]
    duration: Annotated[Quantity | None, validated(read_positive_time, optional=True)] = None
    interval: Annotated[Interval | None, validated(_read_interval, optional=True)] = None
    representation: Representation | None = None
    actions: Annotated[tuple[str, ...] | None, validated(_distinct_names, optional=True)] = None
    episode: Literal["stream", "terminates", "truncates"] = "stream"
