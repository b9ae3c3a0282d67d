"""The biology audit: is a synapse's learning local, online, free of weight transport, and by which term."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population
from neuro_rtrrl.graph.scope import neuron_variables
from neuro_rtrrl.language import REDUCTIONS, Apply, Statement, names, parse_statements, walk
from neuro_rtrrl.models import IntrinsicRule, NeuronModel, PlasticityRule, State
from neuro_rtrrl.models.credit import CREDIT, CREDIT_SAYS

__all__ = ["AuditLine", "audit"]


@dataclass(frozen=True)
class AuditLine:
    """The verdict on one group of plastic synapses, or on one learned parameter of a population's neurons.

    Each ``*_by`` says which term of the equations makes it so, or breaks it.
    """

    name: str
    rule: str
    local: bool
    local_by: str
    online: bool
    online_by: str
    transport_free: bool
    transport_by: str

    def as_dict(self) -> dict:
        """Return the JSON form."""
        return asdict(self)

    def __str__(self) -> str:
        def mark(verdict: bool) -> str:
            return "yes" if verdict else "NO"

        return (
            f"{self.name}  ({self.rule})\n"
            f"  local: {mark(self.local)} — {self.local_by}\n"
            f"  online: {mark(self.online)} — {self.online_by}\n"
            f"  free of weight transport: {mark(self.transport_free)} — {self.transport_by}"
        )


def audit(circuit: Circuit) -> tuple[AuditLine, ...]:
    """Judge every plastic projection and every learned parameter of a circuit.

    *Local*: the change of a synapse reads nothing but its two neurons, itself, constants, what is
    broadcast, and sums over all synapses of its own neuron, which are named.
    *Online*: it needs no record of the past but its own traces; the equations have no other memory, so what
    is named is the trace that stands for the past.
    *Free of weight transport* (Grossberg 1987; Lillicrap et al. 2016): none of the signals that it reads was
    brought by synapses that copy the weights of others.
    """
    lines = []
    for projection in circuit.projections.values():
        group = circuit.plasticity.get(projection.group or "")
        if group is not None and projection.rule.plastic:
            post = circuit.populations[projection.target.population]
            learner = _Learner(circuit, projection.rule, group, post, None)
            lines.append(_line(projection.name, learner))
    for population in circuit.populations.values():
        group = circuit.plasticity.get(population.plasticity or "")
        for intrinsic in group.rule.intrinsic if group is not None else ():
            if group is not None and intrinsic.parameter in population.learns:
                learner = _Learner(circuit, group.rule, group, population, intrinsic)
                lines.append(_line(f"{population.name}.{intrinsic.parameter}", learner))
    return tuple(lines)


@dataclass(frozen=True)
class _Learner:
    """What learns: the synapses of a projection, or one parameter of a population's neurons."""

    circuit: Circuit
    rule: PlasticityRule
    group: PlasticityGroup
    post: Population
    intrinsic: IntrinsicRule | None

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The equations that make it learn; what it transmits is not learning."""
        rule = self.intrinsic or self.rule
        blocks = [rule.dynamics, rule.on_decision]
        if isinstance(rule, PlasticityRule):
            blocks += [rule.on_pre, rule.on_post, rule.on_episode_start]
        return tuple(
            statement
            for block in blocks
            for statement in parse_statements(block)
            if not statement.target.endswith("_post") and statement.target not in self._clock
        )

    @property
    def _clock(self) -> set[str]:
        """States of the whole group, which follow from the time alone."""
        return {state.name for state in self.rule.states if state.broadcast}

    @property
    def states(self) -> tuple[State, ...]:
        return tuple(state for state in (self.intrinsic or self.rule).states if not state.broadcast)

    @property
    def sums(self) -> set[str]:
        """Sums over the synapses of the one neuron, of the rule or of its optimiser: a dendrite sees them all."""
        optimiser = self.group.optimiser
        lines = (*self.statements, *(parse_statements(optimiser.on_decision) if optimiser else ()))
        return {
            line.target
            for line in lines
            if isinstance(line.expression, Apply) and line.expression.operator == "dendritic_sum"
        }

    @property
    def read(self) -> set[str]:
        return {name for statement in self.statements for name in names(statement.expression)}

    def seen_of_post(self) -> dict[str, str]:
        """Return variable of the postsynaptic neuron → name under which it is read."""
        own = {state.name for state in self.states}
        if self.intrinsic is None:
            return {name.removesuffix("_post"): name for name in self.read if name.endswith("_post")}
        return {name: name for name in self.read & set(neuron_variables(self.post.model)) - own}


def _line(name: str, learner: _Learner) -> AuditLine:
    local, local_by = _local(learner)
    online, online_by = _online(learner)
    free, transport_by = _transport(learner)
    return AuditLine(name, learner.rule.name, local, local_by, online, online_by, free, transport_by)


def _local(learner: _Learner) -> tuple[bool, str]:
    read = learner.read
    if elsewhere := sorted(read & set(learner.rule.nonlocal_names)):
        what = f": {CREDIT_SAYS}" if set(elsewhere) <= set(CREDIT) else ""
        return False, f"reads {_listed(elsewhere)}, declared nonlocal{what}"
    operators = {
        node.operator
        for statement in learner.statements
        for node in walk(statement.expression)
        if isinstance(node, Apply)
    }
    if sums := sorted(operators & set(REDUCTIONS)):
        return False, f"{_listed(sums)} runs over a whole population"
    broadcast = {learner.group.modulator or each if each == "modulator" else each for each in read} & set(
        learner.circuit.neuromodulators
    )
    seen = set(learner.seen_of_post().values())
    if seen and learner.post.modulator:
        broadcast |= {learner.post.modulator}  # which its neuron senses
    spikes = {
        event: {"its spikes"} if learner.intrinsic is None and getattr(learner.rule, event) else set()
        for event in ("on_pre", "on_post")
    }
    parts = {
        "pre": {name for name in read if name.endswith("_pre")} | spikes["on_pre"],
        "post" if learner.intrinsic is None else "the neuron": seen | spikes["on_post"],
        "its own": read & {state.name for state in learner.states},
        "its synapses together": learner.sums,
        "broadcast": broadcast,
    }
    return True, "; ".join(f"{part}: {_listed(found)}" for part, found in parts.items() if found)


def _online(learner: _Learner) -> tuple[bool, str]:
    waiting = {statement.target for statement in parse_statements(learner.rule.on_episode_start)}
    learned = {state.name for state in learner.states if state.role == "weight"}
    if learner.intrinsic is None and waiting & learned:
        return False, f"{_listed(waiting & learned)} changes in on_episode_start, when an episode is over"
    traces = {state.name for state in learner.states if state.role in ("local_trace", "eligibility_trace")}
    if learner.read & set(CREDIT):
        return (
            True,
            f"the past is in its own {_listed(traces)} and in its influence on every neuron, which is kept",
        )
    return True, f"the past is in its own {_listed(traces)}" if traces else "nothing of the past is read"


def _transport(learner: _Learner) -> tuple[bool, str]:
    """Say whether a signal that is read was brought by synapses with copied weights, and by which."""
    circuit, post = learner.circuit, learner.post
    if credit := learner.read & set(CREDIT):
        moving = {each.name for each in circuit.populations.values() if each.model.derivatives}
        between = {
            f"'{each.name}'"
            for each in circuit.projections.values()
            if {each.source.population, each.target.population} <= moving
        }
        if between:
            return False, f"reads {_listed(credit)}, worked out with the weights of {_listed(between)}"
    seen = learner.seen_of_post()
    brought: dict[str, set[str]] = {}
    for projection in circuit.projections.values():
        if projection.target.population != post.name:
            continue
        carried = set(post.model.receivers[projection.target.port])
        for variable, name in seen.items():
            if projection.transpose_of is not None and carried & _depends_on(post.model, variable):
                return False, (
                    f"{name} depends on what '{projection.name}' brings, and that carries the weights of "
                    f"'{projection.transpose_of}' backwards"
                )
            if variable in carried & set(post.model.inputs):
                brought.setdefault(name, set()).add(f"'{projection.name}'")
    if not brought:
        return True, "reads no signal that other synapses bring back"
    through = {projection for found in brought.values() for projection in found}
    return True, f"{_listed(brought)} brought by {_listed(through)}, whose weights are their own"


def _depends_on(model: NeuronModel, variable: str) -> set[str]:
    """Return the variable and everything in the neuron that it follows from."""
    statements = [
        statement
        for block in (
            model.on_observation,
            model.equations,
            model.readout,
            model.on_choice,
            model.reset,
        )
        for statement in parse_statements(block)
    ]
    found, waiting = set(), {variable}
    while waiting:
        name = waiting.pop()
        found.add(name)
        for statement in statements:
            if statement.target == name:
                waiting |= names(statement.expression) - found
    return found


def _listed(items: Iterable[str]) -> str:
    return ", ".join(sorted(items))
