"""Resolves the task: what the animal sees of it, and how many actions there are."""

from __future__ import annotations

from pathlib import Path

from neuro_rtrrl.environments import Environment, registry
from neuro_rtrrl.environments import catalogue as environments
from neuro_rtrrl.environments.own_file import OwnFile, read_own_file
from neuro_rtrrl.errors import CircuitError, nearest
from neuro_rtrrl.graph.circuit import EnvironmentChoice
from neuro_rtrrl.graph.context import Context
from neuro_rtrrl.graph.protocol import build_schedule

__all__ = ["build_environment"]


def build_environment(context: Context) -> EnvironmentChoice | None:
    """Return the task with its sizes, or None in an open loop or after a problem."""
    written = context.spec.environment
    if written is None:
        return None
    if written.protocol is not None:
        return _protocol(context)
    if written.file is not None:
        return _own(context, written.file)
    if reason := environments.UNSUPPORTED.get(written.name):
        context.problem(("environment", "name"), f"{written.name} cannot be used: {reason}")
        return None
    name = _spelled(written.name)
    if name not in environments.names():
        return _installed(context)
    wrong = environments.parameter_problems(environments.describe(name), written.parameters)
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
    info = environments.describe(name, {} if wrong else written.parameters)
    observe = _observed(context, info)
    return EnvironmentChoice(
        name=name,
        parameters=dict(written.parameters),
        observe=observe,
        observation=tuple(info.observation[index] for index in observe),
        actions=info.actions,
        everything=info.observation,
    )


def _spelled(name: str) -> str:
    """Return the id that differs from ``name`` by small and capital letters alone, if there is exactly one."""
    if name in environments.names():
        return name
    alike = [each for each in environments.names() if each.lower() == name.lower()]
    return alike[0] if len(alike) == 1 and name not in registry.available() else name


def _observed(context: Context, info: environments.EnvironmentInfo | Environment) -> tuple[int, ...]:
    observe = context.spec.environment.observe if context.spec.environment else None
    everything = tuple(range(len(info.observation)))
    sound = True
    if isinstance(observe, str) and observe not in environments.MASKS:
        context.problem(
            ("environment", "observe"),
            f"there is no mask '{observe}'",
            found=observe,
            available=(*environments.MASKS, "[names or indices]"),
            hint=f"write [{observe}]"
            if observe in info.observation
            else nearest(observe, environments.MASKS),
        )
        return everything
    for index, entry in enumerate(observe if isinstance(observe, tuple) else ()):
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


def _protocol(context: Context) -> EnvironmentChoice | None:
    """Resolve a protocol's times and names."""
    written = context.spec.environment
    assert written is not None
    assert written.protocol is not None
    schedule = build_schedule(context, written.protocol)
    if schedule is None:
        return None
    info = environments.EnvironmentInfo(written.name, schedule.observation, schedule.choices, {}, "", "")
    observe = schedule.shown if written.observe is None else _observed(context, info)
    return EnvironmentChoice(
        name=written.name,
        observe=observe,
        observation=tuple(schedule.observation[index] for index in observe),
        actions=schedule.choices,
        protocol=schedule,
        everything=schedule.observation,
    )


def _own(context: Context, file: str) -> EnvironmentChoice | None:
    """Ask the user's own file."""
    try:
        own = read_own_file(Path(context.document.name).parent, file)
    except CircuitError as error:
        _note(context, error)
        return None
    return _made(context, own)


def _installed(context: Context) -> EnvironmentChoice | None:
    """Ask an installed package's environment for its sizes; only making it can tell them."""
    written = context.spec.environment
    assert written is not None
    if not registry.known(written.name):
        known = registry.available()
        context.problem(
            ("environment", "name"),
            f"there is no environment '{written.name}'",
            found=written.name,
            available=known,
            hint=nearest(written.name, known) or "an environment of your own is named by 'file: my_task.py'",
        )
        return None
    return _made(context)


def _made(context: Context, own: OwnFile | None = None) -> EnvironmentChoice | None:
    """Make the environment to learn its sizes, and choose what is seen of it."""
    written = context.spec.environment
    assert written is not None
    try:
        whole = registry.make(written.name, written.parameters, own=own)
    except CircuitError as error:
        _note(context, error)
        return None
    observe = _observed(context, whole)
    return EnvironmentChoice(
        name=written.name,
        parameters=dict(written.parameters),
        observe=observe,
        observation=tuple(whole.observation[index] for index in observe),
        actions=whole.actions,
        own=own,
        everything=whole.observation,
    )


def _note(context: Context, error: CircuitError) -> None:
    """Tell problems at their place in the circuit file; one in the user's own code stays where it is."""
    for problem in error.problems:
        if problem.location is not None:
            context.problems.found.append(problem)
            continue
        path = tuple(problem.where.split(".")) if problem.where else ("environment", "name")
        context.problem(
            path, problem.message, found=problem.found, available=problem.available, hint=problem.hint
        )
