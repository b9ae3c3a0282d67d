"""A tree of arrays goes into one row of words and comes back, bit for bit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.environments.registry import available, make
from neuro_rtrrl.environments.words import Words


def test_numbers_of_every_width_come_back_bit_for_bit():
    with jax.enable_x64(True):
        tree = {
            "truth": jnp.array([True, False]),
            "byte": jnp.array([-3, 7], jnp.int8),
            "half": jnp.array([1.5, jnp.nan], jnp.float16),
            "single": jnp.array([[0.1, -jnp.inf], [-0.0, 3e-45]], jnp.float32),
            "double": jnp.array([1 / 3, 5e-324]),
            "long": jnp.array(-(2**40)),
            "nothing": jnp.zeros((0, 3)),
            "key": jax.random.key(5),
        }
        words = Words(tree)
        row = jax.jit(words.pack)(tree)
        assert row.dtype == jnp.uint32
        assert row.shape == (words.size,) == (2 + 2 + 2 + 4 + 4 + 2 + 2,)
        back = jax.jit(words.unpack)(row)
    for name, value in tree.items():
        if name == "key":
            value, found = jax.random.key_data(value), jax.random.key_data(back[name])
        else:
            found = back[name]
        assert found.dtype == value.dtype, name
        assert np.asarray(found).tobytes() == np.asarray(value).tobytes(), name


@pytest.mark.parametrize("name", available())
def test_the_state_of_every_environment_fits(name):
    try:
        environment = make(name, {}, None)
    except Exception as error:  # continuous actions, say: the registry's own tests tell
        pytest.skip(str(error).splitlines()[0])
    _, state = environment.reset(jax.random.key(0))
    words = Words(state)
    for before, after in zip(
        jax.tree.leaves(state), jax.tree.leaves(words.unpack(words.pack(state))), strict=True
    ):
        np.testing.assert_array_equal(before, after)
