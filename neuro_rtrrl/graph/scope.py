"""What an equation can see, and of which dimension it is."""

from __future__ import annotations

from contextlib import suppress

from neuro_rtrrl.language import DimensionError, EquationError, dimension_of, parse_statements
from neuro_rtrrl.models import Modulator, NeuronModel, Optimiser, PlasticityRule
from neuro_rtrrl.units import DIMENSIONLESS, Dimension, unit_dimension

__all__ = [
    "CLOCK",
    "Scope",
    "chosen_scope",
    "intrinsic_scope",
    "modulator_scope",
    "neuron_scope",
    "neuron_variables",
    "optimiser_scope",
    "sensed_scope",
    "synapse_scope",
]

Scope = dict[str, Dimension]

CLOCK: Scope = {"dt": unit_dimension("second"), "decision_interval": unit_dimension("second")}


def neuron_scope(model: NeuronModel) -> Scope:
    """Return what a neuron's own equations may read before any of them is evaluated."""
    scope = dict(CLOCK)
    scope |= dict.fromkeys(model.noise, DIMENSIONLESS)
    scope |= {name: unit_dimension(model.input_units.get(name, "1")) for name in model.inputs}
    scope |= {item.name: item.dimension for item in (*model.parameters, *model.states)}
    return scope


def sensed_scope(model: NeuronModel) -> Scope:
    """Return what a neuron's equations may read of a neuromodulator: ``modulator``, if they read it at all."""
    return {"modulator": DIMENSIONLESS} if model.listens else {}


def chosen_scope(model: NeuronModel) -> Scope:
    """Return what only the lines after a choice may read: which it was, or the numbers that chance gave."""
    return dict.fromkeys(model.chances or ("chosen",), DIMENSIONLESS)


def neuron_variables(model: NeuronModel) -> Scope:
    """Return what others may see of a neuron: parameters, states, inputs, derived variables, its spike.

    The dimension of a derived variable follows from its equation; where that has none, it counts as a pure
    number (the equation's own check tells the user).
    """
    scope = neuron_scope(model)
    inner = {**scope, **chosen_scope(model), **sensed_scope(model), "observed": DIMENSIONLESS}
    derived: Scope = {}
    for block in (model.on_observation, model.equations, model.readout, model.on_choice):
        for statement in _statements(block):
            if statement.kind == "assign" and statement.target not in scope:
                dimension = DIMENSIONLESS
                if statement.target in model.units:
                    dimension = unit_dimension(model.units[statement.target])
                else:
                    with suppress(DimensionError):
                        dimension = dimension_of(
                            statement.expression, lambda name: inner.get(name, DIMENSIONLESS)
                        )
                derived[statement.target] = inner[statement.target] = dimension
    visible = {name: scope[name] for name in scope if name not in CLOCK and name not in model.noise} | derived
    if model.spikes:
        visible["spike"] = DIMENSIONLESS
    if model.clamped:
        visible["r"] = DIMENSIONLESS
    return visible


def synapse_scope(
    rule: PlasticityRule,
    pre: NeuronModel,
    post: NeuronModel,
    carried: str,
    modulator: Modulator | None = None,
    modulators: tuple[str, ...] = (),
    optimiser: Optimiser | None = None,
) -> Scope:
    """Return what a synapse sees: the signal, both neurons, its own states, parameters and what is broadcast.

    Parameters
    ----------
    carried : the source's variable that the projection carries, seen as ``r_pre``
    modulator : the model of the group's neuromodulator, seen as ``modulator`` with its parameters
    modulators : names of all neuromodulators of the circuit
    optimiser : the group's, whose parameters a rule may read (the learning rate, for a dutch trace)
    """
    before, after = neuron_variables(pre), neuron_variables(post)
    scope: Scope = {"r_pre": before.get(carried, DIMENSIONLESS)}
    scope |= {f"{name}_pre": dimension for name, dimension in before.items() if name != "r"}
    scope |= {f"{name}_post": dimension for name, dimension in after.items()}
    return (
        scope
        | _shared(rule, modulator, modulators, optimiser)
        | {state.name: state.dimension for state in rule.states}
    )


def intrinsic_scope(
    rule: PlasticityRule,
    parameter: str,
    neuron: NeuronModel,
    modulator: Modulator | None = None,
    modulators: tuple[str, ...] = (),
    optimiser: Optimiser | None = None,
) -> Scope:
    """Return what the learning of a neuron's own ``parameter`` sees: bare names are the neuron's."""
    scope = _shared(rule, modulator, modulators, optimiser) | neuron_variables(neuron)
    for intrinsic in rule.intrinsic:
        if intrinsic.parameter == parameter:
            scope |= {state.name: state.dimension for state in intrinsic.states}
    return scope


def modulator_scope(model: Modulator) -> Scope:
    """Return what a neuromodulator may read; a slope of the value is in hertz."""
    scope = dict(CLOCK) | dict.fromkeys(model.reads, DIMENSIONLESS)
    scope |= {name: unit_dimension("hertz") for name in model.reads if name == "value_slope"}
    return scope | {item.name: item.dimension for item in (*model.parameters, *model.states)}


def optimiser_scope(model: Optimiser) -> Scope:
    """Return what an optimiser may read: the gradient, its own, and the neuromodulator of its group."""
    return {"gradient": DIMENSIONLESS, "modulator": DIMENSIONLESS} | {
        item.name: item.dimension for item in (*model.parameters, *model.states)
    }


def _shared(
    rule: PlasticityRule,
    modulator: Modulator | None,
    modulators: tuple[str, ...],
    optimiser: Optimiser | None,
) -> Scope:
    scope: Scope = dict.fromkeys(modulators, DIMENSIONLESS)
    if modulator is not None:
        scope |= {parameter.name: parameter.dimension for parameter in modulator.parameters}
        scope["modulator"] = DIMENSIONLESS
    own = (*rule.parameters, *(state for state in rule.states if state.broadcast))
    shared = (*optimiser.parameters, *(s for s in optimiser.states if s.broadcast)) if optimiser else ()
    return CLOCK | scope | {item.name: item.dimension for item in (*shared, *own)}


def _statements(text: str):
    try:
        return parse_statements(text)
    except EquationError:
        return ()
