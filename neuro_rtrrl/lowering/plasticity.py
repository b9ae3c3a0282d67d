"""A rule's equations for one projection, or for one parameter of a population, as statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from neuro_rtrrl.graph.circuit import PlasticityGroup, Population, Projection
from neuro_rtrrl.language import (
    Apply,
    Expression,
    Read,
    Statement,
    parse_statements,
    rewrite,
    to_text,
    walk,
)
from neuro_rtrrl.lowering.dendrites import Share
from neuro_rtrrl.lowering.program import BROADCAST, Assign, Phase, Space
from neuro_rtrrl.lowering.scopes import Resolver, group_scope, intrinsic_scope, sensed, synapse_scope
from neuro_rtrrl.lowering.simplify import evaluate_constant
from neuro_rtrrl.lowering.variables import Declared, bind

__all__ = ["lower_clock", "lower_episode_start", "lower_intrinsic", "lower_projection_rule"]

Fold = Callable[[Expression], Expression]
Integrate = Callable[..., list[Assign]]


def lower_clock(declared: Declared, group: PlasticityGroup, fold: Fold) -> list[Assign]:
    """Write what a rule and its optimiser do once for the whole group (the powers of Adam's decay rates).

    What is the same in every decision (a rate that never falls) becomes a constant and costs nothing.
    """
    lines: list[Assign] = []
    for model, phase in ((group.rule, "weight_change"), (group.optimiser, "optimiser")):
        shared = {state.name for state in model.states if state.broadcast} if model else set()
        for s in parse_statements(model.on_decision) if model else ():
            if s.target not in shared:
                continue
            key = f"{group.name}.{s.target}"
            expression = fold(bind(s.expression, group_scope(declared, group)))
            value = evaluate_constant(expression, declared.variables)
            if value is not None:
                declared.add(key, BROADCAST, "parameter", value=value)
            else:
                lines.append(Assign(key, BROADCAST, expression, phase, group.name, s.text))  # type: ignore[arg-type]
    return lines


def lower_projection_rule(
    declared: Declared, projection: Projection, fold: Fold, integrate: Integrate
) -> dict[str, list]:
    """Write the plastic part of a projection; empty for one that never changes."""
    if projection.group is None:
        return {}
    resolve = synapse_scope(declared, projection, _carried(declared, projection))
    group = declared.circuit.plasticity[projection.group]
    space = declared.spaces[projection.name]
    rule = projection.rule
    return _lower(
        declared,
        group,
        space,
        projection.name,
        projection.name,
        rule.dynamics,
        rule.on_decision,
        resolve,
        fold,
        integrate,
    )


def lower_episode_start(declared: Declared, projection: Projection, fold: Fold) -> list[Assign]:
    """Write what a rule does at the start of an episode, after its states have been reset."""
    space = declared.spaces[projection.name]
    resolve = synapse_scope(declared, projection, _carried(declared, projection))
    return [
        Assign(
            f"{projection.name}.{s.target}",
            space,
            fold(bind(s.expression, resolve)),
            "local_trace",
            projection.name,
            s.text,
        )
        for s in parse_statements(projection.rule.on_episode_start)
    ]


def _carried(declared: Declared, projection: Projection) -> str:
    """Return the source variable that ``r_pre`` means."""
    source = declared.circuit.populations[projection.source.population]
    return source.model.senders[projection.source.port][0]


def lower_intrinsic(
    declared: Declared, population: Population, fold: Fold, integrate: Integrate
) -> list[dict[str, list]]:
    """Write how a population's learned parameters change, each by itself."""
    parts: list[dict[str, list]] = []
    group = declared.circuit.plasticity.get(population.plasticity or "")
    for rule in group.rule.intrinsic if group else ():
        if group is None or rule.parameter not in population.learns:
            continue
        owner = f"{population.name}.{rule.parameter}"
        resolve = intrinsic_scope(declared, population, group, owner)
        space = declared.spaces[population.name]
        parts.append(
            _lower(
                declared,
                group,
                space,
                owner,
                population.name,
                rule.dynamics,
                rule.on_decision,
                resolve,
                fold,
                integrate,
            )
        )
    return parts


def _lower(
    declared: Declared,
    group: PlasticityGroup,
    space: Space,
    owner: str,
    home: str,
    dynamics: str,
    on_decision: str,
    resolve: Resolver,
    fold: Fold,
    integrate: Integrate,
) -> dict[str, list]:
    def key_of(name: str) -> str:
        own = f"{owner}.{name}"
        return own if own in declared.variables else f"{home}.{name}"

    parts: dict[str, list] = {"advance": [], "learn": [], "renew": []}
    method = group.method or declared.circuit.timing.method
    followed = [(key_of(statement.target), statement) for statement in parse_statements(dynamics)]
    for line in integrate(method, owner, followed, resolve, "local_trace"):
        phase = _PHASES.get(declared.variables[line.target].role, "local_trace")
        parts["advance"].append(replace(line, phase=phase))
    once = {state.name for state in group.rule.states if state.broadcast}
    lines = [statement for statement in parse_statements(on_decision) if statement.target not in once]
    sums: dict[str, Read] = {}

    def see(name: str) -> Expression:
        return sums.get(name) or resolve(name)

    for statement in lines:  # what the lines define for themselves is declared before it is read
        if key_of(statement.target) not in declared.variables and _summed(statement) is None:
            declared.add(f"{owner}.{statement.target}", space, "derived")
    for statement in lines:
        if (share := _summed(statement)) is not None:
            key, sums[statement.target] = _meeting(declared, space, group.name, statement.target)
            bound = fold(bind(share, see))
            parts["learn"].append(Share(key, space, bound, "weight_change", statement.text))
            continue
        section, phase = _place(declared.variables[key_of(statement.target)].role)
        expression = statement.expression
        if inner := _optimised(expression):
            steps, expression = _inline_optimiser(declared, group, space, owner, inner, expression, see, fold)
            parts[section].extend(steps)
        bound = fold(bind(expression, see))
        parts[section].append(Assign(key_of(statement.target), space, bound, phase, owner, statement.text))
    return parts


#: of states that move by themselves; all others are local traces
_PHASES: dict[str, Phase] = {"weight": "weight_change", "eligibility_trace": "eligibility_trace"}


def _place(role: str) -> tuple[str, Phase]:
    if role == "eligibility_trace":
        return "renew", "eligibility_trace"
    if role == "local_trace":
        return "renew", "local_trace"
    return "learn", "weight_change"


def _optimised(expression: Expression) -> Expression | None:
    return next(
        (n.arguments[0] for n in walk(expression) if isinstance(n, Apply) and n.operator == "optimise"), None
    )


def _summed(statement: Statement) -> Expression | None:
    """Return what a line sums over all synapses of the neuron, where it does that."""
    node = statement.expression
    return node.arguments[0] if isinstance(node, Apply) and node.operator == "dendritic_sum" else None


def _meeting(declared: Declared, space: Space, owner: str, name: str) -> tuple[str, Read]:
    """Declare a sum of the postsynaptic neuron; return its key and how it is read from ``space``."""
    population = space.post or space.name
    key = f"{population}.{owner}.{name}"
    declared.add(key, declared.spaces[population], "derived")
    return key, Read(key, "post" if space.kind == "projection" else "own")


def _inline_optimiser(
    declared: Declared,
    group: PlasticityGroup,
    space: Space,
    owner: str,
    gradient: Expression,
    expression: Expression,
    resolve: Resolver,
    fold: Fold,
) -> tuple[list[Assign | Share], Expression]:
    """Replace ``optimise(gradient)`` by ``step`` and return the optimiser's own lines before it.

    The optimiser's names live under ``owner.optimiser`` and see only ``gradient``, their own states, the group's
    parameters and its modulator, so that they can never collide with a rule's.
    """
    assert group.optimiser is not None, "checked by the graph"
    home = f"{owner}.{group.optimiser.name}"

    sums: dict[str, Read] = {}

    def inside(name: str) -> Expression:
        if name in sums:
            return sums[name]
        if f"{home}.{name}" in declared.variables:
            return Read(f"{home}.{name}", "own")
        if name == "modulator" and group.modulator:
            return sensed(group.modulator, group.strength)
        return Read(f"{group.name}.{name}", "broadcast")

    shared = {state.name for state in group.optimiser.states if state.broadcast}
    declared.add(f"{home}.gradient", space, "derived")
    text = f"gradient = {to_text(gradient)}"
    bound = fold(bind(gradient, resolve))
    steps: list[Assign | Share] = [Assign(f"{home}.gradient", space, bound, "weight_change", owner, text)]
    for statement in parse_statements(group.optimiser.on_decision):
        if statement.target in shared:
            continue
        if (share := _summed(statement)) is not None:
            within = f"{group.name}.{group.optimiser.name}"
            key, sums[statement.target] = _meeting(declared, space, within, statement.target)
            steps.append(Share(key, space, fold(bind(share, inside)), "optimiser", statement.text))
            continue
        key = f"{home}.{statement.target}"
        if key not in declared.variables:
            declared.add(key, space, "derived")
        steps.append(
            Assign(key, space, fold(bind(statement.expression, inside)), "optimiser", owner, statement.text)
        )

    def replace_call(node: Expression) -> Expression:
        return (
            Read(f"{home}.step", "own") if isinstance(node, Apply) and node.operator == "optimise" else node
        )

    return steps, rewrite(expression, replace_call)
