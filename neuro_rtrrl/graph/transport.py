"""Weight transport: projections that carry another's weights backwards, to compare with random feedback."""

from __future__ import annotations

from neuro_rtrrl.graph.circuit import Population, Port, Projection
from neuro_rtrrl.graph.context import Context, Path
from neuro_rtrrl.graph.elements import find
from neuro_rtrrl.spec.schema import Connectivity
from neuro_rtrrl.spec.schema import Projection as WrittenProjection
from neuro_rtrrl.spec.values import TransposeOf

__all__ = ["check_transposes", "transposed"]


def transposed(
    context: Context,
    path: Path,
    written: WrittenProjection,
    source: Port,
    target: Port,
    populations: dict[str, Population],
) -> str | None:
    """Return the projection whose weights this one carries backwards, or None."""
    by_weights = isinstance(written.weights, TransposeOf)
    if not by_weights and written.feedback != "symmetric":
        return None
    if by_weights and written.feedback == "random":
        context.problem(
            (*path, "feedback"),
            "'feedback: random' and 'transpose_of' contradict each other",
            hint="keep one",
        )
        return None
    if written.plasticity is not None:
        context.problem(
            (*path, "plasticity"),
            "a projection that carries another's weights backwards has none of its own to learn",
            hint="leave 'plasticity' out here",
        )
        return None
    if written.connectivity != Connectivity():
        context.problem(
            (*path, "connectivity"),
            "a projection that carries another's weights backwards is wired as that one is",
            hint="leave 'connectivity' out here",
        )
    if isinstance(written.weights, TransposeOf):
        place = (*path, "weights", "transpose_of")
        found = find(context, place, written.weights.projection, context.spec.projections, "projection")
        return written.weights.projection if found is not None else None
    return _forward(context, path, source, target)


def _forward(context: Context, path: Path, source: Port, target: Port) -> str | None:
    """Find the one projection that runs the other way, from ``target``'s population to ``source``'s."""
    candidates = [
        name
        for name, other in context.spec.projections.items()
        if other.source.partition(".")[0] == target.population
        and other.target.partition(".")[0] == source.population
        and name != path[-1]
        and other.feedback is None
        and not isinstance(other.weights, TransposeOf)
    ]
    if len(candidates) == 1:
        return candidates[0]
    reason = "there is none" if not candidates else "there are several"
    context.problem(
        (*path, "feedback"),
        f"symmetric feedback uses the weights of the projection from '{target.population}' to "
        f"'{source.population}', and {reason}",
        available=tuple(candidates),
        hint="name it: weights: {transpose_of: ...}" if candidates else "",
    )
    return None


def check_transposes(
    context: Context, built: dict[str, Projection], populations: dict[str, Population]
) -> None:
    """Note projections whose shape is not that of the weights they carry backwards."""
    for name, projection in built.items():
        forward = built.get(projection.transpose_of or "")
        if forward is None:
            continue
        path: Path = ("projections", name, "weights")
        if context.spec.projections[name].feedback == "symmetric":
            path = ("projections", name, "feedback")
        if forward.transpose_of is not None or forward is projection:
            context.problem(
                path,
                f"'{forward.name}' has no weights of its own: it carries those of '{forward.transpose_of}'",
            )
            continue

        def sizes(each: Projection) -> tuple[int, int]:
            return populations[each.target.population].size, populations[each.source.population].size

        mine, theirs = sizes(projection), sizes(forward)
        if mine != theirs[::-1]:
            context.problem(
                path,
                f"the weights of '{forward.name}' are {theirs[0]} x {theirs[1]} (post x pre); transposed "
                f"they are "
                f"{theirs[1]} x {theirs[0]}, and this projection needs {mine[0]} x {mine[1]}",
                found=context.written(path),
                hint=f"a projection from '{forward.target.population}' to '{forward.source.population}' fits",
            )
