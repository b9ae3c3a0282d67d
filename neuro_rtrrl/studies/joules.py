"""What the rows of a study took to reach a return, in joules and seconds on a device.

Taken is what is stored: nothing runs. Where a row's jobs were scored against the same criterion, the decision in which
each seed reached it is known. Else it is read off the stored learning curve, of sixty parts: the end of the first
part whose mean return is as high. That is another mean, and late by up to a sixtieth of the run; the table says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.ledger.criterion import Reached, ToCriterion, to_criterion
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.side_by_side import words
from neuro_rtrrl.ledger.side_by_side.counted import Counted, count
from neuro_rtrrl.ledger.side_by_side.entry import Entry, entry_of
from neuro_rtrrl.ledger.side_by_side.rules import Choice
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet
from neuro_rtrrl.ledger.side_by_side.text import BESIDE
from neuro_rtrrl.studies.load import Study
from neuro_rtrrl.studies.scores import BINS
from neuro_rtrrl.studies.store import Store
from neuro_rtrrl.studies.table import RowResult, collect, markdown_line

__all__ = [
    "HEADS",
    "RowCost",
    "as_csv",
    "as_dict",
    "as_markdown",
    "cells_of",
    "explained",
    "joules_of",
    "reached_of",
    "require_criterion",
    "sheet_of",
]


@dataclass(frozen=True, eq=False)
class RowCost:
    """A row of a study on one device; ``reason`` says why there is no number."""

    row: str
    profile: str
    entry: Entry | None = None
    cost: ToCriterion | None = None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        known = self.cost.as_dict() if self.cost else {}
        fits = self.entry.fit.answer if self.entry and self.entry.fit else None
        coverage = self.entry.coverage if self.entry else None
        row = {"row": self.row, "profile": self.profile, "reason": self.reason}
        return {**row, **known, "fits": fits, "coverage": coverage}


def reached_of(result: RowResult, criterion: float) -> Reached:
    """Return when each stored seed of a row reached a return."""
    decisions = result.row.decisions
    if result.row.criterion == criterion:
        exact = tuple(record["scores"].get("reached") for record in result.finished)
        return Reached(criterion, exact)
    found = tuple(_on_the_curve(record, criterion) for record in result.finished)  # each has its curve
    return Reached(criterion, found, resolution=-(-decisions // BINS))


def _on_the_curve(record: Mapping[str, Any], criterion: float) -> int | None:
    for part, value in enumerate(record["curve"], 1):
        if value is not None and value >= criterion:
            return part * max(record["decisions"], record.get("made") or 0) // BINS
    return None


def require_criterion(study: Study, criterion: float | None) -> None:
    """Raise CircuitError where neither a caller nor the study says which return is to be reached."""
    if criterion is None and all(row.criterion is None for row in study.rows):
        message = f"the study '{study.name}' names no criterion"
        raise CircuitError(Problem(message, "--criterion", hint="--criterion 0.9"))


def joules_of(
    study: Study, store: Store, profiles: Sequence[HardwareProfile], criterion: float | None = None
) -> tuple[RowCost, ...]:
    """Return every row on every device, device by device.

    Parameters
    ----------
    study : Study
    store : Store
        Where its results lie.
    profiles : sequence of HardwareProfile
    criterion : float, optional
        The return; by default each row's own.

    Raises
    ------
    CircuitError
        If no criterion is known, or nothing is stored.
    """
    require_criterion(study, criterion)
    results = collect(study, store)
    if not any(result.finished for result in results):
        hint = f"neuro-rtrrl study {study.path}"
        raise CircuitError(Problem(f"nothing of the study '{study.name}' is stored", hint=hint))
    counted = {row.name: count(row.circuit, Choice("own")) for row in study.rows if not row.baseline}
    return tuple(
        _row(result, counted.get(result.row.name), profile, criterion)
        for profile in profiles
        for result in results
    )


def _row(
    result: RowResult, counted: Counted | None, profile: HardwareProfile, criterion: float | None
) -> RowCost:
    name = result.row.name
    wanted = result.row.criterion if criterion is None else criterion
    if counted is None:
        reason = f"learned by the baseline {result.row.baseline}, which the ledger does not count"
        return RowCost(name, profile.name, reason=reason)
    entry = entry_of(counted, profile, name)
    reason = "no criterion" if wanted is None else "not run" if not result.finished else ""
    if result.former:
        reason = "run with an earlier program or setting"
    elif wanted != result.row.criterion and len(result.curves) < len(result.finished):
        reason = reason or "no learning curves stored"
    if reason or wanted is None or entry.energy is None or entry.latency is None:
        return RowCost(name, profile.name, entry, reason=reason or "not run")
    interval = counted.circuit.timing.decision_interval
    cost = to_criterion(entry.energy, entry.latency, reached_of(result, wanted), interval)
    return RowCost(name, profile.name, entry, cost)


def as_dict(study: Study, costs: Sequence[RowCost]) -> dict[str, Any]:
    """Return the JSON form."""
    return {
        "study": study.name,
        "title": study.title,
        "rows": [cost.as_dict() for cost in costs],
        "sources": sheet_of(costs).sources(),
    }


def sheet_of(costs: Sequence[RowCost], profiles: Sequence[HardwareProfile] = ()) -> Sheet:
    """Return the rows as entries of a comparison, whose sources and unpriced events can be asked for."""
    entries = tuple(cost.entry for cost in costs if cost.entry is not None)
    return Sheet(entries, {profile.name: profile for profile in profiles})


def as_csv(study: Study, costs: Sequence[RowCost]) -> str:
    """Return a line for each row and device."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = ("low", "nominal", "high")
    writer.writerow(
        [
            "study",
            "row",
            "profile",
            "criterion",
            "median_decisions",
            "resolution",
            "seeds_that_reached_it",
            "seeds",
        ]
        + [f"joules_{end}" for end in ends]
        + ["joules_switched_on"]
        + ["device_seconds_low", "device_seconds_high", "model_seconds", "coverage", "fits", "weakest_grade"]
        + ["unpriced", "reason"]
    )
    for each in costs:
        cost, entry = each.cost, each.entry
        if cost is None:
            writer.writerow([study.name, each.row, each.profile, *[""] * 16, each.reason])
            continue
        assert entry is not None
        reached = cost.reached
        values: list[Any] = [reached.criterion, reached.median, reached.resolution]
        values += [sum(one is not None for one in reached.decisions), len(reached.decisions)]
        values += [cost.joules[end] for end in ends]
        values += [cost.powered["nominal"]]
        values += [cost.device_seconds["low"], cost.device_seconds["high"], cost.model_seconds]
        values += [entry.coverage, entry.fit.answer if entry.fit else None, cost.weakest]
        values += ["; ".join(cost.unpriced), each.reason]
        shown = ["" if x is None else f"{x:.6g}" if isinstance(x, float) else x for x in values]
        writer.writerow([study.name, each.row, each.profile, *shown])
    return text.getvalue()


def cells_of(each: RowCost) -> tuple[str, ...]:
    """Return what a table shows of a row, after its name: see :data:`HEADS`."""
    cost, entry = each.cost, each.entry
    if cost is None or entry is None:
        return (each.reason, *[""] * (len(HEADS) - 1))
    reached = cost.reached
    got = sum(one is not None for one in reached.decisions)
    about = "≤ " if reached.resolution else ""
    decisions = "never" if reached.median is None else f"{about}{reached.median:,.0f}"
    nominal = cost.joules["nominal"]
    return (
        decisions,
        f"{got}/{len(reached.decisions)}",
        cost.energy_text() + ("*" if entry.coverage == "forward" and nominal is not None else ""),
        words.band_text(cost.joules),
        words.joules(cost.powered["nominal"]),
        cost.time_text(),
        words.fits_text(entry),
        cost.weakest or "-",
    )


HEADS = (
    *("decisions", "seeds", "joules", "low – high", "switched on"),
    *("time", "fits", "grade"),
)
"""Columns of the table of a device."""


def explained(costs: Sequence[RowCost]) -> str:
    """Return what the columns mean."""
    known = [each.cost for each in costs if each.cost is not None]
    criteria = dict.fromkeys(f"{cost.reached.criterion:g}" for cost in known)
    parts = [
        f"decisions: median over seeds until the mean return reaches {' or '.join(criteria)}",
        "joules: those decisions, at what each of them costs as far as it has a published price; "
        "≥: something has none; *: nothing of its learning has one",
        "switched on: with what the device takes for being on all the time, where that is published",
        "time: on the device, at least the decision interval each",
    ]
    if any(cost.reached.resolution for cost in known):
        parts.insert(
            1, "≤: read off the stored curve of sixty parts, so too late by a sixtieth of the run at most"
        )
    return "; ".join(parts)


def as_markdown(study: Study, costs: Sequence[RowCost]) -> str:
    """Return a table for each device, what the columns mean, what has no price, and where each joule comes from."""
    lines = [f"### {study.title}: joules to criterion", ""]
    sheet = sheet_of(costs)
    for profile in dict.fromkeys(each.profile for each in costs):
        rows = [each for each in costs if each.profile == profile]
        lines += [
            f"**{profile}**",
            "",
            markdown_line(("row", *HEADS)),
            markdown_line(("---", *["---:"] * (len(HEADS) - 1), "---")),
        ]
        lines += [markdown_line((each.row, *cells_of(each))) for each in rows]
        lines += ["", f"Not costed: {', '.join(sheet.unpriced(profile)) or 'nothing'}.", ""]
        for source in sheet.sources().values():
            if source["profile"] == profile and source["figure"] not in BESIDE:
                point = f", {source['operating_point']}" if source["operating_point"] else ""
                says = f": {source['derivation']}" if source["derivation"] else ""
                figure = source["figure"].removeprefix("energy.")
                lines.append(f"- {figure} ({source['grade']}{point}){says}. {source['citation']}")
        lines.append("")
    return "\n".join([*lines, f"{explained(costs)}.", ""])
