"""The circuit with a diagonal cortex: as many recurrent trace units (Elelimy et al. 2024) in place of rate neurons.

Nobody's outgoing signal comes back to a neuron but through itself, so its synapses can follow their influence exactly
(:mod:`neuro_rtrrl.models.plasticity.diagonal_rtrl`). A unit has two parts: every projection from or to the cortex
becomes two, and the one onto itself goes. Everything else, rates of learning included, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from neuro_rtrrl.graph.circuit import Circuit, Distribution, PlasticityGroup, Population, Port, Projection
from neuro_rtrrl.ledger.comparison import recurrent_population
from neuro_rtrrl.ledger.other_rule import filled
from neuro_rtrrl.models import NeuronModel, PlasticityRule, models

__all__ = ["DIAGONAL", "NotApplicableError", "diagonal_circuit"]

DIAGONAL = {"diagonal_rtrl_re", "diagonal_rtrl_im", "gated_rtrl_candidate", "gated_rtrl_gate"}
"""Rules of cells whose recurrence is diagonal."""

_PARTS = ("re", "im")
_INTO = {"u": "{part}", "feedback": "feedback_{part}"}  # port of a rate neuron -> of a recurrent trace unit
_DRAWN = {
    # as in the circuits of the studies; costs do not depend on them
    "nu": Distribution("uniform", (-8.0, 1.0)),
    "theta": Distribution("uniform", (-4.6, 1.1)),
}


class NotApplicableError(Exception):
    """Why a circuit has no form under a rule: an answer more than an error."""


def diagonal_circuit(circuit: Circuit) -> Circuit:
    """Return the circuit with recurrent trace units for its recurrent rate neurons.

    Raises
    ------
    NotApplicableError
        Where its wiring has no such form.
    """
    cortex = recurrent_population(circuit)
    assert cortex is not None
    projections = dict(_projections(circuit, cortex))
    if any(p.layers or p.layers_of_source for p in projections.values()):
        raise NotApplicableError(
            "it is wired in the layers of a neural circuit policy, which recurrent trace units lack"
        )
    groups = {
        p.group for p in circuit.projections.values() if p.target.population == cortex.name and p.group
    } | {cortex.plasticity} - {None}
    others = {
        name: group
        for name, group in circuit.plasticity.items()
        if any(p.group == name for p in projections.values() if p.target.population != cortex.name)
        or any(p.plasticity == name for p in circuit.populations.values() if p.name != cortex.name)
    }
    learned = {
        f"{name}_{part}": _group(circuit.plasticity[name], part)
        for name in sorted(filter(None, groups))
        for part in _PARTS
    }
    return circuit.replace(
        timing=replace(circuit.timing, dt=circuit.timing.decision_interval, steps=1),
        populations={**circuit.populations, cortex.name: _units(cortex)},
        projections=projections,
        plasticity={**learned, **others},
        initial={},
        interventions={},
        record=(),
        document="",
    )


def _units(cortex: Population) -> Population:
    model = models("neurons")["rtu"]
    assert isinstance(model, NeuronModel)
    defaults = {
        p.name: Distribution("constant", (float(p.default),))
        for p in model.parameters
        if isinstance(p.default, int | float)
    }
    return replace(
        cortex,
        model=model,
        parameters={**defaults, **_DRAWN},
        plasticity=f"{cortex.plasticity}_re" if cortex.plasticity and cortex.learns else None,
        learns=("nu", "theta") if cortex.plasticity and cortex.learns else (),
    )


def _group(group: PlasticityGroup, part: str) -> PlasticityGroup:
    rule = _rule(part)
    name = f"{group.name}_{part}"
    return replace(group, name=name, rule=rule, parameters=filled(rule, group.parameters))


def _rule(part: str) -> PlasticityRule:
    rule = models("plasticity")[f"diagonal_rtrl_{part}"]
    assert isinstance(rule, PlasticityRule)
    return rule


def _projections(circuit: Circuit, cortex: Population) -> Iterator[tuple[str, Projection]]:
    for name, projection in circuit.projections.items():
        into, outof = (end.population == cortex.name for end in (projection.target, projection.source))
        if into and outof:
            continue
        if not into and not outof:
            yield name, projection
            continue
        if into and projection.target.port not in _INTO:
            raise NotApplicableError(f"{name} reaches {projection.target}, which recurrent trace units lack")
        if outof and projection.source.port != "r":
            raise NotApplicableError(
                f"{name} comes from {projection.source}, which recurrent trace units lack"
            )
        for part in _PARTS:
            yield f"{name}_{part}", _half(projection, part, cortex.name, into)


def _half(projection: Projection, part: str, cortex: str, into: bool) -> Projection:
    name = f"{projection.name}_{part}"
    carried = f"{projection.transpose_of}_{part}" if projection.transpose_of else None
    if not into:
        return replace(projection, name=name, source=Port(cortex, part), transpose_of=carried)
    target = Port(cortex, _INTO[projection.target.port].format(part=part))
    learned = {"rule": _rule(part), "group": f"{projection.group}_{part}"} if projection.group else {}
    if projection.target.port == "feedback":
        learned = {}
    return replace(projection, name=name, target=target, transpose_of=carried, **learned)
