"""The sections of a circuit file, one frozen model each.

Unknown keys are refused, save where they are the parameters of a named model (neuron, modulator, rule): those
are kept in ``parameters`` and judged later, by whoever knows the model.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from neuro_rtrrl.spec.faults import Fault, Refused, refuse, shown
from neuro_rtrrl.spec.interventions import KINDS, faults_of
from neuro_rtrrl.spec.protocol import Protocol
from neuro_rtrrl.spec.values import (
    AsTuple,
    Delay,
    Endpoint,
    Name,
    Neurons,
    OptionalEndpoint,
    OptionalName,
    OptionalQuantity,
    OptionalTime,
    ParameterValue,
    PositiveTime,
    Weights,
    read_positive_time,
    validated,
)
from neuro_rtrrl.spec.wiring import OptionalWiring
from neuro_rtrrl.units import Quantity

__all__ = [
    "Connectivity",
    "Environment",
    "Intervention",
    "Models",
    "Neuromodulator",
    "ParameterisedSection",
    "PlasticityGroup",
    "Population",
    "Projection",
    "RecordEntry",
    "Section",
    "Timing",
    "read_python_file",
    "whole_multiple",
]

MAXIMUM_SIZE = 10_000_000
_RELATIVE_TOLERANCE = 1e-9  # "0.3 s" over "0.1 s" is 2.9999999999999996 in floats
_DECISIONS = re.compile(r"\s*([0-9]{1,15})\s+decisions?\s*")


Method = Literal["euler", "exponential_euler", "exact"]


class Section(BaseModel):
    """A section with a closed set of keys."""

    # Validators are built on first use and not on import, which keeps `import neuro_rtrrl` fast.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


class ParameterisedSection(BaseModel):
    """A section whose further keys are the parameters of the model that it names."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)
    __pydantic_extra__: dict[str, ParameterValue] = Field(init=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameter name to :class:`~neuro_rtrrl.units.Quantity` or ``Distribution``."""
        return dict(self.__pydantic_extra__ or {})


def whole_multiple(duration: Quantity, step: Quantity) -> int | None:
    """Return how many steps make up the duration, or None where it is not a whole number of at least one."""
    ratio = duration.value / step.value
    count = round(ratio) if math.isfinite(ratio) else 0
    return count if count >= 1 and math.isclose(ratio, count, rel_tol=_RELATIVE_TOLERANCE) else None


class Timing(Section):
    """The integration step and the time between two decisions (a whole number of steps; one by default)."""

    dt: PositiveTime
    decision_interval: PositiveTime = Field(default=None, validate_default=True)  # pyright: ignore
    method: Method = "euler"

    @field_validator("decision_interval", mode="wrap")
    @classmethod
    def _is_multiple_of_dt(cls, value: Any, read, info: ValidationInfo) -> Quantity:
        dt = info.data.get("dt")
        if value is None:
            return dt  # pyright: ignore[reportReturnType]  (None only beside a reported problem with dt)
        interval = read(value)
        if dt is not None and whole_multiple(interval, dt) is None:
            message = f"'decision_interval' must be a whole multiple of dt ({dt.value:g} s)"
            raise refuse(Fault(message, found=shown(value)))
        return interval

    @property
    def steps_per_decision(self) -> int:
        """Integration steps in one decision interval, k >= 1."""
        return whole_multiple(self.decision_interval, self.dt) or 1


def _read_setting(value: Any) -> float | int | bool | str:
    if not isinstance(value, (bool, int, float, str)):
        raise Refused(
            Fault("an environment's parameter is a number, a word, or true or false", found=shown(value))
        )
    return value


def _read_observed(value: Any) -> str | tuple[str | int, ...]:
    if isinstance(value, str) and value:
        return value  # which words there are, the environments know
    if not isinstance(value, list) or not value:
        hint = "write a list such as [x, theta] or [0, 2], or odd, even or first_half; leave it out to observe all"
        raise Refused(Fault("a list of observed variables is due here", found=shown(value), hint=hint))
    for index, item in enumerate(value):
        whole = isinstance(item, int) and not isinstance(item, bool) and item >= 0
        if not whole and not isinstance(item, str):
            message = "an observed variable is a name or an index from 0"
            raise Refused(Fault(message, (index,), shown(item)))
        if item in value[:index]:
            raise Refused(Fault("this variable is listed twice", (index,), shown(item)))
    return tuple(value)


def read_python_file(value: Any) -> str:
    """Read the path of a Python file below the circuit's folder; what is there, the environments look up."""
    sound = isinstance(value, str) and value.isprintable() and not re.search(r"[\\:]", value)
    parts = value.split("/") if sound else [""]
    if not sound or any(part in ("", ".", "..") for part in parts) or not parts[-1].endswith(".py"):
        message = "a Python file in the folder of this file or below it is due here"
        raise Refused(Fault(message, found=shown(value), hint="write file: my_task.py"))
    return value


class Environment(Section):
    """The task, by its registered name, with the user's own file or as a protocol, and what of it the circuit may see.

    ``observe`` holds indices, names or a word; None: all (of a protocol: the stimuli).
    """

    name: str = Field(default="protocol", min_length=1)
    file: Annotated[str | None, validated(read_python_file, optional=True)] = None
    observe: Annotated[str | tuple[str | int, ...] | None, validated(_read_observed, optional=True)] = None
    parameters: Annotated[
        dict[str, Annotated[float | int | bool | str, validated(_read_setting)]],
        BeforeValidator(lambda v: v or {}),
    ] = Field(default_factory=dict)
    protocol: Protocol | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Environment:
        if self.protocol is None and "name" not in self.model_fields_set:
            hint = "write 'name: CartPole-v1', say, or describe a 'protocol'"
            raise refuse(Fault("the key 'name' is missing", ("name",), hint=hint, key=True))
        if self.protocol is not None:
            faults = [
                Fault(f"a protocol has no '{key}'", (key,), hint=f"leave '{key}' out", key=True)
                for key in ("file", "parameters")
                if key in self.model_fields_set
            ]
            if faults:
                raise refuse(*faults)
        return self


def _read_size(value: Any) -> int | str:
    if value in ("observation", "actions"):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAXIMUM_SIZE:
        available = ("a whole number from 1", "observation", "actions")
        message = "this is not a size of a population"
        hint = "write how many neurons, such as 32; a size has no unit and no fraction"
        raise Refused(Fault(message, found=shown(value), available=available, hint=hint))
    return value


class Population(ParameterisedSection):
    """Neurons of one kind; ``size`` is a number, the environment's ``observation`` or ``actions`` or open."""

    size: Annotated[int | str | None, validated(_read_size, optional=True)] = None
    neuron: Name
    role: Literal["actor", "critic"] | None = None
    encodes: Annotated[tuple[Literal["observation", "action", "reward"], ...] | None, AsTuple] = None
    plasticity: OptionalName = None
    learns: Annotated[tuple[Name, ...] | None, AsTuple] = None
    wiring: OptionalWiring = None
    modulator: OptionalName = None
    method: Method | None = None


class Neuromodulator(ParameterisedSection):
    """A broadcast signal: its model (``source``) and the populations it reads as critic, novelty and release."""

    source: Name
    critic: OptionalName = None
    novelty: OptionalName = None
    population: OptionalName = None
    delay: OptionalTime = None


class PlasticityGroup(ParameterisedSection):
    """A learning rule with its constants, shared by the projections and populations that name the group."""

    rule: Name
    modulator: OptionalName = None
    optimiser: OptionalName = None
    method: Method | None = None


class Connectivity(Section):
    """Which pairs are connected: by chance, of some neurons only, none with itself, group by group."""

    probability: float = Field(default=1.0, gt=0, le=1)
    no_self: bool = False
    one_to_one: bool = False
    groups: bool = False
    sources: Neurons = None
    targets: Neurons = None


def _connectivity(value: Any) -> Any:
    if value == "all":
        return {}
    if value == "one_to_one":
        return {"one_to_one": True}
    if not isinstance(value, dict):
        forms = ("all", "one_to_one", "{probability: 0.1}", "{no_self: true}", "{groups: true}")
        raise refuse(Fault("this is not a connectivity", found=shown(value), available=forms))
    return value


class Projection(Section):
    """Synapses from one population to another; ``weights`` are their initial values."""

    source: Endpoint
    target: Endpoint
    weights: Weights
    connectivity: Annotated[Connectivity, BeforeValidator(_connectivity)] = Field(
        default_factory=Connectivity
    )
    plasticity: OptionalName = None
    delay: Delay = None
    feedback: Literal["random", "symmetric", "learned"] | None = None
    gain: float = 1.0


def _read_every(value: Any) -> int | str | Quantity:
    if value == "step":
        return "step"
    if value == "decision":
        return 1
    match = _DECISIONS.fullmatch(value) if isinstance(value, str) else None
    count = int(match[1]) if match else value
    if isinstance(count, int) and not isinstance(count, bool) and count >= 1:
        return count
    if isinstance(value, str) and not match and re.match(r"\s*[-+.]?[0-9]", value):
        return read_positive_time(value)
    available = ("decision", "step", "10 decisions", "200 ms", "0.5 ms")
    raise Refused(Fault("this does not say how often to record", found=shown(value), available=available))


class RecordEntry(Section):
    """What to record: a modulator or ``population.variable``, of which neurons, how often, from when to when.

    ``every`` is a number of decisions, ``step`` or a duration; ``CircuitSpec`` turns one that is a whole number of
    decisions into that, and holds the others and the window against dt.
    """

    variable: Endpoint
    neurons: Neurons = None
    every: Annotated[int | str | Quantity, validated(_read_every)] = 1
    from_: OptionalTime = Field(default=None, alias="from")
    to: OptionalTime = None

    def schedule(self, timing: Timing) -> tuple[int, int]:
        """Return every how many decisions, 0 for steps, and then every how many integration steps."""
        if isinstance(self.every, Quantity):
            return 0, whole_multiple(self.every, timing.dt) or 1
        return (0, 1) if isinstance(self.every, str) else (self.every, 1)


class Intervention(Section):
    """What a run does to the circuit when it is named: one thing, to a part, in a stretch of time."""

    lesion: OptionalEndpoint = None
    stimulate: OptionalEndpoint = None
    silence: OptionalEndpoint = None
    freeze: OptionalEndpoint = None
    noise: OptionalEndpoint = None
    antagonist: OptionalEndpoint = None
    agonist: OptionalEndpoint = None
    fraction: float = Field(default=1.0, ge=0, le=1)
    amplitude: OptionalQuantity = None
    deviation: OptionalQuantity = None
    dose: OptionalQuantity = None
    half_dose: OptionalQuantity = None
    hill: float = Field(default=1.0, gt=0)
    efficacy: OptionalQuantity = None
    target: OptionalName = None
    neurons: Neurons = None
    start: OptionalTime = Field(default=None, alias="from")
    stop: OptionalTime = Field(default=None, alias="to")
    every: OptionalTime = None
    until: OptionalTime = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Intervention:
        fields = type(self).model_fields
        written = {
            fields[name].alias or name: getattr(self, name)
            for name in fields
            if name in self.model_fields_set
        }
        if faults := tuple(faults_of(written)):
            raise refuse(*faults)
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


Declaration = dict[str, Any]


class Models(Section):
    """The user's own models, passed on as they are to the layer that reads equations."""

    neurons: Annotated[dict[Name, Declaration], BeforeValidator(lambda v: v or {})] = Field(
        default_factory=dict
    )
    rules: Annotated[dict[Name, Declaration], BeforeValidator(lambda v: v or {})] = Field(
        default_factory=dict
    )
    optimisers: Annotated[dict[Name, Declaration], BeforeValidator(lambda v: v or {})] = Field(
        default_factory=dict
    )
