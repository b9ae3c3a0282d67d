"""Hardware profiles: what one event costs on a chip, each number with its grade and source.

A profile is a YAML file in ``hardware_profiles/``. Counts (what a circuit does) and prices (what a device
asks) never mix: this file knows nothing of circuits.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from neuro_rtrrl.errors import CircuitError, Problem, nearest
from neuro_rtrrl.ledger.consistency import InconsistentError, contradictions
from neuro_rtrrl.ledger.engine import LearningEngine
from neuro_rtrrl.ledger.figure import EnergyFigure, Figure, Strict, weakest_grade
from neuro_rtrrl.ledger.points import SECTIONS, at_point, point_names, problems_of_points, split_name
from neuro_rtrrl.ledger.profile_faults import problems_of_error, without_faults
from neuro_rtrrl.ledger.vocabulary import ARITHMETIC, EVENTS, OPERATIONS, PRECISIONS
from neuro_rtrrl.spec.document import HARDWARE_PROFILE, Document, read_document

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


def _known_event(name: str) -> str:
    if name not in EVENTS and name not in ARITHMETIC:
        raise ValueError(f"unknown event '{name}'")
    return name


class Source(Strict):
    """Where figures come from: a citation that a reader can look up, and what kind of evidence it is."""

    citation: str = Field(min_length=1)
    identifier: str | None = None
    evidence: str | None = None


class HardwareProfile(Strict):
    """The prices and limits of one device, at one operating point.

    Attributes
    ----------
    profile : str
        Its name.
    format : int
        Version of this schema.
    title, kind, notes
        For people; ``kind`` also tells a pricer which events the device has at all.
    arithmetic : str or None
        ``float32`` where its words are floating-point numbers: then no run in words of fixed length emulates it.
    operating_points : dict of str
        Name -> what it is, for a device with several; ``point`` is the one that these figures hold for.
    sources : dict of Source
        By the key that figures name.
    energy : dict of EnergyFigure
        By event: a key of :data:`EVENTS` or ``operation.precision``, such as ``mac.fp32``.
    latency, clock, memory, word_widths, capacity : dict of Figure
        Seconds per event, in one lane of the device; hertz; sizes; bits per word; counts.
    measured : dict of Figure
        Published measurements of whole tasks: to compare with, never to price with.
    learning_engine : LearningEngine or None
        None where the profile is of arithmetic and not of a device.
    """

    profile: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    format: Literal[1]
    title: str
    kind: Literal["digital_neuromorphic", "mixed_signal_neuromorphic", "cmos_arithmetic", "processor"]
    arithmetic: Literal["float32"] | None = None
    operating_points: dict[str, str] = Field(default_factory=dict)
    default_point: str | None = None
    point: str | None = None
    sources: dict[str, Source] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    learning_engine: LearningEngine | None = None
    energy: dict[Annotated[str, AfterValidator(_known_event)], EnergyFigure]
    latency: dict[str, Figure] = Field(default_factory=dict)
    clock: dict[str, Figure] = Field(default_factory=dict)
    memory: dict[str, Figure] = Field(default_factory=dict)
    word_widths: dict[str, Figure] = Field(default_factory=dict)
    capacity: dict[str, Figure] = Field(default_factory=dict)
    measured: dict[str, Figure] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """The profile's name, with its operating point where there are several: ``spinnaker2@0.5V``."""
        return self.profile if self.point is None else f"{self.profile}@{self.point}"

    @property
    def weakest(self) -> str | None:
        """The weakest grade among all its numbers."""
        return weakest_grade(self.figures().values())

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
        if key not in ARITHMETIC and key not in EVENTS:
            raise KeyError(key)
        return EnergyFigure(nominal=None, reason="not stated in this profile")

    def figures(self) -> dict[tuple[str, str], Figure]:
        """Return every figure, nulls included, by section and name."""
        return {
            (section, name): figure for section in SECTIONS for name, figure in getattr(self, section).items()
        }

    @model_validator(mode="after")
    def _consistent(self) -> HardwareProfile:
        problems = contradictions(self)
        if problems:
            raise InconsistentError(problems)
        return self


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    return tuple(
        sorted(file.name.removesuffix(".yaml") for file in _folder().iterdir() if file.name.endswith(".yaml"))
    )


def load_profile(name_or_path: str | Path) -> HardwareProfile:
    """Load a shipped profile by name, or a file: anything with a folder in it or ending in .yaml or .yml.

    Behind either may stand an operating point: ``spinnaker2@0.8V``, ``my_chip.yaml@slow``.

    Raises
    ------
    CircuitError
        If there is no such profile or operating point, or with every problem of the file.
    """
    text, point = split_name(str(name_or_path))
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
        return profile_from_document(read_document(text, HARDWARE_PROFILE), point)
    names = profile_names()
    if text not in names:
        hint = nearest(text, names) or "a file of your own is named with its ending, such as my_chip.yaml"
        problem = Problem("unknown hardware profile", found=repr(text), available=names, hint=hint)
        raise CircuitError(problem)
    return _shipped(text, point)


@cache
def _shipped(name: str, point: str | None) -> HardwareProfile:
    with resources.as_file(_folder() / f"{name}.yaml") as path:
        return profile_from_document(read_document(path, HARDWARE_PROFILE), point)


def _folder():
    """Return the folder of shipped profiles: inside an installed package, else beside it in a checkout."""
    installed = resources.files("neuro_rtrrl") / "_data" / "hardware_profiles"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2] / "hardware_profiles"


def profile_from_document(document: Document, point: str | None = None) -> HardwareProfile:
    """Check a profile that has been read from a file, at all its operating points, and return it at one.

    Parameters
    ----------
    document : Document
    point : str, optional
        Operating point; None is the profile's default.

    Raises
    ------
    CircuitError
        With every problem found, each with its place in the file; or if it has no such operating point.
    """
    if not document.data.keys() & {"profile", "energy"}:
        found = ", ".join(map(str, list(document.data)[:3])) or "nothing"
        hint = "one begins with 'profile: NAME'; 'neuro-rtrrl profiles' lists those that are shipped"
        place = document.locate(())
        raise CircuitError(Problem("this is no hardware profile", "", place, f"{found} ...", hint=hint))
    problems = problems_of_points(document)
    if problems:
        raise CircuitError(problems)
    points = point_names(document.data) or (None,)
    profiles: dict[str | None, HardwareProfile] = {}
    for each in points:
        data = at_point(document.data, each)
        try:
            profiles[each] = HardwareProfile.model_validate(data)
        except ValidationError as error:
            problems += problems_of_error(error, document, each, HardwareProfile)
            try:
                HardwareProfile.model_validate(without_faults(data, error))
            except ValidationError as beyond:  # what only shows once the figures themselves can be read
                problems += problems_of_error(beyond, document, each, HardwareProfile)
    if problems:
        raise CircuitError(list(dict.fromkeys(problems)))
    if point is None:
        return profiles[document.data.get("default_point") if point_names(document.data) else None]
    if point not in profiles:
        known = point_names(document.data)
        hint = nearest(point, known) or ("" if known else "leave '@' and what follows away")
        message = f"hardware profile '{profiles[points[0]].profile}' has no operating point '{point}'"
        raise CircuitError(Problem(message, available=known, hint=hint))
    return profiles[point]
