"""What a constraint says of a circuit on a device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from neuro_rtrrl.ledger.fit.limits import Limit

__all__ = ["STATUSES", "Finding", "Status", "against", "judged", "listed", "name_of", "not_known"]

Status = Literal["satisfied", "violated", "not known", "warning"]
STATUSES: dict[str, str] = {
    "satisfied": "holds",
    "violated": "does not hold: no number of such chips helps, or the chip is too small",
    "not known": "the profile has no figure for it",
    "warning": "stands beside the verdict, and does not decide it",
}


@dataclass(frozen=True)
class Finding:
    """One constraint, judged.

    Attributes
    ----------
    name : str
        The constraint's: a key of :data:`~neuro_rtrrl.ledger.fit.constraints.CONSTRAINTS`.
    status : {"satisfied", "violated", "not known", "warning"}
    says : str
        One sentence.
    where : tuple of str
        Lines of the circuit's equations, or parts of the circuit, that it is about.
    needs, has : float or None
        Of a limit that is a number: what the circuit needs and what the device has, in ``unit``.
    structural : bool
        Whether no size of the device would help: its engine cannot express the rule.
    grade, sources
        Of the limit; empty where it is not known.
    """

    name: str
    status: Status
    says: str
    where: tuple[str, ...] = ()
    needs: float | None = None
    has: float | None = None
    unit: str = ""
    structural: bool = False
    grade: str = ""
    sources: tuple[str, ...] = ()

    @property
    def factor(self) -> float:
        """By how much the need exceeds the limit; infinite where the limit is no number."""
        if self.needs is None or not self.has:
            return float("inf")
        return self.needs / self.has

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def judged(
    name: str, fine: bool, says: str, limit: Limit, where: tuple[str, ...] = (), **details: Any
) -> Finding:
    """Return the finding on something that the engine can or cannot do."""
    status: Status = "satisfied" if fine else "violated"
    return Finding(
        name, status, says, where, structural=True, grade=limit.grade, sources=limit.sources, **details
    )


def not_known(name: str, says: str, structural: bool = False, **details: Any) -> Finding:
    """Return the finding that nobody can decide."""
    return Finding(name, "not known", says, structural=structural, **details)


def against(
    name: str, what: str, needs: float, limit: Limit, unit: str = "", where: tuple[str, ...] = ()
) -> Finding:
    """Compare a need with a limit that is a number."""
    needed = _amount(needs, unit)
    if limit.value is None:
        return not_known(name, f"{what}: {needed}; limit not known: {limit.reason}", needs=needs, unit=unit)
    fine = needs <= limit.value
    says = f"{what}: {needed} of {_amount(limit.value, unit)}"
    return Finding(
        name, "satisfied" if fine else "violated", says, () if fine else where, needs, limit.value, unit,
        grade=limit.grade, sources=limit.sources,
    )  # fmt: skip


def name_of(key: str) -> str:
    """Return the last part of a variable's key."""
    return key.rpartition(".")[2]


def listed(items: Iterable[str]) -> str:
    """Return names with commas between them."""
    return ", ".join(items)


def _amount(value: float, unit: str) -> str:
    if unit != "bit":
        return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
    for size, name in ((8 * 1024**3, "GB"), (8 * 1024**2, "MB"), (8 * 1024, "KB")):
        if value >= size:
            return f"{value / size:,.4g} {name}"
    return f"{value:,.0f} bit"
