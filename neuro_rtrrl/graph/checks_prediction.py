"""Whether a rule about one role, such as true online TD(lambda) of a critic, is used where it is exact."""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population
from neuro_rtrrl.graph.context import Context, Path

__all__ = ["rules_are_used_in_their_role"]


def rules_are_used_in_their_role(context: Context, circuit: Circuit) -> None:
    """A rule for a critic teaches the critic, all of whose plastic synapses follow its one group."""
    for path, group, population in _learners(circuit):
        wanted = group.rule.role
        if not wanted:
            continue
        if population.role != wanted:
            context.problem(
                path,
                f"rule '{group.rule.name}' is for a population with the role of {wanted}, and '{population.name}' "
                f"has {f'that of {population.role}' if population.role else 'none'}",
                found=group.name,
                hint=f"leave it to the synapses onto the {wanted}; use 'td_lambda' here, say",
            )
            continue
        others = {
            other.name: other
            for _, other, taught in _learners(circuit)
            if taught is population and other is not group
        }
        if others:
            context.problem(
                path,
                f"rule '{group.rule.name}' sums over all that '{population.name}' learns, and a part of it follows "
                f"another group: {', '.join(sorted(others))}",
                found=group.name,
                hint=f"let all synapses onto '{population.name}' that learn follow one group",
            )


def _learners(circuit: Circuit) -> Iterator[tuple[Path, PlasticityGroup, Population]]:
    for projection in circuit.projections.values():
        if group := circuit.plasticity.get(projection.group or ""):
            path: Path = ("projections", projection.name, "plasticity")
            yield path, group, circuit.populations[projection.target.population]
    for population in circuit.populations.values():
        if group := circuit.plasticity.get(population.plasticity or ""):
            yield ("populations", population.name, "plasticity"), group, population
