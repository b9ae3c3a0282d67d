"""A tick for any C99 compiler: what never changes stands in constant tables, the state is the caller's memory."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from neuro_rtrrl.lowering import LoweredCircuit, Space
from neuro_rtrrl.native.layout import Layout
from neuro_rtrrl.native.names import identifiers
from neuro_rtrrl.native.places import Places
from neuro_rtrrl.native.writer import Writer

__all__ = ["PortableLayout", "PortableWriter", "initializer"]

_COLUMNS = 16


class PortableLayout(Layout):
    """The struct of one circuit, without what no tick changes.

    Attributes
    ----------
    constants : tuple of str
        Keys that stand in constant tables instead, masks of projections (``name.mask``) among them.
    """

    def __init__(self, lowered: LoweredCircuit, scratch: Mapping[str, Space]) -> None:
        super().__init__(lowered, "float32", scratch)
        self.constants = (*self.fixed, *(f"{name}.mask" for name in self.masks))
        for key in self.constants:
            del self.fields[key]
        self.scratch = tuple(key for key in scratch if key in self.fields)


class PortablePlaces(Places):
    """Places that know where constants stand."""

    layout: PortableLayout

    def name_all(self) -> None:
        """Give constants names, too."""
        rest = [key for key in self.spaces if key not in self.layout.fields]
        masks = [key for key in self.layout.constants if key not in self.spaces]
        self.names = identifiers([*self.layout.fields, *rest, *masks])


class PortableWriter(Writer):
    """Writes a tick in float32; :class:`~neuro_rtrrl.deploy.words.WordWriter` writes it in whole numbers.

    Parameters
    ----------
    lowered : LoweredCircuit
        Hoisted.
    observation : int
        Number of entries.
    """

    layout: PortableLayout
    places: PortablePlaces

    def __init__(self, lowered: LoweredCircuit, observation: int) -> None:
        super().__init__(lowered, "float32", (), observation)
        self.places.name_all()

    def make_layout(self, scratch: Mapping[str, Space]) -> PortableLayout:
        """Decide what the struct holds."""
        return PortableLayout(self.lowered, scratch)

    def make_places(self, inner: set[str]) -> Places:
        """Decide how C writes where a value stands."""
        return PortablePlaces(self.lowered, self.layout, self.precision, self.spaces, inner)

    def _given(self, key: str) -> bool:
        return super()._given(key) or key in self.make_layout({}).constants

    def type_in_struct(self, key: str) -> str:
        """Return the C type of a member or constant."""
        return "real"

    def remark(self, key: str) -> str:
        """Return what a comment says about a member."""
        return key

    # --- parts of the files -------------------------------------------------------------------------------------------

    def members(self) -> list[str]:
        """Return the members of the struct."""
        lines = []
        for key in self.layout.fields:
            declared = self._dimensioned(key, self.places.names[key])
            lines.append(f"  {self.type_in_struct(key)} {declared};  /* {self.remark(key)} */")
        return lines or ["  int32_t nothing;"]

    def input_members(self) -> list[str]:
        """Return the members of what a tick is given."""
        steps = self.steps
        lines = [f"  real observation[{self.observation}];"] if self.observation else []
        lines += ["  real reward;", *self.flags()]
        lines += [f"  real uniform[{self.lowered.draws}];  /* from [0, 1) */"]
        for index, key in enumerate(self.lowered.noise):
            size = self.spaces[key].shape[0]
            lines.append(f"  real noise_{index}[{steps * size}];  /* from [0, 1): {key} at every step */")
        return lines

    @staticmethod
    def flags() -> list[str]:
        """Return the members that are true or false."""
        return [
            "  int32_t terminated;  /* 1 where the episode ended by itself with this reward */",
            "  int32_t first;       /* 1 on the first tick of an episode */",
        ]

    def functions(self) -> str:
        """Return the text of the functions; only after it, all tables and inputs are known."""
        lines = [*self._begin_episode(), "", *self._tick()]
        kept = [line for line in lines if not line.lstrip().startswith("#pragma omp")]
        return (
            "\n".join(kept)
            .replace("struct state", "struct neuro_rtrrl_state")
            .replace("action_type", "neuro_rtrrl_action")
        )

    def _head(self) -> list[str]:
        lines = [
            "void neuro_rtrrl_tick(struct state *restrict s, const struct neuro_rtrrl_input *restrict input,",
            "    action_type *restrict action)",
            "{",
        ]
        return [*lines, *(f"  {line}" for line in self.unpacked())]

    def unpacked(self) -> list[str]:
        """Return the lines that give parts of the input the names that the body uses."""
        lines = ["const real *restrict observation = input->observation;"] if self.observation else []
        lines += ["const real reward = input->reward, terminated = (real)input->terminated;"]
        lines += ["const int first = input->first != 0;", "const real *restrict uniform = input->uniform;"]
        return lines + [
            f"const real *restrict noise_{index} = input->noise_{index};"
            for index in range(len(self.lowered.noise))
        ]

    def _begin_episode(self) -> list[str]:
        lines = super()._begin_episode()
        text = "\n".join(line for line in lines if line not in self._chances())
        named = {
            line: self.places.names[key] for key, line in zip(self._drawn(), self._chances(), strict=True)
        }
        lines = [line for line in lines if line not in named or re.search(rf"\b{named[line]}\b", text)]
        shared = [
            self.places.names[key] for key in self.local if re.search(rf" {self.places.names[key]}\W", text)
        ]
        return [*lines[:-1], *(f"  (void){name};" for name in shared), lines[-1]]

    def _drawn(self) -> list[str]:
        return [key for key in self.lowered.chances if key in self.spaces]

    def _tick(self) -> list[str]:
        *lines, _, end = super()._tick()
        shown = "(void)observation; " if self.observation else ""
        return [*lines, f"  {shown}(void)uniform;{self.unused()}", end]

    def unused(self) -> str:
        """Return statements about names that a circuit may not use."""
        return " (void)reward; (void)terminated; (void)action;"

    # --- values -------------------------------------------------------------------------------------------------------

    def flat(self, key: str, values: np.ndarray) -> np.ndarray:
        """Return a variable's values as they lie in the struct or a constant table, in the shape of its declaration."""
        flat = self.layout._flat(key, np.asarray(values))
        if key.removesuffix(".mask") in self.layout.storage or (
            key in self.spaces and self.spaces[key].kind == "projection"
        ):
            name = key.removesuffix(".mask") if key.endswith(".mask") else self.spaces[key].name
            storage = self.layout.storage[name]
            return flat if storage.sparse else flat.reshape(storage.shape)
        return flat.reshape(self.spaces[key].shape)

    def declared(self, key: str) -> str:
        """Return the declaration of a constant without its type."""
        return self._dimensioned(key, self.places.names[key])


def initializer(values: np.ndarray, write) -> list[str]:
    """Return an array as C initialises it, in lines; ``write`` writes one number."""
    if values.ndim == 0:
        return [write(values[()])]
    if values.ndim == 1:
        texts = [write(value) for value in values]
        if len(texts) <= _COLUMNS:
            return ["{" + ", ".join(texts) + "}"]
        rows = [", ".join(texts[at : at + _COLUMNS]) for at in range(0, len(texts), _COLUMNS)]
        return ["{", *(f"  {row}," for row in rows), "}"]
    inner = [initializer(row, write) for row in values]
    return ["{", *(f"  {line}" for row in inner for line in (*row[:-1], f"{row[-1]},")), "}"]
