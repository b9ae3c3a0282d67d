"""``neuro-rtrrl profiles`` and ``neuro-rtrrl profiles show``."""

from __future__ import annotations

from typing import Any

from neuro_rtrrl.cli.output import console, print_json
from neuro_rtrrl.ledger.figure import Figure
from neuro_rtrrl.ledger.points import SECTIONS
from neuro_rtrrl.ledger.profile import HardwareProfile, load_profile
from neuro_rtrrl.ledger.survey import describe, engine_text, figure_text, survey, survey_table
from neuro_rtrrl.ledger.terminal import render_table

__all__ = ["run_profiles", "run_show"]

_HEADINGS = {
    "energy": "energy, per event",
    "latency": "time, per event",
    "word_widths": "word widths",
    "measured": "measured on whole tasks: to compare with, never priced with",
}


def run_profiles(json: bool) -> int:
    """Print every shipped profile on one line."""
    if json:
        print_json({"profiles": survey()})
    else:
        console().print(render_table(survey_table()))
    return 0


def run_show(name: str, json: bool) -> int:
    """Print all figures of a profile with their sources."""
    profile = load_profile(name)
    if json:
        print_json(describe(profile))
    else:
        screen = console()
        for part in _page(profile):
            screen.print(part)
    return 0


def _page(profile: HardwareProfile) -> list[Any]:
    from rich.padding import Padding
    from rich.text import Text

    parts: list[Any] = [Text(f"{profile.name}: {profile.title}", style="bold")]
    if profile.point is not None:
        points = ", ".join(
            f"{profile.profile}@{name} ({what})" for name, what in profile.operating_points.items()
        )
        parts.append(Text(f"operating points: {points}"))
    parts += [Padding(Text(note), (0, 0, 0, 2)) for note in profile.notes]
    parts += ["", Text("learning engine", style="italic"), Padding(Text(engine_text(profile)), (0, 0, 0, 2))]
    for section in SECTIONS:
        figures: dict[str, Figure] = getattr(profile, section)
        if any(figure.priced or figure.bounds_only for figure in figures.values()):
            parts += ["", _table(_HEADINGS.get(section, section), figures)]
    unpublished = _unpublished(profile)
    if unpublished:
        parts += ["", Text("null: not published or not found, and never taken as 0", style="italic")]
        parts += [
            Padding(_bullet(reason, ", ".join(names)), (0, 0, 0, 2)) for reason, names in unpublished.items()
        ]
    parts += ["", Text("sources", style="italic")]
    for key, source in profile.sources.items():
        details = [source.citation, source.identifier, source.evidence and f"evidence: {source.evidence}"]
        parts.append(Padding(_bullet(key, ". ".join(part for part in details if part)), (0, 0, 0, 2)))
    return parts


def _bullet(head: str, text: str):
    from rich.text import Text

    return Text.assemble((f"{head}: ", "bold"), text)


def _table(title: str, figures: dict[str, Figure]):
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("figure", "value", "grade", "source"):
        drawn.add_column(column, no_wrap=column != "value")
    drawn.add_column("where and what", ratio=1)
    for name, figure in figures.items():
        if figure.priced or figure.bounds_only:
            details = (
                figure.operating_point if figure.operating_point != "any" else None,
                figure.per and f"per {figure.per}",
                getattr(figure, "scope", None) == "all_in" and "all-in",
                figure.derivation and f"= {figure.derivation}",
                figure.note,
                figure.reason,
            )
            cells = (name, figure_text(figure), figure.grade or "", figure.source or "")
            drawn.add_row(*(Text(cell) for cell in cells), Text("; ".join(part for part in details if part)))
    return drawn


def _unpublished(profile: HardwareProfile) -> dict[str, list[str]]:
    """Return reason -> names of the figures that are null for it."""
    found: dict[str, list[str]] = {}
    for (section, name), figure in profile.figures().items():
        if not figure.priced and not figure.bounds_only:
            label = name if section == "energy" else f"{section}.{name}"
            found.setdefault(figure.reason or "", []).append(label)
    return found
