"""POPGym's tasks as a table: sizes, names, parameters and where they come from; read by :mod:`..catalogue`."""

from __future__ import annotations

from typing import Any

from neuro_rtrrl.environments.gymnax_table import Entry
from neuro_rtrrl.environments.popgym.cards import DECK_SIZE, KINDS
from neuro_rtrrl.environments.popgym.difficulties import DIFFICULTIES, settings_of
from neuro_rtrrl.environments.spaces import Continuous, Discrete

__all__ = ["CHOICES", "SUFFIX", "TABLE"]

SUFFIX = "-popgym"

#: Parameters that are a choice among words.
CHOICES: dict[str, tuple[str, ...]] = {
    "difficulty": DIFFICULTIES,
    "variant": ("popgym", "published"),
    "actions": ("flat", "row_and_column"),
}

_SOURCE = "Morad et al. 2023 (POPGym)"


def _kind(kind: str, prefix: str = "") -> tuple[str, ...]:
    return tuple(f"{prefix or kind}_{value}" for value in KINDS[kind])


def _sight(task: str, see: Any):
    """Return the names of what is seen, from the difficulty among the parameters."""
    return lambda parameters: see(settings_of(task, parameters["difficulty"]))


def _counted(settings: dict[str, Any]) -> tuple[str, ...]:
    return _kind(settings["kind"], "shown") + _kind(settings["kind"], "asked")


def _laid_out(settings: dict[str, Any]) -> tuple[str, ...]:
    faces = (*KINDS[settings["kind"]], "down")
    return tuple(f"card_{place}_{face}" for place in range(DECK_SIZE * settings["decks"]) for face in faces)


def _mines(settings: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"mines_{number}" for number in range(min(settings["mines"] + 1, 10)))


def _choices(settings: dict[str, Any]) -> int:
    """Return how many actions there are: places, arms, or counts from 0 to all cards of a kind."""
    if "bandits" in settings:
        return settings["bandits"]
    cards = DECK_SIZE * settings["decks"]
    return cards // len(KINDS[settings["kind"]]) + 1 if "kind" in settings else cards


def _squares(task: str):
    """Return the actions on a square board, from the parameters: one number, or a row and a column."""

    def actions(parameters: dict[str, Any]) -> Discrete:
        width = settings_of(task, parameters["difficulty"])["width"]
        return Discrete((width, width) if parameters["actions"] == "row_and_column" else (width * width,))

    return actions


def _entry(summary: str, observation: Any, actions: Any, /, **more: Any) -> Entry:
    return Entry(summary, _SOURCE, observation, actions, {"difficulty": "easy", **more})


TABLE: dict[str, Entry] = {
    "Autoencode-popgym": _entry(
        "Watch a whole deck, then name its suits backwards; ±1/n an answer.",
        ("mode_play", "mode_watch", *_kind("suit")),
        4,
    ),
    "Battleship-popgym": _entry(
        "Sink hidden ships, told only of hits; the action is row * width + column.",
        ("missed", "hit"),
        _squares("Battleship"),
        actions="flat",
    ),
    "Concentration-popgym": _entry(
        "Turn cards to find pairs; what is found pays, the rest costs.",
        _sight("Concentration", _laid_out),
        _sight("Concentration", lambda settings: DECK_SIZE * settings["decks"]),
    ),
    "CountRecall-popgym": _entry(
        "Say how often the asked card has been shown; ±1/(n - 1) an answer.",
        _sight("CountRecall", _counted),
        _sight("CountRecall", _choices),
    ),
    "HigherLower-popgym": _entry(
        "Say whether the next card is higher (0) or lower (1); ±1/n.",
        _kind("rank"),
        2,
    ),
    "MineSweeper-popgym": _entry(
        "View all squares without a mine on a hidden board; the action is row * width + column.",
        _sight("MineSweeper", _mines),
        _squares("MineSweeper"),
        actions="flat",
    ),
    "MultiarmedBandit-popgym": _entry(
        "Pull the arm that wins most often, anew in every episode; ±1/length a pull.",
        ("lost", "won"),
        _sight("MultiarmedBandit", _choices),
    ),
    "NoisyStatelessCartPole-popgym": _entry(
        "Balance a pole seeing noisy positions and no velocities; 1/length a step.",
        ("x", "theta"),
        2,
        variant="popgym",
    ),
    "NoisyStatelessPendulum-popgym": _entry(
        "Swing up a pendulum seeing a noisy angle and no velocity; (1 - cost/8.14)/length a step.",
        ("cos_theta", "sin_theta"),
        Continuous((-2.0,), (2.0,)),
    ),
    "RepeatFirst-popgym": _entry(
        "Name the suit of the first card at every step; ±1/(n - 1) an answer.",
        _kind("suit"),
        4,
    ),
    "RepeatPrevious-popgym": _entry(
        "Name the suit of k - 1 steps ago (variant published: of k steps ago); ±1/(n - k) an answer.",
        _kind("suit"),
        4,
        variant="popgym",
    ),
    "StatelessCartPole-popgym": _entry(
        "Balance a pole seeing positions but no velocities; 1/length a step.",
        ("x", "theta"),
        2,
        variant="popgym",
    ),
    "StatelessPendulum-popgym": _entry(
        "Swing up a pendulum seeing no velocity; (1 - cost/8.14)/length a step.",
        ("cos_theta", "sin_theta"),
        Continuous((-2.0,), (2.0,)),
    ),
}
