"""Reads the fields of a user-written model: texts, lists of names, parameters, states, ports."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from neuro_rtrrl.errors import nearest
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.language import MACROS, OPERATORS, REDUCTIONS
from neuro_rtrrl.models import Parameter, State
from neuro_rtrrl.spec.faults import Refused, shown
from neuro_rtrrl.spec.values import read_name
from neuro_rtrrl.units import UnitError, parse_quantity, unit_dimension

__all__ = ["Fields", "read_parameters", "read_states"]

_TAKEN = {
    *OPERATORS,
    *REDUCTIONS,
    *MACROS,
    "dt",
    "decision_interval",
    "modulator",
    "gradient",
    "step",
    "chosen",
    "spike",
}
_CLOCK = ("dt", "decision_interval")
_PARAMETER = ("unit", "default", "minimum", "maximum", "positive", "description")
_STATE = ("unit", "role", "resets", "initial", "broadcast", "description")


class Fields:
    """One section of a user's model, read key by key; what is wrong is noted and read as absent."""

    def __init__(self, context: Context, path: Path, content: Any):
        self.context, self.path = context, path
        self.content: dict[str, Any] = dict(content) if isinstance(content, dict) else {}
        if not isinstance(content, dict):
            context.problem(path, "a section of 'key: value' pairs is due here", found=shown(content))

    def problem(self, path: Path, message: str, *, key: bool = False, **details: Any) -> None:
        """Note a problem below this section."""
        self.context.problem((*self.path, *path), message, key=key, **details)

    def only(self, known: tuple[str, ...]) -> None:
        """Refuse keys other than these."""
        for key in self.content:
            if key not in known:
                self.problem(
                    (key,),
                    f"the key '{key}' is not known here",
                    key=True,
                    available=known,
                    hint=nearest(key, known),
                )

    def text(self, key: str) -> str:
        """Return a text, empty where the key is absent."""
        value = self.content.get(key, "")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.problem((key,), f"'{key}' must be text", found=shown(value))
            return ""
        return str(value)

    def name(self, name: Any, path: Path) -> bool:
        """Return whether this can name a quantity in equations; note it if not."""
        try:
            read_name(name)
        except Refused as refused:
            fault = refused.faults[0]
            self.problem(path, fault.message, key=True, found=shown(name), hint=fault.hint)
            return False
        if name in _TAKEN or name.endswith(("_pre", "_post")):
            self.problem(
                path, f"'{name}' means something else in equations", key=True, hint="choose another name"
            )
            return False
        return True

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of names."""
        value = self.content.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problem((key,), f"'{key}' must be a list of names", found=shown(value))
            return ()
        return tuple(value)

    def units(self, key: str) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return names with their units, from ``[u]`` (pure numbers) or ``{u: volt}``."""
        value = self.content.get(key) or []
        if not isinstance(value, dict):
            names = tuple(name for i, name in enumerate(self.names(key)) if self.name(name, (key, i)))
            return names, {}
        names = tuple(name for name in value if self.name(name, (key, name)))
        return names, {name: self.unit(value[name], (key, name)) for name in names}

    def unit(self, value: Any, path: Path) -> str:
        """Return the name of a unit, ``"1"`` after a problem."""
        text = str(value)
        try:
            unit_dimension(text)
            return text
        except UnitError as error:
            self.problem(
                path, str(error), found=shown(value), hint='units are such as second, volt, hertz or "1"'
            )
            return "1"

    def sections(self, key: str) -> dict[str, Fields]:
        """Return the subsections under a key."""
        value = self.content.get(key) or {}
        if not isinstance(value, dict):
            self.problem((key,), f"'{key}' must be a section of 'key: value' pairs", found=shown(value))
            return {}
        return {
            name: Fields(self.context, (*self.path, key, name), content) for name, content in value.items()
        }

    def ports(self, key: str) -> dict[str, tuple[str, ...]] | None:
        """Return ports with their variables, from ``{u: u}`` or ``{feedback: [feedback, other]}``."""
        if key not in self.content:
            return None
        value, ports = self.content[key] or {}, {}
        if not isinstance(value, dict):
            self.problem((key,), f"'{key}' must be a section of 'port: variable' pairs", found=shown(value))
            return None
        for port, variables in value.items():
            listed = variables if isinstance(variables, list) else [variables]
            if not listed or not all(isinstance(item, str) for item in listed):
                self.problem(
                    (key, port), "a port names one variable or a list of them", found=shown(variables)
                )
                continue
            ports[port] = tuple(listed)
        return ports


def read_parameters(fields: Fields) -> tuple[Parameter, ...]:
    """Read ``parameters: {tau: second, gain: {unit: "1", default: 1.0, minimum: 0}}``."""
    found = []
    for name, section in _items(fields, "parameters").items():
        section.only(_PARAMETER)
        unit = section.unit(section.content.get("unit", "1"), ("unit",))
        default: float | str | None = None
        if "default" in section.content:
            written = section.content["default"]
            default = written if written in _CLOCK else _number(section, "default", unit, 0.0)
        found.append(
            Parameter(
                name,
                unit,
                default,
                minimum=_number(section, "minimum", unit, -math.inf),
                maximum=_number(section, "maximum", unit, math.inf),
                description=section.text("description"),
                positive=_flag(section, "positive", False),
            )
        )
    return tuple(found)


def read_states(
    fields: Fields, role_of: Callable[[str], str], roles: tuple[str, ...], shared: bool = True
) -> tuple[State, ...]:
    """Read ``states: {h: "1", e: {unit: "1", role: membrane}}``; ``role_of`` gives a role left out.

    ``shared`` says whether one of them can be ``broadcast``, one for a whole group of plasticity.
    """
    found = []
    parameters = fields.content.get("parameters")
    for name, section in _items(fields, "states").items():
        section.only(_STATE)
        unit = section.unit(section.content.get("unit", "1"), ("unit",))
        role = section.content.get("role", role_of(name))
        if role not in roles:
            section.problem(
                ("role",),
                f"'{shown(role)}' is no role of a state here",
                available=roles,
                hint=nearest(str(role), roles),
            )
            role = role_of(name)
        initial: float | str = 0.0
        written = section.content.get("initial")
        if isinstance(parameters, dict) and written in parameters:
            initial = str(written)  # a neuron may rest at one of its parameters
        elif written is not None:
            initial = _number(section, "initial", unit, 0.0)
        resets = _flag(section, "resets", role not in ("weight", "optimiser"))
        broadcast = _flag(section, "broadcast", False)
        if broadcast and (role in ("weight", "membrane") or not shared):
            section.problem(
                ("broadcast",),
                f"every {'synapse' if role == 'weight' else 'neuron'} has a '{name}' of its own",
                hint="only what an optimiser or a rule keeps beside the weight can be one for the whole group",
            )
            broadcast = False
        state = State(name, unit, initial, role, resets, broadcast, section.text("description"))  # type: ignore
        found.append(state)
    return tuple(found)


def _items(fields: Fields, key: str) -> dict[str, Fields]:
    """Return the entries under a key; ``tau: second`` is short for ``tau: {unit: second}``."""
    value = fields.content.get(key) or {}
    if not isinstance(value, dict):
        fields.problem((key,), f"'{key}' must be a section of 'name: unit' pairs", found=shown(value))
        return {}
    found = {}
    for name, content in value.items():
        if fields.name(name, (key, name)):
            path = (*fields.path, key, name)
            found[name] = Fields(
                fields.context, path, content if isinstance(content, dict) else {"unit": content}
            )
    return found


def _number(section: Fields, key: str, unit: str, absent: float) -> float:
    if key not in section.content:
        return absent
    written = section.content[key]
    try:
        quantity = parse_quantity(str(written))
    except UnitError as error:
        section.problem((key,), str(error), found=shown(written))
        return absent
    # zero and bounds may be written bare: 0 is 0 in every unit
    if quantity.dimension != unit_dimension(unit) and quantity.value != 0:
        section.problem((key,), f"'{key}' must be in {unit_dimension(unit)}", found=shown(written))
        return absent
    return quantity.value


def _flag(section: Fields, key: str, absent: bool) -> bool:
    value = section.content.get(key, absent)
    if not isinstance(value, bool):
        section.problem((key,), f"'{key}' must be true or false", found=shown(value))
        return absent
    return value
