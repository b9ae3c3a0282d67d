"""The biology audit: is a synapse's learning local, online, free of weight transport, and by which term."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from neuro_rtrrl.graph.checks_rules import rule_expressions
from neuro_rtrrl.graph.circuit import Circuit, Population
from neuro_rtrrl.language import REDUCTIONS, Apply, names, parse_statements, walk
from neuro_rtrrl.models import IntrinsicRule, PlasticityRule

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

    *Local*: the change of a synapse reads nothing but its two neurons, itself, constants and what is broadcast.
    *Online*: it needs no record of the past but its own traces; the equations have no other memory, so what is named
    is the trace that stands for the past.
    *Free of weight transport* (Grossberg 1987; Lillicrap et al. 2016): none of the signals that it reads was brought
    by synapses that copy the weights of others.
    """
    lines = []
    for projection in circuit.projections.values():
        if projection.group is not None and projection.rule.plastic:
            post = circuit.populations[projection.target.population]
            lines.append(_line(circuit, projection.name, projection.rule, post, None))
    for population in circuit.populations.values():
        group = circuit.plasticity.get(population.plasticity or "")
        for intrinsic in group.rule.intrinsic if group else ():
            if group and intrinsic.parameter in population.learns:
                name = f"{population.name}.{intrinsic.parameter}"
                lines.append(_line(circuit, name, group.rule, population, intrinsic))
    return tuple(lines)


def _line(
    circuit: Circuit, name: str, rule: PlasticityRule, post: Population, intrinsic: IntrinsicRule | None
) -> AuditLine:
    expressions = _learning(rule, intrinsic)
    read = {each for expression in expressions for each in names(expression)}
    local, local_by = _local(circuit, rule, read, expressions, post, intrinsic)
    transport_free, transport_by = _transport(circuit, read, post, intrinsic)
    return AuditLine(name, rule.name, local, local_by, True, _online(rule, intrinsic), transport_free, transport_by)


def _learning(rule: PlasticityRule, intrinsic: IntrinsicRule | None) -> list:
    if intrinsic is None:
        return list(rule_expressions(_without_intrinsic(rule)))
    blocks = (intrinsic.dynamics, intrinsic.on_decision)
    return [statement.expression for block in blocks for statement in parse_statements(block)]


def _without_intrinsic(rule: PlasticityRule) -> PlasticityRule:
    from dataclasses import replace

    return replace(rule, intrinsic=())


def _local(
    circuit: Circuit,
    rule: PlasticityRule,
    read: set[str],
    expressions: list,
    post: Population,
    intrinsic: IntrinsicRule | None,
) -> tuple[bool, str]:
    elsewhere = sorted(read & set(rule.nonlocal_names))
    if elsewhere:
        return False, f"reads {_listed(elsewhere)}, declared nonlocal"
    sums = sorted(
        {node.operator for tree in expressions for node in walk(tree) if isinstance(node, Apply)} & set(REDUCTIONS)
    )
    if sums:
        return False, f"{_listed(sums)} runs over a whole population"
    broadcast = sorted(read & {"modulator", *circuit.neuromodulators})
    if intrinsic is None:
        pre = sorted(name for name in read if name.endswith("_pre"))
        own = sorted(name for name in read if name.endswith("_post"))
        parts = [f"pre: {_listed(pre)}" if pre else "", f"post: {_listed(own)}" if own else ""]
    else:
        known = {*post.model.inputs, *post.model.derived, *(state.name for state in post.model.states)}
        parts = [f"the neuron's own: {_listed(sorted(read & known))}" if read & known else ""]
    states = sorted(
        read & {state.name for state in (intrinsic.states if intrinsic is not None else rule.states)}
    )
    parts.append(f"itself: {_listed(states)}" if states else "")
    parts.append(f"broadcast: {_listed(broadcast)}" if broadcast else "")
    return True, "; ".join(part for part in parts if part)


def _online(rule: PlasticityRule, intrinsic: IntrinsicRule | None) -> str:
    states = intrinsic.states if intrinsic is not None else rule.states
    traces = [state.name for state in states if state.role in ("local_trace", "eligibility_trace")]
    return f"the past is in its own {_listed(traces)}" if traces else "nothing of the past is read"


def _transport(
    circuit: Circuit, read: set[str], post: Population, intrinsic: IntrinsicRule | None
) -> tuple[bool, str]:
    """Say whether a signal that is read was brought by synapses with copied weights, and by which."""
    suffix = "_post" if intrinsic is None else ""
    brought = []
    for port, variables in post.model.receivers.items():
        heard = sorted(f"{name}{suffix}" for name in variables if f"{name}{suffix}" in read)
        for projection in circuit.projections.values():
            if heard and projection.target.population == post.name and projection.target.port == port:
                brought.append((heard, projection))
    for heard, projection in brought:
        if projection.transpose_of is not None:
            return False, (
                f"{_listed(heard)} comes through '{projection.name}', which carries the weights of "
                f"'{projection.transpose_of}' backwards"
            )
    if brought:
        through = list(dict.fromkeys(f"'{projection.name}'" for _, projection in brought))
        heard = sorted({name for names_, _ in brought for name in names_})
        return True, f"{_listed(heard)} comes through {_listed(through)}, with weights of their own"
    return True, "reads no signal that other synapses bring back"


def _listed(items: list[str]) -> str:
    return ", ".join(items)
