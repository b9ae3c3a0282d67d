"""What exact RTRL adds to a tick: lines that no synapse could do, and a matrix that none could hold.

A rule that reads ``credit`` needs J, the influence of every parameter theta that learns so on every neuron with
dynamics (:mod:`neuro_rtrrl.lowering.credit`). It is counted for what it is for a CT-RNN (formulae of
:mod:`neuro_rtrrl.ledger.comparison`), population by population, with n neurons, R synapses onto them from neurons with
dynamics, P parameters in all and p of them their own or of synapses onto them:

- every ``dt``, ``J' = (1 - a)*J + c*(W J)``: a mac for each of the R synapses and P parameters, two multiplies and one
  add for each of the n*P entries, n multiplies for c = a*slope, and where tau is learned n divides and n adds;
- every ``dt``, the immediate term: an add a parameter and a multiply a synapse; of tau one more add, multiply and
  divide;
- once a decision, for each name that is read: n*P macs, what is fed back times J. Joining the sums of several
  populations is P adds each, on the account of the later ones.

As there, the slope of tanh is left out. Words are those of the operands: two a mac, the entry itself, what is written.
A cell with more states has so many rows a neuron, each taken to cost as much. What a machine would have to send for it
is not counted: no message could carry it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from neuro_rtrrl.graph.circuit import Population
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.lowering.credit import credited, influenced, moving_populations
from neuro_rtrrl.models.credit import CREDIT

__all__ = ["SCOPE", "Influence", "influences"]

SCOPE = "nonlocal"
"""Scope of what lives neither once, nor in a neuron, nor in a synapse."""

Counts = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Influence:
    """The rows of J that belong to one population.

    Attributes
    ----------
    population : str
    rows, parameters : int
        n and P.
    lines : tuple of (section, text, elements, counts, reads, writes)
        One repetition of each.
    """

    population: str
    rows: int
    parameters: int
    lines: tuple[tuple[str, str, int, Counts, int, int], ...]

    @property
    def words(self) -> int:
        """Entries that are kept."""
        return self.rows * self.parameters


def influences(lowered: LoweredCircuit) -> Iterator[Influence]:
    """Yield the rows of each population with dynamics; nothing for a circuit of local rules."""
    owners = influenced(lowered.variables)
    if not owners:
        return
    total = sum(lowered.variables[key].space.elements for key in owners.values())
    terms = credited(lowered)
    told = 0  # populations so far whose part of a term has to be joined
    for population in moving_populations(lowered.circuit):
        rows = population.size * len(population.model.states)
        back = [
            term
            for term, pairs in terms.items()
            if any(key.rpartition(".")[0] == population.name for key, _ in pairs)
        ]
        lines = [
            _followed(lowered, population, rows, total, f"{population.name}.tau" in owners),
            _immediate(lowered, population, owners),
        ]
        for term in back:
            counts = _counts(mac=rows * total, add=total if told else 0)
            text = f"{term} = sum over {population.name} of {CREDIT[term]} * J"
            lines.append(("feedback", text, rows * total, counts, 2 * rows * total, total))
        told += bool(back)
        yield Influence(population.name, rows, total, tuple(lines))


def _followed(lowered: LoweredCircuit, population: Population, rows: int, total: int, tau: bool):
    moving = {each.name for each in moving_populations(lowered.circuit)}
    synapses = sum(
        lowered.spaces[p.name].elements
        for p in lowered.circuit.projections.values()
        if p.target.population == population.name and p.source.population in moving
    )
    own = population.size * tau
    counts = _counts(
        mac=synapses * total, multiply=population.size + 2 * rows * total, add=own + rows * total, divide=own
    )
    text = f"J = (1 - a)*J + c*(sum over all neurons of W * J), {rows:,} x {total:,}"
    return "advance", text, rows * total, counts, (2 * synapses + rows) * total, rows * total


def _immediate(lowered: LoweredCircuit, population: Population, owners: dict[str, str]):
    synapses = intrinsic = 0
    for owner, key in owners.items():
        space = lowered.variables[key].space
        if space.post == population.name:
            synapses += space.elements
        elif owner.rpartition(".")[0] == population.name:
            intrinsic += space.elements
    tau = population.size * (f"{population.name}.tau" in owners)
    own = synapses + intrinsic
    counts = _counts(multiply=synapses + tau, add=own + tau, divide=tau)
    return "advance", "J += what each parameter does to its own neuron at once", own, counts, 2 * own, own


def _counts(**kinds: int) -> Counts:
    return Counter({(SCOPE, kind): count for kind, count in kinds.items() if count})
