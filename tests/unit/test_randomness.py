"""The NumPy generator is JAX's, and its streams are independent functions of (seed, stream, index)."""

import subprocess
import sys

import numpy as np
import pytest

from neuro_rtrrl import randomness
from neuro_rtrrl.randomness import Stream

SEEDS = [0, 1, 42, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40 + 7, 2**63 - 1]


def jax_key(seed):
    jax = pytest.importorskip("jax")
    return jax.random.wrap_key_data(jax.numpy.asarray(randomness.key(seed)), impl="threefry2x32")


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed < 2**32])
def test_key_equals_jax_without_64_bit_integers(seed):
    jax = pytest.importorskip("jax")
    np.testing.assert_array_equal(randomness.key(seed), jax.random.key_data(jax.random.key(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_key_equals_jax_with_64_bit_integers(seed):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        np.testing.assert_array_equal(randomness.key(seed), jax.random.key_data(jax.random.key(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_fold_in_equals_jax(seed):
    jax = pytest.importorskip("jax")
    for data in (0, 1, 2**31, 2**32 - 1):
        expected = jax.random.key_data(jax.random.fold_in(jax_key(seed), np.uint32(data)))
        np.testing.assert_array_equal(randomness.fold_in(randomness.key(seed), data), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_bits_equal_jax(seed):
    jax = pytest.importorskip("jax")
    np.testing.assert_array_equal(
        randomness.bits(randomness.key(seed), 33), jax.random.bits(jax_key(seed), (33,))
    )


def test_words_equal_jax_64_bit_draws():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        expected = jax.random.bits(jax_key(5), (17,), "uint64")
        np.testing.assert_array_equal(randomness.words(randomness.key(5), 17), expected)


def test_a_word_depends_on_its_index_alone():
    key = randomness.key(3)
    whole = randomness.bits(key, 100)
    np.testing.assert_array_equal(whole[40:60], randomness.bits(key, 20, start=40))
    np.testing.assert_array_equal(randomness.normal(key, 10), randomness.normal(key, (5, 4)).ravel()[:10])


def test_first_words_of_seed_zero_never_change():
    # published test vector of Threefry-2x32-20 (Random123, kat_vectors): key 0, counter 0
    np.testing.assert_array_equal(randomness.fold_in(np.zeros(2, np.uint32), 0), [0x6B200159, 0x99BA4EFE])


def test_uniform_numbers_have_the_moments_and_the_range_of_a_uniform_law():
    numbers = randomness.uniform(randomness.key(0), (400, 500))
    assert numbers.shape == (400, 500)
    assert numbers.dtype == np.float64
    assert 0.0 <= numbers.min() < 1e-4
    assert 1.0 - 1e-4 < numbers.max() < 1.0
    # five standard errors of 200,000 draws
    assert abs(numbers.mean() - 0.5) < 5 * np.sqrt(1 / 12 / numbers.size)
    assert abs(numbers.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / numbers.size)


def test_normal_numbers_have_the_moments_of_a_normal_law():
    numbers = randomness.normal(randomness.key(0), 200_000)
    assert np.isfinite(numbers).all()
    error = 5 / np.sqrt(numbers.size)
    assert abs(numbers.mean()) < error
    assert abs(numbers.var() - 1) < error * np.sqrt(2)
    assert abs((numbers**3).mean()) < error * np.sqrt(15)
    assert abs((numbers**4).mean() - 3) < error * np.sqrt(96)


def test_streams_names_and_seeds_are_uncorrelated():
    keys = [
        randomness.stream_key(0, stream, name) for stream in Stream for name in ("cortex", "striatum", 0, 1)
    ]
    keys += [randomness.stream_key(seed, Stream.WEIGHTS, "cortex") for seed in (1, 2, 2**32)]
    draws = np.stack([randomness.uniform(key, 20_000) for key in keys])
    correlation = np.corrcoef(draws) - np.eye(len(keys))
    assert np.abs(correlation).max() < 5 / np.sqrt(20_000)


def test_a_name_is_folded_in_by_its_checksum():
    expected = randomness.fold_in(randomness.fold_in(randomness.key(9), Stream.NOISE), 0xCBF43926)
    np.testing.assert_array_equal(randomness.stream_key(9, Stream.NOISE, "123456789"), expected)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="a seed is an integer from 0"):
        randomness.key(seed)


def test_a_seed_that_is_no_integer_is_refused():
    with pytest.raises(TypeError):
        randomness.key(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [-1, 2**32])
def test_an_index_out_of_range_is_refused_and_not_wrapped(data):
    with pytest.raises(ValueError, match="an index of a random stream"):
        randomness.fold_in(randomness.key(0), data)


def test_the_module_starts_without_jax_or_scipy():
    source = (
        "import sys, neuro_rtrrl.randomness; sys.exit(bool({'jax', 'scipy', 'brian2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0
