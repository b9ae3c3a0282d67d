"""Resolves the task: what the animal sees of it, and how many actions there are."""

from __future__ import annotations

from neuro_rtrrl.environments import catalogue as environments
from neuro_rtrrl.environments import registry
from neuro_rtrrl.errors import CircuitError, nearest
from neuro_rtrrl.graph.circuit import EnvironmentChoice
from neuro_rtrrl.graph.context import Context

__all__ = ["build_environment"]


def build_environment(context: Context) -> EnvironmentChoice | None:
    """Return the task with its sizes, or None in an open loop or after a problem."""
    written = context.spec.environment
    if written is None:
        return None
    if reason := environments.UNSUPPORTED.get(written.name):
        context.problem(("environment", "name"), f"{written.name} cannot be used: {reason}")
        return None
    if written.name not in environments.names():
        return _installed(context)
    wrong = environments.parameter_problems(environments.describe(written.name), written.parameters)
    for problem in wrong:
        path = tuple(problem.where.split("."))
        context.problem(
            path,
            problem.message,
            key=bool(problem.available),
            found=problem.found,
            available=problem.available,
            hint=problem.hint,
        )
    info = environments.describe(written.name, {} if wrong else written.parameters)
    if info.actions is None:
        context.problem(
            ("environment", "name"),
            f"{written.name} takes continuous actions, and an actor here chooses one of several",
            hint="choose an environment with discrete actions, such as CartPole-v1 or MemoryChain-bsuite",
        )
        return None
    observe = _observed(context, info)
    return EnvironmentChoice(
        name=written.name,
        parameters=dict(written.parameters),
        observe=observe,
        observation=tuple(info.observation[index] for index in observe),
        actions=info.actions,
    )


def _observed(context: Context, info: environments.EnvironmentInfo) -> tuple[int, ...]:
    observe = context.spec.environment.observe if context.spec.environment else None
    everything = tuple(range(len(info.observation)))
    sound = True
    for index, entry in enumerate(observe or ()):
        try:
            environments.select(info, [entry])
        except ValueError:
            sound = False
            available = info.observation if len(info.observation) <= 16 else (*info.observation[:16], "...")
            context.problem(
                ("environment", "observe", index),
                f"{info.name} has no observation '{entry}'",
                found=str(entry),
                available=available,
                hint=nearest(str(entry), info.observation),
            )
    if not sound:
        return everything
    try:
        return environments.select(info, observe)
    except ValueError as error:
        context.problem(("environment", "observe"), str(error))
        return everything


def _installed(context: Context) -> EnvironmentChoice | None:
    """Ask an installed package's environment for its sizes; only making it can tell them."""
    written = context.spec.environment
    assert written is not None
    known = registry.available()
    if written.name not in known:
        context.problem(
            ("environment", "name"),
            f"there is no environment '{written.name}'",
            found=written.name,
            available=known,
            hint=nearest(written.name, known),
        )
        return None
    try:
        whole = registry.make(written.name, written.parameters)
        observe = environments.select(whole, written.observe)
    except CircuitError as error:
        for problem in error.problems:
            path = tuple(problem.where.split(".")) if problem.where else ("environment", "name")
            context.problem(
                path, problem.message, found=problem.found, available=problem.available, hint=problem.hint
            )
        return None
    except ValueError as error:
        context.problem(("environment", "observe"), str(error))
        return None
    return EnvironmentChoice(
        name=written.name,
        parameters=dict(written.parameters),
        observe=observe,
        observation=tuple(whole.observation[index] for index in observe),
        actions=whole.actions,
    )
