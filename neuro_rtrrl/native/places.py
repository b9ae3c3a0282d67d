"""Where the value of a variable stands while a tick runs, and how C writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from neuro_rtrrl.language import Expression, Read
from neuro_rtrrl.lowering import LoweredCircuit, Space
from neuro_rtrrl.native.expressions import literal, to_c
from neuro_rtrrl.native.layout import Layout
from neuro_rtrrl.native.names import identifiers
from neuro_rtrrl.native.schedule import Loop

__all__ = ["Places", "temporaries"]

_ARGUMENTS = {
    "reward": "reward",
    "terminated": "terminated",
    "first": "(real)first",
    "action": "action[0]",
}


class Places:
    """Names and places of all variables of one emitted file.

    Parameters
    ----------
    lowered : LoweredCircuit
    layout : Layout
    precision : str
    spaces : mapping
        Space of every key that operations name, those made up by the schedule included.
    inner : set of str
        Keys that live in one loop only, as a scalar.
    """

    def __init__(
        self,
        lowered: LoweredCircuit,
        layout: Layout,
        precision: str,
        spaces: Mapping[str, Space],
        inner: set[str],
    ) -> None:
        self.lowered, self.layout, self.precision = lowered, layout, precision
        self.spaces, self.inner = spaces, inner
        _, self.wiring = layout.wiring()
        self.names = identifiers([*layout.fields, *(key for key in spaces if key not in layout.fields)])

    def space(self, key: str) -> Space:
        """Return where a key lives."""
        return self.spaces[key]

    def constant(self, key: str) -> str | None:
        """Return the value of a constant as C writes it, else None."""
        variable = self.lowered.variables.get(key)
        if variable is None or variable.value is None:
            return None
        return literal(variable.value, self.precision)

    def base(self, key: str) -> str:
        """Return the C name without an index."""
        if key in _ARGUMENTS:
            return _ARGUMENTS[key]
        return f"s->{self.names[key]}" if key in self.layout.fields else self.names[key]

    def at(self, key: str, index: str) -> str:
        """Return one neuron's value, or the one value where it is shared."""
        if key == "action" and self.spaces[key].kind != "broadcast":
            return f"action[{index}]"
        if key in _ARGUMENTS or key in self.inner or self.spaces[key].kind == "broadcast":
            return self.base(key)
        return f"{self.base(key)}[{index}]"

    def synapse(self, key: str, projection: str) -> str:
        """Return one synapse's value in a loop over ``projection``."""
        owner, _, name = key.rpartition(".")
        if key in self.inner:
            return self.base(key)
        if name == "w" and owner in self.lowered.transposed:
            return self._borrowed(f"{self.lowered.transposed[owner]}.w")
        storage = self.layout.storage[projection]
        if storage.sparse:
            return f"{self.base(key)}[synapse]"
        return f"{self.base(key)}[pre][post]" if storage.rows == "pre" else f"{self.base(key)}[post][pre]"

    def _borrowed(self, key: str) -> str:
        storage = self.layout.storage[key.rpartition(".")[0]]
        return f"{self.base(key)}[post][pre]" if storage.rows == "pre" else f"{self.base(key)}[pre][post]"

    def read(self, leaf: Read, space: Space) -> str:
        """Write a leaf as a loop over ``space`` sees it."""
        if (value := self.constant(leaf.key)) is not None:
            return self.names.get(leaf.key, value)
        if leaf.access in ("pre", "post"):
            return self.at(leaf.key, leaf.access)
        if leaf.key in _ARGUMENTS:
            return self.base(leaf.key)
        if space.kind == "projection" and leaf.access == "own":
            return self.synapse(leaf.key, space.name)
        return self.at(leaf.key, "neuron" if space.kind == "population" else "0")

    def value(self, expression: Expression, space: Space, target: str = "") -> str:
        """Write a tree as a loop over ``space`` sees it, to be put into ``target``."""
        return to_c(expression, lambda leaf: self.read(leaf, space), self.precision)

    def type_of(self, key: str) -> str:
        """Return the C type of a variable."""
        return "real"

    def lowest(self, key: str) -> str:
        """Return what is below everything that a variable can be."""
        return "-INFINITY"

    def larger(self, key: str, left: str, right: str) -> str:
        """Write the larger of two values of a variable."""
        return f"maximum({left}, {right})"

    def policy(self, expression: Expression, space: Space, slot: int) -> tuple[str, str, str]:
        """Return the type of ``cumulative``, what a neuron adds to it, and whether the draw is past it."""
        return "real", self.value(expression, space), f"cumulative <= uniform[{slot}]"

    def declaration(self, key: str, name: str = "", dimensions: str | None = None) -> str:
        """Return ``name[n]`` with the dimensions of a key's space."""
        space = self.spaces[key]
        if space.kind == "projection":
            storage = self.layout.storage[space.name]
            rows, columns = storage.shape
            found = f"[{storage.elements}]" if storage.sparse else f"[{rows}][{columns}]"
        else:
            found = "".join(f"[{size}]" for size in space.shape)
        return f"{name or self.names[key]}{found if dimensions is None else dimensions}"


def temporaries(regions: Iterable[list[Loop]], lasting: set[str]) -> tuple[set[str], set[str]]:
    """Return the keys that live within one loop only, and those that are written and read in several.

    ``lasting`` keys belong to neither.
    """
    homes: dict[str, set[int]] = {}
    elsewhere: set[str] = set()
    written: set[str] = set()
    for region in regions:
        for loop in region:
            for operation in loop.operations:
                for leaf in operation.reads():
                    key = loop.renamed.get((operation, leaf.key), leaf.key)
                    homes.setdefault(key, set()).add(id(loop))
                    if leaf.access != "own" or loop.space.kind == "broadcast":
                        elsewhere.add(key)
                written.add(operation.target)
                homes.setdefault(operation.target, set()).add(id(loop))
                if operation.kind != "assign" or loop.space.kind == "broadcast":
                    elsewhere.add(operation.target)
            elsewhere |= set(loop.copies)
    inner = {key for key in written if len(homes[key]) == 1 and key not in elsewhere and key not in lasting}
    return inner, written - inner - lasting
