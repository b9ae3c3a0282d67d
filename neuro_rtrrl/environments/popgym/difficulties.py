"""The numbers behind easy, medium and hard, task by task (Morad et al. 2023, and the classes of ``popgym`` 1.0.7)."""

from __future__ import annotations

from typing import Any

__all__ = ["DIFFICULTIES", "SETTINGS", "settings_of"]

DIFFICULTIES = ("easy", "medium", "hard")


def _levels(**settings: tuple[Any, Any, Any]) -> dict[str, dict[str, Any]]:
    """Turn one triple a setting into one set of settings a difficulty."""
    return {
        difficulty: {name: values[index] for name, values in settings.items()}
        for index, difficulty in enumerate(DIFFICULTIES)
    }


#: Task (without its suffix) to difficulty to the keywords of the task's function.
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "Autoencode": _levels(decks=(1, 2, 3)),
    "Battleship": _levels(width=(8, 10, 12)),
    "Concentration": _levels(decks=(1, 2, 1), kind=("colour", "colour", "rank")),
    "CountRecall": _levels(decks=(1, 2, 4), kind=("colour", "suit", "rank")),
    "HigherLower": _levels(decks=(1, 2, 3)),
    "MineSweeper": _levels(width=(4, 6, 8), mines=(2, 6, 10)),
    "MultiarmedBandit": _levels(bandits=(10, 20, 30), length=(200, 400, 600)),
    # noise makes it harder, not length
    "NoisyStatelessCartPole": _levels(max_steps=(200, 200, 200), noise=(0.1, 0.2, 0.3)),
    "NoisyStatelessPendulum": _levels(max_steps=(200, 200, 200), noise=(0.1, 0.2, 0.3)),
    "RepeatFirst": _levels(decks=(1, 8, 16)),
    "RepeatPrevious": _levels(decks=(1, 2, 3), k=(4, 32, 64)),
    "StatelessCartPole": _levels(max_steps=(200, 400, 600)),
    "StatelessPendulum": _levels(max_steps=(200, 150, 100)),
}


def settings_of(task: str, difficulty: str) -> dict[str, Any]:
    """Return the settings of ``task`` (named without its suffix) at ``difficulty``."""
    return dict(SETTINGS[task][difficulty])
