"""A verdict as a table."""

from __future__ import annotations

import re
from collections import Counter

from neuro_rtrrl.ledger.fit.finding import Finding
from neuro_rtrrl.ledger.fit.verdict import Verdict
from neuro_rtrrl.ledger.tables import Table, format_count

__all__ = ["fit_table", "placement_table"]

_LINES = 3  # of the equations, in a table; JSON has all
_MARKS = {"satisfied": "yes", "violated": "NO", "not known": "?", "warning": "(!)"}


def fit_table(verdict: Verdict, brief: bool = False) -> Table:
    """Return one row for each finding, what is violated first; ``brief`` leaves out what holds."""
    order = ("violated", "not known", "warning", "satisfied")
    chosen = sorted(verdict.findings, key=lambda finding: order.index(finding.status))
    several = Counter(finding.name for finding in verdict.findings)
    rows: dict[str, dict[str, str]] = {}
    for finding in chosen:
        if brief and finding.status == "satisfied":
            continue
        name = finding.name.replace("_", " ")
        if several[finding.name] > 1 and (whose := re.match(r"(\w+)(?::| hears )", finding.says)):
            name = f"{name}: {whose[1]}"
        same = sum(row == name or re.fullmatch(rf"{re.escape(name)} \d+", row) is not None for row in rows)
        rows[f"{name} {same + 1}" if same else name] = {
            "fits": _MARKS[finding.status],
            "source": f"{finding.grade} {', '.join(finding.sources)}".strip() or "-",
            "why": _why(finding),
        }
    notes = [line for line in (verdict.advice(),) if line]
    held = len(verdict.of("satisfied"))
    if brief and held:
        notes.insert(0, f"{held} other constraints hold")
    return Table(
        verdict.headline(),
        "constraint",
        ("fits", "source", "why"),
        rows,
        totalled=False,
        note="\n".join(notes),
    )


def _why(finding: Finding) -> str:
    if finding.status != "violated" or not finding.structural:
        return finding.says
    told = [line for line in finding.where if line not in finding.says]
    shown = told[:_LINES]
    more = len(told) - len(shown)
    lines = [*shown, f"and {more} more"] if more else [*shown]
    return "\n".join([finding.says, *(f"  {line}" for line in lines)])


def placement_table(verdict: Verdict) -> Table | None:
    """Return where the neurons go and what travels between cores; None where that is not known."""
    placement = verdict.placement
    if placement is None:
        return None
    hops = placement.hops
    rows = {
        "cores": placement.cores,
        "messages within cores": placement.within,
        "messages between cores": placement.across,
        "mean hops of these": "-" if hops is None else f"{hops:.3g}",
        **{f"most of a core: {what.replace('_', ' ')}": count for what, count in placement.most.items()},
    }
    by = placement.partitioner.replace("_", " ")
    note = f"messages of rates, a decision (those of spikes only a run can tell); placed by {by}"
    return Table(
        f"placement on {verdict.profile}",
        "what",
        ("value",),
        {
            name: {"value": value if isinstance(value, str) else format_count(value)}
            for name, value in rows.items()
        },
        totalled=False,
        note=note,
    )
