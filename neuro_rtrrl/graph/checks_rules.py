"""Whether rules see what they read, and have what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

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
from neuro_rtrrl.models import IntrinsicRule, Modulator, PlasticityRule, models
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
        modulator = _modulator(circuit, circuit.plasticity.get(projection.group or ""))
        path: Path = ("projections", projection.name, "plasticity" if projection.group else "source")
        where = f"no synapse of this projection can see ({pre.name} to {post.name})"
        troubles = _troubles(context, circuit, projection, projection.rule)
        if all(known in models("neurons") for known in (pre.name, post.name)):
            fits = partial(_fits, context, circuit, projection)
            troubles = _tell_what_fits(context, path, projection.rule, post.name, troubles, where, fits)
        for trouble in troubles:
            _tell(context, path, projection.rule, trouble, told, where, modulator is not None)


def _troubles(
    context: Context, circuit: Circuit, projection: Projection, rule: PlasticityRule
) -> list[Trouble]:
    """Return what is wrong with a rule in this projection."""
    pre = circuit.populations[projection.source.population].model
    post = circuit.populations[projection.target.population].model
    group = circuit.plasticity.get(projection.group or "")
    carried = pre.senders[projection.source.port][0]
    optimiser = group.optimiser if group else None
    heard = tuple(context.spec.neuromodulators)
    scope = synapse_scope(rule, pre, post, carried, _modulator(circuit, group), heard, optimiser)
    visible = neuron_variables(post)
    receives = {name: visible.get(name, DIMENSIONLESS) for name in post.receivers[projection.target.port]}
    return rule_troubles(rule, scope, receives)


def _tell_what_fits(
    context: Context,
    path: Path,
    rule: PlasticityRule,
    neuron: str,
    troubles: list[Trouble],
    where: str,
    fits: Callable[[Any], bool],
) -> list[Trouble]:
    """Tell at once what a known rule lacks at a known neuron, and which would fit; return what is left to tell.

    Nobody will mend the equations of such a rule: another one is wanted, where there is one.
    """
    unseen = list(dict.fromkeys(each.unseen for each in troubles if each.unseen))
    if rule.name not in models("plasticity") or not set(unseen) - set(_MODULATION):
        return troubles
    fitting = [name for name, other in models("plasticity").items() if fits(other)]
    if not fitting:
        return troubles
    context.problem(
        path,
        f"rule '{rule.name}' reads {', '.join(repr(name) for name in unseen)}, which {where}",
        found=next(each.text for each in troubles if each.unseen),
        hint=f"rules that fit '{neuron}': {', '.join(fitting)}",
    )
    return [each for each in troubles if not each.unseen]


def _fits(context: Context, circuit: Circuit, projection: Projection, rule: Any) -> bool:
    """Whether a rule could take the place of the projection's, with the group's modulator and optimiser."""
    pre, post = (circuit.populations[end.population] for end in (projection.source, projection.target))
    group = circuit.plasticity.get(projection.group or "")
    spiking = (not rule.on_pre or pre.model.spikes) and (not rule.on_post or post.model.spikes)
    if not rule.plastic or rule.mirrors or rule.role not in ("", post.role) or not spiking:
        return False
    applies = any(
        isinstance(node, Apply) and node.operator == "optimise"
        for expression in rule_expressions(rule)
        for node in walk(expression)
    )
    wanted = group is not None and group.optimiser is not None
    return applies == wanted and not _troubles(context, circuit, projection, rule)


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
    taught = _taught(group.rule)
    possible = tuple(name for name in taught if population.model.parameter(name))
    if parameter not in possible:
        why = (
            f"neuron '{population.model.name}' has no parameter '{parameter}'"
            if population.model.parameter(parameter) is None
            else f"rule '{group.rule.name}' does not say how '{parameter}' is learned"
        )
        context.problem(path, why, found=parameter, available=possible, hint=nearest(parameter, possible))
        return
    model, modulator = population.model, _modulator(circuit, group)

    def troubles_of(rule: PlasticityRule) -> list[Trouble]:
        heard = tuple(context.spec.neuromodulators)
        scope = intrinsic_scope(rule, parameter, model, modulator, heard, group.optimiser)
        return intrinsic_troubles(_taught(rule)[parameter], scope, rule.nonlocal_names)

    path = ("populations", population.name, "plasticity")
    where = f"the neuron '{model.name}' cannot see"
    troubles = troubles_of(group.rule)
    if model.name in models("neurons"):
        fits = lambda rule: parameter in _taught(rule) and not troubles_of(rule)  # noqa: E731
        troubles = _tell_what_fits(context, path, group.rule, model.name, troubles, where, fits)
    for trouble in troubles:
        _tell(context, path, group.rule, trouble, told, where, modulator is not None)


def _taught(rule: PlasticityRule) -> dict[str, IntrinsicRule]:
    return {intrinsic.parameter: intrinsic for intrinsic in rule.intrinsic}


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
