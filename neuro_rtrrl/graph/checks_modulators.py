"""Whether neuromodulators find what they read, and who senses them."""

from __future__ import annotations

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Circuit, Neuromodulator
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.scope import neuron_variables

__all__ = [
    "continuous_signals_have_no_delay_by_decisions",
    "modulators_find_what_they_read",
    "neurons_sense_the_modulator_they_read",
    "what_is_released_comes_from_a_population",
]


def modulators_find_what_they_read(context: Context, circuit: Circuit) -> None:
    """A modulator names a critic if, and only if, it reads the value; the critic has what it reads."""
    for name, modulator in circuit.neuromodulators.items():
        path: Path = ("neuromodulators", name)
        if not modulator.model.values:
            if modulator.critic is not None:
                context.problem(
                    (*path, "critic"),
                    f"'{modulator.model.name}' reads no value",
                    key=True,
                    hint="leave 'critic' out, or use 'source: td_error'",
                )
            continue
        if modulator.critic is None:
            context.problem(
                path,
                f"'{modulator.model.name}' reads the value, and names no critic",
                key=True,
                available=tuple(n for n, p in context.spec.populations.items() if p.role == "critic"),
                hint="add 'critic: NAME', a population with 'role: critic'",
            )
            continue
        critic = circuit.populations.get(modulator.critic)
        for read in modulator.model.values if critic is not None else ():
            variable = read.removeprefix("value_") if read != "value" else "r"
            if critic is not None and variable not in neuron_variables(critic.model):
                context.problem(
                    ("populations", critic.name, "neuron"),
                    f"'{modulator.model.name}' reads '{variable}' of the critic, and neuron "
                    f"'{critic.model.name}' has none",
                    found=critic.model.name,
                    hint="use 'neuron: value_filter'",
                )


def what_is_released_comes_from_a_population(context: Context, circuit: Circuit) -> None:
    """A modulator names a population if, and only if, it can be released by one."""
    for name, modulator in circuit.neuromodulators.items():
        path: Path = ("neuromodulators", name)
        found = modulator.population
        if "release" not in modulator.model.reads:
            if found is not None:
                context.problem(
                    (*path, "population"),
                    f"'{modulator.model.name}' is not released by neurons",
                    key=True,
                    hint="use 'source: concentration' or 'source: volume_transmission', or leave 'population' out",
                )
        elif found is None:
            if "release" not in modulator.model.optional:
                _nobody_releases(context, path, modulator)
        elif found not in context.spec.populations:
            available = tuple(context.spec.populations)
            context.problem(
                (*path, "population"),
                f"there is no population '{found}'",
                found=found,
                available=available,
                hint=nearest(found, available),
            )


def _nobody_releases(context: Context, path: Path, modulator: Neuromodulator) -> None:
    context.problem(
        path,
        f"'{modulator.model.name}' reads what neurons release, and no population is named",
        key=True,
        available=tuple(context.spec.populations),
        hint="add 'population: NAME'",
    )


def continuous_signals_have_no_delay_by_decisions(context: Context, circuit: Circuit) -> None:
    """A delay is counted in decisions, so it is for signals that are set by decisions."""
    for name, modulator in circuit.neuromodulators.items():
        if modulator.model.continuous and context.spec.neuromodulators[name].delay is not None:
            context.problem(
                ("neuromodulators", name, "delay"),
                f"'{modulator.model.name}' is continuous, and a neuromodulator's delay is counted in decisions",
                key=True,
                hint="leave 'delay' out; what neurons release can be late by a 'delay' of the projections onto them",
            )


def neurons_sense_the_modulator_they_read(context: Context, circuit: Circuit) -> None:
    """A population names a modulator if, and only if, its neurons' equations read one."""
    available = tuple(context.spec.neuromodulators)
    for name, population in circuit.populations.items():
        path: Path = ("populations", name)
        if population.modulator is not None and population.modulator not in available:
            context.problem(
                (*path, "modulator"),
                f"there is no neuromodulator '{population.modulator}'",
                found=population.modulator,
                available=available,
                hint=nearest(population.modulator, available),
            )
        elif population.modulator is not None and not population.model.listens:
            context.problem(
                (*path, "modulator"),
                f"neuron '{population.model.name}' senses no neuromodulator: its equations read no 'modulator'",
                found=population.modulator,
                hint="leave 'modulator' out; a rule names its own, under 'plasticity'",
            )
        elif population.modulator is None and population.model.listens:
            context.problem(
                path,
                f"neuron '{population.model.name}' senses a neuromodulator, and population '{name}' names none",
                key=True,
                available=available,
                hint=f"add 'modulator: {available[0]}'"
                if available
                else "declare one under 'neuromodulators'",
            )
