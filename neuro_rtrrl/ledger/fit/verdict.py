"""The answer: does the circuit fit the device, what binds, and what would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from neuro_rtrrl.ledger.fit.finding import Finding
from neuro_rtrrl.ledger.fit.placement import Placement

__all__ = ["Substitute", "Verdict"]

Answer = Literal["fits", "does not fit", "not known"]


@dataclass(frozen=True)
class Substitute:
    """Changes of the circuit after which nothing is violated.

    Attributes
    ----------
    changes : tuple of str
        ``sgd in place of adam``, ``n <= 24``.
    not_known : int
        How many constraints nobody can decide then either.
    """

    changes: tuple[str, ...]
    not_known: int = 0

    def __str__(self) -> str:
        return "; ".join(self.changes)


@dataclass(frozen=True, eq=False)
class Verdict:
    """How a circuit stands on a device.

    Attributes
    ----------
    circuit, profile : str
    findings : tuple of Finding
        Of every constraint.
    placement : Placement or None
    substitute : Substitute or None
        The cheapest found; None where the circuit fits as it is, or where none was found.
    searched : bool
        Whether a substitute was looked for.
    sources : dict
        Key of a source -> its citation.
    """

    circuit: str
    profile: str
    findings: tuple[Finding, ...]
    placement: Placement | None = None
    substitute: Substitute | None = None
    searched: bool = False
    sources: dict[str, str] = field(default_factory=dict)

    def of(self, status: str) -> tuple[Finding, ...]:
        """Return the findings of one status."""
        return tuple(finding for finding in self.findings if finding.status == status)

    @property
    def answer(self) -> Answer:
        """``fits`` where nothing is violated and what learns is known to be possible; sizes may be unpublished."""
        if self.of("violated"):
            return "does not fit"
        undecided = [finding for finding in self.of("not known") if finding.structural]
        decided = [f for f in self.of("satisfied") if not f.structural]
        return "not known" if undecided or not decided else "fits"

    @property
    def binding(self) -> Finding | None:
        """The first thing the engine cannot express, else the limit that is exceeded by the largest factor."""
        violated = self.of("violated")
        for finding in violated:
            if finding.structural:
                return finding
        return max(violated, key=lambda finding: finding.factor, default=None)

    def __getitem__(self, name: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.name == name)

    def headline(self) -> str:
        """Return the answer in one line."""
        undecided = len(self.of("not known"))
        left = f"; {undecided} limit{'s' * (undecided > 1)} not known" if undecided else ""
        apart = ", its neuron models apart" if self["neuron_models"] else ""
        if self.binding is not None:
            told = [line for line in self.binding.where[:1] if line not in self.binding.says]
            place = f" ({told[0]})" if told else ""
            return f"{self.circuit} does not fit {self.profile}: {self.binding.says}{place}"
        if self.answer == "fits":
            return f"{self.circuit} fits {self.profile}{apart}{left}"
        first = next((f.says for f in self.of("not known") if f.structural), "no limit of its size is known")
        return f"whether {self.circuit} fits {self.profile} is not known: {first}{left}"

    def advice(self) -> str:
        """Return the cheapest substitute in one line, or what the search came to; empty where it fits."""
        if self.substitute is not None:
            return f"cheapest substitute: {self.substitute}"
        if self.answer == "does not fit" and self.searched:
            return "no substitute found"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "circuit": self.circuit,
            "profile": self.profile,
            "answer": self.answer,
            "binding": self.binding.as_dict() if self.binding else None,
            "substitute": {"changes": list(self.substitute.changes), "not_known": self.substitute.not_known}
            if self.substitute
            else None,
            "findings": [finding.as_dict() for finding in self.findings],
            "placement": self.placement.as_dict() if self.placement else None,
            "sources": self.sources,
        }

    def __repr__(self) -> str:
        lines = [self.headline()]
        lines += [f"  {f.status}: {f.name.replace('_', ' ')}: {f.says}" for f in self.findings]
        return "\n".join([*lines, *filter(None, [self.advice()])])
