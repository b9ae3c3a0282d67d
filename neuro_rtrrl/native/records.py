"""Recorded variables as C text: what is asked for, in the order that the world outside knows."""

from __future__ import annotations

from dataclasses import dataclass

from neuro_rtrrl.lowering import Space
from neuro_rtrrl.native.loops import comment, indented
from neuro_rtrrl.native.places import Places

__all__ = ["Kept", "hand_out"]


@dataclass(frozen=True)
class Kept:
    """A variable to hand out: all of it, or only some neurons (rows of post, for a projection).

    ``each_step`` says whether it is handed out at every integration step, else at the end of a decision.
    """

    key: str
    neurons: tuple[int, ...] | None = None
    each_step: bool = False


def hand_out(index: int, each: Kept, places: Places, step: str = "") -> list[str]:
    """Return the lines that copy one recorded variable to where the caller wants it, if it does."""
    space, target = places.space(each.key), f"kept_{index}"
    constant = places.constant(each.key)
    if space.kind == "broadcast":
        work = [f"{target}[{step or 0}] = {constant or places.base(each.key)};"]
    elif space.kind == "population":
        work = _neurons(each, space, target, places, step)
    else:
        work = _synapses(each, space, target, places)
        if step:
            rows = space.shape[0] if each.neurons is None else len(each.neurons)
            row = f"real *restrict row = {target} + {step} * {rows * space.shape[1]};"
            work = [row, *_synapses(each, space, "row", places)]
    return [f"if ({target}) {{  {comment('recorded: ' + each.key)}", *indented(work), "}"]


def _neurons(each: Kept, space: Space, target: str, places: Places, step: str) -> list[str]:
    count = space.shape[0] if each.neurons is None else len(each.neurons)
    at = f"{target}[{step} * {count} + i]" if step else f"{target}[i]"
    chosen, which = _chosen(each)
    value = places.at(each.key, which)
    return [*chosen, f"for (int i = 0; i < {count}; i++) {at} = {value};"]


def _synapses(each: Kept, space: Space, target: str, places: Places) -> list[str]:
    storage = places.layout.storage[space.name]
    posts, pres = space.shape
    count = posts if each.neurons is None else len(each.neurons)
    chosen, which = _chosen(each)
    value = places.synapse(each.key, space.name)
    if not storage.sparse:
        masked = space.name in places.layout.masks
        value += f" * {places.synapse(f'{space.name}.mask', space.name)}" if masked else ""
        return [
            *chosen,
            f"for (int i = 0; i < {count}; i++) {{",
            f"  const int post = {which};",
            f"  for (int pre = 0; pre < {pres}; pre++) {target}[i * {pres} + pre] = {value};",
            "}",
        ]
    row, other = (storage.rows, "post" if storage.rows == "pre" else "pre")
    start, table = (places.wiring[space.name, which] for which in ("start", "other"))
    place = f"{target}[at[post] * {pres} + pre]"
    numbers = range(posts) if each.neurons is None else each.neurons
    at = [-1] * posts
    for position, neuron in enumerate(numbers):
        at[neuron] = position
    return [
        f"static const int at[{posts}] = {{{', '.join(map(str, at))}}};",
        f"memset({target}, 0, {count * pres} * sizeof(real));",
        f"for (int {row} = 0; {row} < {storage.shape[0]}; {row}++)",
        f"  for (int32_t synapse = wiring[{start} + {row}]; synapse < wiring[{start} + {row} + 1]; synapse++) {{",
        f"    const int {other} = wiring[{table} + synapse];",
        f"    if (at[post] >= 0) {place} = {value};",
        "  }",
    ]


def _chosen(each: Kept) -> tuple[list[str], str]:
    """Return a table of the chosen neurons, where not all are, and how to write the i-th."""
    if each.neurons is None:
        return [], "i"
    numbers = ", ".join(map(str, each.neurons))
    return [f"static const int chosen[] = {{{numbers}}};"], "chosen[i]"
