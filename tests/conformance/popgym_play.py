"""Our POPGym tasks and POPGym's own, fed with the same chance and driven with the same actions.

The random generators differ, so the package ``popgym`` is handed the outcome of our draws in place of its own
generator (see :class:`Scripted`); then both are driven with the same actions to the end of an episode.
"""

from functools import cache, partial

import jax
import numpy as np
import popgym.envs as theirs_all
import pytest
from gymnasium import spaces

from neuro_rtrrl.environments import make
from neuro_rtrrl.environments.popgym.difficulties import DIFFICULTIES, SETTINGS
from neuro_rtrrl.environments.popgym.table import SUFFIX

jnp = jax.numpy

CASES = [(task, difficulty) for task in SETTINGS for difficulty in DIFFICULTIES]
RENAMED = {  # POPGym 1.0.7 has other names for the cart poles and pendulums of the paper
    "StatelessCartPole": "PositionOnlyCartPole",
    "NoisyStatelessCartPole": "NoisyPositionOnlyCartPole",
    "StatelessPendulum": "PositionOnlyPendulum",
    "NoisyStatelessPendulum": "NoisyPositionOnlyPendulum",
}
CARTS = ("StatelessCartPole", "NoisyStatelessCartPole")
PENDULUMS = ("StatelessPendulum", "NoisyStatelessPendulum")
MOVING = (*CARTS, *PENDULUMS)
SQUARES = ("MineSweeper", "Battleship")
LONGEST = 1000
#: card game to what its cards are told apart by; where that depends on the difficulty, the settings say
KIND = {"Autoencode": "suit", "RepeatFirst": "suit", "RepeatPrevious": "suit", "HigherLower": "rank"}


@pytest.fixture(autouse=True, scope="module")
def compiled_little():
    """Compile quickly and not well: what is compiled here runs for moments."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@cache
def ours_of(task, difficulty, **parameters):
    return make(task + SUFFIX, {"difficulty": difficulty, **parameters})


@cache
def reset_of(environment):
    return jax.jit(environment.reset)


def theirs_of(task, difficulty):
    return getattr(theirs_all, RENAMED.get(task, task) + difficulty.capitalize())()


class Scripted:
    """Stands in for a generator of NumPy and draws what it is told to."""

    def __init__(self, **outcomes):
        self.outcomes = {name: iter(values) for name, values in outcomes.items()}

    def shuffle(self, deck):
        order = next(self.outcomes["shuffle"])
        assert sorted(order) == list(range(len(deck))), "a deck holds every card once"
        deck[:] = order[::-1]  # POPGym deals from the end

    def choice(self, places, size, replace):
        chosen = next(self.outcomes["choice"])
        assert len(chosen) == size
        return chosen

    def uniform(self, low, high, size=None):
        return np.asarray(next(self.outcomes["uniform"]), float)

    def random(self, size=None, dtype=float):
        return next(self.outcomes["random"])

    def normal(self, mean, deviation):
        return mean + deviation * next(self.outcomes["normal"])


@jax.jit
def noise(key_of_reset, keys):
    """Return the normal numbers of a noisy task: those of the first view and of every step, (1 + n, 2)."""
    every = jnp.concatenate([jax.random.split(key_of_reset)[1:], keys])
    return jax.vmap(lambda key: jax.random.normal(key, (2,), float))(every)


@jax.jit
def chances(keys):
    """Return the uniform number of every step, (n,)."""
    return jax.vmap(jax.random.uniform)(keys)


@jax.jit
def keys_of(seed):
    """Return a key for the reset, and one for every step of the longest episode."""
    key_of_reset, key_of_steps = jax.random.split(jax.random.key(seed))
    return key_of_reset, jax.random.split(key_of_steps, LONGEST)


def cards_with(values, kind, decks):
    """Return cards of a full deck, each used once, that have these suits, ranks or colours."""
    whole = np.arange(52 * decks)
    of = {"suit": whole % 4, "rank": whole // 4 % 13, "colour": whole % 2}[kind]
    left = {value: list(whole[of == value]) for value in np.unique(of)}
    return [left[int(value)].pop() for value in values]


def scripted(task, difficulty, observation, state, key_of_reset, keys):
    """Return the generator that makes POPGym draw what we start with and what the keys lead to."""
    if task in (*KIND, "CountRecall"):
        return Scripted(shuffle=dealt(task, difficulty, observation, state, keys))
    settings, state = SETTINGS[task][difficulty], jax.tree.map(np.asarray, state)
    if task in MOVING:
        return Scripted(uniform=[state.motion], normal=list(np.asarray(noise(key_of_reset, keys))))
    if task == "MultiarmedBandit":
        return Scripted(random=[np.asarray(state.payout), *np.asarray(chances(keys)).tolist()])
    if task == "MineSweeper":
        return Scripted(choice=[np.flatnonzero(state.squares)])
    cards = cards_with(state.cards, settings["kind"], settings["decks"])
    return Scripted(shuffle=[cards[::-1]])  # laid out, not dealt from the end


def dealt(task, difficulty, observation, state, keys):
    """Return our decks in the order of dealing: the cards are those that we show, whatever is answered."""
    settings = SETTINGS[task][difficulty]
    kind, count = KIND.get(task) or settings["kind"], 52 * settings["decks"]
    still = np.zeros(LONGEST, np.int32)
    seen = np.stack(
        [observation, *runner(ours_of(task, difficulty), False)(state, still, keys)[0][: count - 1]]
    )
    size = {"suit": 4, "rank": 13, "colour": 2}[kind]
    parts = [seen[:, 2:]] if task == "Autoencode" else np.split(seen, seen.shape[1] // size, axis=1)
    return [cards_with(np.argmax(part, axis=1), kind, settings["decks"]) for part in parts]


def right_answer(task, theirs, random):
    """Return an action that POPGym itself holds right, or a sensible one; None where any will do."""
    if task in CARTS:
        return int(theirs.state[2] + theirs.state[3] > 0)
    if task == "CountRecall":
        return int(theirs.counts[theirs.query])
    if task == "RepeatFirst":
        return int(theirs.card)
    if task == "RepeatPrevious" and theirs.deck.hand_size("player") >= theirs.k:
        return int(theirs.deck.suits_idx[theirs.deck["player"][-theirs.k]])
    if task == "Autoencode":
        return int(theirs.deck.suits_idx[theirs.deck["system"][-1]])
    if task == "MineSweeper":
        return int(random.choice(np.flatnonzero(theirs.hidden_grid.ravel() == 0)))
    if task == "Battleship":
        return int(random.choice(np.flatnonzero((theirs.board - theirs.guesses).ravel() == 1)))
    if task == "Concentration" and theirs.deck["in_play_idx"]:
        turned = theirs.deck["in_play_idx"][0]
        down = [place for place in range(len(theirs.state)) if place not in theirs.deck["face_up_idx"]]
        return int(random.choice([p for p in down if theirs.state[p] == theirs.state[turned]]))
    return None


def play(task, theirs, skill, random, longest):
    """Drive POPGym to the end of an episode; return actions, what it said, and the motions of a cart pole."""
    actions, said, motions = [], [], []
    size = theirs.action_space
    for _ in range(longest):
        answer = right_answer(task, theirs, random) if random.random() < skill else None
        if isinstance(size, spaces.Box):
            action = random.uniform(-1.2, 1.2, size.shape)  # beyond the bounds, too
            taken = action * size.high
        else:
            pair = isinstance(size, spaces.MultiDiscrete)
            count = int(np.prod(size.nvec)) if pair else int(size.n)
            action = int(random.integers(count)) if answer is None else answer
            taken = np.array(np.unravel_index(action, size.nvec)) if pair else action
        motions += [theirs.state] if task in MOVING else []
        observation, reward, terminated, truncated, _ = theirs.step(taken)
        actions.append(action)
        said.append((flat(theirs, observation), reward, terminated, truncated))
        if terminated or truncated:
            break
    assert said[-1][2] or said[-1][3], "the episode has not ended"
    return actions, [np.array(column) for column in zip(*said, strict=True)], np.array(motions)


def flat(theirs, observation):
    return np.asarray(spaces.flatten(theirs.observation_space, observation), float)


def runner(environment, one_by_one):
    """Return what steps through given actions, in NumPy: JAX compiles a program for every cut of its own arrays."""
    run = compiled(environment, one_by_one)
    return lambda *given: jax.tree.map(np.asarray, run(*given))


@cache
def compiled(environment, one_by_one):
    @jax.jit
    def run(state, actions, keys):
        if one_by_one:
            observations, _, *outcomes = jax.vmap(environment.step)(keys, state, actions)
            return (observations, *outcomes)

        def tick(state, given):
            observation, state, *outcome = environment.step(given[1], state, given[0])
            return state, (observation, *outcome)

        return jax.lax.scan(tick, state, (actions, keys))[1]

    return run


assert_close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


def compare(task, difficulty, seed, skill, **parameters):
    """Play one episode of both; return how it ended and what it paid."""
    ours, theirs = ours_of(task, difficulty, **parameters), theirs_of(task, difficulty)
    random = np.random.default_rng(seed)
    key_of_reset, keys = keys_of(seed)
    observation, state = reset_of(ours)(key_of_reset)
    if task == "Battleship":
        first, _ = theirs.reset(seed=seed)
        theirs.board = np.array(state.ships, np.int8).reshape(theirs.board.shape)
    else:
        theirs.np_random = scripted(task, difficulty, observation, state, key_of_reset, keys)
        first, _ = theirs.reset()
    assert_close(observation, flat(theirs, first), err_msg="first observation")

    actions, expected, motions = play(task, theirs, skill, random, LONGEST)
    rest, given = LONGEST - len(actions), np.array(actions)
    if parameters.get("actions") == "row_and_column":
        given = np.stack(np.unravel_index(given, theirs.action_space.nvec), axis=1)
    padded = np.pad(given, ((0, rest), *[(0, 0)] * (given.ndim - 1)))
    padded = padded.astype(float if task in PENDULUMS else np.int32)
    # a pole is unstable: rounding errors would grow, so every step starts from POPGym's motion
    if task in MOVING:
        motions = np.pad(motions, ((0, rest), (0, 0)))
        state = state._replace(motion=motions, time=np.arange(LONGEST, dtype=np.int32))
    found = [
        np.asarray(column)[: len(actions)] for column in runner(ours, task in MOVING)(state, padded, keys)
    ]
    for name, one, other in zip(
        ("observation", "reward", "terminated", "truncated"), found, expected, strict=True
    ):
        assert_close(one, other, err_msg=name)
    return bool(expected[2][-1]), bool(expected[3][-1]), float(expected[1].sum())
