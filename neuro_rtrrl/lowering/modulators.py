"""Neuromodulators as statements: once a decision, or each ``dt`` beside the neurons; one number each, broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuro_rtrrl.graph.circuit import Neuromodulator
from neuro_rtrrl.language import Expression, Number, Read, apply, parse_statements, rewrite
from neuro_rtrrl.lowering.program import BROADCAST, Assign, Reduce
from neuro_rtrrl.lowering.variables import Declared, bind

__all__ = ["heard_of", "lower_modulator"]

Fold = Callable[[Expression], Expression]
Integrate = Callable[..., list[Assign]]


def lower_modulator(
    declared: Declared, modulator: Neuromodulator, fold: Fold, integrate: Integrate
) -> dict[str, list]:
    """Write what a modulator does each ``dt`` and once a decision, by section.

    All of it is broadcast, so that whoever runs neurons and synapses runs it too. What it reads each ``dt`` is old:
    spikes of the last step, rates as they were shown by it.
    """
    parts: dict[str, list] = {"derive": [], "advance": [], "express": [], "modulate": []}
    model = modulator.model
    lines = {
        "derive": [s for s in parse_statements(model.equations) if s.kind == "assign"],
        "advance": [s for s in parse_statements(model.equations) if s.kind == "derivative"],
        "express": list(parse_statements(model.readout)),
        "modulate": list(parse_statements(model.on_decision)),
    }
    for statement in (s for body in lines.values() for s in body):  # declared before anything reads it
        key = _key(modulator, statement.target)
        if key not in declared.variables:
            declared.add(key, BROADCAST, "derived")
    parts["derive"] += _release(declared, modulator, fold)

    def resolve(name: str) -> Expression:
        return _resolved(declared, modulator, name)

    for section in ("derive", "express", "modulate"):
        for each in lines[section]:
            expression = fold(bind(each.expression, resolve))
            key = _key(modulator, each.target)
            parts[section].append(Assign(key, BROADCAST, expression, "broadcast", modulator.name, each.text))
    followed = [(_key(modulator, each.target), each) for each in lines["advance"]]
    method = declared.circuit.timing.method
    parts["advance"] += integrate(method, modulator.name, followed, resolve, "broadcast", lines["derive"])
    if modulator.delay:
        parts["modulate"] = _delayed(declared, modulator, parts["modulate"])
    return parts


def _key(modulator: Neuromodulator, name: str) -> str:
    return modulator.name if name == "signal" else f"{modulator.name}.{name}"


def _resolved(declared: Declared, modulator: Neuromodulator, name: str) -> Expression:
    model, circuit = modulator.model, declared.circuit
    if name == "signal":
        return Read(modulator.name, "broadcast")
    if name in model.reads:
        if name in modulator.read:
            return _heard(declared, modulator, name)
        if name == "release" or (name in model.optional and circuit.environment is None):
            return Number(0.0)
    key = f"{modulator.name}.{name}"
    key = key if key in declared.variables else name
    return declared.seen(key, Read(key, "broadcast"))


def _heard(declared: Declared, modulator: Neuromodulator, name: str) -> Expression:
    """Return what is read of a population, less what lesions have taken of it (now, or while an event is on)."""
    population = modulator.read[name]
    if name == "release":
        read: Expression = Read(f"{modulator.name}.release", "broadcast")
    else:
        key = f"{population}.{name.removeprefix('value_') if name.startswith('value_') else 'r'}"
        read = Read(key, "broadcast" if declared.variables[key].space.kind == "broadcast" else "own")
    lost = (modulator.lost or {}).get(population, 0.0)
    heard = apply("multiply", Number(1.0 - lost), read) if lost else read
    return declared.seen(heard_of(modulator.name, population), heard)


def heard_of(modulator: str, population: str) -> str:
    """Return the key by which an intervention alters what a neuromodulator hears of a population."""
    return f"{modulator} hears {population}"


def _release(declared: Declared, modulator: Neuromodulator, fold: Fold) -> list[Reduce]:
    """Sum what the neurons of the modulator's population sent in the last ``dt``."""
    if not modulator.population:
        return []
    population = declared.circuit.populations[modulator.population]
    key, how = f"{modulator.name}.release", "sum_population"
    declared.add(key, BROADCAST, "derived")
    sent = fold(Read(f"{population.name}.{'spike' if population.model.spikes else 'r'}", "own"))
    text = f"release = sum over {population.name}"
    space: Any = declared.spaces[population.name]
    return [Reduce(key, space, how, sent, "broadcast", modulator.name, text)]


def _delayed(declared: Declared, modulator: Neuromodulator, body: list[Assign]) -> list[Assign]:
    """Put a chain of states between what is worked out and the signal, one for each decision of delay.

    Nothing was worked out for the first tick of an episode, so nothing enters the chain there.
    """
    fresh = f"{modulator.name}.undelayed"
    declared.add(fresh, BROADCAST, "derived")

    def moved(tree: Expression) -> Expression:
        return Read(fresh, "broadcast") if tree == Read(modulator.name, "broadcast") else tree

    lines = [
        Assign(
            fresh if line.target == modulator.name else line.target,
            line.space,
            rewrite(line.expression, moved),
            line.phase,
            line.owner,
            line.text,
        )
        for line in body
    ]
    steps = [f"{modulator.name}.delayed_{index}" for index in range(1, (modulator.delay or 0) + 1)]
    for key in steps:
        declared.add(key, BROADCAST, "modulator", resets=True, persistent=True)
    begun = apply("subtract", Number(1.0), Read("first", "broadcast"))
    sources: list[Expression] = [Read(key, "broadcast") for key in reversed(steps)]
    sources.append(apply("multiply", begun, Read(fresh, "broadcast")))
    for target, source in zip((modulator.name, *reversed(steps)), sources, strict=True):
        text = f"{target.rpartition('.')[2]}, one decision on"
        lines.append(Assign(target, BROADCAST, source, "broadcast", modulator.name, text))
    return lines
