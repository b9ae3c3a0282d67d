"""Names, groups, cycles, recordings."""

from __future__ import annotations

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.context import Context
from neuro_rtrrl.graph.scope import neuron_variables

__all__ = ["every_group_is_used", "every_name_means_one_thing", "no_instantaneous_cycle", "recordings_exist"]

_ENVIRONMENT = ("reward", "action", "observation")  # recorded by these names
_RESERVED = (*_ENVIRONMENT, "terminated", "first", "dt", "decision_interval", "modulator")


def every_name_means_one_thing(context: Context, circuit: Circuit) -> None:
    """Recordings and results name parts without their kind, so no two parts may share a name."""
    taken: dict[str, str] = {}
    for section in ("populations", "projections", "neuromodulators", "plasticity"):
        for name in getattr(context.spec, section):
            if name in _RESERVED:
                context.problem((section, name), f"'{name}' means something else in equations", key=True)
            elif name in taken:
                context.problem(
                    (section, name),
                    f"the name '{name}' is taken: it stands under {taken[name]} already",
                    key=True,
                    hint="give each part of the circuit a name of its own",
                )
            taken.setdefault(name, section)


def every_group_is_used(context: Context, circuit: Circuit) -> None:
    """A group that nothing names is most likely a slip."""
    used = {written.plasticity for written in context.spec.projections.values()}
    used |= {written.plasticity for written in context.spec.populations.values()}
    for name in context.spec.plasticity:
        if name not in used:
            context.problem(
                ("plasticity", name),
                f"no projection and no population uses the group of plasticity '{name}'",
                key=True,
                hint=f"write 'plasticity: {name}' at a projection, or remove the group",
            )


def no_instantaneous_cycle(context: Context, circuit: Circuit) -> None:
    """Populations without dynamics are evaluated one after the other, so none may wait for itself."""
    followers: dict[str, list[tuple[str, str]]] = {}
    for projection in circuit.projections.values():
        pre, post = projection.source.population, projection.target.population
        if circuit.populations[pre].model.instantaneous and circuit.populations[post].model.instantaneous:
            followers.setdefault(pre, []).append((post, projection.name))
    done: set[str] = set()

    def visit(population: str, trail: list[str]) -> None:
        for follower, projection in followers.get(population, ()):
            if follower in trail:
                loop = [*trail[trail.index(follower) :], follower]
                context.problem(
                    ("projections", projection, "target"),
                    f"cyclic reference: {' -> '.join(loop)}; these neurons have no dynamics, so each would "
                    f"wait for "
                    "the other",
                    found=context.written(("projections", projection, "target")),
                    hint="put a neuron with dynamics (such as ctrnn) into the loop",
                )
            elif follower not in done:
                visit(follower, [*trail, follower])
        done.add(population)

    for population in followers:
        if population not in done:
            visit(population, [population])


def recordings_exist(context: Context, circuit: Circuit) -> None:
    """Recorded variables exist, once, and so do the neurons."""
    spec, seen = context.spec, set()
    owners = (*spec.neuromodulators, *spec.populations, *spec.projections, *_ENVIRONMENT)
    for index, recording in enumerate(circuit.record):
        path = ("record", index, "variable")
        owner, variable = recording.owner, recording.variable
        if recording.key in seen:
            context.problem(path, f"'{recording.key}' is recorded twice", found=recording.key)
        seen.add(recording.key)
        if owner == "observation" and spec.environment is None:
            context.problem(
                path,
                "the observation is what an environment shows, and the circuit has none",
                found=recording.key,
                hint="add 'environment: {name: CartPole-v1}', or record something else",
            )
            continue
        if owner not in owners:
            context.problem(
                path,
                f"there is nothing called '{owner}' to record",
                found=recording.key,
                available=owners,
                hint=nearest(owner, owners),
            )
            continue
        available: tuple[str, ...] = ()
        if population := circuit.populations.get(owner):
            constants = {each.name for each in population.model.parameters} - set(population.learns)
            available = tuple(name for name in neuron_variables(population.model) if name not in constants)
        elif projection := circuit.projections.get(owner):
            available = tuple(state.name for state in projection.rule.states if not state.broadcast)
        elif owner in spec.populations or owner in spec.projections:
            continue  # it could not be built; that is told already
        if variable not in available and (variable or available):
            message = (
                f"'{owner}' has no variable '{variable}'" if variable else f"say which variable of '{owner}'"
            )
            if not available:
                message = f"'{owner}' is one number and has no parts"
            context.problem(
                path,
                message,
                found=recording.key,
                available=tuple(f"{owner}.{each}" for each in available),
                hint=nearest(variable, available) if variable else "",
            )
        if recording.neurons is not None:
            _neurons_exist(context, circuit, index)
        if recording.spikes and (recording.every > 1 or recording.stride > 1):
            context.problem(
                ("record", index, "every"),
                f"'{recording.key}' are events; all of them are kept",
                found=context.written(("record", index, "every")),
                hint="leave 'every' out, or choose neurons or a window",
            )


def _neurons_exist(context: Context, circuit: Circuit, index: int) -> None:
    recording = circuit.record[index]
    path = ("record", index, "neurons")
    projection = circuit.projections.get(recording.owner)
    owner = (
        projection.target.population if projection else recording.owner
    )  # of synapses: those onto the neurons
    population = circuit.populations.get(owner)
    if population is None:
        context.problem(
            path, f"'{recording.key}' is not a variable of neurons", key=True, hint="leave 'neurons' out here"
        )
        return
    outside = [neuron for neuron in recording.neurons or () if neuron >= population.size]
    if outside:
        context.problem(
            path,
            f"population '{population.name}' has no neuron {outside[0]}; its neurons are 0 to "
            f"{population.size - 1}",
            found=context.written(path),
        )
