"""The C emitter: a lowered circuit as one readable C function a tick, and a machine's compiler to build it.

Nothing here knows JAX; :mod:`neuro_rtrrl.backends.jax.kernel` binds what is built to a jitted loop.
"""

from neuro_rtrrl.native.compiler import CompilationError, Compiler, find_compiler
from neuro_rtrrl.native.layout import Layout
from neuro_rtrrl.native.library import build_library
from neuro_rtrrl.native.source import TickSource, write_tick

__all__ = [
    "CompilationError",
    "Compiler",
    "Layout",
    "TickSource",
    "build_library",
    "find_compiler",
    "write_tick",
]
