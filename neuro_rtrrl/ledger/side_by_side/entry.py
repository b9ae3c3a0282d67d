"""One circuit under one rule on one device: memory, operations, energy, time, fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from neuro_rtrrl.ledger.energy import Energy
from neuro_rtrrl.ledger.events import is_learning
from neuro_rtrrl.ledger.fit import fit
from neuro_rtrrl.ledger.fit.limits import limit
from neuro_rtrrl.ledger.latency import Latency, latency_of
from neuro_rtrrl.ledger.prices import price_demands
from neuro_rtrrl.ledger.pricing import chip_seconds
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.side_by_side.counted import Counted

__all__ = ["COVERAGE", "Entry", "Fit", "entry_of", "missing"]

Coverage = Literal["all", "part", "forward", "none"]

COVERAGE: dict[str, str] = {
    "all": "everything that it does has a price",
    "part": "a lower bound: some of what it does has no price",
    "forward": "a lower bound: nothing of its learning has a price",
    "none": "nothing that it does has a price",
}
"""How much of what a circuit does the joules are for."""

_LEARNING = ("energy.three_factor_update", "energy.trace_decay", "energy.synaptic_update")
_NAMED = ("learning as a program",)


@dataclass(frozen=True)
class Fit:
    """Whether a device takes it, and what binds or is not known."""

    answer: str
    why: str = ""


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of the comparison; ``reason`` says why there is nothing else in it.

    Attributes
    ----------
    circuit, rule, profile : str
        ``profile`` is empty where only counting was asked for.
    reason, note : str
    words, bits : int
        What learning adds to what is kept.
    operations, learning_operations : float
        A decision, a multiply-accumulate as one.
    energy : Energy or None
    latency : Latency or None
    fit : Fit or None
    coverage : str
        A key of :data:`COVERAGE`.
    """

    circuit: str
    rule: str
    profile: str
    reason: str = ""
    note: str = ""
    words: int = 0
    bits: int = 0
    operations: float = 0.0
    learning_operations: float = 0.0
    energy: Energy | None = None
    latency: Latency | None = None
    fit: Fit | None = None
    coverage: Coverage = "none"

    @property
    def joules(self) -> dict[str, float | None]:
        """Low, nominal and high of what has a price, a decision; None where nothing has, or no such bound is known."""
        return self.energy.total if self.energy else dict.fromkeys(("low", "nominal", "high"))

    @property
    def lower_bound(self) -> bool:
        """Whether something that it does has no price."""
        return self.energy is not None and bool(self.unpriced)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What has no price, being on all the time apart."""
        items = self.energy.unpriced if self.energy else ()
        return tuple(item.event for item in items if item.event not in _BACKGROUND)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        document: dict[str, Any] = {
            "circuit": self.circuit,
            "rule": self.rule,
            "profile": self.profile or None,
            "applies": not self.reason,
            "reason": self.reason,
            "note": self.note,
        }
        if self.reason:
            return document
        energy = None
        if self.energy is not None:
            energy = {
                "per": "decision",
                **self.joules,
                "coverage": self.coverage,
                "powered": self.energy.powered,
                "weakest_grade": self.energy.weakest,
                "items": [item.as_dict() for item in (*self.energy.items, *self.energy.beside)],
                "unpriced": [item.as_dict() for item in self.energy.unpriced],
            }
        return {
            **document,
            "memory": {
                "learning_words": self.words,
                "learning_bits": self.bits,
                "learning_bytes": self.bits / 8,
            },
            "operations": {"total": self.operations, "learning": self.learning_operations},
            "energy": energy,
            "latency": self.latency.as_dict() if self.latency else None,
            "fit": {"answer": self.fit.answer, "why": self.fit.why} if self.fit else None,
        }


_BACKGROUND = ("static_power", "idle_cycle", "busy_power")


def missing(circuit: str, rule: str, profile: str, reason: str) -> Entry:
    """Return the line of a rule that a circuit has no form under."""
    return Entry(circuit, rule, profile, reason)


def entry_of(counted: Counted, profile: HardwareProfile | None, name: str, precision: str = "fp32") -> Entry:
    """Hold a counted circuit against a device; ``name`` is what the comparison calls the circuit."""
    words, bits = counted.learning_memory(profile)
    counts = (counted.operations, counted.learning_operations)
    if profile is None:
        return Entry(name, str(counted.choice), "", "", counted.note, words, bits, *counts)
    demands, seconds = counted.demands(profile, precision), chip_seconds(counted.lowered, profile)
    energy = price_demands(demands, profile, seconds, precision=precision)
    latency = latency_of(demands, profile, seconds)
    return Entry(
        name, str(counted.choice), profile.name, "", counted.note, words, bits, *counts,
        energy, latency, _fit(counted, profile, latency), _coverage(counted, profile, energy),
    )  # fmt: skip


def _coverage(counted: Counted, profile: HardwareProfile, energy: Energy) -> Coverage:
    if not energy.items:
        return "none"
    if not [item for item in energy.unpriced if item.event not in _BACKGROUND]:
        return "all"
    if counted.circuit.frozen or not any(is_learning(line) for line in counted.lines):
        return "part"
    arithmetic = profile.kind in ("cmos_arithmetic", "processor")
    learned = arithmetic or any(
        item.figure in _LEARNING or item.event.startswith(_NAMED) for item in energy.items
    )
    return "part" if learned else "forward"


# --- fit ----------------------------------------------------------------------------------------------------


def _fit(counted: Counted, profile: HardwareProfile, latency: Latency) -> Fit:
    if counted.sweep is not None:
        return _fit_of_bptt(counted, profile, latency)
    verdict = fit(counted.circuit, profile, search=False, lowered=counted.written, latency=latency)
    return Fit(verdict.answer, _why(verdict))


def _why(verdict) -> str:
    if verdict.binding is not None:
        return verdict.binding.says
    if verdict.answer == "fits":
        return ""
    undecided = (each.says for each in verdict.of("not known") if each.structural)
    return next(undecided, "no limit of its size is known")


def _fit_of_bptt(counted: Counted, profile: HardwareProfile, latency: Latency) -> Fit:
    """Judge BPTT by its structure: it carries weights backwards and keeps every decision of its window."""
    assert counted.sweep is not None
    engine, window = profile.learning_engine, counted.choice.window
    if engine is None:
        return Fit("not known", "the profile has no learning engine")
    if engine.kind != "program":
        if engine.kind == "none":
            return Fit("does not fit", "weights are loaded and never change")
        why = f"a backward sweep through transported weights over {window:,} stored decisions is no rule of a synapse"
        return Fit("does not fit", why)
    running = fit(counted.circuit.freeze(), profile, search=False)
    if running.answer != "fits":
        return Fit(running.answer, _why(running))
    if latency.verdict == "does not keep up":
        return Fit("does not fit", latency.reason)
    room = limit(profile, "memory", "memory_per_chip")
    if not room.known:
        core, cores = limit(profile, "memory", "memory_per_core"), limit(profile, "capacity", "cores")
        if core.value is None or cores.value is None:
            return Fit(
                "not known", f"memory for {counted.sweep.words:,} words of the window: no limit is known"
            )
        room = replace(core, value=core.value * cores.value)
    needs, has = sum(item.bits for item in counted.memory(profile)), room.value or 0.0
    if needs > has:
        words = f"the window's {counted.sweep.words:,} words in it"
        return Fit("does not fit", f"memory: {needs / 8192:,.4g} KB, {words}, of {has / 8192:,.4g} KB")
    return Fit("fits")
