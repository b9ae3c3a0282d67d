"""A tree of arrays as one row of 32-bit words, and back: one buffer to carry instead of many small ones."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["Words"]


# how the types of keys are called, and what makes a key of words again
_KEYS = {"key<fry>": "threefry2x32", "key<rbg>": "rbg", "key<urbg>": "unsafe_rbg"}


class Words:
    """How the leaves of a tree lie in a row of words.

    Parameters
    ----------
    example : pytree
        Arrays or their shapes and types; numbers, truth values or typed keys.
    """

    def __init__(self, example: Any) -> None:
        leaves, self._structure = jax.tree.flatten(example)
        self._leaves = [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves]
        self.size = sum(jax.eval_shape(_to_words, leaf).shape[0] for leaf in self._leaves)

    def pack(self, tree: Any) -> jax.Array:
        """Return the words, uint32 of shape (size,)."""
        return jnp.concatenate([_to_words(leaf) for leaf in jax.tree.leaves(tree)])

    def unpack(self, words: Any) -> Any:
        """Return the tree that :meth:`pack` was given, bit for bit."""
        leaves, position = [], 0
        for leaf in self._leaves:
            count = jax.eval_shape(_to_words, leaf).shape[0]
            leaves.append(_from_words(words[position : position + count], leaf))
            position += count
        return jax.tree.unflatten(self._structure, leaves)


def _to_words(leaf: Any) -> jax.Array:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    if leaf.dtype == bool or np.dtype(leaf.dtype).itemsize < 4:
        return _narrow(leaf).astype(jnp.uint32).reshape(-1)
    return jax.lax.bitcast_convert_type(leaf, jnp.uint32).reshape(-1)


def _narrow(leaf: Any) -> Any:
    """Return short numbers as unsigned integers of their own width."""
    if leaf.dtype == bool:
        return leaf
    return jax.lax.bitcast_convert_type(leaf, jnp.dtype(f"uint{8 * np.dtype(leaf.dtype).itemsize}"))


def _from_words(words: Any, leaf: Any) -> Any:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        kind = _KEYS[str(leaf.dtype)]
        return jax.random.wrap_key_data(words.reshape(*leaf.shape, -1), impl=kind)
    size = np.dtype(leaf.dtype).itemsize
    if leaf.dtype == bool:
        return (words != 0).reshape(leaf.shape)
    if size < 4:
        narrow = words.astype(jnp.dtype(f"uint{8 * size}")).reshape(leaf.shape)
        return jax.lax.bitcast_convert_type(narrow, leaf.dtype)
    shape = leaf.shape if size == 4 else (*leaf.shape, size // 4)
    return jax.lax.bitcast_convert_type(words.reshape(shape), leaf.dtype)
