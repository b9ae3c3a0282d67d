"""Whether the method of integration applies to what it is asked to integrate."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from neuro_rtrrl.errors import Location
from neuro_rtrrl.graph.circuit import Circuit, PlasticityGroup, Population
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.scope import CLOCK
from neuro_rtrrl.graph.user_models import line_of
from neuro_rtrrl.language import EquationError, Number, Statement, parse_statements
from neuro_rtrrl.language.integration import Obstacle, steps_of

__all__ = ["methods_apply"]


def methods_apply(context: Context, circuit: Circuit) -> None:
    """Exponential Euler takes what is linear in its own state, the exact method linear systems of constants."""
    for population in circuit.populations.values():
        method = population.method or circuit.timing.method
        path: Path = ("populations", population.name)
        for obstacle in _obstacles(method, population.model.equations, _constants(population)):
            own = ("models", "neurons", population.model.name, "equations")
            _tell(context, path, own, f"neuron '{population.model.name}'", obstacle)
    told: set[tuple[str, str]] = set()
    for name, group in circuit.plasticity.items():
        method = group.method or circuit.timing.method
        for dynamics, field, constants in _learned(circuit, group):
            for obstacle in _obstacles(method, dynamics, constants):
                if (name, obstacle.statement.text) not in told:
                    told.add((name, obstacle.statement.text))
                    own = ("models", "rules", group.rule.name, *field)
                    _tell(context, ("plasticity", name), own, f"rule '{group.rule.name}'", obstacle)


def _obstacles(method: str, equations: str, constants: set[str]) -> list[Obstacle]:
    if method == "euler":
        return []
    statements: Sequence[Statement] = ()
    with suppress(EquationError):  # told where the model is checked
        statements = parse_statements(equations)
    algebraic = [statement for statement in statements if statement.kind == "assign"]
    constants = constants | {s.target for s in algebraic if isinstance(s.expression, Number)}
    derivatives = [statement for statement in statements if statement.kind == "derivative"]
    return steps_of(method, derivatives, algebraic, constants)[1]


def _constants(population: Population) -> set[str]:
    """Return the names of a neuron's numbers that are the same for all of the population and never change."""
    return set(CLOCK) | {
        name
        for name, value in population.parameters.items()
        if value.constant is not None and name not in population.learns
    }


def _learned(circuit: Circuit, group: PlasticityGroup):
    """Yield the dynamics of each thing that follows the group: equations, field of the rule, what is constant."""
    shared = set(CLOCK) | set(group.parameters)
    if group.modulator and group.modulator in circuit.neuromodulators:
        shared |= set(circuit.neuromodulators[group.modulator].parameters)
    for projection in circuit.projections.values():
        if projection.group == group.name:
            pre = _constants(circuit.populations[projection.source.population])
            post = _constants(circuit.populations[projection.target.population])
            yield (
                group.rule.dynamics,
                ("dynamics",),
                shared | {f"{name}_pre" for name in pre} | {f"{name}_post" for name in post},
            )
    for population in circuit.populations.values():
        for intrinsic in group.rule.intrinsic if population.plasticity == group.name else ():
            if intrinsic.parameter in population.learns:
                field = ("intrinsic", intrinsic.parameter, "dynamics")
                yield intrinsic.dynamics, field, shared | _constants(population)


def _tell(context: Context, path: Path, own: tuple[str, ...], whose: str, obstacle: Obstacle) -> None:
    """Note an obstacle at the line of the equation, if the file holds it, else where the method was chosen."""
    statement = obstacle.statement
    location: Location | None
    if context.written(own):
        where, location = ".".join(own), line_of(context, own, statement.line)
    else:
        chosen = next((p for p in ((*path, "method"), ("timing", "method")) if context.written(p)), path)
        where, location = ".".join(map(str, chosen)), context.document.locate(chosen)
    context.problems.add(
        f"{whose} of {'.'.join(map(str, path))}: {obstacle.reason}",
        where=where,
        location=location,
        found=statement.text,
        hint=obstacle.hint,
    )
