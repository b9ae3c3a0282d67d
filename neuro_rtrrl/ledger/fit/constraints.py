"""The list of constraints: what has to hold for a circuit to run, and learn, on a device.

A constraint is a function of a :class:`~neuro_rtrrl.ledger.fit.case.Case` that yields findings; a new one is a function
in ``rules.py`` or ``sizes.py`` and its name in the list there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.deadline import deadline
from neuro_rtrrl.ledger.fit.finding import Finding
from neuro_rtrrl.ledger.fit.rules import RULES
from neuro_rtrrl.ledger.fit.sizes import SIZES

__all__ = ["CONSTRAINTS", "findings", "first_violated"]

CONSTRAINTS: tuple[Callable[[Case], Iterator[Finding]], ...] = (*RULES, *SIZES, deadline)
"""In the order in which they are told: first what no larger chip would change."""


def findings(case: Case) -> tuple[Finding, ...]:
    """Return what every constraint says of a circuit on a device."""
    return tuple(finding for constraint in CONSTRAINTS for finding in constraint(case))


def first_violated(case: Case) -> Finding | None:
    """Return the first constraint that does not hold, or None; what comes after it is not worked out."""
    found = (finding for constraint in CONSTRAINTS for finding in constraint(case))
    return next((finding for finding in found if finding.status == "violated"), None)
