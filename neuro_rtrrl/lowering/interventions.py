"""Interventions in force, as rewritten statements: every machine then runs them without knowing of any.

Each has a gate (:mod:`neuro_rtrrl.lowering.gates`). A stimulus is a term more, a lesion, a drug or silence a factor;
with the gate at 0 they are exactly + 0 and * 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.events import dimension_of, variable_of
from neuro_rtrrl.graph.timed import ALWAYS, Intervention
from neuro_rtrrl.language import Apply, Expression, Number, Read, apply, rewrite
from neuro_rtrrl.lowering.modulators import heard_of
from neuro_rtrrl.lowering.program import BROADCAST, Assign, Gather, Reduce, SpikeStep, Statement, Term
from neuro_rtrrl.lowering.simplify import fold
from neuro_rtrrl.lowering.variables import Declared

__all__ = ["declare_events", "rewritten"]

ONE = Number(1.0)
LEARNING = ("learn", "renew")  # sums over synapses in them are the rule's own


def declare_events(declared: Declared) -> None:
    """Declare the gate, the masks and the numbers of every intervention in force, and what names mean under them.

    A parameter that is stimulated, and the gain of a modulator that is lesioned, are altered wherever they are read.
    """
    circuit = declared.circuit
    for event in circuit.events:
        declared.gates[_gate(event)] = event.window or ALWAYS
        declared.add(_gate(event), BROADCAST, "chance")
        for key in _masks(declared, event):
            owner = key.rpartition(".")[0]
            declared.add(key, declared.spaces[owner], "parameter", persistent=True)
        if event.kind == "lesion" and event.target in circuit.neuromodulators:
            _alter(
                declared, f"{event.target}.gain", "multiply", _kept(_gated(declared, event), event.fraction)
            )
        if event.kind == "lesion" and event.target in circuit.populations:
            left = _kept(Read(_gate(event), "broadcast"), event.fraction)
            for modulator in circuit.neuromodulators.values():
                if event.target in modulator.read.values():
                    _alter(declared, heard_of(modulator.name, event.target), "multiply", left)
        if event.kind not in ("stimulate", "noise"):
            continue
        population = circuit.populations[event.target]
        variable = variable_of(population, event.variable)
        assert variable is not None, "checked by the graph"
        dimension = dimension_of(population, variable)
        declared.add(_number(event), BROADCAST, "parameter", dimension=dimension, value=event.amount)
        if event.kind == "noise":
            for part in ("radius", "angle"):
                declared.add(f"{event.target}.{event.name}_{part}", declared.spaces[event.target], "noise")
        if variable not in population.model.inputs:
            _alter(declared, f"{event.target}.{variable}", "add", _added(declared, event))


def rewritten(declared: Declared, sections: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the statements of a tick under all interventions in force."""
    for event in declared.circuit.events:
        how = {
            "stimulate": _into_input,
            "noise": _into_input,
            "silence": _silence,
            "freeze": _freeze,
            "lesion": _cut,
            "antagonist": None,
            "agonist": None,
        }[event.kind]
        if how is not None:
            sections = how(declared, event, sections)
    drugs = [event for event in declared.circuit.events if event.kind in ("antagonist", "agonist")]
    return _drugs(declared, drugs, sections) if drugs else sections


# --- what an intervention brings ----------------------------------------------------------------------------------


def _gate(event: Intervention) -> str:
    return f"interventions.{event.name}"


def _number(event: Intervention) -> str:
    return f"{event.target}.{event.name}_size"


def _masks(declared: Declared, event: Intervention) -> tuple[str, ...]:
    """Return the keys that :func:`neuro_rtrrl.graph.event_masks.event_masks` has for it."""
    if event.neurons is not None:
        return (f"{event.target}.{event.name}_neurons",)
    if event.kind == "lesion" and event.fraction < 1.0:
        if event.target in declared.circuit.projections:
            return (f"{event.target}.{event.name}_cut",)
        if event.target in declared.circuit.populations:
            return (f"{event.target}.{event.name}_neurons",)
    return ()


def _gated(declared: Declared, event: Intervention, access: Literal["own", "pre"] = "own") -> Expression:
    """Return what is 1 where and when it acts, else 0."""
    found: Expression = Read(_gate(event), "broadcast")
    for key in _masks(declared, event):
        found = apply("multiply", found, Read(key, access))
    return found


def _kept(gated: Expression, fraction: float = 1.0) -> Expression:
    """Return 1 - fraction*gated."""
    return apply("subtract", ONE, gated if fraction == 1.0 else apply("multiply", Number(fraction), gated))


def _added(declared: Declared, event: Intervention) -> Expression:
    """Return the term that a stimulus or noise adds."""
    size = apply("multiply", _gated(declared, event), Read(_number(event), "broadcast"))
    if event.kind == "stimulate":
        return size
    radius, angle = (Read(f"{event.target}.{event.name}_{part}", "own") for part in ("radius", "angle"))
    # Box & Muller 1958, as in models/neurons/gaussian.py
    log = apply("log", apply("subtract", ONE, radius))
    length = apply("sqrt", apply("multiply", Number(-2.0), log))
    normal = apply("multiply", length, apply("cos", apply("multiply", Number(6.283185307179586), angle)))
    return apply("multiply", size, normal)


def _alter(declared: Declared, key: str, operator: str, by: Expression) -> None:
    before = declared.altered.get(key, lambda read: read)

    def after(read: Expression) -> Expression:
        old = before(read)
        return apply(operator, old, by)

    declared.altered[key] = after


# --- what becomes of the statements -------------------------------------------------------------------------------


def _each(
    sections: dict[str, list[Any]], change: Callable[[str, Statement], list[Statement]]
) -> dict[str, list[Any]]:
    return {name: [new for line in body for new in change(name, line)] for name, body in sections.items()}


def _into_input(
    declared: Declared, event: Intervention, sections: dict[str, list[Any]]
) -> dict[str, list[Any]]:
    """Add to an input, after all that projections bring; the sum of synapses gets a name of its own."""
    population = declared.circuit.populations[event.target]
    variable = variable_of(population, event.variable)
    if variable not in population.model.inputs:
        return sections
    key = f"{event.target}.{variable}"
    received = f"{key}_received"
    more = _added(declared, event)

    def change(section: str, line: Statement) -> list[Statement]:
        if isinstance(line, Gather) and line.target == key:
            old = declared.variables[key]
            declared.add(received, old.space, "input", dimension=old.dimension)
            total = apply("add", Read(received, "own"), more)
            text = f"{variable} = {variable}_received + {event.name}"
            made = Assign(key, line.space, total, line.phase, event.target, text)
            return [replace(line, target=received), made]
        if isinstance(line, Assign) and line.target == key and _reads(line.expression, received):
            return [replace(line, expression=apply("add", line.expression, more))]
        return [line]

    return _each(sections, change)


def _reads(tree: Expression, key: str) -> bool:
    if isinstance(tree, Apply):
        return any(_reads(each, key) for each in tree.arguments)
    return isinstance(tree, Read) and tree.key == key


def _silence(declared: Declared, event: Intervention, sections: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Let chosen neurons send nothing: no spikes, a rate of 0; their membranes go on."""
    name, gated = event.target, _gated(declared, event)
    done = False

    def change(section: str, line: Statement) -> list[Statement]:
        nonlocal done
        threshold = (
            isinstance(line, SpikeStep) and line.kind == "threshold" and line.trigger == f"{name}.spike"
        )
        if isinstance(line, SpikeStep) and threshold and line.condition is not None:
            done = True
            awake = apply("less", gated, Number(0.5))
            return [replace(line, condition=apply("and", line.condition, awake))]
        if isinstance(line, Assign) and line.target == f"{name}.r" and not spiking:
            done = done or line.space.kind == "population"
            return [replace(line, expression=apply("multiply", line.expression, _kept(gated)))]
        return [line]

    spiking = declared.circuit.populations[name].model.spikes
    sections = _each(sections, change)
    if not done:
        message = f"the neurons of '{name}' have no rate of their own that could be silenced"
        raise CircuitError(Problem(message, f"interventions.{event.name}.silence", event.place))
    return sections


def _cut(declared: Declared, event: Intervention, sections: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Take from what synapses transmit those that a lesion has cut, or that come from neurons it has taken."""
    circuit = declared.circuit
    if event.target in circuit.neuromodulators:
        return sections
    cut: dict[str, Expression] = {}
    for projection in circuit.projections.values():
        if projection.name == event.target:
            cut[projection.name] = _kept(_gated(declared, event, "own"))
        elif projection.source.population == event.target:
            cut[projection.name] = _kept(_gated(declared, event, "pre"))

    def sent(gather: Gather) -> Gather:
        terms = (
            Term(each.projection, apply("multiply", cut[each.projection], each.expression))
            if each.projection in cut
            else each
            for each in gather.terms
        )
        return replace(gather, terms=tuple(terms))

    def change(section: str, line: Statement) -> list[Statement]:
        if isinstance(line, Gather) and section not in LEARNING:
            return [sent(line)]
        if isinstance(line, SpikeStep) and line.space.name in cut:
            actions = (sent(each) if isinstance(each, Gather) else each for each in line.actions)
            return [replace(line, actions=tuple(actions))]
        return [line]

    return _each(sections, change)


def _freeze(declared: Declared, event: Intervention, sections: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Let weights and learned parameters of a group keep their values; traces and optimisers go on."""
    circuit = declared.circuit
    frozen = {f"{each.name}.w" for each in circuit.projections.values() if each.group == event.target}
    frozen |= {
        f"{each.name}.{parameter}"
        for each in circuit.populations.values()
        if each.plasticity == event.target
        for parameter in each.learns
    }
    gate = Read(_gate(event), "broadcast")

    def held(line: Assign) -> Assign:
        old, tree = Read(line.target, "own"), line.expression
        if isinstance(tree, Apply) and tree.operator == "add" and tree.arguments[0] == old:
            change = _slowed(tree.arguments[1], _kept(gate))
            return replace(line, expression=Apply("add", (old, change)))
        new = apply("multiply", _kept(gate), tree)
        return replace(line, expression=apply("add", new, apply("multiply", gate, old)))

    def change(section: str, line: Statement) -> list[Statement]:
        if isinstance(line, Assign) and line.target in frozen:
            return [held(line)]
        if isinstance(line, SpikeStep) and line.kind == "pathway":
            actions = (
                held(each) if isinstance(each, Assign) and each.target in frozen else each
                for each in line.actions
            )
            return [replace(line, actions=tuple(actions))]
        return [line]

    return _each(sections, change)


def _slowed(change: Expression, factor: Expression) -> Expression:
    """Return a change times a factor; of ``dt*slope``, the slope, which machines integrate by themselves."""
    dt = Read("dt", "broadcast")
    if isinstance(change, Apply) and change.operator == "multiply" and change.arguments[0] == dt:
        return Apply("multiply", (dt, apply("multiply", factor, change.arguments[1])))
    return apply("multiply", factor, change)


# --- drugs --------------------------------------------------------------------------------------------------------


def _drugs(
    declared: Declared, drugs: list[Intervention], sections: dict[str, list[Any]]
) -> dict[str, list[Any]]:
    """Let receptors read (signal + agonists)*(1 - antagonists); the neurons that send the signal are as they were."""
    circuit = declared.circuit
    groups = {each.name: each.group for each in circuit.projections.values()}
    groups |= {
        f"{each.name}.{parameter}": each.plasticity
        for each in circuit.populations.values()
        for parameter in each.parameters
    }
    groups |= {name: name for name in circuit.plasticity}

    def bound(tree: Expression, owner: str) -> Expression:
        group = groups.get(owner)

        def visit(node: Expression) -> Expression:
            if not isinstance(node, Read) or node.key not in circuit.neuromodulators:
                return node
            mine = [each for each in drugs if each.target == node.key and each.receptors in (None, group)]
            return _at_receptors(node, mine)

        return fold(rewrite(tree, visit), declared.variables) if _sees(tree, drugs) else tree

    def change(section: str, line: Statement) -> list[Statement]:
        sends = section == "modulate" or getattr(line, "owner", "") in circuit.neuromodulators
        return [line] if sends else [_mapped(line, bound)]

    return _each(sections, change)


def _sees(tree: Expression, drugs: list[Intervention]) -> bool:
    return any(_reads(tree, each.target) for each in drugs)


def _at_receptors(signal: Expression, drugs: list[Intervention]) -> Expression:
    found = signal
    for event in sorted(drugs, key=lambda each: each.kind):  # what agonists add, antagonists take again
        gate = Read(_gate(event), "broadcast")
        if event.kind == "agonist":
            more = apply("multiply", Number(event.occupancy * event.amount), gate)
            found = apply("add", found, more)
        else:
            found = apply("multiply", found, _kept(gate, event.occupancy))
    return found


def _mapped(line: Statement, bound: Callable[[Expression, str], Expression]) -> Statement:
    """Return a statement with its trees changed, each by the group of plasticity that it belongs to."""
    if isinstance(line, Assign | Reduce):
        return replace(line, expression=bound(line.expression, line.owner))
    if isinstance(line, Gather):
        terms = (Term(each.projection, bound(each.expression, each.projection)) for each in line.terms)
        return replace(line, terms=tuple(terms))
    if isinstance(line, SpikeStep):
        actions: Any = tuple(_mapped(each, bound) for each in line.actions)
        condition = None if line.condition is None else bound(line.condition, line.space.name)
        return replace(line, condition=condition, actions=actions)
    return line
