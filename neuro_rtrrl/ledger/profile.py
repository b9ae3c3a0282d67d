"""Hardware profiles: what one event costs on a chip, each number with its grade and source.

A profile is a YAML file in ``hardware_profiles/``. Counts (what a circuit does) and prices (what a device
asks) never mix: this file knows nothing of circuits.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.ledger.figure import EnergyFigure, Figure, Strict
from neuro_rtrrl.spec.document import HARDWARE_PROFILE, Document, read_document
from neuro_rtrrl.units import BASE_UNITS

__all__ = [
    "EVENTS",
    "OPERATIONS",
    "PRECISIONS",
    "HardwareProfile",
    "Source",
    "load_profile",
    "profile_from_document",
    "profile_names",
]

OPERATIONS = ("add", "multiply", "mac", "divide", "transcendental", "compare")
PRECISIONS = ("fp32", "fp16", "int32", "int8")
EVENTS = {
    "synaptic_operation": "one spike delivered through one synapse",
    "synaptic_update": "one pairwise-STDP update of one synapse",
    "three_factor_update": "one weight change by a trace times a broadcast modulator",
    "trace_decay": "one decay step of one synaptic trace",
    "neuron_update_active": "one update of a neuron that spikes",
    "neuron_update_inactive": "one update of a neuron that does not",
    "spike_within_tile": "one spike to a core of the same tile",
    "hop": "one spike over one link of the mesh",
    "barrier": "one synchronisation of all cores at the end of a time step",
    "memory_read": "one 64 bit word read from local memory",
    "memory_write": "one 64 bit word written to local memory",
    "host_io": "one message between host and chip",
    "static_power": "power of the idle chip, in watts and not per event",
}
"""Priced events besides arithmetic, and their meaning; every profile states each, if only as a null."""

_ARITHMETIC = {f"{operation}.{precision}" for operation in OPERATIONS for precision in PRECISIONS}
_REQUIRED = {*EVENTS, *(f"{operation}.fp32" for operation in OPERATIONS)}


def _known_event(name: str) -> str:
    if name not in EVENTS and name not in _ARITHMETIC:
        raise ValueError(f"unknown event '{name}'")
    return name


class Source(Strict):
    """Where figures come from: a citation that a reader can look up, and what kind of evidence it is."""

    citation: str = Field(min_length=1)
    identifier: str | None = None
    evidence: str | None = None


class HardwareProfile(Strict):
    """The prices and limits of one device.

    Attributes
    ----------
    profile : str
        Its name.
    format : int
        Version of this schema.
    title, kind, notes
        For people; ``kind`` also tells a pricer which events the device has at all.
    sources : dict of Source
        By the key that figures name.
    energy : dict of EnergyFigure
        By event: a key of :data:`EVENTS` or ``operation.precision``, such as ``mac.fp32``.
    latency, memory, word_widths, capacity : dict of Figure
        Seconds per event; sizes; bits per word; counts.
    """

    profile: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    format: Literal[1]
    title: str
    kind: Literal["digital_neuromorphic", "mixed_signal_neuromorphic", "cmos_arithmetic", "processor"]
    sources: dict[str, Source] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    energy: dict[Annotated[str, AfterValidator(_known_event)], EnergyFigure]
    latency: dict[str, Figure] = Field(default_factory=dict)
    memory: dict[str, Figure] = Field(default_factory=dict)
    word_widths: dict[str, Figure] = Field(default_factory=dict)
    capacity: dict[str, Figure] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile

    def energy_of(self, event: str, precision: str | None = None) -> EnergyFigure:
        """Return the price of an event, or of an operation at a precision; it may be a null with its reason.

        Raises
        ------
        KeyError
            If there is no such event or precision. A known one that the file does not state is a null.
        """
        key = event if precision is None else f"{event}.{precision}"
        if key in self.energy:
            return self.energy[key]
        if key not in _ARITHMETIC:
            raise KeyError(key)
        return EnergyFigure(nominal=None, reason="not stated in this profile")

    def figures(self) -> dict[tuple[str, str], Figure]:
        """Return every figure, nulls included, by section and name."""
        sections = ("energy", "latency", "memory", "word_widths", "capacity")
        return {
            (section, name): figure for section in sections for name, figure in getattr(self, section).items()
        }

    @model_validator(mode="after")
    def _consistent(self) -> HardwareProfile:
        problems = []
        missing = sorted(_REQUIRED - self.energy.keys())
        if missing:
            hint = "write 'nominal: null' with a reason where nothing is published"
            problems.append((("energy",), f"no figure for {', '.join(missing)}", (), hint))
        for path, figure in self.figures().items():
            if figure.source is not None and figure.source not in self.sources:
                names = tuple(self.sources)
                message = f"unknown source '{figure.source}'"
                problems.append(((*path, "source"), message, names, nearest(figure.source, names)))
            expected = _unit_of(*path)
            if expected and figure.dimension not in (None, BASE_UNITS[expected]):
                message = f"'{figure.unit}' is not a unit of {expected}"
                problems.append(((*path, "unit"), message, (), ""))
        if problems:
            raise _InconsistentError(problems)
        return self


def _unit_of(section: str, name: str) -> str:
    if section == "energy":
        return "watt" if name == "static_power" else "joule"
    return {"latency": "second"}.get(section, "1")


class _InconsistentError(ValueError):
    """Problems between the parts of a profile: (path, message, available, hint)."""

    def __init__(self, problems: list[tuple]):
        self.problems = problems
        super().__init__("; ".join(f"{'.'.join(path)}: {message}" for path, message, *_ in problems))


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    return tuple(
        sorted(file.name.removesuffix(".yaml") for file in _folder().iterdir() if file.name.endswith(".yaml"))
    )


def load_profile(name_or_path: str | Path) -> HardwareProfile:
    """Load a shipped profile by name, or a file: anything with a folder in it or ending in .yaml or .yml.

    Raises
    ------
    CircuitError
        If there is no such profile, or with every problem of the file.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
        return profile_from_document(read_document(name_or_path, HARDWARE_PROFILE))
    names = profile_names()
    if text not in names:
        hint = nearest(text, names) or "a file of your own is named with its ending, such as my_chip.yaml"
        problem = Problem("unknown hardware profile", found=repr(text), available=names, hint=hint)
        raise CircuitError(problem)
    with resources.as_file(_folder() / f"{text}.yaml") as path:
        return profile_from_document(read_document(path, HARDWARE_PROFILE))


def _folder():
    """Return the folder of shipped profiles: inside an installed package, else beside it in a checkout."""
    installed = resources.files("neuro_rtrrl") / "_data" / "hardware_profiles"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2] / "hardware_profiles"


def profile_from_document(document: Document) -> HardwareProfile:
    """Check a profile that has been read from a file.

    Raises
    ------
    CircuitError
        With every problem found, each with its place in the file.
    """
    try:
        return HardwareProfile.model_validate(document.data)
    except ValidationError as error:
        raise CircuitError(
            [problem for each in error.errors() for problem in _problems(each, document)]
        ) from None


def _problems(error, document: Document) -> list[Problem]:
    """Translate one of pydantic's errors into ours."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, _InconsistentError):
        return [_problem(document, *details) for details in cause.problems]
    path = tuple(part for part in error["loc"] if part != "[key]")
    found = "" if isinstance(error["input"], dict) else str(error["input"])
    if error["type"] == "extra_forbidden":
        names = _fields(path)
        return [_problem(document, path, f"unknown key '{path[-1]}'", names, nearest(str(path[-1]), names))]
    if path[-1:] == ("grade",):
        hint = "a figure from memory (U) is written 'nominal: null' until someone reads its source"
        return [_problem(document, path, "not a grade", ("P", "Q", "D", "S"), hint, found)]
    if error["type"] == "greater_than":
        hint = "write 'nominal: null' with a reason where nothing is published"
        return [_problem(document, path, "a figure is greater than 0", (), hint, found)]
    if "[key]" in error["loc"]:
        names = (*EVENTS, *sorted(_ARITHMETIC))
        return [_problem(document, path, str(cause), names, nearest(str(path[-1]), names))]
    message = str(cause) if cause else error["msg"][:1].lower() + error["msg"][1:]
    return [_problem(document, path, message, (), "", found)]


def _problem(
    document: Document, path, message: str, available=(), hint: str = "", found: str = ""
) -> Problem:
    where = ".".join(str(part) for part in path)
    return Problem(message, where, document.locate(path), found, tuple(available), hint)


def _fields(path: tuple) -> tuple[str, ...]:
    """Return the keys that are valid beside the last part of ``path``."""
    if len(path) == 1:
        return tuple(HardwareProfile.model_fields)
    model = {"sources": Source, "energy": EnergyFigure}.get(str(path[0]), Figure)
    return tuple(model.model_fields)
