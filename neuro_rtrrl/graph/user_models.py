"""Models that the user writes in the circuit file, in the same equations as the built-in ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from neuro_rtrrl.errors import Location, nearest
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.equations import Trouble, neuron_troubles, optimiser_troubles
from neuro_rtrrl.graph.user_fields import Fields, read_parameters, read_states
from neuro_rtrrl.language import EquationError, parse_expression, parse_statements
from neuro_rtrrl.models import IntrinsicRule, NeuronModel, Optimiser, PlasticityRule, models
from neuro_rtrrl.units import UnitError, unit_dimension

__all__ = ["line_of", "report", "user_models"]

M = TypeVar("M")

_COMMON = ("summary", "source", "parameters", "states")
_NEURON = (
    *_COMMON,
    "inputs",
    "on_observation",
    "equations",
    "readout",
    "on_choice",
    "threshold",
    "reset",
    "senders",
    "receivers",
    "noise",
    "chances",
)
_RULE_BLOCKS = ("dynamics", "on_pre", "on_post", "on_decision", "on_episode_start")
_RULE = (*_COMMON, "transmits", *_RULE_BLOCKS, "intrinsic", "nonlocal")
_OPTIMISER = (*_COMMON, "on_decision")
_RESERVED = {"rules": "plasticity", "neurons": "neurons", "optimisers": "optimisers"}


def user_models(
    context: Context,
) -> tuple[dict[str, NeuronModel], dict[str, PlasticityRule], dict[str, Optimiser]]:
    """Return the file's own neurons, rules and optimisers, noting every problem in them.

    A rule's names are checked where it is used, since what it sees depends on the two neurons.
    """
    written = context.spec.models
    return (
        _read_all(context, "neurons", written.neurons, _neuron),
        _read_all(context, "rules", written.rules, _rule),
        _read_all(context, "optimisers", written.optimisers, _optimiser),
    )


def _read_all(
    context: Context, kind: str, written: dict[str, dict[str, Any]], read: Callable[[Fields, str], M]
) -> dict[str, M]:
    found = {}
    for name, content in written.items():
        path: Path = ("models", kind, name)
        if name in models(_RESERVED[kind]):
            context.problem(
                path, f"'{name}' is a built-in model", key=True, hint=f"call yours 'my_{name}', say"
            )
            continue
        before = len(context.problems.found)
        model = read(Fields(context, path, content), name)
        if len(context.problems.found) == before:
            found[name] = model
        else:
            context.broken.add(name)  # whatever uses it is passed over, so that nothing is told twice
    return found


def _neuron(fields: Fields, name: str) -> NeuronModel:
    fields.only(_NEURON)
    threshold = fields.text("threshold")
    inputs, input_units = fields.units("inputs")
    states = read_states(fields, lambda state: "membrane", ("membrane",))
    written = ("on_observation", "equations", "readout", "on_choice", "reset")
    blocks = {field: fields.text(field) for field in written}
    readable = [_parsed(fields, field) for field in blocks]
    model = NeuronModel(
        name=name,
        summary=fields.text("summary"),
        source=fields.text("source"),
        parameters=read_parameters(fields),
        states=states,
        inputs=inputs,
        input_units=input_units,
        on_observation=blocks["on_observation"],
        clamped=bool(blocks["on_observation"]),
        equations=blocks["equations"],
        readout=blocks["readout"],
        on_choice=blocks["on_choice"],
        threshold=threshold,
        reset=blocks["reset"],
        noise=fields.names("noise"),
        chances=fields.names("chances"),
    )
    if all(readable):
        senders, receivers = fields.ports("senders"), fields.ports("receivers")
        defaults = _default_ports(model)
        model = replace(
            model, senders=senders or defaults[0], receivers=defaults[1] if receivers is None else receivers
        )
        report(fields.context, fields.path, f"neuron '{name}'", neuron_troubles(model))
    return model


def _default_ports(model: NeuronModel) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Spikes or ``r`` go out, with the errors where there are any; each input is a port of its own."""
    senders: dict[str, tuple[str, ...]] = {"spikes": ("spike",)} if model.spikes else {"r": ("r",)}
    if "error" in model.derived:
        errors = ("error", "entropy_error") if "entropy_error" in model.derived else ("error",)
        senders["error"] = errors
    receivers: dict[str, tuple[str, ...]] = {name: (name,) for name in model.inputs}
    if {"feedback", "entropy_feedback"} <= set(model.inputs):
        # the gradient of the entropy travels with that of the policy, through the same synapses
        receivers["feedback"] = ("feedback", "entropy_feedback")
        del receivers["entropy_feedback"]
    if model.spikes:
        receivers |= {state.name: (state.name,) for state in model.states}
    return senders, receivers


def _rule(fields: Fields, name: str) -> PlasticityRule:
    fields.only(_RULE)
    blocks = {field: fields.text(field) for field in _RULE_BLOCKS}
    for field in blocks:
        _parsed(fields, field)
    transmits = fields.text("transmits")
    try:
        if transmits:
            parse_expression(transmits)
    except EquationError as error:
        report(fields.context, fields.path, f"rule '{name}'", [_trouble("transmits", error)])
        transmits = ""
    if not transmits and not blocks["on_pre"]:
        fields.problem((), f"rule '{name}' transmits nothing", key=True, hint="add 'transmits: w*r_pre'")
    states = read_states(
        fields, _synaptic_role(blocks["dynamics"]), ("weight", "local_trace", "eligibility_trace")
    )
    if not any(state.name == "w" for state in states):
        hint = "add 'w: \"1\"' under 'states'"
        fields.problem((), f"rule '{name}' declares no weight 'w'", key=True, hint=hint)
    intrinsic = []
    for parameter, section in fields.sections("intrinsic").items():
        section.only(("states", "dynamics", "on_decision"))
        parts = {field: section.text(field) for field in ("dynamics", "on_decision")}
        for field in parts:
            _parsed(section, field)
        roles = ("local_trace", "eligibility_trace")
        own = read_states(section, _synaptic_role(parts["dynamics"]), roles, shared=False)
        intrinsic.append(IntrinsicRule(parameter, own, **parts))
    return PlasticityRule(
        name=name,
        summary=fields.text("summary"),
        source=fields.text("source"),
        parameters=read_parameters(fields),
        states=states,
        transmits=transmits,
        intrinsic=tuple(intrinsic),
        nonlocal_names=fields.names("nonlocal"),
        **blocks,
    )


def _synaptic_role(dynamics: str) -> Callable[[str], str]:
    try:
        moving = {statement.target for statement in parse_statements(dynamics)}
    except EquationError:
        moving = set()
    return lambda name: "weight" if name == "w" else "local_trace" if name in moving else "eligibility_trace"


def _optimiser(fields: Fields, name: str) -> Optimiser:
    fields.only(_OPTIMISER)
    model = Optimiser(
        name=name,
        summary=fields.text("summary"),
        source=fields.text("source"),
        parameters=read_parameters(fields),
        states=read_states(fields, lambda state: "optimiser", ("optimiser",)),
        on_decision=fields.text("on_decision"),
    )
    report(fields.context, fields.path, f"optimiser '{name}'", optimiser_troubles(model))
    return model


def _parsed(fields: Fields, field: str) -> bool:
    """Return whether the block can be read; note it if not."""
    try:
        parse_statements(fields.text(field))
        return True
    except EquationError as error:
        report(fields.context, fields.path, "this model", [_trouble(field, error)])
        return False


def _trouble(field: str, error: EquationError) -> Trouble:
    return Trouble(field, error.line, error.message, "", error.available, error.hint)


def report(context: Context, path: Path, owner: str, troubles: list[Trouble]) -> None:
    """Note the troubles of a model written at ``path``, each on its own line of the file."""
    for trouble in troubles:
        where = (*path, *trouble.field.split("."))
        message, hint = trouble.message, trouble.hint
        if trouble.unseen:
            message = f"{owner} reads '{trouble.unseen}', which it cannot see"
            hint = hint or nearest(trouble.unseen, trouble.available) or _of_a_unit(trouble.unseen)
        context.problems.add(
            message,
            where=".".join(str(part) for part in where),
            location=line_of(context, where, trouble.line),
            found=trouble.text,
            available=trouble.available,
            hint=hint,
        )


def _of_a_unit(name: str) -> str:
    """Return what to do where a name that nothing has is that of a unit, as in ``10*ms``."""
    try:
        unit_dimension(name)
    except UnitError:
        return ""
    return f"equations have no units of their own: make the number in {name} the default of a parameter"


def line_of(context: Context, path: Path, line: int) -> Location:
    """Return the place of line ``line`` of the text at ``path``: inside a block scalar, its own line."""
    place = context.document.locate(path)
    lines = context.document.text.splitlines()
    if place.file != context.document.name or not 0 < place.line <= len(lines):
        return place
    if lines[place.line - 1][place.column - 1 : place.column] not in ("|", ">"):
        return place
    number = min(place.line + line, len(lines))
    written = lines[number - 1]
    return Location(place.file, number, len(written) - len(written.lstrip()) + 1)
