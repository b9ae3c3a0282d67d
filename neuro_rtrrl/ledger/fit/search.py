"""The cheapest change of a circuit after which a device takes it, found by trying: each candidate is judged anew.

A change only ever makes a circuit ask for less. So changes are added, cheapest first, until all of them together are
enough, and those are taken out again, dearest first, that are not needed. What is left may be dearer than one dear
change alone, so those that come next are tried in the same way, as long as their own price is below that of the best
set so far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.constraints import findings, first_violated
from neuro_rtrrl.ledger.fit.substitutes import Change, changes
from neuro_rtrrl.ledger.fit.verdict import Substitute

__all__ = ["cheapest"]

RESIZED = 30  # price of fewer neurons


def cheapest(case: Case, violated: set[str]) -> Substitute | None:
    """Return the cheapest changes after which nothing is violated, or None where none was found.

    Parameters
    ----------
    case : Case
    violated : set of str
        Names of the constraints that are.
    """
    case = replace(case, timed="deadline" in violated, refined=False, latency=None)
    offered = sorted((*changes(case), *_fewer_neurons(case, violated)), key=lambda each: each.price)
    best: tuple[Change, ...] | None = None
    # what so many changes are not enough for, fewer are not either
    enough = bisect_left(
        range(1, len(offered) + 1), True, key=lambda count: _enough(case, tuple(offered[:count]))
    )
    for count in range(enough + 1, len(offered) + 1):
        if best is not None and offered[count - 1].price >= _price(best):
            break
        together = _needed(case, tuple(offered[:count]))
        if best is None or _price(together) < _price(best):
            best = together
    return None if best is None else _substitute(case, best)


def _price(together: tuple[Change, ...]) -> int:
    return sum(change.price for change in together)


def _needed(case: Case, together: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return those of the changes that are needed; the last always: whether it does without others is what is asked."""
    kept = together
    for change in reversed(together[:-1]):
        fewer = tuple(each for each in kept if each is not change)
        if _enough(case, fewer):
            kept = fewer
    return kept


def _enough(case: Case, together: tuple[Change, ...]) -> bool:
    try:
        return first_violated(_applied(case, together)) is None
    except CircuitError:
        return False  # these changes and this circuit do not go together


def _substitute(case: Case, together: tuple[Change, ...]) -> Substitute:
    changed = _applied(case, together)
    said = tuple(change.says for change in together if change.price != RESIZED)
    undecided = sum(1 for finding in findings(changed) if finding.status == "not known")
    return Substitute((*said, *_size(case, changed)), undecided)


def _applied(case: Case, together: tuple[Change, ...]) -> Case:
    for change in sorted(together, key=lambda each: each.price == RESIZED):  # fewer neurons last of all
        case = change.apply(case) or case  # it may not apply any more
    return case


# --- fewer neurons ------------------------------------------------------------------------------------------


def _fewer_neurons(case: Case, violated: set[str]) -> Iterator[Change]:
    sizes = {finding.name for finding in findings(case) if not finding.structural} & violated
    population = _largest(case)
    if population is not None and sizes:
        yield Change(f"fewer neurons in {population}", RESIZED, lambda c: _shrunk(c, population))


def _largest(case: Case) -> str | None:
    """Return the largest population whose size is free: neither input nor readout."""
    sizes = {
        name: case.extent.neurons[name]
        for name in case.loads
        if not case.circuit.populations[name].role and case.extent.neurons[name] > 1
    }
    return max(sizes, key=lambda name: sizes[name], default=None)


def _shrunk(case: Case, population: str) -> Case | None:
    """Return the case with as many neurons as keep within every size, by bisection; None if one is too many."""
    sizes = range(1, case.extent.neurons[population])

    def too_large(size: int) -> bool:
        found = findings(_resized(case, population, size))
        return any(finding.status == "violated" and not finding.structural for finding in found)

    most = bisect_left(sizes, True, key=too_large)
    return _resized(case, population, most) if most else None


def _resized(case: Case, population: str, size: int) -> Case:
    populations = {
        **case.circuit.populations,
        population: replace(case.circuit.populations[population], size=size),
    }
    circuit = case.circuit.replace(populations=populations)
    extent = case.extent.resized(population, size)
    return replace(case, circuit=circuit, extent=extent)


def _size(before: Case, after: Case) -> tuple[str, ...]:
    return tuple(
        f"{name}: n <= {size:,}"
        for name, size in after.extent.neurons.items()
        if size != before.extent.neurons.get(name)
    )
