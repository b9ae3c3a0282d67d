"""What all tests share: compiled programs are let go of once the tests of a file are done."""

from __future__ import annotations

import gc
import sys

import pytest


@pytest.fixture(autouse=True, scope="module")
def compiled_programs_do_not_pile_up():
    """Free what JAX has compiled for a file of tests.

    Each compiled program holds about six memory maps, of which Linux grants a process 65,530
    (``vm.max_map_count``). The whole suite compiles more than that; LLVM, refused a map, crashes.
    """
    yield
    if jax := sys.modules.get("jax"):
        jax.clear_caches()
        gc.collect()
