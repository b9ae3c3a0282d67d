"""What each lowered line does in one decision tick: operations, words read, words written.

Counted is an ordinary tick. The first tick of an episode, on which no weight changes, does less, and so does
a run without plasticity, whose lowered form has no such lines. Drawing random numbers, putting states back at
the start of an episode, and the environment are not the circuit's work and are not counted.

Conventions
-----------
Repetition
    Lines of the sections that run every ``dt`` count ``timing.steps`` times; the setup runs once a run and
    counts 0.
Sums over pre
    A term ``w*x`` is one multiply-accumulate (``mac``) per real synapse. Any other term is its own operations
    and one add per synapse. Where several projections reach one input, joining their sums is one add per
    neuron and further projection, on the account of the population.
Reductions over a population
    Of n neurons: n - 1 adds or compares. Choosing among A actions: a cumulative sum (A - 1 adds), A - 1
    compares.
Reads and writes
    In words. A line reads each distinct variable once for each of its elements, wherever the variable lives:
    a neuron's quantity read by a synapse is one word per synapse. The circuit's constants are part of the
    code. A line writes one word per element.
Spikes
    A threshold is checked each ``dt`` by each neuron. What a spike sets off is counted *per spike*
    (``trigger`` names whose), with the mean number of synapses of a neuron, because how many spikes there are
    only a run can tell.
Exact RTRL
    What a nonlocal rule makes the machine do: :mod:`neuro_rtrrl.ledger.influence`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from neuro_rtrrl.language import REDUCTIONS, Apply, Read, to_text
from neuro_rtrrl.ledger.influence import SCOPE, influences
from neuro_rtrrl.ledger.operations import Counts, constant_free_reads, count_expression, elements_by_reach
from neuro_rtrrl.lowering import (
    EVERY_DT,
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    Space,
    SpikeStep,
    Statement,
    Term,
)

__all__ = ["Line", "count_lines", "is_weighted_input", "lines_of"]


@dataclass(frozen=True)
class Line:
    """One lowered line, or one projection's part of a sum, with its counts.

    Attributes
    ----------
    section, phase, scope, owner : str
        Where in the tick, to what end, how many elements it has, on whose account.
    text, equation : str
        The lowered line and the equation that it came from.
    elements : float
        Of its scope; for what a spike sets off, those that one spike touches.
    times : int
        How often it runs in a decision; 1 for what a spike sets off.
    operations : Counts
        (scope, kind) -> operations, a decision or a spike.
    reads, writes : float
        Words, a decision or a spike.
    trigger : str
        The spike variable that sets the line off, else empty.
    most_spikes : int
        The most spikes of the trigger in a decision: one for each neuron and ``dt``.
    fetched : frozenset of str
        Keys of what it reads.
    words : tuple of (str, float)
        The reads once more, key by key: a variable that is read from two sides stands there twice.
    target : str
        Key of what it writes.
    """

    section: str
    phase: str
    scope: str
    owner: str
    text: str
    elements: float
    times: int
    operations: Counts
    reads: float
    writes: float
    equation: str = ""
    trigger: str = ""
    most_spikes: int = 0
    fetched: frozenset[str] = field(default_factory=frozenset)
    words: tuple[tuple[str, float], ...] = ()
    target: str = ""


def count_lines(lowered: LoweredCircuit) -> tuple[Line, ...]:
    """Return every line of the tick, in order, with its counts; the setup's come first."""
    lines = [_Counter(lowered, "setup", 0).assign(statement) for statement in lowered.setup]
    for section, statement in lowered.statements():
        lines.extend(lines_of(lowered, section, statement))
    return (*lines, *_influence(lowered))


def lines_of(lowered: LoweredCircuit, section: str, statement: Statement) -> tuple[Line, ...]:
    """Return the lines of one statement: one for each projection of a sum, and one where it is complete.

    A part of the spike section has those of its actions, one after the other.
    """
    times = lowered.circuit.timing.steps if section in EVERY_DT else 1
    return tuple(_Counter(lowered, section, times).lines(statement))


def _influence(lowered: LoweredCircuit) -> Iterator[Line]:
    """Yield what exact RTRL adds, which is no statement: the machine does it."""
    for each in influences(lowered):
        for section, text, elements, counts, reads, writes in each.lines:
            times = lowered.circuit.timing.steps if section in EVERY_DT else 1
            operations = Counter({key: count * times for key, count in counts.items()})
            yield Line(
                section, "local_trace", SCOPE, each.population, text, elements, times, operations,
                reads * times, writes * times,
            )  # fmt: skip


class _Counter:
    """Counts the statements of one section, or what one spike sets off: then ``touched`` are the elements."""

    def __init__(self, lowered: LoweredCircuit, section: str, times: int, **details) -> None:
        self.lowered, self.section, self.times = lowered, section, times
        self.touched = details.pop("touched", None)
        self.details = details

    def lines(self, statement: Statement) -> Iterator[Line]:
        if isinstance(statement, Assign):
            yield self.assign(statement)
        elif isinstance(statement, Gather):
            yield from self._gather(statement)
        elif isinstance(statement, Reduce):
            yield self._reduce(statement)
        elif isinstance(statement, Choose):
            yield self._choose(statement)
        elif isinstance(statement, Act):
            yield self._act(statement)
        else:
            yield from self._spike(statement)

    def assign(self, statement: Assign) -> Line:
        elements = self._elements(statement.space)
        counts = count_expression(statement.expression, self.lowered, elements)
        fetched = constant_free_reads(statement.expression, self.lowered)
        own = elements["own"][1]
        return self._line(
            statement.phase, statement.space, statement.owner, str(statement), own, counts,
            reads=len(fetched) * own, writes=own, equation=statement.text, fetched=fetched,
            target=statement.target,
        )  # fmt: skip

    def _gather(self, statement: Gather) -> Iterator[Line]:
        for term in statement.terms:
            yield self._term(statement, term)
        neurons = statement.space.elements
        joins = (len(statement.terms) - 1) * neurons
        if joins > 0:
            text = f"{statement.target} = {' + '.join(term.projection for term in statement.terms)}"
            counts: Counts = Counter({("population", "add"): joins})
        else:
            text, counts = f"{statement.target} is complete", Counter()
        if statement.terms and not self.details:  # a spike's delivery adds to a state, synapse by synapse
            owner = statement.space.name
            yield self._line(
                statement.phase, statement.space, owner, text, neurons, counts, 0, neurons,
                target=statement.target,
            )  # fmt: skip

    def _term(self, statement: Gather, term: Term) -> Line:
        space = self.lowered.spaces[term.projection]
        elements = self._elements(space)
        own = elements["own"][1]
        counts = count_expression(term.expression, self.lowered, elements)
        if is_weighted_input(term):
            counts["projection", "multiply"] -= own  # type: ignore[assignment]
            counts["projection", "mac"] += own  # type: ignore[assignment]
        else:
            counts["projection", "add"] += own  # type: ignore[assignment]
        fetched = constant_free_reads(term.expression, self.lowered)
        delivered = bool(self.details)  # a spike's delivery reads and writes its target for each synapse
        text = f"{statement.target} += sum over pre of {to_text(term.expression)}"
        if delivered:
            text = f"{statement.target} += {to_text(term.expression)}"
        return self._line(
            statement.phase, space, term.projection, text, own, +counts,
            reads=(len(fetched) + delivered) * own, writes=own * delivered, fetched=fetched,
            target=statement.target,
        )  # fmt: skip

    def _reduce(self, statement: Reduce) -> Line:
        elements = self._elements(statement.space)
        own = elements["own"][1]
        counts = count_expression(statement.expression, self.lowered, elements)
        counts["population", REDUCTIONS[statement.how]] += own - 1  # type: ignore[assignment]
        fetched = constant_free_reads(statement.expression, self.lowered)
        return self._line(
            statement.phase, statement.space, statement.owner, str(statement), own, +counts,
            reads=len(fetched) * own, writes=1, equation=statement.text, fetched=fetched,
            target=statement.target,
        )  # fmt: skip

    def _choose(self, statement: Choose) -> Line:
        space = self.lowered.spaces[statement.population]
        actions = space.elements
        counts: Counts = Counter({("population", "add"): actions - 1, ("population", "compare"): actions - 1})
        return self._line(
            statement.phase, space, statement.population, str(statement), actions, +counts,
            reads=actions, writes=actions + 1, fetched={(statement.policy, "own")}, target=statement.chosen,
        )  # fmt: skip

    def _act(self, statement: Act) -> Line:
        space = self.lowered.spaces[statement.population]
        return self._line(
            statement.phase, space, statement.population, str(statement), space.elements, Counter(),
            reads=space.elements, writes=space.elements, fetched={(statement.source, "own")}, target="action",
        )  # fmt: skip

    def _spike(self, statement: SpikeStep) -> Iterator[Line]:
        if statement.kind == "threshold":
            assert statement.condition is not None
            elements = self._elements(statement.space)
            counts = count_expression(statement.condition, self.lowered, elements)
            fetched = constant_free_reads(statement.condition, self.lowered)
            neurons = elements["own"][1]
            text = f"{statement.trigger} = {to_text(statement.condition)}"
            yield self._line(
                "forward", statement.space, statement.space.name, text, neurons, counts,
                reads=len(fetched) * neurons, writes=neurons, fetched=fetched, target=statement.trigger,
            )  # fmt: skip
            return
        firing = self.lowered.variables[statement.trigger].space
        most = firing.elements * self.times
        counter = _Counter(
            self.lowered, self.section, 1, trigger=statement.trigger, most_spikes=most,
            touched=self._touched(statement, firing),
        )  # fmt: skip
        for action in statement.actions:
            yield from counter.lines(action)

    def _touched(self, statement: SpikeStep, firing: Space) -> dict[str, tuple[str, float]]:
        """Return what one spike reaches: its own neuron, or the mean number of its synapses."""
        if statement.kind == "reset":
            return {"broadcast": ("broadcast", 1), "own": ("population", 1)}
        synapses = statement.space.elements / firing.elements
        synapses = int(synapses) if synapses == int(synapses) else synapses
        far = "post" if statement.event == "pre" else "pre"
        return {
            "broadcast": ("broadcast", 1),
            "own": ("projection", synapses),
            far: ("population", synapses),
            statement.event: ("population", 1),
        }

    def _elements(self, space: Space) -> dict[str, tuple[str, float]]:
        return self.touched or elements_by_reach(self.lowered, space)

    def _line(
        self, phase, space, owner, text, elements, counts, reads, writes, equation="", fetched=(), target=""
    ) -> Line:
        times = self.times
        operations = Counter({key: count * times for key, count in counts.items() if count * times})
        keys = frozenset(key for key, _ in fetched)
        words = [(key, elements * times) for key, _ in sorted(fetched)]
        if reads > len(fetched) * elements:  # a spike's delivery adds to what is there
            words.append((target, elements * times))
        return Line(
            self.section, phase, space.kind, owner, text, elements, times, operations,
            reads * times, writes * times, equation, fetched=keys, words=tuple(words), target=target,
            **self.details,
        )  # fmt: skip


def is_weighted_input(term: Term) -> bool:
    """Whether a term is ``w*x`` with ``x`` of the presynaptic neuron: a multiply-accumulate."""
    if not isinstance(term.expression, Apply) or term.expression.operator != "multiply":
        return False
    left, right = term.expression.arguments
    return any(
        isinstance(weight, Read)
        and weight.key == f"{term.projection}.w"
        and isinstance(x, Read)
        and x.access == "pre"
        for weight, x in ((left, right), (right, left))
    )
