"""From a circuit to the statements of one tick: scopes resolved, derivatives discretised, everything in order."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population, Projection
from neuro_rtrrl.language import (
    REDUCTIONS,
    Apply,
    Expression,
    Number,
    Read,
    Statement,
    apply,
    parse_statements,
    rewrite,
    walk,
)
from neuro_rtrrl.lowering.credit import credited, refuse_what_no_machine_computes
from neuro_rtrrl.lowering.dendrites import meet
from neuro_rtrrl.lowering.discretise import Discretiser
from neuro_rtrrl.lowering.interventions import declare_events, rewritten
from neuro_rtrrl.lowering.modulators import lower_modulator
from neuro_rtrrl.lowering.plasticity import (
    lower_clock,
    lower_episode_start,
    lower_intrinsic,
    lower_projection_rule,
)
from neuro_rtrrl.lowering.program import (
    BROADCAST,
    SECTIONS,
    Act,
    Assign,
    Choose,
    Gather,
    LoweredCircuit,
    Reduce,
    Term,
)
from neuro_rtrrl.lowering.scopes import neuron_scope, synapse_scope
from neuro_rtrrl.lowering.simplify import drop_unread, fold
from neuro_rtrrl.lowering.spikes import lower_spikes
from neuro_rtrrl.lowering.variables import Declared, bind, declare

__all__ = ["lower"]


def lower(circuit: Circuit, keep: set[str] | None = None) -> LoweredCircuit:
    """Lower a circuit, as written: no regrouping, no packing.

    Parameters
    ----------
    circuit : Circuit
        A frozen circuit loses its traces and weight changes here.
    keep : set of str, optional
        Further variables that somebody will look at, beside the rates, the modulators, the circuit's recordings and
        whatever learns.
    """
    refuse_what_no_machine_computes(circuit)
    declared = declare(circuit)
    declare_events(declared)
    build = _Builder(declared)
    for population in circuit.populations.values():
        build.clamped(population)
        build.dynamic(population)
    build.sections["spike"].extend(lower_spikes(declared, build.fold))
    build.instantaneous()
    build.feedback()
    build.modulators()
    build.plasticity()
    build.sections = rewritten(declared, build.sections)
    chances, draws = build.chances()
    lowered = LoweredCircuit(
        circuit,
        declared.spaces,
        declared.variables,
        {name: tuple(build.sections[name]) for name in SECTIONS},
        episode_start=tuple(build.episode_start),
        masks=declared.masks,
        delays=declared.delays,
        transposed=declared.transposed,
        noise=tuple(key for key, variable in declared.variables.items() if variable.role == "noise"),
        chances=chances,
        draws=draws,
        gates=declared.gates,
    )
    roots = (
        {f"{p.name}.r" for p in circuit.populations.values()} | set(circuit.neuromodulators) | (keep or set())
    )
    roots |= {recording.key for recording in circuit.record}
    roots |= {f"{projection.name}.w" for projection in circuit.projections.values()}
    roots |= {key for key, variable in declared.variables.items() if variable.learned}
    roots |= {key for pairs in credited(lowered).values() for pair in pairs for key in pair}
    return drop_unread(lowered, {key for key in roots if key in declared.variables})


class _Builder:
    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.circuit = declared.circuit
        self.sections: dict[str, list] = {name: [] for name in SECTIONS}
        self.episode_start: list[Assign] = []
        self._incoming = _incoming(self.circuit)
        self.integrate = Discretiser(declared, self.fold, self.sections["derive"]).integrate

    # --- populations -------------------------------------------------------------------------------------------

    def clamped(self, population: Population) -> None:
        """Write what a clamped population makes of what it is shown."""
        self._equations(population, parse_statements(population.model.on_observation), "sense")

    def dynamic(self, population: Population) -> None:
        """Write what a population with derivatives does each ``dt``."""
        model = population.model
        if model.clamped or model.instantaneous:
            return
        for name in model.inputs:
            if not self._carried_back(population, name):
                self._gather(population, name, "derive", "forward")
        resolve = neuron_scope(self.declared, population)
        self._equations(population, model.algebraic, "derive")
        self.sections["advance"] += self.integrate(
            population.method or self.circuit.timing.method,
            population.name,
            [(f"{population.name}.{statement.target}", statement) for statement in model.derivatives],
            resolve,
            "forward",
            model.algebraic,
        )
        self._equations(population, parse_statements(model.readout), "express")

    def instantaneous(self) -> None:
        """Write the readouts, sources before targets, and the choice of the action."""
        sources: dict[str, list[str]] = {
            p.name: [] for p in self.circuit.populations.values() if p.model.instantaneous
        }
        for projection in self.circuit.projections.values():
            if projection.source.population in sources and projection.target.population in sources:
                sources[projection.target.population].append(projection.source.population)
        for name in TopologicalSorter(sources).static_order():
            population = self.circuit.populations[name]
            for item in population.model.inputs:
                self._gather(population, item, "readout", "forward")
            self._equations(population, parse_statements(population.model.readout), "readout")
            if population.role == "actor":
                self._choice(population)

    def _choice(self, population: Population) -> None:
        name = population.name
        if not population.model.by_degrees:
            slot = [actor.name for actor in self.circuit.actors].index(name)
            self.sections["choose"].append(Choose(name, f"{name}.r", f"{name}.chosen", slot))
        self._equations(population, parse_statements(population.model.on_choice), "choose")
        if population.model.by_degrees:
            self.sections["choose"].append(Act(name, f"{name}.action"))

    def chances(self) -> tuple[dict[str, int], int]:
        """Return where in the row of a decision's numbers each variable of chance begins, and how long the row is."""
        actor = next((actor for actor in self.circuit.actors if actor.model.by_degrees), None)
        if actor is None:
            return self._and_gates({}, max(1, len(self.circuit.actors)))
        names = actor.model.chances
        places = {f"{actor.name}.{name}": index * actor.size for index, name in enumerate(names)}
        return self._and_gates(places, max(1, len(names) * actor.size))

    def _and_gates(self, places: dict[str, int], draws: int) -> tuple[dict[str, int], int]:
        gates = {key: draws + index for index, key in enumerate(self.declared.gates)}
        return {**places, **gates}, draws + len(gates)

    def feedback(self) -> None:
        """Write the inputs that readouts send back, once a decision."""
        for population in self.circuit.populations.values():
            if not population.model.clamped and not population.model.instantaneous:
                for name in population.model.inputs:
                    if self._carried_back(population, name):
                        self._gather(population, name, "feedback", "broadcast")

    def _carried_back(self, population: Population, name: str) -> bool:
        """Whether all that reaches this input comes from instantaneous populations (or nothing does)."""
        sources = [
            self.circuit.populations[p.source.population] for p, _ in self._incoming[population.name, name]
        ]
        return bool(sources) and all(source.model.instantaneous for source in sources)

    def _gather(self, population: Population, name: str, section: str, phase: str) -> None:
        terms = []
        for projection, variable in self._incoming[population.name, name]:
            if projection.rule.transmission is None:
                continue
            resolve = synapse_scope(self.declared, projection, variable)
            expression = bind(projection.rule.transmission, resolve)
            if projection.gain != 1.0:
                expression = apply("multiply", Read(f"{projection.name}.gain", "broadcast"), expression)
            terms.append(Term(projection.name, self.fold(expression)))
        space = self.declared.spaces[population.name]
        target = f"{population.name}.{name}"
        self.sections[section].append(Gather(target, space, tuple(terms), phase))  # type: ignore[arg-type]

    def _equations(self, population: Population, statements: tuple[Statement, ...], section: str) -> None:
        resolve = neuron_scope(self.declared, population)
        space = self.declared.spaces[population.name]
        phase = "forward"
        for statement in statements:
            key = f"{population.name}.{statement.target}"
            if self.declared.variables[key].value is not None:
                continue
            expression = self._reductions(
                population, bind(statement.expression, resolve), key, section, statement.text
            )
            if expression is None:
                continue
            where = space if any(self._varies(node) for node in walk(expression)) else BROADCAST
            if where is BROADCAST:
                self._move_to_broadcast(key)
            self.sections[section].append(
                Assign(key, where, self.fold(expression), phase, population.name, statement.text)
            )

    def _varies(self, node: Expression) -> bool:
        return isinstance(node, Read) and self.declared.variables[node.key].space.kind != "broadcast"

    def _move_to_broadcast(self, key: str) -> None:
        old = self.declared.variables[key]
        self.declared.add(key, BROADCAST, old.role, dimension=old.dimension)

    def _reductions(
        self, population: Population, expression: Expression, key: str, section: str, text: str
    ) -> Expression | None:
        """Write each reduction as a statement of its own; None where the whole right side is one."""
        space = self.declared.spaces[population.name]
        count = 0

        def reduced(node: Apply, target: str, argument: Expression) -> Read:
            self.declared.add(target, BROADCAST, "derived")
            how: Any = node.operator
            statement = Reduce(target, space, how, self.fold(argument), "forward", population.name, text)
            self.sections[section].append(statement)
            return Read(target, "broadcast")

        def visit(node: Expression) -> Expression:
            nonlocal count
            if not isinstance(node, Apply) or node.operator not in REDUCTIONS:
                return node
            if isinstance(
                node.arguments[0], Number
            ):  # the same for every neuron: how many there are is known
                value = node.arguments[0].value
                return Number(value * space.elements if node.operator == "sum_population" else value)
            count += 1
            return reduced(node, f"{key}_part_{count - 1}", node.arguments[0])

        whole = isinstance(expression, Apply) and expression.operator in REDUCTIONS
        if isinstance(expression, Apply) and whole and not isinstance(expression.arguments[0], Number):
            reduced(expression, key, rewrite(expression.arguments[0], visit))
            return None
        return rewrite(rewrite(expression, visit), self._rescope)

    def _rescope(self, node: Expression) -> Expression:
        """Reads of variables that turned out to be broadcast say so."""
        if isinstance(node, Read) and self.declared.variables[node.key].space.kind == "broadcast":
            return Read(node.key, "broadcast")
        return node

    def fold(self, expression: Expression) -> Expression:
        """Drop what is neutral, with every read in its final scope."""
        return fold(rewrite(expression, self._rescope), self.declared.variables)

    # --- modulators and learning -------------------------------------------------------------------------------

    def modulators(self) -> None:
        """Write the broadcast signals."""
        for modulator in self.circuit.neuromodulators.values():
            parts = lower_modulator(self.declared, modulator, self.fold, self.integrate)
            for section, statements in parts.items():
                self.sections[section].extend(statements)

    def plasticity(self) -> None:
        """Write local traces, weight changes and eligibility traces of everything that learns."""
        if self.circuit.frozen:
            return
        groups: list[PlasticityGroup] = list(self.circuit.plasticity.values())
        for group in groups:
            self.sections["learn"].extend(lower_clock(self.declared, group, self.fold))
        learners: list[dict[str, list]] = []
        for projection in self.circuit.projections.values():
            self.episode_start.extend(lower_episode_start(self.declared, projection, self.fold))
            learners.append(lower_projection_rule(self.declared, projection, self.fold, self.integrate))
        for population in self.circuit.populations.values():
            learners += lower_intrinsic(self.declared, population, self.fold, self.integrate)
        self.sections["learn"].extend(meet(self.declared, (each.pop("learn", []) for each in learners)))
        for each in learners:
            for section, statements in each.items():
                self.sections[section].extend(statements)


def _incoming(circuit: Circuit) -> dict[tuple[str, str], list[tuple[Projection, str]]]:
    """Map (population, input) to the projections onto it, each with the source variable that it carries there."""
    found: dict[tuple[str, str], list[tuple[Projection, str]]] = {
        (p.name, name): [] for p in circuit.populations.values() for name in p.model.inputs
    }
    for projection in circuit.projections.values():
        sent = circuit.populations[projection.source.population].model.senders[projection.source.port]
        received = circuit.populations[projection.target.population].model.receivers[projection.target.port]
        for variable, name in zip(
            sent, received, strict=False
        ):  # a sender without the second channel sends the first
            if (projection.target.population, name) in found:
                found[projection.target.population, name].append((projection, variable))
    return found
