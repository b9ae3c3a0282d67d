"""What an actor tells the synapses onto it is the gradient of the log-probability of what it did (autodiff)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.models import models
from neuro_rtrrl.programs import make_environment

DECISIONS = 120


def run(file, record, *settings, kernel="native"):
    circuit = load_circuit(f"circuits/{file}.yaml", ["populations.cortex.size=7", "record=[]", *settings])
    keys = tuple(f"dorsal_striatum.{name}" if name != "action" else name for name in record)
    with jax.enable_x64(True):
        program = JaxProgram(circuit, make_environment(circuit), (3,), "float64", keys, kernel=kernel)
        chunk = program.advance(DECISIONS)
    return {name: chunk.records[key][0] for name, key in zip(record, keys, strict=True)}


GAUSSIAN = ("u", "sampled", "r", "deviation", "error", "entropy_error", "log_deviation_error", "action")


@pytest.fixture(scope="module", params=["native", "xla"])
def by_degrees(request):
    wide = "populations.dorsal_striatum.log_deviation={uniform: [-1, 0.4]}"
    return run("reacher", GAUSSIAN, wide, kernel=request.param)


def log_density(mean, log_deviation, sample):
    """Sum over dimensions, as independent dimensions ask for, and not their mean."""
    return jnp.sum(jax.scipy.stats.norm.logpdf(sample, mean, jnp.exp(log_deviation)))


def test_errors_of_a_gaussian_actor_are_the_gradients_of_its_log_density_summed_over_dimensions(by_degrees):
    with jax.enable_x64(True):
        for t in range(0, DECISIONS, 7):
            at = by_degrees["u"][t], np.log(by_degrees["deviation"][t]), by_degrees["sampled"][t]
            by_mean, by_log_deviation = jax.grad(log_density, (0, 1))(*at)
            np.testing.assert_allclose(by_degrees["error"][t], by_mean, rtol=1e-9)
            np.testing.assert_allclose(
                by_degrees["log_deviation_error"][t], by_log_deviation, rtol=1e-9, atol=1e-12
            )


def test_a_gaussian_actor_learns_where_to_act_and_not_only_how_widely(by_degrees):
    """Without a stop at the sample the mean's gradient would be exactly 0 (trap 3): show that, and that ours is not."""

    def with_the_mistake(mean, log_deviation, normal):
        return log_density(mean, log_deviation, mean + jnp.exp(log_deviation) * normal)

    with jax.enable_x64(True):
        mean, log_deviation = by_degrees["u"][5], np.log(by_degrees["deviation"][5])
        normal = (by_degrees["sampled"][5] - mean) / np.exp(log_deviation)
        np.testing.assert_allclose(jax.grad(with_the_mistake)(mean, log_deviation, normal), 0, atol=1e-12)
    assert np.abs(by_degrees["error"]).min() > 0


def test_samples_of_a_gaussian_actor_are_normal_and_actions_stay_within_bounds(by_degrees):
    normal = (by_degrees["sampled"] - by_degrees["r"]) / by_degrees["deviation"]
    assert abs(normal.mean()) < 3 / np.sqrt(normal.size)
    assert abs(normal.var() - 1) < 3 * np.sqrt(2 / normal.size)
    assert abs(np.corrcoef(normal[:, 0], normal[:, 1])[0, 1]) < 3 / np.sqrt(len(normal)), (
        "each has chances of its own"
    )
    np.testing.assert_array_equal(by_degrees["action"], np.clip(by_degrees["sampled"], -1, 1))
    assert (np.abs(by_degrees["sampled"]) > 1).any()


def test_the_bonus_of_a_gaussian_actor_is_minus_its_divergence_from_the_standard_normal(by_degrees):
    def bonus(mean, log_deviation):
        return -jnp.sum((jnp.exp(2 * log_deviation) + mean**2 - 1) / 2 - log_deviation)

    with jax.enable_x64(True):
        by_mean, by_log_deviation = jax.grad(bonus, (0, 1))(
            by_degrees["u"][9], np.log(by_degrees["deviation"][9])
        )
    np.testing.assert_allclose(by_degrees["entropy_error"][9], by_mean, rtol=1e-12)
    np.testing.assert_allclose(1 - by_degrees["deviation"][9] ** 2, by_log_deviation, rtol=1e-9)
    intrinsic = {each.parameter: each for each in models("plasticity")["td_lambda"].intrinsic}
    assert "(1 - deviation*deviation)" in intrinsic["log_deviation"].on_decision


BONUS = {
    "softmax": lambda u: -jnp.sum(jax.nn.softmax(u) * jax.nn.log_softmax(u)),
    "softmax_smoothed": lambda u: jnp.mean(jax.nn.log_softmax(u)),
}


@pytest.mark.parametrize("kernel", ["native", "xla"])
@pytest.mark.parametrize("neuron", BONUS)
def test_errors_of_a_choosing_actor_are_gradients_of_its_log_policy_and_its_bonus(neuron, kernel):
    kept = run(
        "bg", ("u", "error", "entropy_error", "chosen"), f"populations.dorsal_striatum.neuron={neuron}",
        "environment={name: Acrobot-v1}", kernel=kernel,
    )  # fmt: skip
    with jax.enable_x64(True):
        for t in range(0, DECISIONS, 17):
            u, taken = kept["u"][t], int(kept["chosen"][t].argmax())
            log_policy = jax.grad(lambda u, taken=taken: jax.nn.log_softmax(u)[taken])(u)
            np.testing.assert_allclose(kept["error"][t], log_policy, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(
                kept["entropy_error"][t], jax.grad(BONUS[neuron])(u), rtol=1e-7, atol=1e-12
            )
