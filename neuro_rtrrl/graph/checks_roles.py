"""Who chooses, who values, and what the modulators read."""

from __future__ import annotations

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.graph.context import Context

__all__ = ["modulators_have_a_reward_to_read", "someone_chooses", "the_critic_is_one_neuron"]


def someone_chooses(context: Context, circuit: Circuit) -> None:
    """A closed loop has exactly one actor, with one neuron per action; an open loop has none."""
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
    if not actors:
        context.problem(
            ("populations",),
            "no population chooses the action",
            key=True,
            hint="add 'role: actor' to a softmax population of size 'actions'",
        )
    for name in actors[1:]:
        context.problem(
            ("populations", name, "role"),
            f"there is an actor already: '{actors[0]}'",
            hint="only one can choose",
        )
    actor = circuit.actor
    if actor is None or circuit.environment is None:
        return
    if actor.model.clamped or actor.model.spikes:
        context.problem(
            ("populations", actor.name, "neuron"),
            f"neuron '{actor.model.name}' cannot be an actor: its rates are no probabilities",
            hint="use 'neuron: softmax'",
        )
    if actor.size != circuit.environment.actions:
        context.problem(
            ("populations", actor.name, "size"),
            f"the actor '{actor.name}' has {actor.size} neurons, and {circuit.environment.name} has "
            f"{circuit.environment.actions} actions",
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


def modulators_have_a_reward_to_read(context: Context, circuit: Circuit) -> None:
    """Without an environment there is no reward, and no error of predicting it."""
    if context.spec.environment is not None:
        return
    for name, modulator in circuit.neuromodulators.items():
        if "reward" in modulator.model.reads:
            context.problem(
                ("neuromodulators", name, "source"),
                f"'{modulator.model.name}' reads the reward, and the circuit has no environment",
                hint="add 'environment: {name: CartPole-v1}', or leave the modulator out",
            )
