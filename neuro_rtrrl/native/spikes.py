"""The spike section as C text: only synapses of neurons that fired are visited.

They are visited in Brian2's order, by the time of the spike and then by the neuron that fired, and what they deliver is
added one by one, so that sums of spikes come out the same to the last bit.
"""

from __future__ import annotations

from neuro_rtrrl.language import Read, walk
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
    if f"queue {index}" in places.layout.lists:
        return _various(index, step, size, places)
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


def _various(index: int, step: SpikeStep, size: int, places: Places) -> list[str]:
    """Return the pathway of a projection whose synapses have delays of their own: lists of who fired, in a ring."""
    name, slots = step.space.name, step.delay_steps + 1
    queue, count, head = (places.base(f"queue {index}{part}") for part in ("", " count", " head"))
    table = {which: places.wiring[name, f"delay_{which}"] for which in ("start", "synapse", "post")}
    first = f"wiring[{table['start']} + pre * {slots + 1} + age"
    visit = [
        f"for (int age = {step.delay_steps}; age >= 0; age--) {{",
        f"  const int slot = (head + {slots} - age) % {slots};",
        f"  for (int entry = 0; entry < (int){count}[slot]; entry++) {{",
        f"    const int pre = (int){queue}[slot][entry];",
        f"    for (int32_t place = {first}]; place < {first} + 1]; place++) {{",
        f"      const int32_t synapse = wiring[{table['synapse']} + place];",
        f"      const int32_t post = wiring[{table['post']} + place];",
        "      (void)synapse;",
        "      WORK",
        "    }",
        "  }",
        "}",
    ]
    spike = places.at(step.trigger, "pre")
    lines = [
        "{  " + comment(str(step)),
        f"  const int head = (int){head};",
        "  int fired = 0;",
        f"  for (int pre = 0; pre < {size}; pre++)",
        f"    if ({spike} > 0) {queue}[head][fired++] = (real)pre;",
        f"  {count}[head] = (real)fired;",
    ]
    for action in step.actions:
        lines += indented(_delivery(action, step, places, visit))
    return [*lines, f"  {head} = (real)((head + 1) % {slots});", "}"]


def _delivery(
    action: Assign | Gather, step: SpikeStep, places: Places, visit: list[str] | None = None
) -> list[str]:
    """Return what spikes do to synapses or to the neurons behind them; ``visit`` is the loop, if not the usual one."""
    space = step.space

    def visited(work: str) -> list[str]:
        if visit is None:
            return _visit([work], step, places)
        return [line.replace("WORK", work) for line in visit]

    masked = (
        f" * {places.synapse(f'{space.name}.mask', space.name)}" if space.name in places.layout.masks else ""
    )
    if isinstance(action, Gather):
        size = action.space.shape[0]
        value = places.value(action.terms[0].expression, space)
        target = places.at(action.target, "neuron")
        reads = {leaf.key for leaf in walk(action.terms[0].expression) if isinstance(leaf, Read)}
        if action.target not in reads:
            return visited(
                f"{places.at(action.target, 'post')} += ({value}){masked};  {comment(str(action))}"
            )
        work = f"added[post] += ({value}){masked};"
        return [
            f"{{  {comment(str(action))}",
            f"  real added[{size}] = {{0}};",
            *indented(visited(work)),
            f"  for (int neuron = 0; neuron < {size}; neuron++) {target} += added[neuron];",
            "}",
        ]
    target, value = places.synapse(action.target, space.name), places.value(action.expression, space)
    weight = places.lowered.variables[action.target].role == "weight"
    value = f"({value}){masked}" if masked and weight else value
    return visited(f"{target} = {value};  {comment(action.text or str(action))}")


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
