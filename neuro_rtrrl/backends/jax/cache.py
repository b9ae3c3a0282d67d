"""Compiled programs are kept on disk between runs."""

from __future__ import annotations

import tempfile

import jax

from neuro_rtrrl.builds import cache_folder

__all__ = ["use_cache"]


def use_cache() -> None:
    """Let JAX keep what it compiles; where the folder cannot be written, every run compiles anew.

    A cache that the user has set up for JAX is left alone.
    """
    if jax.config.values.get("jax_compilation_cache_dir"):
        return
    folder = cache_folder() / "jax"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
