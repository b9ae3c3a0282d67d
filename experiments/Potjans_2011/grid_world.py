"""The grid world of Potjans, Diesmann & Morrison 2011: 5 by 5 places, four steps, rewards that differ by task."""

import jax
import jax.numpy as jnp

from neuro_rtrrl.environments.base import Environment
from neuro_rtrrl.environments.spaces import Discrete

SIDE = 5
GOAL = (4, 4)
#: punished places along an edge, on the straight way to the goal
CLIFF = ((4, 1), (4, 2), (4, 3))
#: the rewards of arriving at the goal, at a place of the cliff, and anywhere else
TASKS = {"positive": (1.0, 0.0, 0.0), "mixed": (1.0, -1.0, 0.0), "negative": (0.0, -0.5, -0.5)}
#: what is seen where there is no place: after the goal, for one decision, before the next start
NOWHERE = (-9.0, -9.0)


def make(task="positive"):
    """Return the grid world; its observation is the row and the column, and no episode ever ends.

    After a step onto the goal nothing is seen for one decision, and then a new place drawn at random; so the value
    beyond the goal is that of silence. A step against a wall bounces back from it, so every step leads somewhere else.
    """
    goal_reward, cliff_reward, step_reward = TASKS[task]
    rewards = jnp.full((SIDE, SIDE), step_reward)
    for place in CLIFF:
        rewards = rewards.at[place].set(cliff_reward)
    rewards = rewards.at[GOAL].set(goal_reward)
    moves = jnp.array([(-1, 0), (1, 0), (0, -1), (0, 1)])  # north, south, west, east
    goal = jnp.array(GOAL)

    def seen(state):
        return jnp.where(state["away"], jnp.array(NOWHERE), state["place"].astype(float))

    def start(key):  # anywhere but on the goal, which is the last place
        drawn = jax.random.randint(key, (), 0, SIDE * SIDE - 1)
        return {"place": jnp.stack([drawn // SIDE, drawn % SIDE]), "away": jnp.bool_(False)}

    def reset(key):
        state = start(key)
        return seen(state), state

    def step(key, state, action):
        ahead = state["place"] + moves[action]
        inside = jnp.all((ahead >= 0) & (ahead < SIDE))
        place = jnp.where(inside, ahead, state["place"] - moves[action])
        arrived = jnp.all(place == goal)
        moved = {"place": place, "away": arrived}
        reward = jnp.where(state["away"], 0.0, rewards[place[0], place[1]])
        fresh = start(key)
        after = jax.tree.map(lambda a, b: jnp.where(state["away"], a, b), fresh, moved)
        return seen(after), after, reward, jnp.bool_(False), jnp.bool_(False)

    return Environment(
        "GridWorld", observation=("row", "column"), actions=Discrete((4,)), reset=reset, step=step
    )
