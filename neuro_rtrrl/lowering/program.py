"""The lowered form: variables in index spaces and the statements of one decision tick, in order.

It is what the two backends run and the ledger counts. Nothing here is particular to one of them.

The sections of a tick, in the order in which they run:

========== ============= =================================================================================
section    how often     what
========== ============= =================================================================================
sense      a decision    what clamped populations make of what the environment shows
derive     every dt      inputs of the dynamic populations and their algebraic equations, from old states
advance    every dt      all states that have a derivative, simultaneously (Euler)
express    every dt      what dynamic populations show to others
spike      every dt      thresholds, pathways (``on_pre`` before ``on_post``), resets
readout    a decision    instantaneous populations, sources before targets
choose     a decision    the action is sampled; errors follow from it
feedback   a decision    error signals carried back by fixed projections
modulate   a decision    neuromodulators (dopamine) that are set by decisions; continuous ones move with the neurons
learn      a decision    weight changes with the old traces; skipped on the first tick of an episode
renew      a decision    eligibility traces
========== ============= =================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.timed import Window
from neuro_rtrrl.language import Expression, Read, to_text
from neuro_rtrrl.units import DIMENSIONLESS, Dimension

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "PHASES",
    "SECTIONS",
    "Act",
    "Assign",
    "Choose",
    "Gather",
    "LoweredCircuit",
    "Read",
    "Reduce",
    "Space",
    "SpikeStep",
    "Statement",
    "Term",
    "Variable",
]

SpaceKind = Literal["broadcast", "population", "projection"]
Phase = Literal["forward", "local_trace", "eligibility_trace", "broadcast", "weight_change", "optimiser"]

SECTIONS = (
    "sense",
    "derive",
    "advance",
    "express",
    "spike",
    "readout",
    "choose",
    "feedback",
    "modulate",
    "learn",
    "renew",
)
EVERY_DT = frozenset({"derive", "advance", "express", "spike"})
PHASES: tuple[str, ...] = (
    "forward",
    "local_trace",
    "eligibility_trace",
    "broadcast",
    "weight_change",
    "optimiser",
)


@dataclass(frozen=True)
class Space:
    """Where a variable lives: once, per neuron of a population, or per synapse of a projection.

    ``shape`` is ``()``, ``(n,)`` or ``(post, pre)``; ``elements`` is the real number (of synapses, where sparse).
    """

    kind: SpaceKind
    name: str
    shape: tuple[int, ...] = ()
    elements: int = 1
    pre: str = ""
    post: str = ""


BROADCAST = Space("broadcast", "")


@dataclass(frozen=True)
class Variable:
    """A named quantity.

    ``value`` is set for a constant of the circuit; ``resets`` says that an episode's start restores ``initial``.
    ``persistent`` variables keep their value from tick to tick.
    """

    key: str
    space: Space
    role: str
    dimension: Dimension = DIMENSIONLESS
    value: float | None = None
    initial: float | str = 0.0
    resets: bool = False
    persistent: bool = False
    learned: bool = False

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Assign:
    """``target = expression`` for every element of ``space``; ``text`` is the equation it came from."""

    target: str
    space: Space
    expression: Expression
    phase: Phase
    owner: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.target} = {to_text(self.expression)}"


@dataclass(frozen=True)
class Term:
    """What one projection adds to an input: ``expression`` summed over pre."""

    projection: str
    expression: Expression


@dataclass(frozen=True)
class Gather:
    """``target = sum of terms``: the input of a population, from all projections onto it."""

    target: str
    space: Space
    terms: tuple[Term, ...]
    phase: Phase

    def __str__(self) -> str:
        terms = " + ".join(
            f"sum over pre of {term.projection} [{to_text(term.expression)}]" for term in self.terms
        )
        return f"{self.target} = {terms}"


@dataclass(frozen=True)
class Reduce:
    """``target = sum or maximum of expression`` over a population; the target is broadcast within it."""

    target: str
    space: Space
    how: Literal["sum_population", "max_population"]
    expression: Expression
    phase: Phase
    owner: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.target} = {self.how}({to_text(self.expression)})"


@dataclass(frozen=True)
class Choose:
    """Sample an action from the policy by its cumulative sum; sets one slot of ``action`` and the actor's ``chosen``.

    The decision's uniform number for it stands at the same slot.
    """

    population: str
    policy: str
    chosen: str
    slot: int = 0
    phase: Phase = "forward"

    def __str__(self) -> str:
        return f"action ~ {self.policy}; {self.chosen} = 1 for it, else 0"


@dataclass(frozen=True)
class Act:
    """Act by degrees: the slots of ``action`` are what each neuron of an actor makes of it."""

    population: str
    source: str
    phase: Phase = "forward"

    def __str__(self) -> str:
        return f"action = {self.source}"


@dataclass(frozen=True)
class SpikeStep:
    """One part of the spike section.

    ``threshold``: ``spike`` of a population from the condition; ``pathway``: what the spikes of ``trigger`` do to the
    synapses of a projection (``assigns``, sequential) and to the post population (``deliveries``: target variable and
    the expression that each synapse adds); ``reset``: assigns for the neurons that fired. ``delay_steps`` is the
    delay of all synapses, or the longest where :attr:`LoweredCircuit.delays` has one for each.
    """

    kind: Literal["threshold", "pathway", "reset"]
    space: Space
    condition: Expression | None = None
    trigger: str = ""
    delay_steps: int = 0
    event: Literal["pre", "post", ""] = ""
    actions: tuple[Assign | Gather, ...] = ()
    phase: Phase = "forward"

    def __str__(self) -> str:
        if self.condition is not None:
            return f"{self.trigger} = {to_text(self.condition)}"
        after = f" of {self.delay_steps} steps ago" if self.delay_steps else ""
        return f"on {self.trigger}{after}: " + "; ".join(map(str, self.actions))


Statement = Assign | Gather | Reduce | Choose | Act | SpikeStep


@dataclass(frozen=True)
class LoweredCircuit:
    """Everything that a tick computes.

    ``setup`` runs once; ``episode_start`` after the resets of an episode's first tick, sequential.
    ``concatenations`` maps the key of a packed presynaptic vector to the keys it is made of; ``members`` maps a packed
    projection to the projections in it, in column order. ``chances`` maps a variable that chance sets once a decision
    to its place in the row of ``draws`` uniform numbers that a decision has; ``gates`` are those of them that are not
    drawn: 1 in the decisions of an intervention, else 0 (:mod:`neuro_rtrrl.lowering.gates`). ``delays`` holds
    the steps of each synapse (post, pre) of a projection where they differ.
    """

    circuit: Circuit
    spaces: Mapping[str, Space]
    variables: Mapping[str, Variable]
    sections: Mapping[str, tuple[Statement, ...]]
    setup: tuple[Assign, ...] = ()
    episode_start: tuple[Assign, ...] = ()
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    delays: Mapping[str, np.ndarray] = field(default_factory=dict)
    transposed: Mapping[str, str] = field(default_factory=dict)
    concatenations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    noise: tuple[str, ...] = ()
    chances: Mapping[str, int] = field(default_factory=dict)
    draws: int = 1
    gates: Mapping[str, Window] = field(default_factory=dict)

    @property
    def decided(self) -> tuple[str, ...]:
        """The neuromodulators that are set once a decision: they are 0 on the first tick of an episode."""
        set_here = {getattr(statement, "target", "") for statement in self.sections.get("modulate", ())}
        return tuple(name for name in self.circuit.neuromodulators if name in set_here)

    def statements(self) -> Iterator[tuple[str, Statement]]:
        """Yield ``(section, statement)`` in the order of the tick."""
        for section in SECTIONS:
            for statement in self.sections.get(section, ()):
                yield section, statement

    def replace(self, **changes) -> LoweredCircuit:
        """Return a copy with fields replaced."""
        return replace(self, **changes)
