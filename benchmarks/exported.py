"""An exported tick as Python drives it, and a run of the emulation recorded for it.

The tick is built as a shared library; its structs are read from its own header.
"""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuro_rtrrl.deploy import Sources
from neuro_rtrrl.graph import Circuit
from neuro_rtrrl.lowering import Act, Choose, FixedForm, FixedPoint, fixed_form, hoist, lower
from neuro_rtrrl.programs import make_environment, make_program
from neuro_rtrrl.randomness import key as seed_key

__all__ = ["DRAWN", "Recorded", "Tick", "record"]

DRAWN = 2.0**24  # random numbers have 24 bits
KINDS = {
    "int8_t": ctypes.c_int8,
    "int16_t": ctypes.c_int16,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "float": ctypes.c_float,
}
MEMBER = re.compile(r"^  (\w+) (\w+)((?:\[\d+\])*);", re.MULTILINE)
WORD = re.compile(r"^  \w+ (\w+)(?:\[\d+\])?;  /\* in steps of 2\^(-?\d+), at most (\d+)", re.MULTILINE)
HASH = """\
#include <stddef.h>
#include <stdint.h>
uint32_t state_hash(const unsigned char *byte, size_t size);
uint32_t state_hash(const unsigned char *byte, size_t size)
{
  uint32_t found = 2166136261u;
  for (size_t i = 0; i < size; i++) found = (found ^ byte[i]) * 16777619u;
  return found;
}
"""
STRICT = ("-std=c99", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-O2")


def struct(header: str, name: str) -> type[ctypes.Structure]:
    """Return a struct of the header for ctypes."""
    body = header.partition(f"struct {name} {{")[2].partition("};")[0]
    members = []
    for kind, member, dimensions in MEMBER.findall(body):
        found: Any = KINDS[kind]
        for size in reversed(re.findall(r"\d+", dimensions)):
            found = found * int(size)
        members.append((member, found))
    return type(name, (ctypes.Structure,), {"_fields_": members})


class Tick:
    """A built tick, its state and the action.

    Parameters
    ----------
    sources : Sources
    folder : Path
        New; where it is built.
    """

    def __init__(self, sources: Sources, folder: Path) -> None:
        sources.write(folder)
        library, beside = folder / "tick.so", folder / "hash.c"
        beside.write_text(HASH, encoding="utf-8")
        files = [str(folder / "tick.c"), str(beside)]
        command = ["cc", *STRICT, "-fPIC", "-shared", "-o", str(library), *files, "-lm"]
        subprocess.run(command, check=True, timeout=60)
        self._library = ctypes.CDLL(str(library))
        self._library.state_hash.restype = ctypes.c_uint32
        header = sources.files["tick.h"]
        #: member of the input, fraction, largest
        self.input_words = [
            (name, -int(fraction), int(most)) for name, fraction, most in WORD.findall(header)
        ]
        self.state: Any = struct(header, "neuro_rtrrl_state")()
        self.input: Any = struct(header, "neuro_rtrrl_input")()
        kind, slots = re.search(r"typedef (\w+) neuro", header), re.search(r"ACTIONS (\d+)", header)
        assert kind
        assert slots
        self.action = (KINDS[kind[1]] * int(slots[1]))()
        self._library.neuro_rtrrl_start(ctypes.byref(self.state))

    def __call__(self) -> list[Any]:
        """Make one decision on ``input``; return the action."""
        self._library.neuro_rtrrl_tick(ctypes.byref(self.state), ctypes.byref(self.input), self.action)
        return list(self.action)

    def words(self) -> dict[str, np.ndarray]:
        """Return every member of the state, flat."""
        found = {}
        for member, kind in self.state._fields_:
            value = getattr(self.state, member)
            found[member] = (
                np.array([value])
                if kind in KINDS.values()
                else np.ctypeslib.as_array(value).reshape(-1).copy()
            )
        return found

    def hash(self) -> int:
        """Return Fowler, Noll and Vo's hash of the bytes of the state, as the firmware computes it."""
        return self._library.state_hash(ctypes.byref(self.state), ctypes.c_size_t(ctypes.sizeof(self.state)))


@dataclass(frozen=True)
class Recorded:
    """A run of the emulation: what every decision was given, what it did, and every word that lasts.

    Attributes
    ----------
    form : FixedForm
    shown : array (decisions, o), int
        Observations as words.
    reward, first, terminated : arrays (decisions,)
    uniform : array (decisions, draws), int
        In steps of 2**-24.
    action : array (decisions, slots), int
    words : dict of str to array
        Key → (decisions, ...), whole numbers.
    """

    form: FixedForm
    shown: np.ndarray
    reward: np.ndarray
    first: np.ndarray
    terminated: np.ndarray
    uniform: np.ndarray
    action: np.ndarray
    words: dict[str, np.ndarray]

    def inputs(self, tick: Tick) -> Iterator[int]:
        """Give one decision after the other to a tick's input; yield its number."""
        rewards = [word for word in tick.input_words if word[0].startswith("reward")]
        clamped = next(key for key, each in self.form.lowered.variables.items() if each.role == "clamped")
        step = (
            1 if tick.input_words else 2.0 ** -self.form.numbers[clamped].fraction
        )  # words, or numbers as they are
        drawn = 1 if tick.input_words else 1 / DRAWN
        for decision in range(len(self.first)):
            given = tick.input
            if self.shown.shape[1]:
                given.observation[:] = (self.shown[decision] * step).tolist()
            for member, fraction, most in rewards:
                word = np.floor(self.reward[decision] * 2.0**fraction + 0.5)
                setattr(given, member, int(np.clip(word, -most, most)))
            if not tick.input_words:
                given.reward = float(self.reward[decision])
            given.first, given.terminated = int(self.first[decision]), int(self.terminated[decision])
            given.uniform[:] = (self.uniform[decision, : len(given.uniform)] * drawn).tolist()
            yield decision


def record(
    circuit: Circuit, point: FixedPoint, decisions: int, keys: Sequence[str] = (), seed: int = 0
) -> Recorded:
    """Run the emulation and keep what a tick is given, does and remembers.

    Parameters
    ----------
    circuit : Circuit
        With one population that is shown the observation first, and one that chooses.
    point : FixedPoint
    decisions : int
    keys : sequence of str
        Whose words to keep.
    seed : int
    """
    from neuro_rtrrl.environments import streams

    assert circuit.environment is not None
    form = fixed_form(hoist(lower(circuit)), point)
    clamped = next(key for key, each in form.lowered.variables.items() if each.role == "clamped")
    chosen = [each.chosen for each in form.lowered.sections["choose"] if isinstance(each, Choose)]
    acting = [each.source for each in form.lowered.sections["choose"] if isinstance(each, Act)]
    asked = list(dict.fromkeys([*keys, clamped, *chosen, *acting]))
    program: Any = make_program(
        circuit, make_environment(circuit), "jax", (seed,), "float64", asked, arithmetic=point
    )
    chunk = program.advance(decisions)
    uniform = np.asarray(streams.action_uniforms(seed_key(seed), 0, decisions, form.lowered.draws))
    words = {key: _whole(chunk.records[key][0], form, key) for key in asked}
    return Recorded(
        form,
        words[clamped][:, : len(circuit.environment.observation)],
        chunk.reward[0],
        chunk.first[0],
        chunk.terminated[0],
        (uniform.reshape(decisions, -1) * DRAWN).astype(np.int64),
        words[acting[0]] if acting else np.stack([words[key].argmax(-1) for key in chosen], axis=1),
        {key: words[key] for key in keys},
    )


def _whole(values: np.ndarray, form: FixedForm, key: str) -> np.ndarray:
    scaled = values * 2.0 ** form.numbers[key].fraction
    whole = scaled.astype(np.int64)
    assert np.array_equal(whole, scaled), f"{key} is no word in the emulation"
    return whole
