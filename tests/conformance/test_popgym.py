"""Our POPGym tasks are POPGym's: fed with the same chance, both say the same at every step.

The random generators differ, so the package ``popgym`` is handed the outcome of our draws in place of its own
generator (see :class:`Scripted`); then both are driven with the same actions to the end of an episode.
"""

import subprocess
import sys
from functools import cache, partial

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("popgym", reason="popgym (extra 'test') is what these tasks are held against")
import popgym.envs as theirs_all  # noqa: E402
from gymnasium import spaces  # noqa: E402
from popgym.core import deck  # noqa: E402
from scipy.special import chdtrc, ndtr  # noqa: E402

from neuro_rtrrl.environments import describe, make, registry  # noqa: E402
from neuro_rtrrl.environments.popgym.difficulties import DIFFICULTIES, SETTINGS  # noqa: E402
from neuro_rtrrl.environments.popgym.table import SUFFIX, TABLE  # noqa: E402
from neuro_rtrrl.errors import CircuitError  # noqa: E402

jnp = jax.numpy

CASES = [(task, difficulty) for task in SETTINGS for difficulty in DIFFICULTIES]
RENAMED = {  # POPGym 1.0.7 has other names for the cart poles of the paper
    "StatelessCartPole": "PositionOnlyCartPole",
    "NoisyStatelessCartPole": "NoisyPositionOnlyCartPole",
}
CARTS = ("StatelessCartPole", "NoisyStatelessCartPole")
#: card game to what its cards are told apart by; where that depends on the difficulty, the settings say
KIND = {"Autoencode": "suit", "RepeatFirst": "suit", "RepeatPrevious": "suit", "HigherLower": "rank"}


@cache
def ours_of(task, difficulty, **parameters):
    return make(task + SUFFIX, {"difficulty": difficulty, **parameters})


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

    def uniform(self, low, high, size):
        return np.asarray(next(self.outcomes["uniform"]), float).reshape(size)

    def random(self, size=None, dtype=float):
        return next(self.outcomes["random"])

    def normal(self, mean, deviation):
        return mean + deviation * next(self.outcomes["normal"])


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
    if task in CARTS:
        first = jax.random.normal(jax.random.split(key_of_reset)[1], (2,), float)
        later = jax.vmap(lambda key: jax.random.normal(key, (2,), float))(keys)
        return Scripted(uniform=[state.motion], normal=[np.asarray(first), *np.asarray(later)])
    if task == "MultiarmedBandit":
        pulls = jax.vmap(lambda key: jax.random.uniform(key))(keys)
        return Scripted(random=[np.asarray(state.payout), *pulls.tolist()])
    if task == "MineSweeper":
        return Scripted(choice=[np.flatnonzero(state.squares)])
    cards = cards_with(state.cards, settings["kind"], settings["decks"])
    return Scripted(shuffle=[cards[::-1]])  # laid out, not dealt from the end


def dealt(task, difficulty, observation, state, keys):
    """Return our decks in the order of dealing: the cards are those that we show, whatever is answered."""
    settings = SETTINGS[task][difficulty]
    kind, count = KIND.get(task) or settings["kind"], 52 * settings["decks"]
    still = jnp.zeros(LONGEST, jnp.int32)
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
        count = int(np.prod(size.nvec)) if isinstance(size, spaces.MultiDiscrete) else int(size.n)
        action = int(random.integers(count)) if answer is None else answer
        pair = isinstance(size, spaces.MultiDiscrete)
        taken = np.array(np.unravel_index(action, size.nvec)) if pair else action
        motions += [theirs.state] if task in CARTS else []
        observation, reward, terminated, truncated, _ = theirs.step(taken)
        actions.append(action)
        said.append((flat(theirs, observation), reward, terminated, truncated))
        if terminated or truncated:
            break
    assert said[-1][2] or said[-1][3], "the episode has not ended"
    return actions, [np.array(column) for column in zip(*said, strict=True)], np.array(motions)


def flat(theirs, observation):
    return np.asarray(spaces.flatten(theirs.observation_space, observation), float)


@cache
def runner(environment, one_by_one):
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


LONGEST = 1000
assert_close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


def compare(task, difficulty, seed, skill):
    """Play one episode of both; return how it ended and what it paid."""
    ours, theirs, random = ours_of(task, difficulty), theirs_of(task, difficulty), np.random.default_rng(seed)
    key_of_reset, key_of_steps = jax.random.split(jax.random.key(seed))
    keys = jax.random.split(key_of_steps, LONGEST)
    observation, state = jax.jit(ours.reset)(key_of_reset)
    if task == "Battleship":
        first, _ = theirs.reset(seed=seed)
        theirs.board = np.array(state.ships, np.int8).reshape(theirs.board.shape)
    else:
        theirs.np_random = scripted(task, difficulty, observation, state, key_of_reset, keys)
        first, _ = theirs.reset()
    assert_close(observation, flat(theirs, first), err_msg="first observation")

    actions, expected, motions = play(task, theirs, skill, random, LONGEST)
    rest = LONGEST - len(actions)
    padded = jnp.asarray(np.pad(actions, (0, rest)), jnp.int32)
    if (
        task in CARTS
    ):  # a pole is unstable: rounding errors would grow, so every step starts from POPGym's motion
        motions = jnp.asarray(np.pad(motions, ((0, rest), (0, 0))))
        state = state._replace(motion=motions, time=jnp.arange(LONGEST, dtype=jnp.int32))
    found = [
        np.asarray(column)[: len(actions)] for column in runner(ours, task in CARTS)(state, padded, keys)
    ]
    for name, one, other in zip(
        ("observation", "reward", "terminated", "truncated"), found, expected, strict=True
    ):
        assert_close(one, other, err_msg=name)
    return bool(expected[2][-1]), bool(expected[3][-1]), float(expected[1].sum())


# --- step by step


@pytest.mark.parametrize(("task", "difficulty"), CASES)
def test_every_step_is_that_of_popgym(task, difficulty):
    with jax.enable_x64(task in CARTS):  # POPGym computes motions in float64
        for seed, skill in ((0, 0.0), (1, 0.9), (2, 1.0)):
            compare(task, difficulty, seed, skill)


def test_an_episode_ends_both_ways_where_it_can():
    endings = {
        task: {compare(task, "easy", seed, skill)[:2] for seed, skill in enumerate((0.0, 0.9, 1.0))}
        for task in ("MineSweeper", "Battleship")
    }
    with jax.enable_x64(True):
        endings["StatelessCartPole"] = {
            compare("StatelessCartPole", "easy", 0, skill)[:2] for skill in (0, 1)
        }
    assert endings["StatelessCartPole"] == {(True, False), (False, True)}
    assert (True, False) in endings["MineSweeper"]
    assert (True, False) in endings["Battleship"]


@pytest.mark.parametrize("task", ["RepeatFirst", "RepeatPrevious", "Autoencode", "CountRecall"])
def test_answers_that_are_all_right_pay_one(task):
    assert compare(task, "easy", 5, 1.0)[2] == pytest.approx(1.0)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_published_repeat_previous_asks_for_the_suit_of_k_steps_ago(difficulty):
    ours = ours_of("RepeatPrevious", difficulty, variant="published")
    first, state = jax.jit(ours.reset)(jax.random.key(11))
    k, count = {"easy": (4, 52), "medium": (32, 104), "hard": (64, 156)}[difficulty]
    keys = jax.random.split(jax.random.key(0), count)
    shown = runner(ours, False)(state, jnp.zeros(count, jnp.int32), keys)[0]
    cards = np.argmax(np.stack([first, *shown[:-1]]), axis=1)
    actions = np.random.default_rng(0).integers(4, size=count)
    actions[::2] = [cards[max(time - k, 0)] for time in range(0, count, 2)]
    seen, rewards, terminated, truncated = runner(ours, False)(state, jnp.asarray(actions, jnp.int32), keys)
    right = np.array([actions[time] == cards[time - k] for time in range(k, count)])
    np.testing.assert_array_equal(rewards[:k], 0)
    np.testing.assert_allclose(rewards[k:], np.where(right, 1, -1) / (count - k), rtol=1e-6)
    np.testing.assert_array_equal(np.argmax(seen, axis=1), [*cards[1:], cards[-1]])
    assert np.flatnonzero(terminated).tolist() == [count - 1]
    assert not truncated.any()


@pytest.mark.parametrize("task", CARTS)
def test_a_published_cart_pole_terminates_when_time_runs_out(task):
    for variant, late in (("popgym", (False, True)), ("published", (True, False))):
        ours = ours_of(task, "easy", variant=variant)
        step, (_, state) = jax.jit(ours.step), jax.jit(ours.reset)(jax.random.key(0))
        before, last = (
            step(jax.random.key(1), state._replace(time=jnp.int32(time)), 1) for time in (198, 199)
        )
        assert (bool(before[3]), bool(before[4])) == (False, False)
        assert (bool(last[3]), bool(last[4])) == late


# --- chance


def chance_of(counts) -> float:
    """Return how likely counts as uneven as these are where all are equally likely (Pearson's chi-square)."""
    expected = np.mean(counts)
    return chdtrc(len(counts) - 1, ((np.asarray(counts) - expected) ** 2 / expected).sum())


def chance_of_uniform(numbers) -> float:
    """Return how likely numbers like these are drawn uniformly from 0 to 1."""
    assert 0 <= np.min(numbers) <= np.max(numbers) <= 1
    return chance_of(np.histogram(numbers, bins=20, range=(0, 1))[0])


@cache
def resets(task, difficulty="easy", count=4000):
    return jax.jit(jax.vmap(ours_of(task, difficulty).reset))(jax.random.split(jax.random.key(2), count))[1]


@cache
def decks_of(task, count=4000):
    """Return the cards that we show in ``count`` episodes, (count, 52, o): one-hot."""
    ours = ours_of(task, "easy")

    @jax.jit
    @jax.vmap
    def episode(keys):
        observation, state = ours.reset(keys[0])
        shown = runner(ours, False)(state, jnp.zeros(51, jnp.int32), keys[1:])[0]
        return jnp.concatenate([observation[None], shown])

    return np.asarray(episode(jax.random.split(jax.random.key(2), (count, 52))), int)


@pytest.mark.parametrize(
    ("task", "piles"),
    [("RepeatFirst", 1), ("RepeatPrevious", 1), ("HigherLower", 1), ("CountRecall", 2), ("Autoencode", 1)],
)
def test_decks_are_whole_and_every_card_is_as_likely_at_every_place(task, piles):
    shown = decks_of(task)[:, :, 2:] if task == "Autoencode" else decks_of(task)
    for pile in np.split(shown, piles, axis=2):
        values = pile.shape[2]
        assert (pile.sum(axis=2) == 1).all()
        assert (pile.sum(axis=1) == 52 // values).all()
        for place in (0, 1, 25, 51):
            assert chance_of(pile[:, place].sum(axis=0)) > 1e-4
        # two places are as alike as two cards of one deck are
        alike = (52 // values - 1) / 51
        for place in (1, 51):
            found = np.mean((pile[:, 0] * pile[:, place]).sum(axis=1))
            assert abs(found - alike) < 4 * np.sqrt(alike * (1 - alike) / len(pile))


def test_the_two_decks_of_count_recall_are_independent():
    for place in (0, 25, 51):
        shown, asked = np.split(decks_of("CountRecall")[:, place], 2, axis=1)
        assert abs((shown * asked).sum(axis=1).mean() - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_mines_lie_anywhere_and_are_as_many_as_said():
    squares = np.asarray(resets("MineSweeper", "hard").squares)
    assert (squares.sum(axis=1) == 10).all()
    assert set(np.unique(squares)) == {0, 1}
    assert chance_of(squares.sum(axis=0)) > 1e-4


def test_ships_lie_where_popgym_puts_them():
    ours = np.asarray(resets("Battleship", count=4000).ships)
    assert (ours.sum(axis=1) == 12).all()
    theirs, boards = theirs_of("Battleship", "easy"), []
    for seed in range(1000):
        theirs.reset(seed=seed)
        boards.append(theirs.board.ravel())
    p, q = ours.mean(axis=0), np.mean(boards, axis=0)
    spread = np.sqrt(p * (1 - p) / 4000 + q * (1 - q) / 1000)
    assert (abs(p - q) < 5 * spread).all()
    corners, middle = [0, 7, 56, 63], [27, 28, 35, 36]
    assert p[corners].max() < p[middle].min()  # not simply uniform


def test_chance_of_carts_and_bandits_has_the_distributions_of_popgym():
    motion = np.asarray(resets("StatelessCartPole").motion)
    for entry in motion.T:
        assert chance_of_uniform((entry + 0.05) / 0.1) > 1e-4
    payout = np.asarray(resets("MultiarmedBandit").payout)
    assert payout.shape == (4000, 10)
    assert chance_of_uniform(payout) > 1e-4
    assert abs(np.corrcoef(payout.T) - np.eye(10)).max() < 0.08


def test_noise_is_normal_and_clipped_at_resets_and_steps():
    ours = ours_of("NoisyStatelessCartPole", "hard")
    keys = jax.random.split(jax.random.key(3), 2000)
    first, state = jax.jit(jax.vmap(ours.reset))(keys)
    later, after, *_ = jax.jit(jax.vmap(ours.step))(
        jax.random.split(keys[0], 2000), state, jnp.ones(2000, int)
    )
    for seen, motion in ((first, state.motion), (later, after.motion)):
        assert chance_of_uniform(ndtr(np.asarray(seen[:, 0] - motion[:, 0]) / 0.3)) > 1e-4
        assert abs(np.asarray(seen)[:, 1]).max() <= 24 * 2 * np.pi / 360 + 1e-6


# --- what they are called, show and refuse


@pytest.mark.parametrize(("task", "difficulty"), CASES)
def test_the_catalogue_says_what_popgym_shows_and_takes(task, difficulty):
    info, theirs = describe(task + SUFFIX, {"difficulty": difficulty}), theirs_of(task, difficulty)
    assert len(info.observation) == len(set(info.observation)) == spaces.flatdim(theirs.observation_space)
    taken = theirs.action_space
    assert info.actions == int(np.prod(taken.nvec) if isinstance(taken, spaces.MultiDiscrete) else taken.n)
    assert info.parameters["difficulty"] == difficulty


@pytest.mark.parametrize(("task", "difficulty"), CASES)
@pytest.mark.parametrize("wide", [False, True])
def test_a_state_keeps_its_types_from_step_to_step(task, difficulty, wide):
    with jax.enable_x64(wide):
        environment, key = ours_of(task, difficulty), jax.random.key(0)
        observation, state = jax.eval_shape(environment.reset, key)
        again, after, reward, *ends = jax.eval_shape(environment.step, key, state, jnp.int32(1))
        assert observation.shape == again.shape == (environment.observation_size,)
        assert observation.dtype == again.dtype == reward.dtype == jnp.result_type(float)
        assert [(end.shape, end.dtype) for end in ends] == [((), bool)] * 2
        for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            assert not other.weak_type


def test_names_of_cards_are_in_the_order_of_popgym():
    suits, ranks = describe("RepeatFirst-popgym").observation, describe("HigherLower-popgym").observation
    assert [name.removeprefix("suit_")[0] for name in suits] == list(deck.SUITS)
    short = [name.removeprefix("rank_") for name in ranks]
    assert [name if name.isdigit() else name[0] for name in short] == list(deck.RANKS)
    assert describe("CountRecall-popgym").observation == (
        "shown_black",
        "shown_red",
        "asked_black",
        "asked_red",
    )
    assert [name[0] for name in ("black", "red")] == list(deck.COLORS)


def test_tasks_are_known_without_jax():
    source = (
        "import sys; from neuro_rtrrl.environments import describe, registry; "
        "registry.available(); assert describe('CountRecall-popgym', {'difficulty': 'hard'}).actions == 17; "
        "sys.exit(bool({'jax', 'gymnax', 'popgym'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def test_every_task_of_the_table_is_offered():
    assert set(TABLE) <= set(registry.available())
    assert {name for name in TABLE if describe(name).actions is not None} == {
        task + SUFFIX for task in SETTINGS
    }


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("RepeatPrevious-popgym", {"difficulty": "esy"}, "is one of easy, medium, hard"),
        ("RepeatPrevious-popgym", {"difficulty": 1}, "is one of easy, medium, hard"),
        ("RepeatPrevious-popgym", {"difficulty": ["easy"]}, "is one of easy, medium, hard"),
        ("RepeatPrevious-popgym", {"variant": "public"}, "is one of popgym, published"),
        ("RepeatPrevious-popgym", {"dificulty": "easy"}, "did you mean 'difficulty'"),
        ("RepeatFirst-popgym", {"variant": "published"}, "no parameter 'variant'"),
        ("RepeatPrevios-popgym", {}, "did you mean 'RepeatPrevious-popgym'"),
        ("StatelessPendulum-popgym", {}, "continuous actions"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_sentence(name, parameters, message):
    with pytest.raises(CircuitError, match=message) as caught:
        make(name, parameters)
    assert all(problem.where.startswith("environment.") for problem in caught.value.problems)
