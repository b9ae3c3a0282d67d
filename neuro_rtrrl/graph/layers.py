"""Resolves which populations are wired as neural circuit policies, and which projections follow from it."""

from __future__ import annotations

from neuro_rtrrl.graph.circuit import Population, Port
from neuro_rtrrl.graph.context import Context
from neuro_rtrrl.graph.ncp import Layers, OversizedError, layers_of

__all__ = ["build_layers", "hears_motor_neurons", "reaches_inter_neurons"]


def build_layers(context: Context, populations: dict[str, Population]) -> dict[str, Layers]:
    """Return the layers of every population that its file wires as a neural circuit policy."""
    built = {}
    for name, population in populations.items():
        wiring = context.spec.populations[name].wiring
        if wiring is None:
            continue
        path = ("populations", name, "wiring")
        if population.model.clamped:
            context.problem(
                path, f"'{name}' is clamped by the environment, so nothing is wired within it", key=True
            )
            continue
        try:
            built[name] = layers_of(wiring.ncp, population.size)
        except OversizedError as error:
            _tell(context, name, error)
            continue
        if not _recurs(context, name):
            context.problem(
                path,
                f"nothing would pass from the inter neurons of '{name}' to its motor neurons: no projection runs "
                "from it onto itself",
                key=True,
                hint=f"add a projection {{source: {name}, target: {name}, ...}}, or leave 'wiring' out",
            )
    return built


def _tell(context: Context, name: str, error: OversizedError) -> None:
    path = ("populations", name)
    if error.key == "size":
        message = (
            f"'{name}' has {error.most} neurons, and inter, command and motor neurons are at least one each"
        )
        context.problem((*path, "size"), message, found=context.written((*path, "size")), hint="add neurons")
        return
    place = (*path, "wiring", "ncp", error.key)
    context.problem(
        place,
        f"'{error.key}' is more than there is room for in '{name}': {error.most}",
        found=context.written(place),
        hint="write a share such as 0.5, which follows the size",
    )


def _recurs(context: Context, name: str) -> bool:
    return any(
        each.source.partition(".")[0] == each.target.partition(".")[0] == name
        for each in context.spec.projections.values()
    )


def reaches_inter_neurons(target: Port) -> bool:
    """Whether what arrives at this port is input; what is fed back for learning reaches every neuron."""
    return not target.port.startswith("feedback")


def hears_motor_neurons(source: Port) -> bool:
    """Whether the port carries what the neurons say, and not an error."""
    return "error" not in source.port
