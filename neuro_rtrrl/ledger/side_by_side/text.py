"""The comparison for a terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from neuro_rtrrl.ledger.figure import GRADES
from neuro_rtrrl.ledger.side_by_side import words
from neuro_rtrrl.ledger.side_by_side.sheet import Sheet
from neuro_rtrrl.ledger.tables import Table, format_count
from neuro_rtrrl.ledger.terminal import render_table

if TYPE_CHECKING:
    from rich.console import Group

BESIDE = tuple(
    f"energy.{name}" for name in ("static_power", "idle_cycle", "busy_power", "memory_read", "memory_write")
)
"""Figures whose joules stand beside the total, and are in none."""

__all__ = ["BESIDE", "COLUMNS", "as_csv", "as_text", "legend", "notes", "render_sheet"]

COLUMNS = (
    *("circuit", "rule", "profile", "applies", "reason", "note"),
    *("learning_words", "learning_bits", "operations", "learning_operations"),
    *("energy_low", "energy_nominal", "energy_high", "coverage", "weakest_grade", "unpriced"),
    *("seconds_low", "seconds_high", "decision_seconds", "keeps_up", "fits", "why"),
)


def as_csv(sheet: Sheet) -> str:
    """Return one line for each circuit, device and rule; joules and seconds, empty where there is no number."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    for entry in sheet.entries:
        row: dict[str, Any] = {
            "circuit": entry.circuit,
            "rule": entry.rule,
            "profile": entry.profile,
            "applies": "no" if entry.reason else "yes",
            "reason": entry.reason,
            "note": entry.note,
        }
        if not entry.reason:
            row |= {
                "learning_words": entry.words,
                "learning_bits": entry.bits,
                "operations": entry.operations,
                "learning_operations": entry.learning_operations,
            }
        if entry.energy is not None and entry.latency is not None and entry.fit is not None:
            row |= {f"energy_{end}": value for end, value in entry.joules.items()}
            row |= {
                "coverage": entry.coverage,
                "weakest_grade": entry.energy.weakest,
                "unpriced": "; ".join(item.event for item in entry.energy.unpriced),
                "seconds_low": entry.latency.low,
                "seconds_high": entry.latency.high,
                "decision_seconds": entry.latency.interval,
                "keeps_up": entry.latency.verdict,
                "fits": entry.fit.answer,
                "why": entry.fit.why,
            }
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
    return text.getvalue()


def legend(sheet: Sheet) -> str:
    """Return what the columns mean, in one paragraph."""
    parts = [
        "operations: a multiply-accumulate as one; what spikes set off is not in them",
        "memory: what learning adds to what is kept",
    ]
    if sheet.profiles:
        parts += [
            "energy: nominal, of what has a published price; ≥ where something has none",
            "*: nothing of its learning has a price, so that rules cannot be told apart by it",
            "time: all cores together – one after another, as far as times are published",
            "in time: within the decision interval; left out: kinds of event that are not costed",
            f"grade: the weakest of its prices, {', '.join(f'{g} {m}' for g, m in GRADES.items())}",
        ]
    return "; ".join(parts)


def render_sheet(sheet: Sheet) -> Group:
    """Return the whole comparison as one rich renderable."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    for circuit in sheet.circuits:
        parts += [render_table(_counts(sheet, circuit)), ""]
        if sheet.profiles:
            parts += [_devices(sheet, circuit), ""]
    parts.append(Text(legend(sheet), style="dim italic"))
    if sheet.profiles:
        if fits := list(_fits(sheet)):
            parts += ["", Text("why it does not fit, or is not known", style="italic"), *fits]
        parts += ["", *notes(sheet)]
    return Group(*parts)


def as_text(sheet: Sheet, width: int = 100) -> str:
    """Return what a terminal would show, without colours."""
    import io

    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=width, highlight=False, color_system=None).print(render_sheet(sheet))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def notes(sheet: Sheet) -> Iterator[Any]:
    """Yield what has no price, and where each joule comes from, as rich renderables."""
    from rich.text import Text

    yield Text("not costed: no published price, and never taken as 0", style="italic")
    yield from _unpriced(sheet)
    yield from ("", Text("where the joules come from", style="italic"))
    yield from _sources(sheet)


def _counts(sheet: Sheet, circuit: str) -> Table:
    """Return what no device changes; memory at 32 bit a word."""
    first = next(iter(sheet.profiles), "")
    rows: dict[str, dict[str, Any]] = {}
    for entry in sheet.of(circuit, first):
        if entry.reason:
            cells = dict.fromkeys(("operations", "learning", "words"))
            rows[entry.rule] = {**cells, "note": f"not for this circuit: {entry.reason}"}
        else:
            rows[entry.rule] = {
                "operations": entry.operations,
                "learning": entry.learning_operations,
                "words": entry.words,
                "note": entry.note,
            }
    columns = ("operations", "learning", "words", "note")
    return Table(f"{circuit}, per decision", "rule", columns, rows, totalled=False)


def _devices(sheet: Sheet, circuit: str):
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    drawn.add_column("\nprofile", no_wrap=True)
    drawn.add_column("\nrule", no_wrap=True)
    for column in ("memory", "energy", "low – high", "time"):
        drawn.add_column(f"\n{column}", justify="right", no_wrap=True)
    for column in ("in\ntime", "\nfits", "left\nout", "\ngrade"):
        drawn.add_column(column, justify="center", no_wrap=True)
    for profile in sheet.profiles:
        told = False
        for entry in sheet.of(circuit, profile):
            if entry.reason or entry.energy is None:
                continue
            cells = (
                "" if told else profile,
                entry.rule,
                words.memory_text(entry.bits),
                words.energy_text(entry) + ("*" if entry.coverage == "forward" else ""),
                words.band(entry),
                words.time_text(entry),
                words.keeps_up_text(entry),
                words.fits_text(entry),
                format_count(len(entry.unpriced)),
                entry.energy.weakest or "-",
            )
            drawn.add_row(*(Text(cell) for cell in cells))
            told = True
    return drawn


def _bullet(head: str, text: str):
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text.assemble((f"{head}: ", "bold"), text), (0, 0, 0, 2))


def _fits(sheet: Sheet) -> Iterator[Any]:
    for profile in sheet.profiles:
        told: dict[str, list[str]] = {}
        for entry in sheet.entries:
            if entry.profile == profile and entry.fit is not None and entry.fit.why:
                who = entry.rule if len(sheet.circuits) == 1 else f"{entry.rule} of {entry.circuit}"
                told.setdefault(entry.fit.why, []).append(who)
        if told:
            yield _bullet(profile, "; ".join(f"{why} ({', '.join(who)})" for why, who in told.items()))


def _unpriced(sheet: Sheet) -> Iterator[Any]:
    for profile in sheet.profiles:
        found = sheet.unpriced(profile)
        if found:
            yield _bullet(profile, "; ".join(found))


def _sources(sheet: Sheet) -> Iterator[Any]:
    told: dict[str, list[str]] = {}
    for source in sheet.sources().values():
        evidence = f" ({source['evidence']})" if source["evidence"] else ""
        beside = ", beside" if source["figure"] in BESIDE else ""
        what = f"{source['figure'].removeprefix('energy.')} [{source['grade']}{beside}]"
        told.setdefault(f"{source['profile']}\n{source['citation']}{evidence}", []).append(what)
    for key, figures in told.items():
        profile, _, citation = key.partition("\n")
        yield _bullet(profile, f"{', '.join(figures)}: {citation}")
