"""The spike section as C text: only synapses of neurons that fired are visited."""

from __future__ import annotations

from neuro_rtrrl.lowering import Assign, Gather, SpikeStep
from neuro_rtrrl.native.loops import comment, indented
from neuro_rtrrl.native.places import Places

__all__ = ["spike_text"]


def spike_text(index: int, step: SpikeStep, places: Places) -> list[str]:
    """Return the lines of one part of the spike section."""
    if step.kind == "threshold":
        return _threshold(step, places)
    if step.kind == "reset":
        return _reset(step, places)
    return _pathway(index, step, places)


def _threshold(step: SpikeStep, places: Places) -> list[str]:
    assert step.condition is not None
    condition = places.value(step.condition, step.space)
    spike = places.at(step.trigger, "neuron")
    return [
        "#pragma omp simd",
        f"for (int neuron = 0; neuron < {step.space.shape[0]}; neuron++)",
        f"  {spike} = ({condition}) ? 1 : 0;  {comment(str(step))}",
    ]


def _reset(step: SpikeStep, places: Places) -> list[str]:
    spike = places.at(step.trigger, "neuron")
    lines = [
        f"for (int neuron = 0; neuron < {step.space.shape[0]}; neuron++) {{",
        f"  if (!({spike} > 0)) continue;",
    ]
    for action in step.actions:
        assert isinstance(action, Assign)
        target, value = places.at(action.target, "neuron"), places.value(action.expression, step.space)
        lines.append(f"  {target} = {value};  {comment(action.text or str(action))}")
    return [*lines, "}"]


def _pathway(index: int, step: SpikeStep, places: Places) -> list[str]:
    size = places.space(step.trigger).shape[0]
    lines = ["{  " + comment(str(step)), "  const real *arrived;" if step.delay_steps else ""]
    if step.delay_steps:
        queue = places.base(f"queue {index}")
        head = places.base(f"queue {index} head")
        lines += [
            f"  real delayed[{size}];",
            f"  {{  /* a ring: what entered {step.delay_steps} steps ago leaves */",
            f"    const int head = (int){head};",
            f"    memcpy(delayed, {queue}[head], sizeof delayed);",
            f"    memcpy({queue}[head], {places.base(step.trigger)}, sizeof delayed);",
            f"    {head} = (real)((head + 1) % {step.delay_steps});",
            "  }",
            "  arrived = delayed;",
        ]
    else:
        lines[1] = f"  const real *arrived = {places.base(step.trigger)};"
    for action in step.actions:
        lines += indented(_delivery(action, step, places))
    return [*lines, "}"]


def _delivery(action: Assign | Gather, step: SpikeStep, places: Places) -> list[str]:
    space = step.space
    masked = (
        f" * {places.synapse(f'{space.name}.mask', space.name)}" if space.name in places.layout.masks else ""
    )
    if isinstance(action, Gather):
        size = action.space.shape[0]
        value = places.value(action.terms[0].expression, space)
        work = [f"added[post] += ({value}){masked};"]
        target = places.at(action.target, "neuron")
        return [
            f"{{  {comment(str(action))}",
            f"  real added[{size}] = {{0}};",
            *indented(_visit(work, step, places)),
            f"  for (int neuron = 0; neuron < {size}; neuron++) {target} += added[neuron];",
            "}",
        ]
    target, value = places.synapse(action.target, space.name), places.value(action.expression, space)
    weight = places.lowered.variables[action.target].role == "weight"
    value = f"({value}){masked}" if masked and weight else value
    return _visit([f"{target} = {value};  {comment(action.text or str(action))}"], step, places)


def _visit(work: list[str], step: SpikeStep, places: Places) -> list[str]:
    """Return the loops over the synapses of those neurons of ``step.event`` that fired."""
    name = step.space.name
    storage = places.layout.storage[name]
    side = step.event
    other = "post" if side == "pre" else "pre"
    along = storage.rows == side
    size = storage.shape[0] if along else storage.shape[1]
    head = [f"for (int {side} = 0; {side} < {size}; {side}++) {{", f"  if (!(arrived[{side}] > 0)) continue;"]
    if not storage.sparse:
        length = storage.shape[1] if along else storage.shape[0]
        inner = [f"for (int {other} = 0; {other} < {length}; {other}++) {{", *indented(work), "}"]
        return [*head, "  #pragma omp simd", *indented(inner), "}"]
    begins = places.wiring
    if along:
        start, table = begins[name, "start"], begins[name, "other"]
        inner = [
            f"for (int32_t synapse = wiring[{start} + {side}]; synapse < wiring[{start} + {side} + 1]; synapse++) {{",
            f"  const int32_t {other} = wiring[{table} + synapse];",
            *indented(work),
            "}",
        ]
        return [*head, "  #pragma omp simd", *indented(inner), "}"]
    start = begins[name, "across_start"]
    inner = [
        f"for (int32_t entry = wiring[{start} + {side}]; entry < wiring[{start} + {side} + 1]; entry++) {{",
        f"  const int32_t synapse = wiring[{begins[name, 'across_synapse']} + entry];",
        f"  const int32_t {other} = wiring[{begins[name, 'across_row']} + entry];",
        *indented(work),
        "}",
    ]
    return [*head, *indented(inner), "}"]
