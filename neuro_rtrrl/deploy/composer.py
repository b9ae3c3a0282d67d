"""The texts of the files put together: header, tick with its tables, harness; and the room that all of it takes."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from neuro_rtrrl.deploy.files import Sources
from neuro_rtrrl.deploy.harness import makefile, program, read_me
from neuro_rtrrl.deploy.helpers import used_helpers
from neuro_rtrrl.deploy.portable import PortableWriter, initializer
from neuro_rtrrl.deploy.values import Values
from neuro_rtrrl.deploy.words import ROUNDING_OFFSET, WordWriter
from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.native.expressions import HELPERS, literal
from neuro_rtrrl.native.writer import preamble

__all__ = ["Composer"]

_SIZES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "int32_t": 4, "int64_t": 8, "real": 4}


class Composer:
    """Puts the files of one circuit together.

    Parameters
    ----------
    circuit : Circuit
    writer : PortableWriter
        Of float32 or of words.
    values : dict of str to array
        What is there before the first tick, by key.
    """

    def __init__(self, circuit: Circuit, writer: PortableWriter, values: Values) -> None:
        self.circuit, self.writer, self.values = circuit, writer, values
        self.whole = writer if isinstance(writer, WordWriter) else None
        self.values.update({f"{name}.mask": writer.lowered.masks[name] for name in writer.layout.masks})

    def sources(self) -> Sources:
        """Return the files and what they take."""
        functions = self.writer.functions()
        constants = self._constants(functions)
        tables = self.whole.tables.text() if self.whole else []
        start = self._start()
        body = "\n".join([*tables, *constants, "", *start, "", functions, ""])
        tick = "\n".join([*self._top(), *self._helpers(body), "", body])
        fields = self.writer.layout.fields
        scratch = set(self.writer.layout.scratch)
        parts: dict[str, int] = {}
        for key in fields:
            if key not in scratch:
                role = (
                    self.writer.lowered.variables[key].role
                    if key in self.writer.lowered.variables
                    else "queue"
                )
                parts[role] = parts.get(role, 0) + self._bytes(key)
        facts = Sources(
            files={},
            arithmetic="fixed" if self.whole else "float32",
            state_bytes=sum(parts.values()),
            scratch_bytes=sum(self._bytes(key) for key in scratch),
            constant_bytes=sum(self._bytes(key) for key in self._kept(functions)) + 4 * len(self._wiring()),
            table_bytes=self.whole.tables.bytes if self.whole else 0,
            parts=parts,
            near_ties=self.whole.tables.ties if self.whole else 0,
        )
        files = {
            "tick.h": self._header(),
            "tick.c": tick,
            "main.c": program(self.circuit, self.writer),
            "Makefile": makefile(self.whole is None),
            "README.md": read_me(self.circuit, self.writer, facts),
        }
        return replace(facts, files=files)

    # --- the header ---------------------------------------------------------------------------------------------------

    def _header(self) -> str:
        environment = self.circuit.environment
        assert environment is not None
        actions = environment.actions
        action = self.whole.action_type() if self.whole else "float" if actions.by_degrees else "int32_t"
        body = [
            "#define NEURO_RTRRL_OBSERVATION " + str(len(environment.observation)),
            "#define NEURO_RTRRL_ACTIONS " + str(actions.slots) + "  /* numbers that an action is */",
            "#define NEURO_RTRRL_DRAWS "
            + str(self.writer.lowered.draws)
            + "  /* random numbers of a tick */",
            "",
            f"typedef {action} neuro_rtrrl_action;{self._remark_on_action()}",
            "",
            "/* All that lasts from tick to tick. */",
            "struct neuro_rtrrl_state {",
            *self.writer.members(),
            "};",
            "",
            "/* What a tick is given. */",
            "struct neuro_rtrrl_input {",
            *self.writer.input_members(),
            "};",
            "",
            "/* Put a state before its first tick: weights as they were exported, all else as at first. */",
            "void neuro_rtrrl_start(struct neuro_rtrrl_state *state);",
            "",
            "/* One decision, learning included. action: the last one, and then the next. */",
            "void neuro_rtrrl_tick(struct neuro_rtrrl_state *state, const struct neuro_rtrrl_input *input,",
            "    neuro_rtrrl_action *action);",
        ]
        if self.whole is None:
            body = [re.sub(r"\breal\b", "float", line) for line in body]
        return "\n".join(
            [
                f"/* {self.circuit.name}: written by neuro-rtrrl. */",
                "#ifndef NEURO_RTRRL_TICK_H",
                "#define NEURO_RTRRL_TICK_H",
                "#include <stdint.h>",
                "",
                *body,
                "#endif",
                "",
            ]
        )

    def _remark_on_action(self) -> str:
        if self.whole is None or self.whole.places.action is None:
            return ""
        return f"  /* in steps of 2^{-self.whole.places.action.fraction} */"

    # --- the tick -----------------------------------------------------------------------------------------------------

    def _top(self) -> list[str]:
        lines = [
            f"/* {self.circuit.name}: one decision tick, learning included, written by neuro-rtrrl from the",
            " * circuit's own equations. Every line names the equation it came from.",
            f" * C99, {'whole numbers only' if self.whole else 'float32'}; nothing is allocated. */",
            '#include "tick.h"',
        ]
        if self.whole:
            return [*lines, "#include <string.h>", ""]
        plain = [
            line for line in preamble("float32") if not line.startswith(("#if", "#endif", "__attribute__"))
        ]
        return [*lines, *plain]

    def _helpers(self, text: str) -> list[str]:
        if self.whole is None:
            return [
                *HELPERS.rstrip().split("\n"),
                *self.writer._constants(text),
            ]
        offset = ROUNDING_OFFSET.rstrip().split("\n") if "rounding_offset(" in text else []
        return [*used_helpers(text), *offset]

    def _wiring(self) -> np.ndarray:
        tables, begins = self.writer.layout.wiring()
        return tables if begins else tables[:1]

    def _kept(self, text: str) -> list[str]:
        """Return the constants that the functions read."""
        names = self.writer.places.names
        return [
            key for key in self.writer.layout.constants if re.search(rf"\b{re.escape(names[key])}\b", text)
        ]

    def _constants(self, functions: str) -> list[str]:
        wiring = initializer(self._wiring(), str)
        lines = [f"static const int32_t wiring[{len(self._wiring())}] = {wiring[0]}", *wiring[1:]]
        lines[-1] += ";"
        for key in self._kept(functions):
            lines += self._table(key, self.writer.declared(key))
        return lines

    def _table(self, key: str, declared: str) -> list[str]:
        text = initializer(self._words(key), lambda value: self._number(key, value))
        lines = [
            f"/* {self.writer.remark(key)} */",
            f"static const {self.writer.type_in_struct(key)} {declared} = {text[0]}",
            *text[1:],
        ]
        lines[-1] += ";"
        return lines

    def _words(self, key: str) -> np.ndarray:
        return self.writer.flat(key, self.values[key])

    def _number(self, key: str, value: float) -> str:
        if self.whole is None:
            return literal(float(value), "float32").strip("()")
        return str(self._whole(key, value))

    def _whole(self, key: str, value: float) -> int:
        assert self.whole is not None
        fraction, most = self.whole.places.fixed(key)
        found = math.ldexp(float(value), fraction)
        assert found == int(found), f"{key} is no word"
        assert abs(found) <= most, f"{key} is beyond its word"
        return int(found)

    def _start(self) -> list[str]:
        """Write the function that sets a state to where it starts: tables for what differs from element to element."""
        tables: list[str] = []
        body: list[str] = []
        for key in self.writer.layout.fields:
            if key not in self.writer.lowered.variables or key in self.writer.layout.scratch:
                continue
            words, name = self._words(key), self.writer.places.names[key]
            if not np.any(words):
                continue
            if words.ndim == 0:
                body.append(f"  state->{name} = {self._number(key, float(words))};")
                continue
            declared = self.writer._dimensioned(key, f"start_of_{name}")
            tables += self._table(key, declared)
            body.append(f"  memcpy(state->{name}, start_of_{name}, sizeof state->{name});")
        return [
            *tables,
            "void neuro_rtrrl_start(struct neuro_rtrrl_state *state)",
            "{",
            "  memset(state, 0, sizeof *state);",
            *body,
            "}",
        ]

    def _bytes(self, key: str) -> int:
        if key.endswith(".mask"):
            return self.writer.layout.storage[key.removesuffix(".mask")].elements
        kind = self.writer.type_in_struct(key)
        if key in self.writer.lowered.variables:
            return _SIZES[kind] * self.writer.layout.count(self.writer.lowered.variables[key].space)
        return _SIZES[kind] * self.writer.layout.fields[key].count
