"""From populations and projections to NeuronGroups and Synapses: one set for each seed of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from brian2 import Clock, NeuronGroup, Synapses, second
from brian2.groups.group import CodeRunner

from neuro_rtrrl.backends.brian.expressions import FUNCTIONS, brian_text
from neuro_rtrrl.backends.brian.names import Names, quantity, unit_text
from neuro_rtrrl.backends.brian.plan import Block, Plan, is_euler, slope_of
from neuro_rtrrl.language import Expression, Number, Read
from neuro_rtrrl.lowering import Assign, Gather, LoweredCircuit, Space, SpikeStep
from neuro_rtrrl.lowering.simplify import reads_of
from neuro_rtrrl.units import DIMENSIONLESS

__all__ = ["Groups"]

Arrays = dict[str, np.ndarray]
BROADCAST = "(broadcast)"  # no name that a circuit can give


class Groups:
    """The Brian2 objects of one seed.

    Attributes
    ----------
    objects : dict of str to Brian2 object
        By the names of the circuit.
    learn, first : list of CodeRunner
        Called by hand once a decision; see :class:`~neuro_rtrrl.backends.brian.plan.Plan`.
    """

    def __init__(self, lowered: LoweredCircuit, plan: Plan, clock: Clock, suffix: str = "") -> None:
        self.lowered, self.plan, self.clock, self.suffix = lowered, plan, clock, suffix
        self.objects: dict[str, Any] = {}
        self._object_names = Names("")
        self.names = {space: Names(space) for space in lowered.spaces}
        self.connections: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._inputs = plan.inputs
        self._spikes_read = {
            key for _, s in lowered.statements() if not isinstance(s, SpikeStep) for key in reads_of(s)
        }
        self.sums: list[tuple[Block, int]] = []  # over populations, for NumPy, with their place in a step
        self.advance: tuple[int, int] = (
            0,
            0,
        )  # places where NumPy works broadcast states out, and stores them
        self._shared_group()
        for population in lowered.circuit.populations:
            self._population(population)
        for projection in lowered.circuit.projections:
            self._projection(projection)
        self._schedule()
        self.learn = self._runners(plan.learn, "learning")
        self.first = self._runners(plan.first, "first_decision")

    # --- what a name is called ------------------------------------------------------------------------------

    def _spell(self, space: Space) -> Callable[[Read], str]:
        """Return how reads are written in the code of ``space``; what they need from outside is noted."""
        names = self.names[space.name]

        def spell(leaf: Read) -> str:
            variable = self.lowered.variables[leaf.key]
            if leaf.access in ("pre", "post"):
                population = space.pre if leaf.access == "pre" else space.post
                return f"{self.names[population][leaf.key]}_{leaf.access}"
            if leaf.key == "dt":
                return "dt"
            if variable.space.kind == "broadcast":
                self._outside[space.name].setdefault(leaf.key, names[leaf.key])
            return names[leaf.key]

        return spell

    def _text(self, expression: Expression, space: Space) -> str:
        return brian_text(expression, self._spell(space), lambda key: self.lowered.variables[key].dimension)

    # --- groups ---------------------------------------------------------------------------------------------

    def _shared_group(self) -> None:
        """Make the home of what is broadcast: one value each, for all neurons and synapses."""
        self._outside: dict[str, dict[str, str]] = {space: {} for space in self.lowered.spaces}
        self.shared_names = Names("")
        lines = [
            f"{self.shared_names[key]} : {unit_text(self.lowered.variables[key].dimension)} (shared)"
            for key in self.plan.shared
        ]
        if lines:
            name = self._name(BROADCAST)
            self.objects[BROADCAST] = NeuronGroup(1, "\n".join(lines), name=name, clock=self.clock)

    def _name(self, name: str) -> str:
        return self._object_names[name] + self.suffix

    def _stored(self, space: Space) -> list[str]:
        return [
            key
            for key, variable in self.lowered.variables.items()
            if variable.space == space
            and variable.value is None
            and key not in self.plan.temporary
            and (variable.role != "spike" or key in self._spikes_read)
        ]

    def _equations(self, space: Space) -> list[str]:
        """Write a line for every variable that lives here: its derivative, or that it is set from outside."""
        slopes = {
            s.target: s
            for s in self.lowered.sections["advance"]
            if isinstance(s, Assign) and s.space == space
        }
        names, lines = self.names[space.name], []
        for key in self._stored(space):
            unit = unit_text(self.lowered.variables[key].dimension)
            if key in slopes:
                lines.append(f"d{names[key]}/dt = {self._slope(slopes[key], space)} : {unit}")
            elif self.lowered.variables[key].role == "noise":
                lines += self._noise_lines(key, space)
            elif key in self.plan.aliases:
                lines.append(f"{names[key]} = {names[self.plan.aliases[key]]} : {unit}")
            else:
                lines.append(f"{names[key]} : {unit}")
        for gather, parts in self._inputs.items():
            if self.lowered.variables[gather].space == space and len(parts) > 1:
                unit = unit_text(self.lowered.variables[gather].dimension)
                lines += [f"{names[_part(gather, projection)]} : {unit}" for projection in parts]
        return lines

    def _slope(self, statement: Assign, space: Space) -> str:
        """Write a derivative; of an update by another method than Euler's the mean over the step that it stands for."""
        if is_euler(statement):
            slope, unit = slope_of(statement), unit_text(self.lowered.variables[statement.target].dimension)
            # a plain 0 has lost its unit
            return f"0*{unit}*hertz" if slope == Number(0.0) else self._text(slope, space)
        return f"({self._text(statement.expression, space)} - {self.names[space.name][statement.target]})/dt"

    def _method(self, space: Space) -> Any:
        """Return Euler's method, by name, or a state updater of Brian2 that makes the lowered updates, together."""
        updates = [s for s in self.lowered.sections["advance"] if isinstance(s, Assign) and s.space == space]
        if all(is_euler(statement) for statement in updates):
            return "euler"
        names = self.names[space.name]
        new = [f"_new_{names[s.target]} = {self._text(s.expression, space)}" for s in updates]
        code = "\n".join([*new, *(f"{names[s.target]} = _new_{names[s.target]}" for s in updates)])

        def lowered_updates(equations: Any, variables: Any, method_options: Any = None) -> str:
            return code

        return lowered_updates

    def _noise_lines(self, key: str, space: Space) -> list[str]:
        """Declare noise: an array that is filled before each step."""
        return [f"{self.names[space.name][key]} : {unit_text(self.lowered.variables[key].dimension)}"]

    def _population(self, name: str) -> None:
        space, model = self.lowered.spaces[name], self.lowered.circuit.populations[name].model
        steps = [s for s in self.lowered.sections["spike"] if isinstance(s, SpikeStep) and s.space == space]
        options: dict[str, Any] = {}
        for step in steps:
            if step.kind == "threshold" and step.condition is not None:
                options["threshold"] = self._text(step.condition, space)
            elif step.kind == "reset":
                options["reset"] = self._lines(step.actions, space)
        group = NeuronGroup(
            self.lowered.circuit.populations[name].size,
            "\n".join(self._equations(space)),
            method=self._method(space),
            name=self._name(name),
            namespace={},
            clock=self.clock,
            **options,
        )
        spike = f"{name}.spike"
        if model.spikes and spike in self._spikes_read:
            code = f"{self.names[name][spike]} = int({options['threshold']})"
            group.run_regularly(code, when="thresholds", order=-1)
        self._connect_names(group, name)
        self.objects[name] = group

    def _projection(self, name: str) -> None:
        space = self.lowered.spaces[name]
        lines = self._equations(space)
        for gather, parts in self._inputs.items():
            if name in parts:
                unit = unit_text(self.lowered.variables[gather].dimension)
                key = gather if len(parts) == 1 else _part(gather, name)
                target = self.names[space.post][key]
                lines.append(f"{target}_post = {self._text(parts[name], space)} : {unit} (summed)")
        pathways = self._pathways(space)
        options: dict[str, Any] = {f"on_{event}": code for event, (code, _, _) in pathways.items()}
        apart = self.lowered.delays.get(name)
        if "pre" in pathways and apart is None:
            delay = pathways["pre"][1] * self.lowered.circuit.timing.dt
            options["delay"] = {"pre": delay * second}
        group = Synapses(
            self.objects[space.pre],
            self.objects[space.post],
            "\n".join(lines),
            method=self._method(space),
            name=self._name(name),
            namespace={},
            clock=self.clock,
            **options,
        )
        for event, (_, _, order) in pathways.items():
            getattr(group, event).order = order
        mask = self.lowered.masks.get(name)
        post, pre = np.nonzero(np.ones(space.shape, bool) if mask is None else mask)
        self.connections[name] = (post, pre)
        if len(pre):
            group.connect(i=pre, j=post)
            if apart is not None:
                group.pre.delay = apart[post, pre] * self.lowered.circuit.timing.dt * second
        else:
            group.connect(condition=False)
        self._connect_names(group, name)
        self.objects[name] = group

    def _pathways(self, space: Space) -> dict[str, tuple[str, int, int]]:
        """Return event → (code, delay in steps, place among all pathways)."""
        found = {}
        for order, step in enumerate(self.lowered.sections["spike"]):
            if (
                isinstance(step, SpikeStep)
                and step.kind == "pathway"
                and step.space == space
                and step.actions
            ):
                found[step.event] = (self._lines(step.actions, space), step.delay_steps, order)
        return found

    def _connect_names(self, group: NeuronGroup | Synapses, name: str) -> None:
        """Show a group the constants and broadcast signals that its equations read."""
        group.namespace.update(FUNCTIONS)
        for key, written in self._outside[name].items():
            variable = self.lowered.variables[key]
            if variable.value is not None:
                group.namespace[written] = quantity(variable.value, variable.dimension)
            elif written not in group.variables:
                for member in (group, *(getattr(group, "_pathways", ()))):
                    member.variables.add_reference(written, self.objects[BROADCAST], self.shared_names[key])

    # --- code -----------------------------------------------------------------------------------------------

    def _lines(self, statements: Iterable[Any], space: Space) -> str:
        return "\n".join(line for s in statements for line in self._line(s, space))

    def _line(self, statement: Assign | Gather, space: Space) -> list[str]:
        if isinstance(statement, Assign):
            right = self._text(statement.expression, space)
            tree = statement.expression
            dimension = self.lowered.variables[statement.target].dimension
            if tree == Number(0.0) and dimension != DIMENSIONLESS:
                right = f"0*{unit_text(dimension)}"  # a plain 0 has lost its unit
            if isinstance(tree, Read) and self.lowered.variables[tree.key].learned:
                right = (
                    f"minimum({right}, {right})"  # a bare name would be the same array, and change with it
                )
            return [f"{self.names[space.name][statement.target]} = {right}"]
        names = self.names[statement.space.name]
        if space.kind == "projection":  # delivered by a spike
            return [f"{names[statement.target]}_post += {self._text(statement.terms[0].expression, space)}"]
        if len(statement.terms) > 1:
            parts = " + ".join(names[_part(statement.target, term.projection)] for term in statement.terms)
            return [f"{names[statement.target]} = {parts}"]
        return []

    def _schedule(self) -> None:
        """Fix the order within a step: inputs and algebra, synapses, neurons, then what neurons show."""
        order = self._place(self.plan.derive, 0)
        worked_out, order = order, order + 1
        for name in sorted(self.objects, key=lambda name: name not in self.lowered.circuit.projections):
            if (updater := self.objects[name].state_updater) is not None:
                updater.order = order
                order += 1
                # one without an equation to integrate would be called in vain on each step
                updater.active = len(self.objects[name].equations.diff_eq_names) > 0
        self.advance = worked_out, order
        order += 1
        self.express: list[CodeRunner | Block] = []  # run, too, after an episode's start has reset the states
        self._place(self.plan.express, order, self.express)

    def _place(
        self, blocks: tuple[Block, ...], order: int, made: list[CodeRunner | Block] | None = None
    ) -> int:
        for block in blocks:
            if not block.home:
                self.sums.append((block, order))
                if made is not None:
                    made.append(block)
                order += 1
                continue
            for statement in block.statements:
                if isinstance(statement, Gather):
                    for term in statement.terms:
                        self._updater(term.projection, statement).order = order
            group, space = self.objects[block.home], self.lowered.spaces[block.home]
            if code := self._lines(block.statements, space):
                runner = group.run_regularly(code, when="groups", order=order + 1)
                self._connect_names(group, block.home)
                if made is not None:
                    made.append(runner)
            order += 2
        return order

    def _updater(self, projection: str, statement: Gather) -> CodeRunner:
        key = statement.target if len(statement.terms) == 1 else _part(statement.target, projection)
        return self.objects[projection].summed_updaters[f"{self.names[statement.space.name][key]}_post"]

    def _runners(self, blocks: tuple[Block, ...], purpose: str) -> list[CodeRunner]:
        """Make one piece of code a block, outside Brian2's schedule."""
        runners = []
        for index, block in enumerate(block for block in blocks if block.home):
            group, space = self.objects[block.home], self.lowered.spaces[block.home]
            code = self._lines(block.statements, space)
            self._connect_names(group, block.home)
            name = f"{group.name}_{purpose}_{index}"
            runners.append(
                CodeRunner(group, "stateupdate", code=code, user_code=code, clock=self.clock, name=name)
            )
        return runners

    # --- numbers --------------------------------------------------------------------------------------------

    def views(self) -> Arrays:
        """Return key → Brian2's own memory: (n,) for neurons, (synapses,), or (1,) for what is broadcast."""
        found: Arrays = {}
        for space in self.lowered.spaces.values():
            group = self.objects[space.name]
            for key in self._stored(space):
                source = self.plan.aliases.get(key, key)
                found[key] = group.variables[self.names[space.name][source]].get_value()
        for key in self.plan.shared:
            found[key] = self.objects[BROADCAST].variables[self.shared_names[key]].get_value()
        return found


def _part(key: str, projection: str) -> str:
    return f"{key}_from_{projection}"
