"""Sums over all synapses that one neuron has of a group of plasticity: where those that share one meet.

``load = dendritic_sum(abs(gradient))`` needs every synapse's gradient before any of them can go on. The lines of each
projection, and of each parameter that the neuron learns by the same rule, are a queue; a sum is a point at which all
the queues that it is in must have arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neuro_rtrrl.language import Expression, Number, Read, apply
from neuro_rtrrl.lowering.program import Assign, Gather, Phase, Space, Statement, Term
from neuro_rtrrl.lowering.variables import Declared

__all__ = ["Share", "meet"]

ZERO = Number(0.0)


@dataclass(frozen=True)
class Share:
    """What one projection, or one learned parameter of the neurons, adds to the sum ``target``."""

    target: str
    space: Space  # of whoever adds
    expression: Expression
    phase: Phase
    text: str


def meet(declared: Declared, queues: Iterable[Sequence[Assign | Share]]) -> list[Statement]:
    """Return the lines of all queues in an order in which every sum follows its shares and precedes its readers.

    Without sums that is one queue after the other. Queues that share several sums must name them in the same order;
    as they come from the same declaration they do.
    """
    waiting = [list(queue) for queue in queues]
    found: list[Statement] = []
    while any(waiting):
        for queue in waiting:
            while queue and isinstance(line := queue[0], Assign):
                found.append(line)
                del queue[0]
        arrived = [queue[0] for queue in waiting if queue]
        ready = next((head for head in arrived if isinstance(head, Share) and _complete(head, waiting)), None)
        if ready is None:
            assert not arrived, "sums named in different orders"
            continue
        shares = [queue.pop(0) for queue in waiting if queue and _is_share(queue[0], ready.target)]
        found += _summed(declared, [share for share in shares if isinstance(share, Share)])
    return found


def _is_share(line: Assign | Share, target: str) -> bool:
    return isinstance(line, Share) and line.target == target


def _complete(head: Share, queues: list[list[Assign | Share]]) -> bool:
    """Whether whoever still has something to add to the sum adds it next."""
    return all(
        _is_share(queue[0], head.target)
        for queue in queues
        if any(_is_share(line, head.target) for line in queue)
    )


def _summed(declared: Declared, shares: list[Share]) -> list[Statement]:
    target, phase, text = shares[0].target, shares[0].phase, shares[0].text
    space = declared.variables[target].space
    synapses = [share for share in shares if share.space.kind == "projection" and share.expression != ZERO]
    own = [share for share in shares if share.space.kind == "population" and share.expression != ZERO]
    terms = tuple(Term(share.space.name, share.expression) for share in synapses)
    if not own:
        return [Gather(target, space, terms, phase)]
    total: Expression | None = None
    found: list[Statement] = []
    if terms:
        part = f"{target}_of_synapses"
        declared.add(part, space, "derived", dimension=declared.variables[target].dimension)
        found.append(Gather(part, space, terms, phase))
        total = Read(part, "own")
    for share in own:
        total = share.expression if total is None else apply("add", total, share.expression)
    assert total is not None
    return [*found, Assign(target, space, total, phase, space.name, text)]
