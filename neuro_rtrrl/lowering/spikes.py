"""Thresholds, pathways and resets of spiking populations, in Brian2's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuro_rtrrl.graph.circuit import Population, Projection
from neuro_rtrrl.graph.delays import delay_steps
from neuro_rtrrl.language import Apply, Expression, parse_statements
from neuro_rtrrl.lowering.program import Assign, Gather, SpikeStep, Term
from neuro_rtrrl.lowering.scopes import neuron_scope, synapse_scope
from neuro_rtrrl.lowering.variables import Declared, bind

__all__ = ["lower_spikes"]

Fold = Callable[[Expression], Expression]


def lower_spikes(declared: Declared, fold: Fold) -> list[SpikeStep]:
    """Write what happens in the spike section: all thresholds, ``on_pre``, ``on_post``, all resets."""
    circuit = declared.circuit
    spiking = [population for population in circuit.populations.values() if population.model.spikes]
    body = [_threshold(declared, population, fold) for population in spiking]
    for event in ("pre", "post"):
        for projection in circuit.projections.values():
            text = projection.rule.on_pre if event == "pre" else projection.rule.on_post
            if text:
                body.append(_pathway(declared, projection, event, text, fold))
    body += [_reset(declared, population, fold) for population in spiking if population.model.reset]
    return body


def _threshold(declared: Declared, population: Population, fold: Fold) -> SpikeStep:
    condition = parse_statements(f"spike = {population.model.threshold}")[0].expression
    bound = fold(bind(condition, neuron_scope(declared, population)))
    return SpikeStep("threshold", declared.spaces[population.name], bound, f"{population.name}.spike")


def _reset(declared: Declared, population: Population, fold: Fold) -> SpikeStep:
    name, space = population.name, declared.spaces[population.name]
    resolve = neuron_scope(declared, population)
    actions = tuple(
        Assign(f"{name}.{s.target}", space, fold(bind(s.expression, resolve)), "forward", name, s.text)
        for s in parse_statements(population.model.reset)
    )
    return SpikeStep("reset", space, None, f"{name}.spike", actions=actions)


def _pathway(declared: Declared, projection: Projection, event: str, text: str, fold: Fold) -> SpikeStep:
    circuit = declared.circuit
    resolve = synapse_scope(declared, projection, "spike")
    space, post = declared.spaces[projection.name], declared.spaces[projection.target.population]
    actions: list[Assign | Gather] = []
    for statement in parse_statements(text):
        if statement.target.endswith("_post"):
            assert isinstance(statement.expression, Apply), "x_post += added; checked by the graph"
            added = fold(bind(statement.expression.arguments[1], resolve))
            target = f"{post.name}.{statement.target.removesuffix('_post')}"
            actions.append(Gather(target, post, (Term(projection.name, added),), "forward"))
        elif not circuit.frozen:
            key = f"{projection.name}.{statement.target}"
            phase: Any = "weight_change" if declared.variables[key].role == "weight" else "local_trace"
            bound = fold(bind(statement.expression, resolve))
            actions.append(Assign(key, space, bound, phase, projection.name, statement.text))
    trigger = f"{projection.source.population if event == 'pre' else projection.target.population}.spike"
    delay = round(projection.delay / circuit.timing.dt) if event == "pre" else 0
    if event == "pre" and projection.delays:
        apart = delay_steps(projection, (post.elements, space.shape[1]), circuit.timing.dt)
        if (delay := int(apart.max())) > 0:
            declared.delays[projection.name] = apart
    which: Any = event
    return SpikeStep("pathway", space, None, trigger, delay, which, tuple(actions))
