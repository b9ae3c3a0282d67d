"""The parts of ``docs/circuit_file.md`` that follow from declarations, and how to read a table of a page.

``python -m tests.docs.reference`` prints them, to be pasted when a model or an environment is added.
"""

from __future__ import annotations

import math

from neuro_rtrrl.environments import catalogue
from neuro_rtrrl.graph.scope import neuron_variables
from neuro_rtrrl.models import Model, NeuronModel, Parameter, PlasticityRule, models
from neuro_rtrrl.units import format_si

__all__ = ["KINDS", "environment_table", "keys_under", "model_section", "section", "table_under"]

KINDS = {
    "neurons": "Neuron models",
    "plasticity": "Rules",
    "optimisers": "Optimisers",
    "modulators": "Modulators",
}
_SYMBOLS = {"second": "s", "volt": "V", "hertz": "Hz", "1": ""}


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, to the next heading of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    lines, inside = [], False
    for line in text.splitlines():
        if inside and line.startswith("#") and len(line) - len(line.lstrip("#")) <= level:
            break
        if inside:
            lines.append(line)
        inside = inside or line.rstrip() == heading
    assert inside, f"there is no heading '{heading}'"
    return "\n".join(lines)


def table_under(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its head."""
    rows = []
    for line in section(text, heading).splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows:
            break
    return rows[2:]


def keys_under(text: str, heading: str) -> list[str]:
    """Return the keys in the first column of the table under a heading."""
    return [key.strip("` ") for row in table_under(text, heading) for key in row[0].split(",")]


def model_section(model: Model) -> str:
    """Return the part of the page that describes one registered model."""
    lines = [f"### `{model.name}`", "", model.summary + (f" ({model.source})" if model.source else ""), ""]
    if model.parameters:
        lines += ["| parameter | default | bounds | meaning |", "|---|---|---|---|"]
        lines += [_row(parameter) for parameter in model.parameters]
    else:
        lines.append("No parameters.")
    if isinstance(model, NeuronModel):
        ports = [
            *(f"`.{port}` out" for port in model.senders),
            *(f"`.{port}` in" for port in model.receivers),
        ]
        lines += ["", f"Ports: {', '.join(ports)}. Can be recorded: {_names(neuron_variables(model))}."]
    if isinstance(model, PlasticityRule):
        lines += [
            "",
            f"Can be recorded: {_names(state.name for state in model.states if not state.broadcast)}.",
        ]
        if model.intrinsic:
            lines[-1] += (
                f" Can be learned by the neuron itself: {_names(each.parameter for each in model.intrinsic)}."
            )
    return "\n".join(lines)


def environment_table() -> list[list[str]]:
    """Return the rows that describe the environments that come with the package."""
    rows = []
    for name in catalogue.names():
        info = catalogue.describe(name)
        sees = ", ".join(info.observation[:4]) + (
            f", … ({len(info.observation)})" if len(info.observation) > 4 else ""
        )
        set_ = [f"{key}: {value}" for key, value in info.parameters.items() if not isinstance(value, tuple)]
        actions = str(info.actions).removesuffix("s").removesuffix(" action")
        rows.append([f"`{name}`", sees, actions, ", ".join(set_[:6]) + (", …" if len(set_) > 6 else "")])
    return rows


def _row(parameter: Parameter) -> str:
    return f"| `{parameter.name}` | {_default(parameter)} | {_bounds(parameter)} | {parameter.description} |"


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        unit = f" ({parameter.dimension})" if parameter.unit != "1" else ""
        return f"required{unit}"
    return _number(parameter.default, parameter)


def _bounds(parameter: Parameter) -> str:
    least = ">" if parameter.positive and parameter.minimum == 0 else "≥"
    bounds = [f"{least} {_number(parameter.minimum, parameter)}"] if math.isfinite(parameter.minimum) else []
    bounds += [f"≤ {_number(parameter.maximum, parameter)}"] if math.isfinite(parameter.maximum) else []
    return ", ".join(bounds)


def _number(value: float | str, parameter: Parameter) -> str:
    if isinstance(value, str):
        return f"`{value}`"
    unit = _SYMBOLS.get(parameter.unit, parameter.unit)
    return format_si(value, unit) if unit else f"{value:g}"


def _names(names) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _generated() -> str:
    parts = []
    for kind, title in KINDS.items():
        parts.append(f"## {title}\n")
        parts += [model_section(model) + "\n" for model in models(kind).values()]
    parts.append(
        "## Environments\n\n| name | sees | actions | parameters with their defaults |\n|---|---|---|---|"
    )
    parts.append("\n".join(f"| {' | '.join(row)} |" for row in environment_table()))
    return "\n".join(parts)


if __name__ == "__main__":
    print(_generated())
