"""What an assay file may hold. Whether its circuit, names and expressions fit is for :mod:`.load` to say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from neuro_rtrrl.spec.document import Kind
from neuro_rtrrl.spec.faults import Fault, Refused, refuse, shown
from neuro_rtrrl.spec.protocol import Protocol
from neuro_rtrrl.spec.sections import Section, read_python_file
from neuro_rtrrl.spec.values import AsTuple, Endpoint, Name, OptionalName, read_quantity, validated
from neuro_rtrrl.units import unit_dimension

__all__ = ["ASSAY_FILE", "AssaySpec", "ControlSpec", "Measure", "Panel", "RunSpec", "Selection", "Some"]

ASSAY_FILE = Kind("assay file", "assay")
MOST_SEEDS = 1_000

_SECOND = unit_dimension("second")
_COUNTED = re.compile(r"(first|last) ([0-9]{1,7})")
_RANGE = re.compile(r"([0-9]{1,7})-([0-9]{1,7})")


@dataclass(frozen=True)
class Some:
    """Which of the trials that were selected: Python's slice from ``start`` to ``stop``."""

    start: int | None = None
    stop: int | None = None


def _read_trials(value: Any) -> Some:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str):
        if (match := _COUNTED.fullmatch(text.strip())) and int(match[2]):
            return Some(None, int(match[2])) if match[1] == "first" else Some(-int(match[2]), None)
        if (match := _RANGE.fullmatch(text.strip())) and int(match[1]) <= int(match[2]):
            return Some(int(match[1]), int(match[2]) + 1)
        if text.strip().isdigit() and len(text) < 8:
            return Some(int(text), int(text) + 1)
    forms = ("first 10", "last 10", "3-9", "0")
    raise Refused(Fault("this does not say which trials", found=shown(value), available=forms))


def _read_window(value: Any) -> tuple[float, float]:
    """Read two times in seconds, which may be before the event."""
    hint = "write [-0.5 s, 1 s]"
    if not isinstance(value, list) or len(value) != 2:
        raise Refused(Fault("a window is two times", found=shown(value), hint=hint))
    times, faults = [], []
    for index, item in enumerate(value):
        try:
            quantity = read_quantity(item)
        except Refused as refused:
            faults += [fault.below(index) for fault in refused.faults]
            continue
        if quantity.dimension != _SECOND:
            faults.append(Fault("a time with its unit is due here", (index,), shown(item), hint=hint))
        times.append(quantity.value)
    if faults:
        raise Refused(*faults)
    if times[0] > times[1]:
        raise Refused(Fault("the window ends before it begins", found=shown(value)))
    return times[0], times[1]


Window = Annotated[tuple[float, float], validated(_read_window)]
Texts = Annotated[tuple[str, ...], AsTuple]
Names = Annotated[tuple[Name, ...], AsTuple]


def _mapping(value: Any) -> Any:
    return {} if value is None else value


class Selection(Section):
    """Which trials of which run."""

    run: OptionalName = None
    phase: OptionalName = None
    type: OptionalName = None
    trials: Annotated[Some | None, validated(_read_trials, optional=True)] = None


class Measure(Selection):
    """A number for each seed: a statistic of a variable in a window of each selected trial, then over the trials."""

    of: Endpoint
    statistic: Literal["mean", "peak", "minimum", "area", "latency", "slope", "first"] = "mean"
    to: Name = "trial"
    window: Window
    above: float | None = None
    below: float | None = None
    neuron: Annotated[int | None, Field(default=None, ge=0)] = None

    @model_validator(mode="after")
    def _first_has_a_bound(self) -> Measure:
        bounds = (self.above is not None) + (self.below is not None)
        if self.statistic == "first" and bounds != 1:
            hint = "write 'above: 0.5', or 'below'"
            raise refuse(Fault("the first trial beyond which bound?", ("statistic",), "first", hint=hint))
        if self.statistic != "first" and bounds:
            key = "above" if self.above is not None else "below"
            raise refuse(Fault("only 'statistic: first' has a bound", (key,), key=True))
        return self


class RunSpec(Section):
    """A run of the assay: the circuit as it is, or changed."""

    set: Texts = ()
    interventions: Names = ()
    protocol: Protocol | None = None


class ControlSpec(Section):
    """All runs again with a mechanism taken away: these expectations must fail there."""

    summary: str = ""
    set: Texts = ()
    interventions: Names = ()
    fails: Names = Field(min_length=1)


class Panel(Selection):
    """A panel of the figure: a heat map of trials, averages over trials, or measures with every seed."""

    title: str = ""
    heatmap: Annotated[str | None, Field(default=None)] = None
    average: Annotated[str | None, Field(default=None)] = None
    bars: Annotated[tuple[Name, ...] | None, AsTuple] = None
    to: Name = "trial"
    window: Annotated[tuple[float, float] | None, validated(_read_window, optional=True)] = None
    lines: Annotated[dict[str, Selection], BeforeValidator(_mapping)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_kind(self) -> Panel:
        kinds = [key for key in ("heatmap", "average", "bars") if getattr(self, key) is not None]
        if len(kinds) != 1:
            forms = ("{heatmap: dopamine, ...}", "{average: dopamine, ...}", "{bars: [a_measure]}")
            raise refuse(Fault("a panel is one of these", available=forms))
        if kinds != ["bars"] and self.window is None:
            raise refuse(Fault("the key 'window' is missing", hint="write 'window: [-0.5 s, 2 s]'"))
        return self


class AssaySpec(Section):
    """An assay file that obeys the schema."""

    assay: Name
    format: Literal[1]
    title: str = ""
    source: str = ""
    description: str = ""
    circuit: str = Field(min_length=1)
    program: Annotated[str | None, validated(read_python_file, optional=True)] = None
    set: Texts = ()
    protocol: Protocol | None = None
    seeds: int = Field(default=5, ge=1, le=MOST_SEEDS)
    first_seed: int = Field(default=0, ge=0)
    decisions: Annotated[int | None, Field(default=None, ge=1)] = None
    backend: Literal["jax", "brian2"] = "jax"
    runs: Annotated[dict[Name, RunSpec], BeforeValidator(_mapping)] = Field(default_factory=dict)
    measures: Annotated[dict[Name, Measure], BeforeValidator(_mapping)] = Field(default_factory=dict)
    expect: dict[Name, str] = Field(min_length=1)
    majority: Annotated[int | None, Field(default=None, ge=1)] = None
    controls: Annotated[dict[Name, ControlSpec], BeforeValidator(_mapping)] = Field(default_factory=dict)
    figure: Annotated[tuple[Panel, ...], AsTuple] = ()

    @model_validator(mode="after")
    def _measures_or_a_program(self) -> AssaySpec:
        if self.program is None:
            if not self.measures:
                hint = "write measures, or the 'program' that measures"
                raise refuse(Fault("the key 'measures' is missing", hint=hint))
            return self
        for key in ("protocol", "runs", "measures", "figure", "decisions"):
            if getattr(self, key):
                hint = "leave it out, or 'program'"
                raise refuse(Fault(f"an assay with a program has no '{key}'", (key,), key=True, hint=hint))
        return self
