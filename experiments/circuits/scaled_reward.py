"""A task whose rewards are told in another unit: what is learned should not depend on it."""

from dataclasses import replace

from neuro_rtrrl.environments import registry


def make(task="CartPole-v1", scale=1.0, **parameters):
    """Return ``task``, of those parameters, with every reward multiplied by ``scale``."""
    plain = registry.make(task, parameters)

    def step(key, state, action):
        observation, after, reward, terminated, truncated = plain.step(key, state, action)
        return observation, after, scale * reward, terminated, truncated

    return replace(plain, step=step)
