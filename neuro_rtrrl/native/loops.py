"""Loops as C text: one line for each operation, with the equation it came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuro_rtrrl.language import Read, rewrite
from neuro_rtrrl.native.operations import Operation
from neuro_rtrrl.native.places import Places
from neuro_rtrrl.native.schedule import Loop

__all__ = ["comment", "indented", "loops_text"]

_WIDTH = 76


def loops_text(loops: Iterable[Loop], places: Places) -> list[str]:
    """Return the lines of loops in their order, each after the copies that it makes necessary."""
    return [line for loop in loops for line in (*_copies(loop, places), *_loop(loop, places))]


def _loop(loop: Loop, places: Places) -> list[str]:
    """Return the lines of one loop; what runs only on some ticks of an episode is written twice."""
    guards = {operation.guard for operation in loop.operations} - {""}
    if not guards:
        return _variant(loop.operations, loop, places)
    usual = [operation for operation in loop.operations if operation.guard != "first"]
    first = _pruned([operation for operation in loop.operations if operation.guard != "not first"], places)
    if not first:
        return ["if (!first) {", *indented(_variant(usual, loop, places)), "}"]
    if not usual:
        return ["if (first) {", *indented(_variant(first, loop, places)), "}"]
    return [
        "if (!first) {",
        *indented(_variant(usual, loop, places)),
        "} else {  /* the first tick of an episode changes no weight */",
        *indented(_variant(first, loop, places)),
        "}",
    ]


def _copies(loop: Loop, places: Places) -> list[str]:
    """Return the lines that keep old values for a later loop."""
    lines = []
    for key, name in loop.copies.items():
        source, copy = places.base(key), places.names[name]
        if places.space(key).kind == "broadcast":
            lines.append(f"{copy} = {source};")
        else:
            lines.append(f"memcpy({copy}, {source}, sizeof {copy});  /* for a later loop */")
    return lines


def comment(text: str) -> str:
    """Return an equation as a comment."""
    text = " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *")
    return f"/* {text} */"


def indented(lines: Sequence[str]) -> list[str]:
    """Move lines one level in; preprocessor lines too, as compilers allow it."""
    return ["  " + line if line else line for line in lines]


def _pruned(operations: list[Operation], places: Places) -> list[Operation]:
    """Drop what is computed for nobody."""
    while True:
        read = {leaf.key for operation in operations for leaf in operation.reads()}
        kept = [
            operation
            for operation in operations
            if operation.target not in places.inner or operation.target in read
        ]
        if len(kept) == len(operations):
            return kept
        operations = kept


def _variant(operations: list[Operation], loop: Loop, places: Places) -> list[str]:
    kind = loop.space.kind
    if kind == "broadcast":
        return [_assignment(operation, loop, places) for operation in operations]
    if operations[0].kind == "choose":
        return _choice(operations[0], places)
    return (_population if kind == "population" else _projection)(operations, loop, places)


def _line(statement: str, text: str) -> str:
    gap = " " * max(2, _WIDTH - len(statement))
    return f"{statement}{gap}{comment(text)}"


def _expression(operation: Operation, loop: Loop, places: Places) -> str:
    """Write the right side, with copies in place of what has been overwritten since."""

    def renamed(leaf: Read) -> Read:
        key = loop.renamed.get((operation, leaf.key))
        return Read(key, leaf.access) if key else leaf

    tree = rewrite(operation.expression, lambda node: renamed(node) if isinstance(node, Read) else node)
    return places.value(tree, loop.space, operation.target)


def _target(operation: Operation, loop: Loop, places: Places) -> str:
    if loop.space.kind == "projection":
        return places.synapse(operation.target, loop.space.name)
    return places.at(operation.target, "neuron" if loop.space.kind == "population" else "0")


def _assignment(operation: Operation, loop: Loop, places: Places, declared: set[str] | None = None) -> str:
    target, value = _target(operation, loop, places), _expression(operation, loop, places)
    if masked := _mask(operation, loop, places):
        value = f"({value}) * {masked}"
    prefix = ""
    if operation.target in places.inner and declared is not None and operation.target not in declared:
        declared.add(operation.target)
        prefix = f"{places.type_of(operation.target)} "
    return _line(f"{prefix}{target} = {value};", operation.text)


def _mask(operation: Operation, loop: Loop, places: Places) -> str:
    """Return the factor that keeps absent synapses of a dense matrix at 0, where there are any."""
    name = loop.space.name
    if loop.space.kind != "projection" or name not in places.layout.masks:
        return ""
    variable = places.lowered.variables.get(operation.target)
    weight = operation.kind == "assign" and variable is not None and variable.role == "weight"
    return places.synapse(f"{name}.mask", name) if weight or operation.kind == "accumulate" else ""


# --- loops over neurons ----------------------------------------------------------------------------------------------


def _population(operations: list[Operation], loop: Loop, places: Places) -> list[str]:
    size = loop.space.shape[0]
    before: list[str] = []
    body: list[str] = []
    after: list[str] = []
    sums: list[str] = []
    declared: set[str] = set()
    for number, operation in enumerate(operations):
        if operation.kind == "reduce":
            value, total = _expression(operation, loop, places), f"total_{number}"
            if operation.how == "sum_population":
                before.append(f"{places.type_of(operation.target)} {total} = 0;")
                body.append(_line(f"{total} += {value};", operation.text))
                sums.append(total)
            else:
                before.append(
                    f"{places.type_of(operation.target)} {total} = {places.lowest(operation.target)};"
                )
                larger = places.larger(operation.target, total, value)
                body.append(_line(f"{total} = {larger};", operation.text))
            after.append(f"{places.base(operation.target)} = {total};")
        else:
            body.append(_assignment(operation, loop, places, declared))
    simple = all(operation.how != "max_population" for operation in operations)
    pragma = [_simd(sums)] if simple and size > 1 else []
    text = [*pragma, f"for (int neuron = 0; neuron < {size}; neuron++) {{", *indented(body), "}"]
    return ["{", *indented([*before, *text, *after]), "}"] if before else text


def _simd(sums: Sequence[str]) -> str:
    return "#pragma omp simd" + (f" reduction(+ : {', '.join(sums)})" if sums else "")


def _choice(operation: Operation, places: Places) -> list[str]:
    size = operation.space.shape[0]
    kind, policy, passed = places.policy(operation.expression, operation.space, operation.slot)
    chosen = places.at(operation.target, "neuron")
    return [
        "{  " + comment(operation.text),
        f"  {kind} cumulative = 0;",
        "  action_type taken = 0;",
        f"  for (int neuron = 0; neuron < {size - 1}; neuron++) {{",
        f"    cumulative += {policy};",
        f"    taken += {passed};",
        "  }",
        f"  action[{operation.slot}] = taken;",
        f"  for (int neuron = 0; neuron < {size}; neuron++) {chosen} = neuron == taken;",
        "}",
    ]


# --- loops over synapses ---------------------------------------------------------------------------------------------


def _projection(operations: list[Operation], loop: Loop, places: Places) -> list[str]:
    name = loop.space.name
    storage = places.layout.storage[name]
    outer = storage.rows
    inner = "post" if outer == "pre" else "pre"
    sums: list[tuple[str, str, str]] = []
    body: list[str] = []
    declared: set[str] = set()
    for number, operation in enumerate(operations):
        if operation.kind == "accumulate":
            value = _expression(operation, loop, places)
            if masked := _mask(operation, loop, places):
                value = f"({value}) * {masked}"
            target = places.at(operation.target, "post")
            if outer == "post":
                sums.append((f"total_{number}", target, places.type_of(operation.target)))
                target = f"total_{number}"
            body.append(_line(f"{target} += {value};", operation.text))
        else:
            body.append(_assignment(operation, loop, places, declared))
    totals = [total for total, _, _ in sums]
    rows, columns = storage.shape
    if storage.sparse:
        start, other = (f"wiring + {places.wiring[name, which]}" for which in ("start", "other"))
        header = [f"const int32_t *restrict start = {start}, *restrict other = {other};"]
        inner_loop = [
            f"for (int32_t synapse = start[{outer}]; synapse < start[{outer} + 1]; synapse++) {{",
            *indented([f"const int32_t {inner} = other[synapse];", *body]),
            "}",
        ]
    else:
        header = []
        inner_loop = [
            f"for (int {inner} = 0; {inner} < {columns}; {inner}++) {{",
            *indented(body),
            "}",
        ]
    row = [
        *(f"{kind} {total} = 0;" for total, _, kind in sums),
        _simd(totals),
        *inner_loop,
        *(f"{target} += {total};" for total, target, _ in sums),
    ]
    text = [*header, f"for (int {outer} = 0; {outer} < {rows}; {outer}++) {{", *indented(row), "}"]
    return ["{  /* synapses of " + name + " */", *indented(text), "}"]
