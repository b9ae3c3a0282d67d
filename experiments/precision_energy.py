"""Accuracy against energy: what shorter words save, and what they cost in return.

    python experiments/precision_energy.py

reads the stored table of the study ``precision`` and draws the final return of each row over the energy of a decision
on 45 nm CMOS (``cmos45``, Horowitz 2014), with the front of rows that no other beats in both. Counted are

- arithmetic: additions and multiplications, at the price of 32 bit whole numbers (a price is published of 8 and of 32
  bit, and every row keeps some words of more than 8), of float32 for the row ``float``;
- memory: every word that an equation reads or writes, at its own length and the price of a bit in 8 KB of SRAM.

Divisions, comparisons and tables have no published price and are left out, in all rows alike.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import neuro_rtrrl as nr
from neuro_rtrrl.ledger import cost
from neuro_rtrrl.ledger.profile import load_profile
from neuro_rtrrl.lowering import EVERY_DT, Assign, Gather, LoweredCircuit, Reduce, WordLengths
from neuro_rtrrl.lowering.simplify import inputs_of
from neuro_rtrrl.lowering.words import ACCUMULATOR, kind_of_word
from neuro_rtrrl.studies.load import load_study

HERE = Path(__file__).parent
STUDY = HERE / "precision.yaml"
OUT = HERE / "precision"
PROFILE = "cmos45"
ACCESS_BITS = 64  # of the published price of an access


@dataclass(frozen=True)
class Point:
    """A row: what it costs a decision, joules, and its final return, median over seeds."""

    row: str
    arithmetic: float
    memory: float
    final: float

    @property
    def energy(self) -> float:
        """Joules a decision."""
        return self.arithmetic + self.memory


def accesses(lowered: LoweredCircuit) -> Iterator[tuple[str, int]]:
    """Yield (key, words a decision) for everything that an equation reads or writes."""
    steps = lowered.circuit.timing.steps
    for section, statement in lowered.statements():
        times = steps if section in EVERY_DT else 1
        if isinstance(statement, Gather):
            read = [(lowered.spaces[term.projection], term.expression) for term in statement.terms]
        elif isinstance(statement, Assign | Reduce):
            read = [(statement.space, statement.expression)]
        else:
            continue
        for space, tree in read:
            for key in inputs_of([tree]):
                yield key, space.elements * times
        yield statement.target, times * (1 if isinstance(statement, Reduce) else statement.space.elements)


def price_of(words: WordLengths | None, circuit: nr.Circuit) -> tuple[float, float]:
    """Return the joules of a decision: arithmetic, memory."""
    profile = load_profile(PROFILE)
    precision = "fp32" if words is None else "int32"
    report = cost(circuit, profile, precision)
    kinds: dict[str, float] = {}
    for phase in report.operations.values():
        for kind, count in phase.items():
            kinds[kind] = kinds.get(kind, 0.0) + count
    add, multiply = (
        profile.energy_of(kind, precision).in_si().nominal or 0.0 for kind in ("add", "multiply")
    )
    arithmetic = kinds["add"] * add + kinds["multiply"] * multiply + kinds["mac"] * (add + multiply)
    access = profile.energy_of("memory_read").in_si().nominal or 0.0
    bits = 0
    for key, count in accesses(report.lowered):
        variable = report.lowered.variables[key]
        if variable.value is None:
            kind = kind_of_word(variable, report.lowered)
            bits += count * (words.of(kind) if words and kind else ACCUMULATOR)
    return arithmetic, bits * access / ACCESS_BITS


def points() -> list[Point]:
    """Return a point for each row of the study."""
    study = load_study(STUDY)
    with (OUT / "table.csv").open(encoding="utf-8") as file:
        finals: dict[str, list[float]] = {}
        for line in csv.DictReader(file):
            finals.setdefault(line["row"], []).append(float(line["final"]))
    found = []
    for row in study.rows:
        arithmetic, memory = price_of(row.words, row.circuit)
        values = sorted(finals[row.name])
        found.append(Point(row.name, arithmetic, memory, values[len(values) // 2]))
    return found


def front(found: list[Point]) -> list[Point]:
    """Return the points that no other beats in energy and in return, cheapest first."""
    best: list[Point] = []
    for point in sorted(found, key=lambda point: (point.energy, -point.final)):
        if not best or point.final > best[-1].final:
            best.append(point)
    return best


SERIES = {"weight": "o", "traces": "s"}


def draw(found: list[Point], path: Path) -> None:
    """Draw wrong answers over energy: a series for the weights' bits, one for the traces', and the front."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.8, 4.2), layout="constrained")
    axes = figure.subplots()
    by_name = {point.row: point for point in found}
    axes.plot(*_places(front(found)), color="0.85", lw=8, solid_capstyle="round", zorder=0, label="the front")
    for number, (name, marker) in enumerate(SERIES.items()):
        series = {
            int(row.split("_")[1]): point for row, point in by_name.items() if row.startswith(f"{name}_")
        }
        ordered = sorted(
            [*series.items(), (9 if name == "weight" else 7, by_name["loihi1"])], key=lambda each: each[0]
        )
        colour = f"C{number}"
        label = f"{name.removesuffix('s')}s, bits" + (" (the rest as on Loihi 1)" if not number else "")
        axes.plot(
            *_places([point for _, point in ordered]), f"{marker}-", color=colour, ms=13, lw=1, label=label
        )
        for bits, point in ordered:
            if point.row == "loihi1" and number:
                continue  # named once: 9 bit weights, 7 bit traces
            x, y = _places([point])
            axes.text(x[0], y[0], str(bits), color="white", fontsize=7, ha="center", va="center")
    x, y = _places([by_name["loihi1_nearest"]])
    axes.plot(x, y, "kX", ms=9, label="Loihi 1, rounded to the nearest")
    whole = by_name["float"]
    axes.axhline(_places([whole])[1][0], color="0.4", lw=1, ls=":")
    axes.text(
        0.99,
        0.02,
        f"dotted: float32, {1e9 * whole.energy:.0f} nJ",
        transform=axes.transAxes,
        ha="right",
        fontsize=8,
    )
    axes.set(
        yscale="log",
        xlabel="energy of a decision on 45 nm CMOS, what has a price (nJ)",
        ylabel="wrong answers, share (median of 5 seeds)",
        title="MemoryChain 8 in short words",
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="center right", markerscale=0.5)
    figure.savefig(path, dpi=150)


def _places(points: list[Point]) -> tuple[list[float], list[float]]:
    """Return nanojoules, and the share of wrong answers: a return is 1 for a right one and -1 for a wrong one."""
    return [1e9 * point.energy for point in points], [(1 - point.final) / 2 for point in points]


def write(found: list[Point], path: Path) -> None:
    """Write the numbers."""
    best = front(found)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["row", "arithmetic_nJ", "memory_nJ", "energy_nJ", "final", "on_front"])
        for point in found:
            parts = (point.arithmetic, point.memory, point.energy)
            numbers = [f"{1e9 * value:.4g}" for value in parts]
            table.writerow([point.row, *numbers, f"{point.final:.4g}", int(point in best)])


if __name__ == "__main__":
    made = points()
    write(made, OUT / "energy.csv")
    draw(made, OUT / "energy.png")
