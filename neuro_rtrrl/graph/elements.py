"""Builds the parts that stand by themselves: modulators, groups of plasticity, populations."""

from __future__ import annotations

from neuro_rtrrl.environments.spaces import Continuous
from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import EnvironmentChoice, Neuromodulator, PlasticityGroup, Population
from neuro_rtrrl.graph.context import Catalogue, Context, Path
from neuro_rtrrl.graph.values import resolve_constants, resolve_parameters
from neuro_rtrrl.models import NeuronModel, Parameter
from neuro_rtrrl.spec.sections import PlasticityGroup as WrittenGroup
from neuro_rtrrl.spec.sections import Population as WrittenPopulation
from neuro_rtrrl.spec.sections import whole_multiple
from neuro_rtrrl.units import format_si

__all__ = ["build_groups", "build_modulators", "build_populations", "find"]

_POPULATION_KEYS = ("size", "neuron", "role", "encodes", "plasticity", "learns", "modulator", "method")
_MODULATOR_KEYS = ("source", "critic", "novelty", "population", "delay")
MOST_DECISIONS = 1000  # of a modulator's delay: each is a state of its own
_GROUP_KEYS = ("rule", "modulator", "optimiser", "method")


def find(context: Context, path: Path, name: str, among: dict, what: str):
    """Return ``among[name]``, or None after noting what there is instead."""
    if name in among:
        return among[name]
    if name in context.broken:
        return None
    available = tuple(among)
    context.problem(
        path, f"there is no {what} '{name}'", found=name, available=available, hint=nearest(name, available)
    )
    return None


def build_modulators(context: Context, catalogue: Catalogue) -> dict[str, Neuromodulator]:
    """Return the neuromodulators whose model is known."""
    built = {}
    for name, written in context.spec.neuromodulators.items():
        path: Path = ("neuromodulators", name)
        model = find(context, (*path, "source"), written.source, catalogue.modulators, "modulator model")
        if model is not None:
            owner = f"modulator '{model.name}'"
            parameters = resolve_constants(
                context, path, written.parameters, model.parameters, owner, _MODULATOR_KEYS
            )
            built[name] = Neuromodulator(
                name,
                model,
                written.critic,
                parameters,
                written.novelty,
                written.population,
                _decisions(context, name),
            )
    return built


def _decisions(context: Context, name: str) -> int | None:
    """Return a modulator's delay in decisions, None for none."""
    delay, timing = context.spec.neuromodulators[name].delay, context.spec.timing
    if delay is None or delay.value == 0:
        return None
    count = whole_multiple(delay, timing.decision_interval)
    if count is None or count > MOST_DECISIONS:
        interval = format_si(timing.decision_interval.value, "s")
        context.problem(
            ("neuromodulators", name, "delay"),
            f"the delay of a neuromodulator is a whole number of decision intervals ({interval}), at most "
            f"{MOST_DECISIONS} of them",
            found=context.written(("neuromodulators", name, "delay")),
        )
    return count


def build_groups(context: Context, catalogue: Catalogue) -> dict[str, PlasticityGroup]:
    """Return the groups whose rule and optimiser are known; their parameters are those of both."""
    built = {}
    for name, written in context.spec.plasticity.items():
        path: Path = ("plasticity", name)
        rule = find(context, (*path, "rule"), written.rule, catalogue.rules, "rule")
        optimiser = None
        if written.optimiser is not None:
            optimiser = find(
                context, (*path, "optimiser"), written.optimiser, catalogue.optimisers, "optimiser"
            )
            if optimiser is None:
                continue
        if written.modulator is not None:
            find(
                context,
                (*path, "modulator"),
                written.modulator,
                context.spec.neuromodulators,
                "neuromodulator",
            )
        if rule is None:
            continue
        declared = (*rule.parameters, *(optimiser.parameters if optimiser else ()))
        owner = f"rule '{rule.name}'" + (f" with optimiser '{optimiser.name}'" if optimiser else "")
        given, strength = _receptors(context, path, written, declared)
        parameters = resolve_constants(context, path, given, declared, owner, _GROUP_KEYS)
        built[name] = PlasticityGroup(
            name, rule, parameters, written.modulator, optimiser, strength, method=written.method
        )
    return built


def build_populations(
    context: Context, catalogue: Catalogue, environment: EnvironmentChoice | None
) -> dict[str, Population]:
    """Return the populations whose neuron and size are known; what they learn is settled with the groups."""
    built = {}
    for name, written in context.spec.populations.items():
        path: Path = ("populations", name)
        model = find(context, (*path, "neuron"), written.neuron, catalogue.neurons, "neuron model")
        if model is None:
            continue
        keys = _POPULATION_KEYS
        given, strength = _receptors(context, path, written, model.parameters)
        parameters = resolve_parameters(
            context, path, given, model.parameters, f"neuron '{model.name}'", keys
        )
        encodes = _encodes(context, name, model)
        size = _size(context, name, model, encodes, environment)
        if size is not None:
            built[name] = Population(
                name,
                size,
                model,
                parameters,
                written.role,
                encodes,
                written.plasticity,
                written.learns or (),
                written.modulator,
                strength,
                method=written.method,
            )
    return built


def _receptors(
    context: Context, path: Path, section: WrittenPopulation | WrittenGroup, declared: tuple[Parameter, ...]
) -> tuple[dict, float | None]:
    """Split what is written into parameters and ``strength``, that of the receptors for the modulator that is named.

    A model of the user's own may have a parameter of that name; it is then the model's. A strength of 1 is None, which
    is kept out of the circuit's hash.
    """
    given = section.parameters
    if "strength" not in given or section.modulator is None or any(p.name == "strength" for p in declared):
        return given, None
    own, receptor = {"strength": given.pop("strength")}, (Parameter("strength", default=1.0),)
    strength = resolve_constants(context, path, own, receptor, "a receptor").get("strength", 1.0)
    return given, None if strength == 1.0 else strength


def _acts_on(context: Context, name: str, environment: EnvironmentChoice | None) -> int:
    """Return how many neurons an actor needs: one for each alternative of its choice, or for each dimension."""
    assert environment is not None
    actions = environment.actions
    if isinstance(actions, Continuous):
        return actions.width
    actors = [each for each, population in context.spec.populations.items() if population.role == "actor"]
    number = actors.index(name) if name in actors else 0
    return actions.sizes[min(number, len(actions.sizes) - 1)]


def _encodes(context: Context, name: str, model: NeuronModel) -> tuple[str, ...]:
    written = context.spec.populations[name]
    if not model.clamped:
        if written.encodes is not None:
            context.problem(
                ("populations", name, "encodes"),
                f"neuron '{model.name}' is not clamped by the environment, so it encodes nothing",
                key=True,
                hint="use 'neuron: input', or leave 'encodes' out",
            )
        return ()
    encodes = written.encodes if written.encodes is not None else ("observation",)
    if not encodes or len(set(encodes)) != len(encodes):
        context.problem(
            ("populations", name, "encodes"),
            "'encodes' names each signal once, and at least one",
            available=("observation", "action", "reward"),
        )
    return tuple(dict.fromkeys(encodes))


def _size(
    context: Context,
    name: str,
    model: NeuronModel,
    encodes: tuple[str, ...],
    environment: EnvironmentChoice | None,
) -> int | None:
    written = context.spec.populations[name]
    path: Path = ("populations", name, "size")
    in_loop = context.spec.environment is not None
    if (model.clamped or isinstance(written.size, str)) and not in_loop:
        what = f"size '{written.size}'" if isinstance(written.size, str) else f"neuron '{model.name}'"
        context.problem(
            path if isinstance(written.size, str) else (*path[:-1], "neuron"),
            f"{what} follows from the environment, and the circuit has none",
            hint="add 'environment: {name: CartPole-v1}', or give a number and another neuron",
        )
        return None
    if environment is None and (model.clamped or isinstance(written.size, str)):
        return None  # the environment's own problem is noted already
    widths = {"observation": 0, "action": 0, "reward": 1}
    if environment is not None and not environment.actions.width:
        where = "size" if written.size == "actions" else "encodes" if "action" in encodes else ""
        if where:
            context.problem(
                (*path[:-1], where),
                f"{environment.name} has no actions",
                found="actions" if where == "size" else "action",
                hint="add 'actions: [none, press]' to the protocol, or leave this out",
            )
            return None
    if environment is not None:
        widths |= {"observation": len(environment.observe), "action": environment.actions.width}
    if written.size is None and not model.clamped:
        context.problem(path[:-1], f"population '{name}' has no size", key=True, hint="add 'size: 32', say")
        return None
    size = written.size
    if isinstance(size, str):
        size = widths["observation"] if size == "observation" else _acts_on(context, name, environment)
    if not model.clamped:
        return size
    width = sum(widths[signal] for signal in encodes)
    if size is not None and size != width:
        parts = " + ".join(f"{widths[signal]} ({signal})" for signal in encodes)
        context.problem(
            path,
            f"population '{name}' has size {size}, but what it encodes is {width} wide: {parts}",
            found=context.written(path),
            hint="leave 'size' out: it follows from 'encodes'",
        )
    return width
