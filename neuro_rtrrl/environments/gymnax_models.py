"""Which module and class of gymnax 1.0.1 each environment is, so that only that module is imported."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from neuro_rtrrl.environments.lazy_imports import aside, load_lazily

__all__ = ["MODELS", "make_model"]

MODELS = {
    "CartPole-v1": "classic_control.cartpole.CartPole",
    "Pendulum-v1": "classic_control.pendulum.Pendulum",
    "Acrobot-v1": "classic_control.acrobot.Acrobot",
    "MountainCar-v0": "classic_control.mountain_car.MountainCar",
    "MountainCarContinuous-v0": "classic_control.continuous_mountain_car.ContinuousMountainCar",
    "Asterix-MinAtar": "minatar.asterix.MinAsterix",
    "Breakout-MinAtar": "minatar.breakout.MinBreakout",
    "Freeway-MinAtar": "minatar.freeway.MinFreeway",
    "Seaquest-MinAtar": "minatar.seaquest.MinSeaquest",
    "SpaceInvaders-MinAtar": "minatar.space_invaders.MinSpaceInvaders",
    "Catch-bsuite": "bsuite.catch.Catch",
    "DeepSea-bsuite": "bsuite.deep_sea.DeepSea",
    "MemoryChain-bsuite": "bsuite.memory_chain.MemoryChain",
    "UmbrellaChain-bsuite": "bsuite.umbrella_chain.UmbrellaChain",
    "DiscountingChain-bsuite": "bsuite.discounting_chain.DiscountingChain",
    "SimpleBandit-bsuite": "bsuite.bandit.SimpleBandit",
    "FourRooms-misc": "misc.rooms.FourRooms",
    "MetaMaze-misc": "misc.meta_maze.MetaMaze",
    "PointRobot-misc": "misc.point_robot.PointRobot",
    "BernoulliBandit-misc": "misc.bernoulli_bandit.BernoulliBandit",
    "GaussianBandit-misc": "misc.gaussian_bandit.GaussianBandit",
    "Reacher-misc": "misc.reacher.Reacher",
    "Swimmer-misc": "misc.swimmer.Swimmer",
    "Pong-misc": "misc.pong.Pong",
    "FrozenLake-misc": "misc.frozen_lake.FrozenLake",
}


def make_model(name: str, structure: dict[str, Any]) -> tuple[Any, Any]:
    """Return environment ``name`` and its default parameters, as ``gymnax.make(name, **structure)`` does.

    Where another gymnax keeps its models elsewhere, all of it is imported.
    """
    try:
        model = _model_class(MODELS[name])(**structure)
        return model, model.default_params
    except (ImportError, AttributeError):
        _without_plotting()
        import gymnax

        return gymnax.make(name, **structure)


@cache
def _model_class(place: str) -> Any:
    path, _, leaf = f"gymnax.environments.{place}".rpartition(".")
    folder = path.rpartition(".")[0]
    with aside("flax", "gymnasium", "gymnax", "gymnax.environments", folder):
        if _draws(path):
            _without_plotting()
        return getattr(importlib.import_module(path), leaf)


def _draws(path: str) -> bool:
    """Return whether a module's text speaks of matplotlib's pyplot, which is found without running it."""
    specification = importlib.util.find_spec(path)
    origin = specification.origin if specification else None
    return bool(origin) and b"pyplot" in Path(origin).read_bytes()  # type: ignore[arg-type]


def _without_plotting() -> None:
    load_lazily("seaborn")
    load_lazily("matplotlib.pyplot")
