"""Who chooses, who values, and what the modulators read."""

from __future__ import annotations

from neuro_rtrrl.environments.spaces import Continuous
from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Circuit, Population
from neuro_rtrrl.graph.context import Context

__all__ = [
    "modulators_have_a_reward_to_read",
    "novelty_is_one_neuron",
    "someone_chooses",
    "the_critic_is_one_neuron",
]


def someone_chooses(context: Context, circuit: Circuit) -> None:
    """A closed loop has an actor for each choice that is made at a time; an open loop has none."""
    spec = context.spec
    actors = [name for name, population in spec.populations.items() if population.role == "actor"]
    if spec.environment is None:
        for name in actors:
            context.problem(
                ("populations", name, "role"),
                "an actor chooses actions, and the circuit has no environment",
                hint="add 'environment: {name: CartPole-v1}', or leave 'role' out",
            )
        return
    protocol = spec.environment.protocol
    if protocol is not None and not protocol.actions:  # even where its times are wrong
        for name in actors:
            context.problem(
                ("populations", name, "role"),
                f"an actor chooses actions, and {spec.environment.name} has none to choose from",
                hint="add 'actions: [none, press]' to the protocol, or leave 'role' out",
            )
        return
    if not actors:
        neuron = "gaussian" if _by_degrees(circuit) else "softmax"
        context.problem(
            ("populations",),
            "no population chooses the action",
            key=True,
            hint=f"add 'role: actor' to a {neuron} population of size 'actions'",
        )
    if circuit.environment is None or len(circuit.actors) != len(actors):
        return
    actions = circuit.environment.actions
    due = 1 if isinstance(actions, Continuous) else actions.slots
    for name in actors[due:]:
        first = f"there is an actor already: '{actors[0]}'" if due == 1 else f"there are {due} actors already"
        context.problem(
            ("populations", name, "role"),
            first,
            hint="only one can choose"
            if due == 1
            else f"{circuit.environment.name} asks for {due} choices at a time",
        )
    if 0 < len(actors) < due:
        context.problem(
            ("populations",),
            f"{circuit.environment.name} asks for {due} choices at a time, and the circuit has {len(actors)} "
            f"actor{'s' * (len(actors) > 1)}",
            key=True,
            hint="add a softmax population with 'role: actor' and 'size: actions' for each, in their order",
        )
    for number, actor in enumerate(circuit.actors[:due]):
        _fits_its_choice(context, circuit, actor, number)


def _by_degrees(circuit: Circuit) -> bool:
    return circuit.environment is not None and circuit.environment.actions.by_degrees


def _fits_its_choice(context: Context, circuit: Circuit, actor: Population, number: int) -> None:
    """An actor's neurons are as many as it has alternatives or dimensions, and of a kind that can act on them."""
    assert circuit.environment is not None
    actions, task = circuit.environment.actions, circuit.environment.name
    wanted = "gaussian" if isinstance(actions, Continuous) else "softmax"
    if actor.model.clamped or actor.model.spikes:
        context.problem(
            ("populations", actor.name, "neuron"),
            f"neuron '{actor.model.name}' cannot be an actor: its rates are no probabilities",
            hint=f"use 'neuron: {wanted}'",
        )
    elif not actor.model.instantaneous:
        context.problem(
            ("populations", actor.name, "neuron"),
            f"neuron '{actor.model.name}' cannot be an actor: it moves every dt, and an actor is read once a decision",
            hint=f"let its population project to an actor of 'neuron: {wanted}'",
        )
    elif actor.model.by_degrees != isinstance(actions, Continuous):
        kind = "acts by degrees" if actor.model.by_degrees else "chooses one of several"
        context.problem(
            ("populations", actor.name, "neuron"),
            f"neuron '{actor.model.name}' {kind}, and {task} takes {actions}",
            found=actor.model.name,
            hint=f"use 'neuron: {wanted}'",
        )
    due = actions.width if isinstance(actions, Continuous) else actions.sizes[number]
    if actor.size != due:
        context.problem(
            ("populations", actor.name, "size"),
            f"the actor '{actor.name}' has {actor.size} neurons, and {task} has {actions}",
            found=context.written(("populations", actor.name, "size")),
            hint="write 'size: actions'",
        )


def the_critic_is_one_neuron(context: Context, circuit: Circuit) -> None:
    """A modulator that reads the value reads that of the one critic, a single neuron."""
    spec = context.spec
    critics = [name for name, population in spec.populations.items() if population.role == "critic"]
    for name in critics[1:]:
        context.problem(
            ("populations", name, "role"),
            f"there is a critic already: '{critics[0]}'",
            hint="only one holds the value",
        )
    for name, modulator in spec.neuromodulators.items():
        path = ("neuromodulators", name, "critic")
        if modulator.critic is None:
            continue  # whether it reads one, is asked elsewhere
        if modulator.critic not in spec.populations:
            context.problem(
                path,
                f"there is no population '{modulator.critic}'",
                found=modulator.critic,
                available=tuple(spec.populations),
                hint=nearest(modulator.critic, (*critics, *spec.populations)),
            )
        elif spec.populations[modulator.critic].role != "critic":
            context.problem(
                path,
                f"population '{modulator.critic}' does not have the role of critic",
                found=modulator.critic,
                available=tuple(critics),
                hint=f"add 'role: critic' to populations.{modulator.critic}" if not critics else "",
            )
    critic = circuit.critic
    if critic is not None and (critic.size != 1 or critic.model.clamped or critic.model.spikes):
        wrong = (
            f"has {critic.size} neurons" if critic.size != 1 else f"is made of '{critic.model.name}' neurons"
        )
        context.problem(
            ("populations", critic.name, "size" if critic.size != 1 else "neuron"),
            f"the critic '{critic.name}' {wrong}, and the value is the rate of one",
            found=context.written(("populations", critic.name, "size" if critic.size != 1 else "neuron")),
            hint="write 'size: 1'" if critic.size != 1 else "use 'neuron: linear'",
        )


def novelty_is_one_neuron(context: Context, circuit: Circuit) -> None:
    """A modulator names the population that tells it what is new if, and only if, it reads that: a single neuron."""
    for name, modulator in circuit.neuromodulators.items():
        path = ("neuromodulators", name, "novelty")
        if "novelty" not in modulator.model.reads:
            if modulator.novelty is not None:
                context.problem(
                    path,
                    f"'{modulator.model.name}' does not read what is new",
                    key=True,
                    hint="use 'source: td_error_novelty', or leave 'novelty' out",
                )
            continue
        if modulator.novelty is None:
            context.problem(
                path[:-1],
                f"'{modulator.model.name}' reads what is new, and no population tells it",
                key=True,
                hint="add 'novelty: NAME', a linear population of size 1 that projections with habituation reach",
            )
            continue
        found = modulator.novelty
        if found not in context.spec.populations:
            populations = tuple(context.spec.populations)
            context.problem(
                path,
                f"there is no population '{found}'",
                found=found,
                available=populations,
                hint=nearest(found, populations),
            )
            continue
        population = circuit.populations.get(found)
        if population is None:
            continue
        path = ("populations", found, "size" if population.size != 1 else "neuron")
        if population.size != 1 or population.model.clamped or population.model.spikes:
            wrong = (
                f"has {population.size} neurons"
                if population.size != 1
                else f"is made of '{population.model.name}' neurons"
            )
            context.problem(
                path,
                f"'{found}' {wrong}, and '{name}' reads as novelty the rate of one",
                found=context.written(path),
                hint="write 'size: 1'" if population.size != 1 else "use 'neuron: linear'",
            )


def modulators_have_a_reward_to_read(context: Context, circuit: Circuit) -> None:
    """Without an environment there is no reward, and no error of predicting it."""
    if context.spec.environment is not None:
        return
    for name, modulator in circuit.neuromodulators.items():
        if "reward" in set(modulator.model.reads) - set(modulator.model.optional):
            context.problem(
                ("neuromodulators", name, "source"),
                f"'{modulator.model.name}' reads the reward, and the circuit has no environment",
                hint="add 'environment: {name: CartPole-v1}', or leave the modulator out",
            )
