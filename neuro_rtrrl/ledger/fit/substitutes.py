"""What could be changed in a circuit so that a device takes it: circuit in, circuit out, dearest change last.

The order is a judgement, and a plain one: narrower words and a plainer optimiser before fewer learned quantities,
these before another rule, that before another circuit, and a circuit that no longer learns at the very end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup
from neuro_rtrrl.graph.scope import neuron_variables
from neuro_rtrrl.language import names, parse_statements
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.other_rule import filled, with_other_rule
from neuro_rtrrl.models import Optimiser, PlasticityRule, models

__all__ = ["Change", "changes"]

Applied = Callable[[Case], Case | None]


@dataclass(frozen=True)
class Change:
    """One change: what it says, how dear it is, and what it makes of a case (None: it does not apply)."""

    says: str
    price: int
    apply: Applied


def changes(case: Case) -> Iterator[Change]:
    """Yield the changes that could apply to a circuit, cheapest first; of sizes, see the search."""
    if case.engine is None or case.programmable:
        for price, bits in ((1, 16), (2, 8)):
            if case.width("word") > bits:
                yield Change(f"words of {bits} bit", price, lambda c, b=bits: replace(c, bits=b))
    optimisers = {g.optimiser.name for g in case.circuit.plasticity.values() if g.optimiser} - {"sgd"}
    if optimisers:
        yield Change(f"sgd in place of {', '.join(sorted(optimisers))}", 2, _plain_optimiser)
    for name, group in case.circuit.plasticity.items():
        if group.parameters.get("entropy_rate", 0.0) > 0:
            yield Change(f"no entropy bonus in {name} (entropy_rate: 0)", 3, _set(name, "entropy_rate"))
    own = [each.owner for each in case.learners if not each.projection]
    biases = [each.owner for each in case.learners if each.like]
    if own:
        yield Change(f"{', '.join(own)} fixed", 4, lambda c: _learning_only(c, set(biases)))
    if biases:
        yield Change(f"{', '.join([*own, *biases])} fixed", 5, lambda c: _learning_only(c, set()))
    if any(p.transpose_of for p in case.circuit.projections.values()):
        yield Change("random feedback in place of transported weights", 5, _random_feedback)
    rules = {group.rule.name for group in case.circuit.plasticity.values()}
    for price, old, new, says in _RULES:
        if old in rules:
            rules.add(new)  # which may be replaced in its turn
            yield Change(says, price, _other_rule(old, new))
    for name, group in case.circuit.plasticity.items():
        if group.parameters.get("trace_decay", 0.0) > 0:
            yield Change(f"no eligibility trace in {name} (trace_decay: 0)", 9, _set(name, "trace_decay"))
    loops = [name for name, ends in case.extent.ends.items() if ends[0] == ends[1]]
    if loops:
        yield Change(
            f"no synapses among the neurons of a population (without {', '.join(loops)})", 16,
            lambda c: _without(c, set(loops)),
        )  # fmt: skip
    readouts = {name for name, p in case.circuit.populations.items() if p.role}
    if readouts and {each.population for each in case.learners} - readouts:
        yield Change("only the readouts learn", 40, lambda c: _only(c, readouts))
    if case.learners:
        yield Change("no learning on the device: weights learned elsewhere", 80, _frozen)


_RULES = (
    (6, "rflo_td_replacing", "rflo_td", "accumulating in place of replacing traces"),
    (6, "rflo_td_dutch", "rflo_td", "accumulating in place of dutch traces"),
    (6, "td_lambda_replacing", "td_lambda", "accumulating in place of replacing traces in td_lambda"),
    (6, "td_lambda_dutch", "td_lambda", "accumulating in place of dutch traces in td_lambda"),
    (7, "rtrl_td", "rflo_td", "RFLO in place of RTRL"),
    (12, "rflo_td", "local_mse", "LocalMSE in place of RFLO"),
)


def _with(case: Case, circuit: Circuit) -> Case:
    """Return the case of another circuit of the same size."""
    return replace(case, circuit=circuit)


def _groups(case: Case, groups: Mapping[str, PlasticityGroup]) -> Case:
    """Return the case with other groups of plasticity; projections follow the rules of theirs."""
    projections = {
        name: replace(p, rule=groups[p.group].rule) if p.group is not None and p.group in groups else p
        for name, p in case.circuit.projections.items()
    }
    return _with(case, case.circuit.replace(plasticity=groups, projections=projections))


def _plain_optimiser(case: Case) -> Case | None:
    sgd = models("optimisers")["sgd"]
    assert isinstance(sgd, Optimiser)
    groups = {
        name: replace(group, optimiser=sgd, parameters=filled(sgd, group.parameters))
        if group.optimiser
        else group
        for name, group in case.circuit.plasticity.items()
    }
    return _groups(case, groups)


def _set(name: str, parameter: str, value: float = 0.0) -> Applied:
    def apply(case: Case) -> Case | None:
        group = case.circuit.plasticity.get(name)
        if group is None or parameter not in group.parameters:
            return None
        changed = replace(group, parameters={**group.parameters, parameter: value})
        return _groups(case, {**case.circuit.plasticity, name: changed})

    return apply


def _other_rule(old: str, new: str) -> Applied:
    def apply(case: Case) -> Case | None:
        rule, circuit = models("plasticity")[new], case.circuit
        assert isinstance(rule, PlasticityRule)
        groups = [name for name, group in circuit.plasticity.items() if group.rule.name == old]
        for projection in circuit.projections.values():
            if projection.group in groups:
                target = circuit.populations[projection.target.population]
                if not _sees(rule, set(neuron_variables(target.model))):
                    return None
        return _with(case, with_other_rule(circuit, groups, new))

    return apply


def _sees(rule: PlasticityRule, variables: set[str]) -> bool:
    """Whether a neuron shows its synapses what a rule reads of it."""
    read = {
        name.removesuffix("_post")
        for block in (rule.dynamics, rule.on_decision)
        for statement in parse_statements(block)
        for name in names(statement.expression)
        if name.endswith("_post")
    }
    return read <= variables


def _learning_only(case: Case, biases: set[str]) -> Case:
    populations = {
        name: replace(p, learns=tuple(each for each in p.learns if f"{name}.{each}" in biases))
        for name, p in case.circuit.populations.items()
    }
    return _with(case, case.circuit.replace(populations=populations))


def _random_feedback(case: Case) -> Case | None:
    projections = {name: replace(p, transpose_of=None) for name, p in case.circuit.projections.items()}
    return _with(case, case.circuit.replace(projections=projections))


def _without(case: Case, loops: set[str]) -> Case | None:
    projections = {n: p for n, p in case.circuit.projections.items() if n not in loops}
    smaller = replace(case, extent=case.extent.without(loops))
    return _with(smaller, case.circuit.replace(projections=projections))


def _only(case: Case, readouts: set[str]) -> Case | None:
    fixed = models("plasticity")["fixed"]
    assert isinstance(fixed, PlasticityRule)
    projections = {
        name: p if p.target.population in readouts or p.group is None else replace(p, group=None, rule=fixed)
        for name, p in case.circuit.projections.items()
    }
    populations = {
        name: p if name in readouts else replace(p, plasticity=None, learns=())
        for name, p in case.circuit.populations.items()
    }
    return _with(case, case.circuit.replace(projections=projections, populations=populations))


def _frozen(case: Case) -> Case | None:
    return _with(case, case.circuit.freeze())
