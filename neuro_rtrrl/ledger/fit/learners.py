"""What learns in a circuit, line by line: the synapses of a projection, or a parameter of the neurons.

A bias that learns exactly as a synapse from a source whose rate is always 1 *is* such a synapse on a chip that has no
bias of its own; it is judged, and counted, as one more synapse of each neuron.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.language import Expression, Number, Read, rewrite, walk
from neuro_rtrrl.ledger.fit.factorise import Form, Update, factorise, inlined, without_bounds
from neuro_rtrrl.ledger.fit.monomials import expand, sides, written
from neuro_rtrrl.lowering import Assign, Gather, LoweredCircuit, SpikeStep, hoist
from neuro_rtrrl.lowering.credit import ROLE
from neuro_rtrrl.lowering.simplify import fold, reads_of

__all__ = ["Learner", "learners"]

Factors = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Learner:
    """Plastic synapses of one projection, or one learned parameter of a population.

    Attributes
    ----------
    owner, population : str
        ``cortex_recurrent`` or ``cortex.bias``; the population whose neurons it belongs to.
    rule : str
    weight : str
        Key of what is learned.
    updates : tuple of Update
        Its lines as they are written.
    grouped : tuple of Assign
        The same, grouped by scope: what a machine that can do so would compute once a neuron is not in it.
    like : str
        Of a neuron's parameter: the projection as whose synapses it learns, else empty.
    nonlocal_reads, sums : tuple of str
        What it reads outside its synapse; sums over all synapses of its neuron.
    """

    owner: str
    population: str
    rule: str
    weight: str
    updates: tuple[Update, ...]
    grouped: tuple[Assign, ...]
    lowered: LoweredCircuit
    like: str
    nonlocal_reads: tuple[str, ...]
    sums: tuple[str, ...]

    @property
    def projection(self) -> str:
        """The projection that it is, or as whose synapses it learns; empty of any other parameter."""
        return self.owner if "." not in self.owner else self.like

    @cached_property
    def forms(self) -> dict[str, Form]:
        """Where each trace and each word of the optimiser can live."""
        return factorise(self.updates, self.lowered.variables)

    @property
    def words(self) -> tuple[str, ...]:
        """Keys of everything that a synapse keeps as the equations are written; what is learned comes first."""
        return (self.weight, *self.forms)

    @property
    def stored(self) -> tuple[str, ...]:
        """Keys that no neuron can keep for the synapse; what is learned first, then eligibility traces."""
        variables = self.lowered.variables
        rest = [key for key, form in self.forms.items() if form.kind == "synapse"]
        rest.sort(key=lambda key: variables[key].role != "eligibility_trace")
        return (self.weight, *rest)

    @cached_property
    def neuron_words(self) -> dict[str, tuple[str, ...]]:
        """``pre`` and ``post`` → different numbers that the synapse has to hear of each of its neurons.

        A product that it can make of others that it hears is none.
        """
        heard: dict[str, dict[Factors, None]] = {"pre": {}, "post": {}}
        whole = inlined(self.updates, self.lowered.variables)
        lines = {each.assign.target: each for each in whole}
        stored = set(self.stored)
        for update in whole:
            if update.assign.target in stored:
                self._hear(update.assign.expression, lines, heard)
        return {side: tuple(map(written, _independent(found))) for side, found in heard.items()}

    def _hear(self, expression: Expression, lines, heard: dict[str, dict[Factors, None]]) -> None:
        for term in expand(without_bounds(expression, self.lowered.variables)) or ():
            split = sides(term, self.lowered.variables)
            pre, post = split.pre_factors, split.post_factors
            for key in split.own:
                form = self.forms.get(key)
                if form is not None and form.factorises:
                    pre, post = (*pre, form.pre), (*post, form.post)
                elif form is not None and form.kind == "derived":
                    self._hear(lines[key].assign.expression, lines, heard)
            for side, factors in (("pre", pre), ("post", post)):
                if product := tuple(sorted(filter(None, factors))):
                    heard[side][product] = None


def _independent(products: Iterable[Factors]) -> list[Factors]:
    """Return the products that are not made of others among them."""
    kept: list[Factors] = []
    for product in sorted(products, key=len):
        if not _made_of(Counter(product), kept):
            kept.append(product)
    return kept


def _made_of(wanted: Counter, parts: list[Factors]) -> bool:
    if not wanted:
        return True
    return any(Counter(part) <= wanted and _made_of(wanted - Counter(part), parts) for part in parts)


def learners(lowered: LoweredCircuit, regrouped: LoweredCircuit | None = None) -> tuple[Learner, ...]:
    """Return everything that learns in a lowered circuit (as written); ``regrouped`` is the same, hoisted."""
    circuit = lowered.circuit
    lines: dict[str, list[Update]] = {}
    for update in _updates(lowered):
        lines.setdefault(update.assign.owner, []).append(update)
    grouped: dict[str, list[Assign]] = {}
    for update in _updates(regrouped or hoist(lowered)):
        grouped.setdefault(update.assign.owner, []).append(update.assign)
    found = []
    for owner, updates in lines.items():
        population, _, parameter = owner.partition(".")
        projection = circuit.projections.get(owner)
        if projection is None and parameter not in getattr(circuit.populations.get(population), "learns", ()):
            continue  # what neurons and modulators do is not learning
        group = _group(circuit, owner)
        reads = {
            node.key
            for update in updates
            for node in walk(update.assign.expression)
            if isinstance(node, Read)
        }
        found.append(
            Learner(
                owner,
                projection.target.population if projection else population,
                projection.rule.name if projection else circuit.plasticity[group].rule.name if group else "",
                f"{owner}.w" if projection else owner,
                tuple(updates),
                tuple(grouped.get(owner, ())),
                lowered,
                "" if projection else _like(owner, lines, lowered),
                tuple(sorted(key for key in reads if lowered.variables[key].role == ROLE)),
                tuple(sorted(reads & _sums(lowered))),
            )
        )
    return tuple(found)


def _group(circuit: Circuit, owner: str) -> str | None:
    if owner in circuit.projections:
        return circuit.projections[owner].group
    return circuit.populations[owner.partition(".")[0]].plasticity


def _updates(lowered: LoweredCircuit) -> Iterator[Update]:
    """Yield every line that changes something of a synapse or of a learned parameter, in the order of the tick."""
    for _, statement in lowered.statements():
        if isinstance(statement, Assign):
            if statement.owner in lowered.circuit.projections or "." in statement.owner:
                yield Update(statement)
        elif isinstance(statement, SpikeStep) and statement.kind == "pathway" and statement.event:
            for action in statement.actions:
                if isinstance(action, Assign) and action.owner in lowered.circuit.projections:
                    yield Update(action, statement.event)


def _sums(lowered: LoweredCircuit) -> set[str]:
    """Return the keys of sums over a neuron's synapses, by which they hear of each other."""
    lines = [statement for section, statement in lowered.statements() if section == "learn"]
    found = {line.target for line in lines if isinstance(line, Gather)}
    # where a bias learns by the same group, its share is added to what the synapses sum up to
    return found | {
        line.target
        for line in lines
        if isinstance(line, Assign) and line.space.kind == "population" and "." not in line.owner
        if found & reads_of(line)
    }


def _like(owner: str, lines: dict[str, list[Update]], lowered: LoweredCircuit) -> str:
    """Return the projection onto its neurons by whose lines a parameter learns, with a presynaptic rate of 1."""
    population, circuit = owner.partition(".")[0], lowered.circuit
    own = {(each.assign.target, each.assign.expression) for each in lines[owner]}
    for projection in circuit.projections.values():
        if (
            projection.target.population != population
            or projection.group is None
            or projection.group != circuit.populations[population].plasticity
        ):
            continue

        def seen(node: Expression, name: str = projection.name) -> Expression:
            if not isinstance(node, Read):
                return node
            if node.access == "pre":
                return Number(1.0)
            return Read(_renamed(node.key, name, owner), "own" if node.access == "post" else node.access)

        theirs = {
            (
                _renamed(each.assign.target, projection.name, owner),
                fold(rewrite(each.assign.expression, seen), lowered.variables),
            )
            for each in lines.get(projection.name, ())
        }
        if theirs == own:
            return projection.name
    return ""


def _renamed(key: str, projection: str, owner: str) -> str:
    if key == f"{projection}.w":
        return owner
    return f"{owner}.{key[len(projection) + 1 :]}" if key.startswith(f"{projection}.") else key
