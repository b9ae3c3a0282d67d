"""The C tick as an XLA custom call: one call makes one decision of several seeds, their states changed in place."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neuro_rtrrl.builds import cache_folder
from neuro_rtrrl.graph.circuit import Recording
from neuro_rtrrl.lowering import LoweredCircuit
from neuro_rtrrl.native import CompilationError, build_library, find_compiler, write_tick
from neuro_rtrrl.native.layout import ALIGNMENT
from neuro_rtrrl.native.records import Kept
from neuro_rtrrl.native.source import TickSource

__all__ = ["FLAGS", "Kernel", "arguments_of", "make_kernel"]

OBSERVATION = "observation"  # recorded from what the environment shows, not from the network
FLAGS = 4  # reward, first, terminated, truncated
_registered: dict[str, ctypes.CDLL] = {}


@dataclass(frozen=True)
class Kernel:
    """A built tick, ready to be called from a jitted function.

    Attributes
    ----------
    name : str
        Of the custom call; it identifies the content.
    source : TickSource
    record : tuple of Recording
    rows : for each recording, numbers a row
    """

    name: str
    source: TickSource
    record: tuple[Recording, ...]
    rows: tuple[int, ...]

    def logs(self, count: int) -> list[jax.Array]:
        """Return the empty logs of a chunk: flags first, then one for each recording."""
        dtype = self.source.layout.dtype
        shapes = [(count, FLAGS)]
        shapes += [
            (-(-count // max(1, each.every)), size) for each, size in zip(self.record, self.rows, strict=True)
        ]
        return [jnp.zeros(shape, dtype) for shape in shapes]

    def __call__(
        self, carry: Mapping[str, Any], logs: Sequence[Any], given: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """Make one decision: return what is carried (``state``, ``world``) and the logs.

        ``world`` is the environment as a row of words, the last action in front. ``given``, as :func:`arguments_of`
        names them: ``t``, the decision in the chunk; ``shown`` (o + 4,), the observation and the four flags, and behind
        them, where that is recorded, the observation without a mask; ``now`` (words - front,), what the environment is
        now, which takes the place of what it was; ``uniform`` (count * draws,); noise (count, k, n) each; ``start``,
        the chunk's first decision in the run, where something is kept now and then; ``wiring``, where it is sparse.
        Mapped over seeds it stays one call, which loops over them.
        """
        changed = (carry["state"], carry["world"], *logs)
        results = [jax.ShapeDtypeStruct(each.shape, each.dtype) for each in changed]
        aliases = {index: index for index in range(len(changed))}
        call = jax.ffi.ffi_call(self.name, results, input_output_aliases=aliases, vmap_method="expand_dims")
        state, world, *logs = call(
            *changed, *(given[name] for name in arguments_of(self.source, self.record))
        )
        return {"state": state, "world": world}, logs


def make_kernel(
    lowered: LoweredCircuit, precision: str, record: Sequence[Recording], observation: int, whole: int = 0
) -> Kernel:
    """Write, build (or find built) and register the tick of a circuit.

    Raises
    ------
    CompilationError
        Where it cannot be built; the message is one line.
    """
    kept = tuple(Kept(each.key, each.neurons, each.by_step) for each in record)
    source = write_tick(
        lowered, precision, tuple(each for each in kept if each.key != OBSERVATION), observation
    )
    rows = tuple(_row(source, lowered, each) for each in kept)
    text = source.text + _handler(source, record, rows, observation, whole, lowered.circuit.timing.steps)
    include = jax.ffi.include_dir()
    header = f"/* for the headers of jaxlib {version('jaxlib')} */\n"
    name, library = build_library(header + text, find_compiler(), cache_folder() / "kernels", (include,))
    target = f"neuro_rtrrl_{name}"
    if target not in _registered:
        try:
            capsule = jax.ffi.pycapsule(library.neuro_rtrrl_tick)
            jax.ffi.register_ffi_target(target, capsule, platform="cpu")
        except Exception as error:  # whatever a future JAX finds wrong with it, the run goes on without
            raise CompilationError(f"JAX did not take the kernel: {error}") from error
        _registered[target] = library
    return Kernel(target, source, tuple(record), rows)


def _row(source: TickSource, lowered: LoweredCircuit, each: Kept) -> int:
    space = lowered.variables[each.key].space
    size = int(np.prod(space.shape, dtype=int))
    if each.neurons is not None and space.shape:
        size = size // space.shape[0] * len(each.neurons)
    return size * (lowered.circuit.timing.steps if each.each_step else 1)


def arguments_of(source: TickSource, record: Sequence[Recording]) -> dict[str, str]:
    """Return name → C type of what the call is given after the state and the logs; each costs time at every call."""
    found = {"t": "int32_t", "shown": "real", "now": "uint32_t", "uniform": "real"}
    found |= {f"noise_{index}": "real" for index in range(len(source.noise))}
    if any(each.every > 1 for each in record):
        found["start"] = "uint32_t"
    if source.layout.is_sparse:
        found["wiring"] = "int32_t"
    return found


def _handler(
    source: TickSource,
    record: Sequence[Recording],
    rows: Sequence[int],
    observation: int,
    whole: int,
    steps: int,
) -> str:
    logs, width = len(record), observation + FLAGS + whole
    arguments = arguments_of(source, record)
    lines = [
        f"  const {kind} *{name} = (const {kind} *)data(frame, {3 + logs + index});"
        for index, (name, kind) in enumerate(arguments.items())
    ]
    lines += [f"  real *log_{index} = (real *)data(frame, {2 + index});" for index in range(1 + logs)]
    lines += [] if "wiring" in arguments else ["  const int32_t *wiring = NULL;"]
    lines += ["  const uint32_t position = *start + (uint32_t)*t;"] if "start" in arguments else []
    lowered = source.layout.lowered
    variables, draws = lowered.variables, lowered.draws
    slots = lowered.circuit.environment.actions.slots if lowered.circuit.environment else 1
    passed = "".join(
        f", noise_{index} + (g * count + *t) * {steps * variables[key].space.shape[0]}"
        for index, key in enumerate(source.noise)
    )
    copied = []  # what is recorded of the environment
    for index, (each, size) in enumerate(zip(record, rows, strict=True)):
        every = max(1, each.every)
        rows_of_it = "count" if every == 1 else f"((count + {every - 1}) / {every})"
        row = "*t" if every == 1 else f"(int64_t)(position / {every} - (*start + {every - 1}) / {every})"
        kept = f"log_{index + 1} + (g * {rows_of_it} + {row}) * {size}"
        if each.key == OBSERVATION:
            when = "" if every == 1 else f"if (position % {every} == 0) "
            copied.append(
                f"    {when}memcpy({kept}, seen + {observation + FLAGS}, {whole} * sizeof(real));\n"
            )
            continue
        passed += f",\n        {kept}" if every == 1 else f",\n        position % {every} ? NULL : {kept}"
    uniform = 3 + logs + list(arguments).index("uniform")
    return f"""
/* --- the same for several seeds, called by XLA ---------------------------------------------------------------- */
#include <stddef.h>
#include "xla/ffi/api/c_api.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
static inline void *data(const XLA_FFI_CallFrame *frame, int index)
{{
  return ((const XLA_FFI_Buffer *)frame->args.args[index])->data;
}}

static XLA_FFI_Error *refuse(const XLA_FFI_CallFrame *frame, const char *message)
{{
  XLA_FFI_Error_Create_Args args;
  memset(&args, 0, sizeof args);
  args.struct_size = XLA_FFI_Error_Create_Args_STRUCT_SIZE;
  args.message = message;
  args.errc = XLA_FFI_Error_Code_INTERNAL;
  return frame->api->XLA_FFI_Error_Create(&args);
}}

__attribute__((visibility("default"))) XLA_FFI_Error *neuro_rtrrl_tick(XLA_FFI_CallFrame *frame)
{{
  if (frame->extension_start != NULL && frame->extension_start->type == XLA_FFI_Extension_Metadata) {{
    XLA_FFI_Metadata *metadata = ((XLA_FFI_Metadata_Extension *)frame->extension_start)->metadata;
    metadata->api_version.major_version = XLA_FFI_API_MAJOR;
    metadata->api_version.minor_version = XLA_FFI_API_MINOR;
    return NULL;
  }}
  if (frame->stage != XLA_FFI_ExecutionStage_EXECUTE) return NULL;
  /* mapped over seeds, every array has their axis in front */
  const XLA_FFI_Buffer *states = (const XLA_FFI_Buffer *)frame->args.args[0];
  const XLA_FFI_Buffer *worlds = (const XLA_FFI_Buffer *)frame->args.args[1];
  const XLA_FFI_Buffer *drawn = (const XLA_FFI_Buffer *)frame->args.args[{uniform}];
  const int64_t seeds = states->rank > 1 ? states->dims[0] : 1, count = drawn->dims[drawn->rank - 1] / {draws};
  struct state *s = (struct state *)states->data;
  if ((uintptr_t)s % {ALIGNMENT} != 0) return refuse(frame, "the state is not aligned");
  uint32_t *world = (uint32_t *)worlds->data;
  const int64_t words = worlds->dims[worlds->rank - 1], front = {slots} * sizeof(action_type) / sizeof(uint32_t);
{chr(10).join(lines)}
#if defined(__x86_64__)
  const unsigned control = _mm_getcsr();
  _mm_setcsr(control | 0x8040);  /* numbers too small to be normal count as 0, as in XLA's own kernels */
#endif
  for (int64_t g = 0; g < seeds; g++) {{
    const real *seen = shown + g * {width}, *flags = seen + {observation};  /* reward, first, terminated, truncated */
    memcpy(log_0 + (g * count + *t) * {FLAGS}, flags, {FLAGS} * sizeof(real));
{"".join(copied)}    action_type action[{slots}];  /* the first words of the world */
    memcpy(action, world + g * words, sizeof action);
    memcpy(world + g * words + front, now + g * (words - front), (size_t)(words - front) * sizeof(uint32_t));
    tick(s + g, wiring, seen, flags[0], flags[2], flags[1] != 0, action, uniform + (g * count + *t) * {draws}{passed});
    memcpy(world + g * words, action, sizeof action);
  }}
#if defined(__x86_64__)
  _mm_setcsr(control);
#endif
  return NULL;
}}
"""
