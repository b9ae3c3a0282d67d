"""Terms outside a synapse's sight: which of them a machine works out, and where they stand.

A rule may declare the names of :data:`~neuro_rtrrl.models.credit.CREDIT`. They become variables of the synapse, or of
the neuron's parameter, which no statement writes: the machine does, after section ``feedback`` and before ``learn``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population
from neuro_rtrrl.lowering.program import LoweredCircuit, Variable
from neuro_rtrrl.lowering.simplify import reads_of
from neuro_rtrrl.models.credit import CREDIT

__all__ = [
    "ROLE",
    "credited",
    "influenced",
    "moving_populations",
    "refuse_nonlocal",
    "refuse_what_no_machine_computes",
    "returned",
]

ROLE = "nonlocal"
_HINT = "the audit can judge the rule; to run it, let it read only what a synapse sees"


def influenced(variables: Mapping[str, Variable]) -> dict[str, str]:
    """Return owner → key of each learned parameter whose influence on all neurons has to be known.

    The owner is a projection (``cortex_recurrent`` → ``cortex_recurrent.w``) or the parameter of a population
    (``cortex.tau`` → itself); empty for a circuit whose rules read only what a synapse sees.
    """
    owners = dict.fromkeys(
        key.rpartition(".")[0] for key, variable in variables.items() if variable.role == ROLE
    )
    return {owner: f"{owner}.w" if f"{owner}.w" in variables else owner for owner in owners}


def moving_populations(circuit: Circuit) -> tuple[Population, ...]:
    """Return the populations that have dynamics, in the order of the circuit."""
    return tuple(
        population
        for population in circuit.populations.values()
        if not population.model.clamped and not population.model.instantaneous
    )


def returned(population: Population, term: str) -> Iterator[tuple[str, str]]:
    """Yield for a name such as ``credit`` the keys of each input that stands behind it and of what it judges.

    ``feedback`` judges the rate ``r``; where a neuron shows several quantities, ``feedback_re`` judges ``re``.
    """
    for name in population.model.inputs:
        if name == CREDIT[term] or name.startswith(f"{CREDIT[term]}_"):
            part = name[len(CREDIT[term]) + 1 :]
            yield f"{population.name}.{name}", f"{population.name}.{part or 'r'}"


def credited(lowered: LoweredCircuit) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return each nonlocal name that a statement reads → (input, what it judges) of all neurons with dynamics."""
    read = {key for _, statement in lowered.statements() for key in reads_of(statement)}
    terms = {each.name for key, each in lowered.variables.items() if each.role == ROLE and key in read}
    moving = moving_populations(lowered.circuit)
    return {
        term: tuple(
            (back, shown)
            for population in moving
            for back, shown in returned(population, term)
            if back in lowered.variables and shown in lowered.variables
        )
        for term in CREDIT
        if term in terms
    }


def refuse_nonlocal(lowered: LoweredCircuit, machine: str, hint: str) -> None:
    """Raise CircuitError where a circuit learns by what only JAX without the native kernel works out.

    Parameters
    ----------
    lowered : LoweredCircuit
    machine : str
        What was asked to run it.
    hint : str
        What to ask instead.

    Raises
    ------
    CircuitError
        Naming the rules.
    """
    if influenced(lowered.variables):
        raise CircuitError(
            [
                Problem(
                    f"rule '{group.rule.name}' reads {', '.join(group.rule.nonlocal_names)}, declared nonlocal: "
                    f"it runs on JAX only, not on {machine}",
                    where=f"plasticity.{group.name}",
                    hint=hint,
                )
                for group in _nonlocal_groups(lowered.circuit)
            ]
        )


def refuse_what_no_machine_computes(circuit: Circuit) -> None:
    """Raise CircuitError for terms that have no meaning, or none in this circuit.

    Raises
    ------
    CircuitError
        For a nonlocal name that no machine knows; where what learns by credit is outside the neurons with dynamics,
        where these spike, or where nothing is fed back.
    """
    problems = [problem for group in _nonlocal_groups(circuit) for problem in _problems(circuit, group)]
    if problems:
        raise CircuitError(problems)


def _nonlocal_groups(circuit: Circuit) -> list[PlasticityGroup]:
    groups = circuit.plasticity.values()
    return [] if circuit.frozen else [group for group in groups if group.rule.nonlocal_names]


def _problems(circuit: Circuit, group: PlasticityGroup) -> Iterator[Problem]:
    where = f"plasticity.{group.name}"
    rule = group.rule
    if unknown := [name for name in rule.nonlocal_names if name not in CREDIT]:
        yield Problem(
            f"rule '{rule.name}' reads {', '.join(unknown)}, declared nonlocal: "
            "no machine of this version computes nonlocal terms but " + " and ".join(CREDIT),
            where=where,
            hint=_HINT,
        )
        return
    moving = moving_populations(circuit)
    names = {population.name for population in moving}
    taught = {p.target.population for p in circuit.projections.values() if p.group == group.name}
    taught |= {p.name for p in circuit.populations.values() if p.plasticity == group.name and p.learns}
    if outside := sorted(taught - names):
        yield Problem(
            f"rule '{rule.name}' learns through the neurons' dynamics, and {', '.join(outside)} has none",
            where=where,
            hint="give the readouts a group of their own, such as one with 'rule: td_lambda'",
        )
    if spiking := [population.name for population in moving if population.model.spikes]:
        yield Problem(
            f"rule '{rule.name}' differentiates all neurons, and those of {', '.join(spiking)} spike: "
            "a threshold has no derivative",
            where=where,
        )
    reached = {
        f"{p.target.population}.{variable}"
        for p in circuit.projections.values()
        for variable in circuit.populations[p.target.population].model.receivers[p.target.port]
    }
    back = {key for population in moving for key, _ in returned(population, "credit")}
    if taught and not back & reached:
        yield Problem(
            f"rule '{rule.name}' learns from what is fed back, and no projection leads to a port 'feedback'",
            where=where,
            hint="add a projection with 'target: cortex.feedback', such as from an error",
        )
