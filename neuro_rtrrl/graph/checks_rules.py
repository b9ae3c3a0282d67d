"""Whether rules see what they read, and have what they need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population, Projection
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.equations import Trouble, intrinsic_troubles, rule_troubles
from neuro_rtrrl.graph.scope import intrinsic_scope, neuron_variables, synapse_scope
from neuro_rtrrl.graph.user_models import line_of
from neuro_rtrrl.language import (
    Apply,
    EquationError,
    Expression,
    names,
    parse_expression,
    parse_statements,
    walk,
)
from neuro_rtrrl.models import Modulator, PlasticityRule
from neuro_rtrrl.units import DIMENSIONLESS

__all__ = [
    "feedback_reaches_the_rules_that_read_it",
    "groups_name_what_their_rule_needs",
    "neurons_can_learn_what_they_name",
    "rule_expressions",
    "synapses_see_what_their_rule_reads",
]

_MODULATION = ("modulator", "discount")


def groups_name_what_their_rule_needs(context: Context, circuit: Circuit) -> None:
    """A rule that listens to a modulator or applies an optimiser gets one; one that does not gets none."""
    for name, group in circuit.plasticity.items():
        path: Path = ("plasticity", name)
        expressions = list(rule_expressions(group.rule))
        read = {each for expression in expressions for each in names(expression)}
        applies = any(
            isinstance(node, Apply) and node.operator == "optimise"
            for expression in expressions
            for node in walk(expression)
        )
        modulators = tuple(context.spec.neuromodulators)
        own = {item.name for item in (*group.rule.parameters, *group.rule.states)}
        listener = f"rule '{group.rule.name}'"
        if applies and group.optimiser is not None and "modulator" not in read:
            heard = {
                each
                for statement in parse_statements(group.optimiser.on_decision)
                for each in names(statement.expression)
            }
            if "modulator" in heard:
                read, listener = read | {"modulator"}, f"optimiser '{group.optimiser.name}'"
        listens = "modulator" in read or _modulator_parameters(circuit, group) & read
        if read & set(_MODULATION) - own and group.modulator is None:
            context.problem(
                path,
                f"{listener} listens to a neuromodulator, and group '{name}' names none",
                key=True,
                available=modulators,
                hint=f"add 'modulator: {modulators[0]}'"
                if modulators
                else "declare one under 'neuromodulators'",
            )
        elif group.modulator is not None and not listens and group.modulator not in read:
            context.problem(
                (*path, "modulator"),
                f"rule '{group.rule.name}' listens to no neuromodulator",
                found=group.modulator,
                hint="leave 'modulator' out, or use a rule that reads it",
            )
        if applies and group.optimiser is None:
            context.problem(
                path,
                f"rule '{group.rule.name}' applies an optimiser, and group '{name}' names none",
                key=True,
                available=("adam", "sgd", *context.spec.models.optimisers),
                hint="add 'optimiser: adam'",
            )
        elif not applies and group.optimiser is not None:
            context.problem(
                (*path, "optimiser"),
                f"rule '{group.rule.name}' applies no optimiser",
                found=group.optimiser.name,
                hint="leave 'optimiser' out, or write 'w += optimise(...)' in the rule",
            )


def _modulator_parameters(circuit: Circuit, group: PlasticityGroup) -> set[str]:
    model = _modulator(circuit, group)
    return {parameter.name for parameter in model.parameters} if model else set()


def _modulator(circuit: Circuit, group: PlasticityGroup | None) -> Modulator | None:
    chosen = circuit.neuromodulators.get(group.modulator or "") if group else None
    return chosen.model if chosen else None


def synapses_see_what_their_rule_reads(context: Context, circuit: Circuit) -> None:
    """Every name in a rule is in sight of the synapses that follow it; every equation has its dimension."""
    told: set[tuple] = set()
    for projection in circuit.projections.values():
        pre = circuit.populations[projection.source.population].model
        post = circuit.populations[projection.target.population].model
        group = circuit.plasticity.get(projection.group or "")
        carried = pre.senders[projection.source.port][0]
        modulator = _modulator(circuit, group)
        scope = synapse_scope(
            projection.rule,
            pre,
            post,
            carried,
            modulator,
            tuple(context.spec.neuromodulators),
            group.optimiser if group else None,
        )
        visible = neuron_variables(post)
        receives = {name: visible.get(name, DIMENSIONLESS) for name in post.receivers[projection.target.port]}
        path: Path = ("projections", projection.name, "plasticity" if projection.group else "source")
        for trouble in rule_troubles(projection.rule, scope, receives):
            where = f"no synapse of this projection can see ({pre.name} to {post.name})"
            _tell(context, path, projection.rule, trouble, told, where, modulator is not None)


def neurons_can_learn_what_they_name(context: Context, circuit: Circuit) -> None:
    """A population learns parameters that its neurons have and its rule can teach."""
    told: set[tuple] = set()
    for name, written in context.spec.populations.items():
        path: Path = ("populations", name, "plasticity")
        if written.learns is not None and written.plasticity is None:
            context.problem(
                ("populations", name, "learns"),
                f"population '{name}' learns without a rule",
                key=True,
                hint="add 'plasticity:' with the name of a group",
            )
        if written.plasticity is not None and written.plasticity not in context.spec.plasticity:
            available = tuple(context.spec.plasticity)
            context.problem(
                path,
                f"there is no group of plasticity '{written.plasticity}'",
                found=written.plasticity,
                available=available,
                hint=nearest(written.plasticity, available),
            )
    for population in circuit.populations.values():
        group = circuit.plasticity.get(population.plasticity or "")
        if group is None:
            continue
        if not population.learns and context.spec.populations[population.name].learns is None:
            context.problem(
                ("populations", population.name, "plasticity"),
                f"rule '{group.rule.name}' teaches the neuron '{population.model.name}' nothing of its own",
                found=group.name,
                available=tuple(each.parameter for each in group.rule.intrinsic),
                hint="leave 'plasticity' out here: synapses name their rule themselves",
            )
        for index, parameter in enumerate(population.learns):
            _can_learn(context, circuit, population, group, index, parameter, told)


def _can_learn(
    context: Context,
    circuit: Circuit,
    population: Population,
    group: PlasticityGroup,
    index: int,
    parameter: str,
    told: set[tuple],
) -> None:
    path: Path = ("populations", population.name, "learns", index)
    taught = {intrinsic.parameter: intrinsic for intrinsic in group.rule.intrinsic}
    possible = tuple(name for name in taught if population.model.parameter(name))
    if parameter not in possible:
        why = (
            f"neuron '{population.model.name}' has no parameter '{parameter}'"
            if population.model.parameter(parameter) is None
            else f"rule '{group.rule.name}' does not say how '{parameter}' is learned"
        )
        context.problem(path, why, found=parameter, available=possible, hint=nearest(parameter, possible))
        return
    modulator = _modulator(circuit, group)
    scope = intrinsic_scope(
        group.rule,
        parameter,
        population.model,
        modulator,
        tuple(context.spec.neuromodulators),
        group.optimiser,
    )
    path = ("populations", population.name, "plasticity")
    where = f"the neuron '{population.model.name}' cannot see"
    for trouble in intrinsic_troubles(taught[parameter], scope, group.rule.nonlocal_names):
        _tell(context, path, group.rule, trouble, told, where, modulator is not None)


def _tell(
    context: Context,
    path: Path,
    rule: PlasticityRule,
    trouble: Trouble,
    told: set[tuple],
    where: str,
    modulated: bool,
) -> None:
    """Note a trouble: what is not in sight where the rule is used, anything else at the rule's own line."""
    if trouble.unseen:
        if trouble.unseen in _MODULATION and not modulated:
            return  # the group lacks its neuromodulator; that is told of the group
        key = (path, trouble.unseen)
        if key not in told:
            told.add(key)
            context.problem(
                path,
                f"rule '{rule.name}' reads '{trouble.unseen}', which {where}",
                found=trouble.text,
                available=trouble.available,
                hint=_remedy(trouble),
            )
        return
    written = context.spec.models.rules.get(rule.name)
    message = f"rule '{rule.name}': {trouble.message}"
    if written is None:
        key = (path, trouble.field, trouble.line, trouble.message)
        location, dotted = context.document.locate(path), ".".join(map(str, path))
    else:
        own: Path = ("models", "rules", rule.name, *trouble.field.split("."))
        key = (own, trouble.line, trouble.message)
        location, dotted = line_of(context, own, trouble.line), ".".join(map(str, own))
    if key not in told:
        told.add(key)
        context.problems.add(
            message,
            where=dotted,
            location=location,
            found=trouble.text,
            available=trouble.available,
            hint=trouble.hint,
        )


def _remedy(trouble: Trouble) -> str:
    seen = "a synapse sees its two neurons (_pre, _post), its own state, its parameters and what is broadcast"
    return nearest(trouble.unseen, trouble.available) or seen


def feedback_reaches_the_rules_that_read_it(context: Context, circuit: Circuit) -> None:
    """A rule whose feedback comes from nowhere would learn nothing, silently."""
    if len(circuit.projections) < len(context.spec.projections):
        return  # what is missing could be the feedback
    reached = {(each.target.population, each.target.port) for each in circuit.projections.values()}
    told: set[tuple[str, str]] = set()
    for path, rule, population in _learners(circuit):
        read = {name.removesuffix("_post") for each in rule_expressions(rule) for name in names(each)}
        for port, variables in population.model.receivers.items():
            unreached = (population.name, port) not in reached and (population.name, port) not in told
            inputs = set(variables) & set(population.model.inputs)
            if port != "u" and unreached and inputs & read:
                told.add((population.name, port))
                context.problem(
                    path,
                    f"rule '{rule.name}' reads '{variables[0]}' of '{population.name}', and no projection "
                    f"leads to "
                    f"'{population.name}.{port}': nothing would be learned",
                    hint=f"add a projection with 'target: {population.name}.{port}', such as from an error",
                )


def _learners(circuit: Circuit) -> Iterator[tuple[Path, PlasticityRule, Population]]:
    projection: Projection
    for projection in circuit.projections.values():
        if projection.group:
            yield (
                ("projections", projection.name, "plasticity"),
                projection.rule,
                circuit.populations[projection.target.population],
            )


def rule_expressions(rule: PlasticityRule) -> Iterator[Expression]:
    """Yield every expression of a rule that can be read, those of its intrinsic parts included."""
    if rule.transmits:
        with suppress(EquationError):
            yield parse_expression(rule.transmits)
    blocks = [rule.dynamics, rule.on_pre, rule.on_post, rule.on_decision, rule.on_episode_start]
    blocks += [block for each in rule.intrinsic for block in (each.dynamics, each.on_decision)]
    for block in blocks:
        try:
            for statement in parse_statements(block):
                yield statement.expression
        except EquationError:
            continue
