"""From a circuit to its variables: one entry for each quantity that any equation may read."""

from __future__ import annotations

from collections.abc import Callable

from neuro_rtrrl.graph.circuit import Circuit, Distribution, PlasticityGroup, Population, Projection
from neuro_rtrrl.graph.scope import neuron_variables
from neuro_rtrrl.graph.timed import Window
from neuro_rtrrl.language import Expression, Number, rewrite
from neuro_rtrrl.language import Name as NameNode
from neuro_rtrrl.lowering.program import BROADCAST, Space, Variable
from neuro_rtrrl.models import Parameter, PlasticityRule, State
from neuro_rtrrl.units import unit_dimension

__all__ = ["Declared", "declare"]

_ENVIRONMENT = ("reward", "terminated", "first")


class Declared:
    """Spaces, variables, masks and delays of a circuit, before any statement is written."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.spaces: dict[str, Space] = {}
        self.variables: dict[str, Variable] = {}
        self.masks: dict = {}
        self.delays: dict = {}
        self.transposed: dict[str, str] = {}
        self.gates: dict[str, Window] = {}
        #: key → what an intervention makes of it where its owner reads it
        self.altered: dict[str, Callable[[Expression], Expression]] = {}

    def seen(self, key: str, read: Expression) -> Expression:
        """Return what a read means under the interventions in force."""
        return self.altered[key](read) if key in self.altered else read

    def add(self, key: str, space: Space, role: str, **details) -> Variable:
        """Declare one variable and return it."""
        variable = Variable(key, space, role, **details)
        self.variables[key] = variable
        return variable


def declare(circuit: Circuit) -> Declared:
    """Declare the variables of every clock, modulator, population, plasticity group and projection."""
    declared = Declared(circuit)
    second = unit_dimension("second")
    for clock in ("dt", "decision_interval"):
        value = getattr(circuit.timing, clock)
        declared.add(clock, BROADCAST, "parameter", dimension=second, value=value)
    for name in _ENVIRONMENT:
        declared.add(name, BROADCAST, "environment")
    declared.add("action", _space_of_actions(circuit), "environment")
    if circuit.environment is not None and any(each.key == "observation" for each in circuit.record):
        entries = len(circuit.environment.everything)
        declared.add("observation", Space("population", "observation", (entries,), entries), "environment")
    for modulator in circuit.neuromodulators.values():
        declared.add(modulator.name, BROADCAST, "modulator")
        for parameter in modulator.model.parameters:
            _constant(declared, f"{modulator.name}.{parameter.name}", parameter, modulator.parameters)
        for state in modulator.model.states:
            _state(declared, f"{modulator.name}.{state.name}", BROADCAST, state)
    for population in circuit.populations.values():
        _population(declared, population)
    for group in circuit.plasticity.values():
        _group(declared, group)
    for projection in circuit.projections.values():
        _projection(declared, projection)
    if not circuit.frozen:
        for population in circuit.populations.values():
            _intrinsic(declared, population)
    return declared


def _space_of_actions(circuit: Circuit) -> Space:
    """One number where one action of several is chosen, else a row of them."""
    if circuit.environment is None or circuit.environment.actions.scalar:
        return BROADCAST
    slots = circuit.environment.actions.slots
    return Space("population", "action", (slots,), slots)


def _constant(declared: Declared, key: str, parameter: Parameter, values) -> None:
    declared.add(
        key, BROADCAST, "parameter", dimension=parameter.dimension, value=float(values[parameter.name])
    )


def _state(declared: Declared, key: str, space: Space, state: State) -> None:
    initial = state.initial
    if isinstance(initial, str):
        initial = f"{key.rsplit('.', 1)[0]}.{initial}"
    declared.add(
        key,
        space,
        state.role,
        dimension=state.dimension,
        initial=initial,
        resets=state.resets,
        persistent=True,
        learned=state.role == "weight",
    )


def _population(declared: Declared, population: Population) -> None:
    name, model = population.name, population.model
    space = declared.spaces[name] = Space("population", name, (population.size,), population.size)
    learned = set() if declared.circuit.frozen else set(population.learns)
    for parameter in model.parameters:
        key = f"{name}.{parameter.name}"
        value: Distribution = population.parameters[parameter.name]
        fixed = parameter.name not in learned and key not in declared.circuit.initial
        if fixed and value.constant is not None:
            declared.add(key, BROADCAST, "parameter", dimension=parameter.dimension, value=value.constant)
        else:
            declared.add(
                key,
                space,
                "parameter",
                dimension=parameter.dimension,
                persistent=True,
                learned=parameter.name in learned,
            )
    for state in model.states:
        _state(declared, f"{name}.{state.name}", space, state)
    for item in model.inputs:
        declared.add(
            f"{name}.{item}", space, "input", dimension=unit_dimension(model.input_units.get(item, "1"))
        )
    for item in model.noise:
        declared.add(f"{name}.{item}", space, "noise")
    if model.spikes:
        declared.add(f"{name}.spike", space, "spike")
    if model.clamped:
        declared.add(f"{name}.{model.clamps}", space, "clamped")
    if population.role == "actor" and not model.by_degrees:
        declared.add(f"{name}.chosen", space, "chosen")
    for item in model.chances:
        declared.add(f"{name}.{item}", space, "chance")
    _derived(declared, population, space)


def _derived(declared: Declared, population: Population, space: Space) -> None:
    name, model = population.name, population.model
    dimensions = neuron_variables(model)
    for statement in model.definitions:
        key = f"{name}.{statement.target}"
        if key in declared.variables:
            continue
        if isinstance(statement.expression, Number):
            declared.add(key, BROADCAST, "parameter", value=statement.expression.value)
        else:
            declared.add(key, space, "derived", dimension=dimensions[statement.target])


def _group(declared: Declared, group: PlasticityGroup) -> None:
    for model in (group.rule, group.optimiser):
        for parameter in model.parameters if model else ():
            _constant(declared, f"{group.name}.{parameter.name}", parameter, group.parameters)
    for model in (group.rule, group.optimiser):
        for state in model.states if model else ():
            if state.broadcast:
                _state(declared, f"{group.name}.{state.name}", BROADCAST, state)


def _projection(declared: Declared, projection: Projection) -> None:
    name, circuit = projection.name, declared.circuit
    pre, post = projection.source.population, projection.target.population
    shape = (circuit.populations[post].size, circuit.populations[pre].size)
    connected = None
    if not projection.dense:
        from neuro_rtrrl.graph.wiring import mask  # with NumPy, which a dense circuit does without

        connected = mask(projection, *shape)
    elements = shape[0] * shape[1]
    if connected is not None:
        declared.masks[name] = connected
        elements = int(connected.sum())
    space = declared.spaces[name] = Space("projection", name, shape, elements, pre, post)
    if projection.gain != 1.0:
        declared.add(f"{name}.gain", BROADCAST, "parameter", value=projection.gain)
    if projection.transpose_of:
        declared.transposed[name] = projection.transpose_of
    for state in projection.rule.states:
        if state.broadcast or (circuit.frozen and state.role not in ("weight", "membrane")):
            continue
        _state(declared, f"{name}.{state.name}", space, state)
    if projection.group and not circuit.frozen:
        _optimiser_states(declared, circuit.plasticity[projection.group], name, space)
        _nonlocal_terms(declared, projection.rule, name, space)


def _intrinsic(declared: Declared, population: Population) -> None:
    if not population.plasticity:
        return
    group = declared.circuit.plasticity[population.plasticity]
    space = declared.spaces[population.name]
    for rule in group.rule.intrinsic:
        if rule.parameter in population.learns:
            owner = f"{population.name}.{rule.parameter}"
            for state in rule.states:
                _state(declared, f"{owner}.{state.name}", space, state)
            _optimiser_states(declared, group, owner, space)
            _nonlocal_terms(declared, group.rule, owner, space)


def _nonlocal_terms(declared: Declared, rule: PlasticityRule, owner: str, space: Space) -> None:
    for name in rule.nonlocal_names:
        declared.add(f"{owner}.{name}", space, "nonlocal")


def _optimiser_states(declared: Declared, group: PlasticityGroup, owner: str, space: Space) -> None:
    if group.optimiser is None:
        return
    for state in group.optimiser.states:
        if not state.broadcast:
            _state(declared, f"{owner}.{group.optimiser.name}.{state.name}", space, state)


def bind(expression, resolve):
    """Return the tree with every name replaced by what ``resolve`` gives for it."""
    return rewrite(expression, lambda node: resolve(node.name) if isinstance(node, NameNode) else node)
