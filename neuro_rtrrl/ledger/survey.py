"""The profiles side by side, and one profile with all its figures and sources."""

from __future__ import annotations

from typing import Any

from neuro_rtrrl.ledger.engine import ENGINE_KINDS
from neuro_rtrrl.ledger.figure import GRADES, Figure
from neuro_rtrrl.ledger.points import SECTIONS
from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile, profile_names
from neuro_rtrrl.ledger.tables import Table

__all__ = ["describe", "engine_text", "figure_text", "survey", "survey_table"]


def survey() -> list[dict[str, Any]]:
    """Return one entry for each shipped profile.

    Keys: ``name``, ``title``, ``kind``, ``weakest_grade`` (of all its numbers), ``figures``, ``published`` (how
    many of them have a number, bounds included), ``prices`` and ``priced`` (the same of its energies alone),
    ``learning_engine`` (null for mere arithmetic), ``operating_points`` (the default first) and ``sources`` (how
    many).
    """
    return [_entry(load_profile(name)) for name in profile_names()]


def _entry(profile: HardwareProfile) -> dict[str, Any]:
    figures, prices = profile.figures().values(), profile.energy.values()
    points = sorted(profile.operating_points, key=lambda name: name != profile.default_point)
    return {
        "name": profile.profile,
        "title": profile.title,
        "kind": profile.kind,
        "weakest_grade": profile.weakest,
        "figures": len(figures),
        "published": sum(map(_published, figures)),
        "prices": len(prices),
        "priced": sum(map(_published, prices)),
        "learning_engine": None if profile.learning_engine is None else profile.learning_engine.kind,
        "operating_points": points,
        "sources": len(profile.sources),
    }


def _published(figure: Figure) -> bool:
    return figure.priced or figure.bounds_only


def survey_table() -> Table:
    """Return :func:`survey` as a table for people."""
    rows = {
        entry["name"]: {
            "what": entry["title"],
            "learns": (entry["learning_engine"] or "-").replace("_", " "),
            "prices": f"{entry['priced']}/{entry['prices']}",
            "all": f"{entry['published']}/{entry['figures']}",
            "weakest": entry["weakest_grade"] or "-",
        }
        for entry in survey()
    }
    grades = ", ".join(f"{grade} {meaning}" for grade, meaning in GRADES.items())
    points = ", ".join(
        f"{entry['name']}@{point}" for entry in survey() for point in entry["operating_points"]
    )
    note = (
        f"prices, all: energies, and all figures, that have a number. weakest: grade, {grades}.\n"
        f"At an operating point: {points}.\n"
        "All figures with their sources: neuro-rtrrl profiles show NAME"
    )
    columns = ("what", "learns", "prices", "all", "weakest")
    return Table("hardware profiles", "profile", columns, rows, totalled=False, note=note)


def describe(profile: HardwareProfile) -> dict[str, Any]:
    """Return a profile with every figure, null ones with their reasons, and every source; JSON form.

    Keys: those of :func:`survey`, and ``operating_point``, ``notes``, ``learning_engine`` (the whole section),
    ``sections`` (section, name, figure) and ``sources`` (key, citation, identifier, evidence).
    """
    engine = profile.learning_engine
    sections: dict[str, dict[str, Any]] = {}
    for (section, name), figure in profile.figures().items():
        sections.setdefault(section, {})[name] = figure.model_dump(exclude_none=True) | {
            "nominal": figure.nominal
        }
    return _entry(profile) | {
        "operating_point": profile.point,
        "notes": list(profile.notes),
        "learning_engine": None if engine is None else engine.model_dump(by_alias=True),
        "sections": {section: sections[section] for section in SECTIONS if section in sections},
        "sources": {key: source.model_dump() for key, source in profile.sources.items()},
    }


def engine_text(profile: HardwareProfile) -> str:
    """Return what the learning engine can do, in a few lines."""
    engine = profile.learning_engine
    if engine is None:
        return "none: a profile of arithmetic, without a device around it"
    lines = [
        f"{engine.kind.replace('_', ' ')}: {ENGINE_KINDS[engine.kind]} [{engine.grade}, {engine.source}]"
    ]
    for scope, names in (engine.operations or {}).items():
        lines.append(f"operations of a {scope}: {', '.join(names) or 'none'}")
    for scope, names in (engine.state or {}).items():
        lines.append(f"words of a {scope}: {', '.join(names)}")
    if engine.neurons is not None:
        lines.append(f"neurons: {', '.join(engine.neurons)}")
    if engine.modulators is not None:
        lines.append(f"modulators: {engine.modulators}")
    for word, how in engine.rounding.items():
        lines.append(f"rounding of a {word}: {how}")
    return "\n".join((*lines, engine.note or "")).rstrip()


def figure_text(figure: Figure) -> str:
    """Return a number with its range and unit: ``2.3 pJ (2.21 to 2.39)``, ``at least 23.6 pJ``, ``5.8 to 13 us``."""
    low, nominal, high = figure.low, figure.nominal, figure.high
    unit = "" if figure.unit in (None, "1") else f" {figure.unit}"
    if nominal is None:
        if low is not None and high is not None:
            return f"{low:g} to {high:g}{unit}"
        return f"at least {low:g}{unit}" if low is not None else f"at most {high:g}{unit}"
    value = f"{nominal:,.10g}{unit}"
    if low is None and high is None:
        return value
    if high is None:
        return f"at least {value}" if low == nominal else f"{value} (from {low:g})"
    if low is None:
        return f"at most {value}" if high == nominal else f"{value} (to {high:g})"
    return f"{value} ({low:g} to {high:g})"
