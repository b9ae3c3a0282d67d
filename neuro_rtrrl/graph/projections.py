"""Builds the projections: ends and ports, rule, weights, wiring, delay, weight transport."""

from __future__ import annotations

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Distribution, PlasticityGroup, Population, Port, Projection
from neuro_rtrrl.graph.context import Catalogue, Context, Path
from neuro_rtrrl.graph.delays import delays_of
from neuro_rtrrl.graph.elements import find
from neuro_rtrrl.graph.layers import build_layers, hears_motor_neurons, reaches_inter_neurons
from neuro_rtrrl.graph.layouts import LAYOUTS, fits, to_distribution
from neuro_rtrrl.graph.ports import delivered_to
from neuro_rtrrl.graph.transport import check_transposes, transposed
from neuro_rtrrl.graph.values import EXAMPLES, dimension_problem
from neuro_rtrrl.models import NeuronModel, PlasticityRule
from neuro_rtrrl.spec.layouts import Layout
from neuro_rtrrl.spec.schema import Projection as WrittenProjection
from neuro_rtrrl.spec.values import Distribution as WrittenDistribution
from neuro_rtrrl.spec.values import Initialiser, TransposeOf
from neuro_rtrrl.units import DIMENSIONLESS, Quantity

__all__ = ["build_projections"]

_INITIALISERS = ("lecun_normal", "glorot_normal")
_UNSET = Distribution("constant", (0.0,))


def build_projections(
    context: Context,
    catalogue: Catalogue,
    populations: dict[str, Population],
    groups: dict[str, PlasticityGroup],
) -> dict[str, Projection]:
    """Return the projections that could be built; what is wrong with the others is noted."""
    built: dict[str, Projection] = {}
    layers = build_layers(context, populations)
    for name, written in context.spec.projections.items():
        path: Path = ("projections", name)
        source = _port(context, (*path, "source"), written.source, populations, sends=True)
        target = _port(context, (*path, "target"), written.target, populations, sends=False)
        group = None
        if written.plasticity is not None:
            find(
                context,
                (*path, "plasticity"),
                written.plasticity,
                context.spec.plasticity,
                "group of plasticity",
            )
            group = groups.get(written.plasticity)
        if source is None or target is None or (written.plasticity is not None and group is None):
            continue
        pre, post = populations[source.population], populations[target.population]
        spikes = pre.model.senders[source.port] == ("spike",)
        rule = group.rule if group else catalogue.rules["fixed_spiking" if spikes else "fixed"]
        if rule.on_pre:
            rule = delivered_to(rule, post.model, target.port)
        if _ends_fit(context, path, rule, source, target, pre, post):
            built[name] = Projection(
                name=name,
                source=source,
                target=target,
                rule=rule,
                weights=_weights(context, path, written, rule, (post.size, pre.size)),
                group=group.name if group else None,
                transpose_of=transposed(context, path, written, source, target, populations),
                probability=written.connectivity.probability,
                self_connections=not written.connectivity.no_self,
                groups=_groups(context, path, written, pre, post) or None,
                sources=_some(context, path, "sources", written.connectivity.sources, pre),
                targets=_some(context, path, "targets", written.connectivity.targets, post),
                **delays_of(context, path, written, spikes),
                gain=written.gain,
                layers=layers.get(target.population) if reaches_inter_neurons(target) else None,
                layers_of_source=layers.get(source.population) if hears_motor_neurons(source) else None,
            )
    check_transposes(context, built, populations)
    return built


def _groups(
    context: Context, path: Path, written: WrittenProjection, pre: Population, post: Population
) -> bool:
    """Return whether neurons are connected group by group, or one to one; note sizes that do not allow it."""
    connectivity, place = written.connectivity, (*path, "connectivity")
    sizes = f"'{pre.name}' has {pre.size} neurons, '{post.name}' {post.size}"
    if connectivity.one_to_one and pre.size != post.size:
        context.problem(place, f"one to one needs populations of one size: {sizes}", found="one_to_one")
    elif connectivity.groups and max(pre.size, post.size) % min(pre.size, post.size):
        hint = "let one size be a whole multiple of the other"
        context.problem((*place, "groups"), f"these are no whole groups: {sizes}", key=True, hint=hint)
    grouped = connectivity.one_to_one or connectivity.groups
    if grouped and pre.size == post.size and connectivity.no_self:
        context.problem(place, "'one_to_one' and 'no_self' leave nothing of each other", hint="keep one")
    return grouped


def _some(
    context: Context, path: Path, key: str, neurons: tuple[int, ...] | None, population: Population
) -> tuple[int, ...] | None:
    """Return the neurons that have synapses, None for all; each must be there."""
    beyond = [neuron for neuron in neurons or () if neuron >= population.size]
    if beyond:
        context.problem(
            (*path, "connectivity", key),
            f"'{population.name}' has no neuron {beyond[0]}",
            found=str(beyond[0]),
            available=(f"0-{population.size - 1}",),
        )
    return neurons


def _port(
    context: Context, path: Path, written: str, populations: dict[str, Population], sends: bool
) -> Port | None:
    """Return the population and port that ``population`` or ``population.port`` means."""
    name, _, port = written.partition(".")
    if find(context, path, name, context.spec.populations, "population") is None or name not in populations:
        return None
    model = populations[name].model
    ports = model.senders if sends else model.receivers
    if not ports:
        does = "sends nothing" if sends else "receives nothing"
        context.problem(path, f"population '{name}' ({model.name}) {does}", found=written)
        return None
    if not port:
        port = _default_port(model, sends)
    if port not in ports:
        kind = "output" if sends else "input"
        context.problem(
            path,
            f"population '{name}' ({model.name}) has no {kind} '{port}'",
            found=written,
            available=tuple(f"{name}.{each}" for each in ports),
            hint=nearest(port, ports),
        )
        return None
    return Port(name, port)


def _default_port(model: NeuronModel, sends: bool) -> str:
    ports, usual = (model.senders, ("spikes", "r")) if sends else (model.receivers, ("u", "v"))
    return next((port for port in usual if port in ports), next(iter(ports)))


def _ends_fit(
    context: Context,
    path: Path,
    rule: PlasticityRule,
    source: Port,
    target: Port,
    pre: Population,
    post: Population,
) -> bool:
    """Return whether what the source sends is what the rule carries and the target takes."""
    sent, taken = pre.model.senders[source.port], post.model.receivers[target.port]
    by_spikes = bool(rule.on_pre or rule.on_post)
    where = (*path, "plasticity") if context.written((*path, "plasticity")) else (*path, "source")
    if by_spikes and sent != ("spike",):
        context.problem(
            where,
            f"rule '{rule.name}' waits for spikes, and population '{source.population}' ({pre.model.name}) "
            f"sends none"
            if not pre.model.spikes
            else f"rule '{rule.name}' waits for spikes, and '{source}' carries '{sent[0]}'",
            hint="use spiking neurons (lif, poisson), or a rule for rates",
        )
        return False
    if rule.on_post and not post.model.spikes:
        context.problem(
            where,
            f"rule '{rule.name}' waits for spikes of '{target.population}' ({post.model.name}), which never "
            f"fires",
            hint="use a spiking neuron such as lif as target, or another rule",
        )
        return False
    if not by_spikes and sent == ("spike",):
        context.problem(
            where,
            f"rule '{rule.name}' transmits rates, and '{source}' carries spikes",
            hint="use a rule with on_pre, or leave 'plasticity' out for a fixed spiking synapse",
        )
        return False
    if len(sent) > len(taken):
        context.problem(
            (*path, "target"),
            f"'{source}' carries {', '.join(sent)}, and '{target}' takes only {', '.join(taken)}",
            available=tuple(
                f"{target.population}.{port}"
                for port, variables in post.model.receivers.items()
                if len(variables) >= len(sent)
            ),
            hint=f"give '{post.model.name}' an input for each: a neuron with the inputs feedback and "
            "entropy_feedback takes an actor's error",
        )
        return False
    return True


def _weights(
    context: Context, path: Path, written: WrittenProjection, rule: PlasticityRule, shape: tuple[int, int]
) -> Distribution:
    path = (*path, "weights")
    weight = next((state for state in rule.states if state.name == "w"), None)
    dimension = weight.dimension if weight else DIMENSIONLESS
    value = written.weights
    if isinstance(value, TransposeOf):
        return _UNSET
    if isinstance(value, Initialiser):
        if value.name not in _INITIALISERS:
            forms = (*_INITIALISERS, "uniform", "normal", "constant", "transpose_of", *LAYOUTS)
            context.problem(
                path,
                f"there is no initialiser '{value.name}'",
                found=value.name,
                available=forms,
                hint=nearest(value.name, forms),
            )
            return _UNSET
        if dimension != DIMENSIONLESS:
            example = EXAMPLES.get(str(dimension), "0.1")
            context.problem(
                path,
                f"'{value.name}' draws pure numbers, and weights of rule '{rule.name}' are in {dimension}",
                found=value.name,
                hint=f'write a quantity such as "{example}", or a uniform or normal distribution of them',
            )
        return Distribution(value.name)  # type: ignore[arg-type]
    if isinstance(value, Quantity):
        sound = dimension_problem(context, path, value, "weights", dimension)
        return Distribution("constant", (value.value,)) if sound else _UNSET
    if isinstance(value, Layout):
        kind, sound = value.kind, fits(context, path, value, shape)
        for key, index, quantity in value.weights:
            place = (*path, kind, key, index) if kind == "grid" else (*path, kind, key)
            sound &= dimension_problem(context, place, quantity, key, dimension)
        return to_distribution(value) if sound else _UNSET
    assert isinstance(value, WrittenDistribution)
    sound = True
    for index, quantity in enumerate(value.arguments):
        sound &= dimension_problem(context, (*path, value.kind, index), quantity, "weights", dimension)
    return Distribution(value.kind, tuple(q.value for q in value.arguments)) if sound else _UNSET  # type: ignore[arg-type]
