"""Whether the parts of a profile contradict each other: units, sources, and limits beside their parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.ledger.figure import Figure
from neuro_rtrrl.ledger.vocabulary import POWERS, REQUIRED
from neuro_rtrrl.units import BASE_UNITS

if TYPE_CHECKING:
    from neuro_rtrrl.ledger.profile import HardwareProfile

__all__ = ["RULES", "InconsistentError", "contradictions"]

SECONDARY = "secondary"
Fault = tuple[tuple, str, tuple, str]
"""Where, what, available, hint."""


class InconsistentError(ValueError):
    """Problems between the parts of a profile: (path, message, available, hint)."""

    def __init__(self, problems: list[Fault]):
        self.problems = problems
        super().__init__("; ".join(f"{'.'.join(path)}: {message}" for path, message, *_ in problems))


def contradictions(profile: HardwareProfile) -> list[Fault]:
    """Return every contradiction of a profile, by all :data:`RULES`."""
    return [fault for rule in RULES for fault in rule(profile)]


def every_event_is_stated(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault if a required price is left out."""
    missing = sorted(REQUIRED - profile.energy.keys())
    if missing:
        hint = "write 'nominal: null' with a reason where nothing is published"
        yield ("energy",), f"no figure for {', '.join(missing)}", (), hint


def every_source_is_cited(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault for a source that is not among the profile's."""
    names = tuple(profile.sources)
    for path, figure in profile.figures().items():
        if figure.source is not None and figure.source not in profile.sources:
            message = f"unknown source '{figure.source}'"
            yield (*path, "source"), message, names, nearest(figure.source, names)
    engine = profile.learning_engine
    if engine is not None and engine.source not in profile.sources:
        message = f"unknown source '{engine.source}'"
        yield ("learning_engine", "source"), message, names, nearest(engine.source, names)


def no_grade_is_better_than_its_source(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault for a figure that claims to be read, quoted or derived where its source is a secondary one."""
    graded: dict[tuple[str, ...], tuple[str | None, str | None]] = {
        path: (figure.source, figure.grade) for path, figure in profile.figures().items()
    }
    if (engine := profile.learning_engine) is not None:
        graded["learning_engine",] = engine.source, engine.grade
    for path, (name, grade) in graded.items():
        source = profile.sources.get(name or "")
        if source is not None and source.evidence == SECONDARY and grade not in (None, "S"):
            message = f"grade {grade} where the evidence of '{name}' is secondary"
            yield (
                (*path, "grade"),
                message,
                ("S",),
                "arithmetic on secondary figures is S too, with its 'derivation'",
            )


def every_unit_fits_its_section(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault for a price in seconds, a latency in joules and the like."""
    for path, figure in profile.figures().items():
        expected = _unit_of(*path)
        if expected and figure.dimension not in (None, BASE_UNITS[expected]):
            yield (*path, "unit"), f"'{figure.unit}' is not a unit of {expected}", (), ""


def _unit_of(section: str, name: str) -> str:
    if section == "measured":
        return ""
    if section == "energy":
        return "watt" if name in POWERS else "joule"
    return {"latency": "second", "clock": "hertz"}.get(section, "1")


_PARTS = (
    ("capacity", "neurons_per_chip", "neurons_per_core"),
    ("capacity", "neurons_per_chip", "compartments_per_core"),
    ("capacity", "synapses_per_chip", "synapses_per_core"),
    ("memory", "memory_per_chip", "memory_per_core"),
    ("memory", "synaptic_state_per_chip", "synaptic_state_per_core"),
)
"""(section, of the chip, of one core): the first is at most the second times the cores."""


def a_chip_holds_no_more_than_its_cores(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault where a capacity is exceeded by what the profile itself says of its parts."""
    cores = _nominal(profile, "capacity", "cores")
    for section, whole, part in _PARTS:
        of_chip, of_core = (_nominal(profile, section, name) for name in (whole, part))
        if None not in (cores, of_chip, of_core) and of_chip > cores * of_core:  # type: ignore[operator]
            held = f"{cores:,.0f} cores hold {_size(section, cores * of_core)}"  # type: ignore[operator]
            message = f"{_size(section, of_chip)} is more than {held}"  # type: ignore[arg-type]
            yield (section, whole), message, (), f"'{part}' times 'cores' is the most"
    rows, columns = (_nominal(profile, "capacity", name) for name in ("mesh_rows", "mesh_columns"))
    routers = _nominal(profile, "capacity", "routers") or cores
    if rows is not None and columns is not None and routers is not None and rows * columns > routers:
        message = f"a mesh of {rows:g} by {columns:g} is more than {routers:,.0f} cores"
        yield ("capacity", "mesh_rows"), message, (), ""


def a_core_has_room_for_one_neuron(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault where one neuron with all its synapses has no room in a core, by the profile's own words."""
    of_neuron = _nominal(profile, "capacity", "synapses_per_neuron")
    of_core = _nominal(profile, "capacity", "synapses_per_core")
    if of_neuron is not None and of_core is not None and of_neuron > of_core:
        message = f"{of_neuron:,.0f} synapses of one neuron are more than the {of_core:,.0f} of a core"
        yield ("capacity", "synapses_per_neuron"), message, (), ""
    weight = _nominal(profile, "word_widths", "weight")
    memory = _nominal(profile, "memory", "synaptic_state_per_core")
    if None not in (weight, memory, of_core) and of_core * weight > memory:  # type: ignore[operator]
        need = _size("memory", of_core * weight)  # type: ignore[operator]
        message = (
            f"{of_core:,.0f} synapses of {weight:g} bit need {need} of a core's {_size('memory', memory)}"  # type: ignore[arg-type]
        )
        yield ("capacity", "synapses_per_core"), message, (), ""


def engine_words_have_a_width_once(profile: HardwareProfile) -> Iterator[Fault]:
    """Yield a fault for a word that is rounded but that no scope owns and no width is known of."""
    engine = profile.learning_engine
    for word in engine.rounding if engine else ():
        if word not in profile.word_widths:
            names = tuple(profile.word_widths)
            message = f"'{word}' is rounded and has no word width"
            yield ("learning_engine", "rounding", word), message, names, nearest(word, names)


def _nominal(profile: HardwareProfile, section: str, name: str) -> float | None:
    figure: Figure | None = getattr(profile, section).get(name)
    return None if figure is None else figure.in_si().nominal


def _size(section: str, value: float) -> str:
    return f"{value:,.0f}" if section == "capacity" else f"{value / 8192:,.4g} KB"


RULES: tuple[Callable[[HardwareProfile], Iterator[Fault]], ...] = (
    every_event_is_stated,
    every_source_is_cited,
    no_grade_is_better_than_its_source,
    every_unit_fits_its_section,
    a_chip_holds_no_more_than_its_cores,
    a_core_has_room_for_one_neuron,
    engine_words_have_a_width_once,
)
