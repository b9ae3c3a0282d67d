"""What a name in an equation refers to, by the name alone."""

from __future__ import annotations

from collections.abc import Callable

from neuro_rtrrl.graph.circuit import PlasticityGroup, Population, Projection
from neuro_rtrrl.language import Expression, Number, Read, apply
from neuro_rtrrl.lowering.variables import Declared

__all__ = ["group_scope", "intrinsic_scope", "neuron_scope", "sensed", "synapse_scope"]

Resolver = Callable[[str], Expression]


def neuron_scope(declared: Declared, population: Population) -> Resolver:
    """Bare names are the neuron's own; clock quantities and the neuromodulator that it senses are broadcast."""

    def resolve(name: str) -> Expression:
        if name == "modulator" and population.modulator and population.model.listens:
            return sensed(population.modulator, population.strength)
        own = f"{population.name}.{name}"
        return declared.seen(own, _read(declared, (own, name), "own"))

    return resolve


def intrinsic_scope(
    declared: Declared, population: Population, group: PlasticityGroup, owner: str
) -> Resolver:
    """As :func:`neuron_scope`, after the learned parameter's own states (``owner`` is ``population.parameter``)."""

    def resolve(name: str) -> Expression:
        if name == "modulator" and group.modulator and f"{owner}.{name}" not in declared.variables:
            return sensed(group.modulator, group.strength)
        shared = _group_keys(declared, group, name)
        return _read(declared, (f"{owner}.{name}", f"{population.name}.{name}", *shared, name), "own")

    return resolve


def synapse_scope(declared: Declared, projection: Projection, carried: str) -> Resolver:
    """``_pre`` and ``_post`` name the two neurons; ``r_pre`` is the source variable that is ``carried``."""
    group = declared.circuit.plasticity.get(projection.group or "")

    def resolve(name: str) -> Expression:
        if name == "r_pre":
            return _read(declared, (f"{projection.source.population}.{carried}",), "pre")
        own = f"{projection.name}.{name}"
        if own not in declared.variables:
            for suffix, population in (
                ("pre", projection.source.population),
                ("post", projection.target.population),
            ):
                if name.endswith(f"_{suffix}"):
                    return _read(declared, (f"{population}.{name.removesuffix(f'_{suffix}')}",), suffix)
            if name == "modulator" and group and group.modulator:
                return sensed(group.modulator, group.strength)
        shared = _group_keys(declared, group, name) if group else ()
        return _read(declared, (own, *shared, name), "own")

    return resolve


def group_scope(declared: Declared, group: PlasticityGroup) -> Resolver:
    """Only what all synapses of a group share: its parameters and broadcast states, its modulator, the clock."""

    def resolve(name: str) -> Expression:
        if name == "modulator" and group.modulator:
            return sensed(group.modulator, group.strength)
        return _read(declared, (*_group_keys(declared, group, name), name), "broadcast")

    return resolve


def sensed(modulator: str, strength: float | None) -> Expression:
    """Return a neuromodulator as receptors of this strength sense it (None: as it is)."""
    signal = Read(modulator, "broadcast")
    return signal if strength is None else apply("multiply", Number(strength), signal)


def _group_keys(declared: Declared, group: PlasticityGroup, name: str) -> tuple[str, ...]:
    """Keys under which a broadcast name of a plasticity group may be declared, nearest scope first."""
    keys = [f"{group.name}.{name}"]
    if group.modulator:
        keys.append(group.modulator if name == "modulator" else f"{group.modulator}.{name}")
    return tuple(keys)


def _read(declared: Declared, keys: tuple[str, ...], access: str) -> Read:
    for key in keys:
        if variable := declared.variables.get(key):
            return Read(key, "broadcast" if variable.space.kind == "broadcast" else access)  # type: ignore[arg-type]
    raise KeyError(f"'{keys[-1]}' is not declared; the checks of the graph should have refused it")
