"""gymnax's environments as a table: sizes, names, parameters and where they come from; read by :mod:`.catalogue`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from neuro_rtrrl.environments.spaces import Actions, Continuous

__all__ = ["DERIVED", "RANGES", "TABLE", "Entry", "Parameter"]

Parameter = float | int | bool | str | tuple[float, ...]


@dataclass(frozen=True)
class Entry:
    """One line of the table; ``observation`` and ``actions`` may depend on the parameters."""

    summary: str
    source: str
    observation: tuple[str, ...] | Callable[[dict[str, Any]], tuple[str, ...]]
    # a text names the parameter that holds the number, a function finds it from all parameters
    actions: int | str | Actions | Callable[[dict[str, Any]], int | Actions]
    parameters: dict[str, Parameter]
    structure: dict[str, Parameter] = field(default_factory=dict)


#: Values outside these make gymnax fail or, worse, run something without meaning.
RANGES: dict[str, tuple[float, float]] = {
    "max_steps_in_episode": (1, math.inf),
    "memory_length": (1, math.inf),
    "chain_length": (1, math.inf),
    "num_bits": (1, math.inf),
    "size": (1, 200),
    "rows": (2, 200),
    "columns": (1, 200),
    "n_distractor": (0, 10_000),
    "num_actions": (1, 10_000),
    "num_joints": (1, 1_000),
    "num_urchins": (1, 1_000),
    "mapping_seed": (0, 4),
    "fail_prob": (0, 1),
    "reward_prob": (0, 1),
    "success_rate": (0, 1),
    "t_max": (1, math.inf),
}

# gymnax stores these beside what they follow from; a heavier pole would otherwise keep its old total mass
DERIVED: dict[str, dict[str, Callable[[dict[str, Any]], Parameter]]] = {
    "CartPole-v1": {
        "total_mass": lambda p: p["masscart"] + p["masspole"],
        "polemass_length": lambda p: p["masspole"] * p["length"],
    },
    "DeepSea-bsuite": {"max_steps_in_episode": lambda p: p["size"]},
}


def _box(low: float, high: float, dimensions: int = 1) -> Continuous:
    return Continuous((low,) * dimensions, (high,) * dimensions)


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{index}" for index in range(count))


def _context(bits: int) -> tuple[str, ...]:
    return ("context",) if bits == 1 else _numbered("context", bits)


def _xy(*of: str) -> tuple[str, ...]:
    return tuple(f"{name}_{axis}" for name in of for axis in "xy")


def _grid(prefix: str, rows: int, columns: int) -> tuple[str, ...]:
    return tuple(f"{prefix}_{row}_{column}" for row in range(rows) for column in range(columns))


def _image(rows: int, columns: int, channels: int) -> Callable[[dict[str, Any]], tuple[str, ...]]:
    """Return the names of the pixels of an image, made only when asked for: there can be thousands."""

    def pixels(_: dict[str, Any]) -> tuple[str, ...]:
        return tuple(f"{pixel}_{c}" for pixel in _grid("pixel", rows, columns) for c in range(channels))

    return pixels


_GYM = "Brockman et al. 2016 (OpenAI Gym)"
_BSUITE = "Osband et al. 2020 (bsuite)"
_MINATAR = "Young & Tian 2019 (MinAtar)"
_CAR = {"min_position": -1.2, "max_position": 0.6, "max_speed": 0.07, "goal_velocity": 0.0, "gravity": 0.0025}
_SHOOTING = {"ramping": True, "ramp_interval": 100, "init_move_interval": 5, "shot_cool_down": 5}

TABLE: dict[str, Entry] = {
    "CartPole-v1": Entry(
        "Balance a pole on a cart pushed left or right; reward 1 a step.",
        "Barto, Sutton & Anderson 1983",
        ("x", "x_dot", "theta", "theta_dot"),
        2,
        {
            "max_steps_in_episode": 500,
            "gravity": 9.8,
            "masscart": 1.0,
            "masspole": 0.1,
            "total_mass": 1.1,
            "length": 0.5,
            "polemass_length": 0.05,
            "force_mag": 10.0,
            "tau": 0.02,
            "theta_threshold_radians": 12 * 2 * math.pi / 360,
            "x_threshold": 2.4,
        },
    ),
    "Pendulum-v1": Entry(
        "Swing a pendulum up and hold it, with a continuous torque.",
        _GYM,
        ("cos_theta", "sin_theta", "theta_dot"),
        lambda p: _box(-p["max_torque"], p["max_torque"]),
        {
            "max_steps_in_episode": 200,
            "max_speed": 8.0,
            "max_torque": 2.0,
            "dt": 0.05,
            "g": 10.0,
            "m": 1.0,
            "l": 1.0,
        },
    ),
    "Acrobot-v1": Entry(
        "Swing a two-link arm above the bar by torque on its elbow; reward -1 a step.",
        "Sutton 1996",
        ("cos_theta_1", "sin_theta_1", "cos_theta_2", "sin_theta_2", "theta_dot_1", "theta_dot_2"),
        3,
        {
            "max_steps_in_episode": 500,
            "available_torque": (-1.0, 0.0, 1.0),
            "dt": 0.2,
            "link_length_1": 1.0,
            "link_length_2": 1.0,
            "link_mass_1": 1.0,
            "link_mass_2": 1.0,
            "link_com_pos_1": 0.5,
            "link_com_pos_2": 0.5,
            "link_moi": 1.0,
            "max_vel_1": 4 * math.pi,
            "max_vel_2": 9 * math.pi,
            "torque_noise_max": 0.0,
        },
    ),
    "MountainCar-v0": Entry(
        "Rock a weak car out of a valley; reward -1 a step.",
        "Moore 1990",
        ("position", "velocity"),
        3,
        {"max_steps_in_episode": 200, **_CAR, "goal_position": 0.5, "force": 0.001},
    ),
    "MountainCarContinuous-v0": Entry(
        "Rock a weak car out of a valley, with a continuous force.",
        _GYM,
        ("position", "velocity"),
        lambda p: _box(p["min_action"], p["max_action"]),
        {
            "max_steps_in_episode": 999,
            **_CAR,
            "goal_position": 0.45,
            "min_action": -1.0,
            "max_action": 1.0,
            "power": 0.0015,
        },
    ),
    "Asterix-MinAtar": Entry(
        "Collect treasure and avoid enemies on a 10 by 10 board.",
        _MINATAR,
        _image(10, 10, 4),
        5,
        {"max_steps_in_episode": 1000, **_SHOOTING, "init_spawn_speed": 10},
    ),
    "Breakout-MinAtar": Entry(
        "Break a wall with a ball and a paddle on a 10 by 10 board.",
        _MINATAR,
        _image(10, 10, 4),
        3,
        {"max_steps_in_episode": 1000},
    ),
    "Freeway-MinAtar": Entry(
        "Cross a road with traffic on a 10 by 10 board.",
        _MINATAR,
        _image(10, 10, 7),
        3,
        {"max_steps_in_episode": 2500, "player_speed": 3},
    ),
    "Seaquest-MinAtar": Entry(
        "Rescue divers with a submarine on a 10 by 10 board.",
        _MINATAR,
        _image(10, 10, 10),
        6,
        {
            "max_steps_in_episode": 1000,
            **_SHOOTING,
            "init_spawn_speed": 20,
            "max_oxygen": 200,
            "diver_spawn_speed": 30,
            "enemy_shot_interval": 10,
            "enemy_move_interval": 5,
            "diver_move_interval": 5,
        },
    ),
    "SpaceInvaders-MinAtar": Entry(
        "Shoot descending aliens on a 10 by 10 board.",
        _MINATAR,
        _image(10, 10, 6),
        4,
        {
            "max_steps_in_episode": 1000,
            "shot_cool_down": 5,
            "enemy_move_interval": 12,
            "enemy_shot_interval": 10,
        },
    ),
    "Catch-bsuite": Entry(
        "Catch a falling ball with a paddle; reward 1 or -1 when it lands.",
        _BSUITE,
        lambda p: _grid("cell", p["rows"], p["columns"]),
        3,
        {"max_steps_in_episode": 1000},
        {"rows": 10, "columns": 5},
    ),
    "DeepSea-bsuite": Entry(
        "Reach the far corner of a grid against a small cost of every right step: deep exploration.",
        _BSUITE,
        lambda p: _grid("cell", p["size"], p["size"]),
        2,
        {
            "max_steps_in_episode": 8,
            "deterministic": True,
            "sample_action_map": False,
            "unscaled_move_cost": 0.01,
            "randomize_actions": True,
        },
        {"size": 8},
    ),
    "MemoryChain-bsuite": Entry(
        "Remember a cue shown at the start and answer it at the end; reward 1 or -1.",
        _BSUITE,
        lambda p: ("time_remaining", "query", *_context(p["num_bits"])),
        2,
        {"max_steps_in_episode": 1000, "memory_length": 5},
        {"num_bits": 1},
    ),
    "UmbrellaChain-bsuite": Entry(
        "Choose at the start whether to carry an umbrella, learn at the end, amid random rewards.",
        _BSUITE,
        lambda p: (
            "need_umbrella",
            "has_umbrella",
            "time_remaining",
            *_numbered("distractor", p["n_distractor"]),
        ),
        2,
        {"max_steps_in_episode": 100, "chain_length": 10},
        {"n_distractor": 0},
    ),
    "DiscountingChain-bsuite": Entry(
        "The first action chooses when a reward comes; one of five delays pays 1.1 and the others 1.",
        _BSUITE,
        ("context", "time_elapsed"),
        5,
        {"max_steps_in_episode": 100, "reward_timestep": (1, 3, 10, 30, 100), "optimal_return": 1.1},
        {"mapping_seed": 0},
    ),
    "SimpleBandit-bsuite": Entry(
        "A bandit with fixed rewards, one step an episode.",
        _BSUITE,
        ("constant",),
        "num_actions",
        {"max_steps_in_episode": 100, "optimal_return": 1.0},
        {"num_actions": 11},
    ),
    "FourRooms-misc": Entry(
        "Walk to a goal through four rooms; moves can fail.",
        "Sutton, Precup & Singh 1999",
        ("position_row", "position_column", "goal_row", "goal_column"),
        4,
        {
            "max_steps_in_episode": 500,
            "fail_prob": 1 / 3,
            "resample_init_pos": False,
            "resample_goal_pos": False,
        },
    ),
    "MetaMaze-misc": Entry(
        "Find a hidden goal in a maze again and again, seeing only the walls around.",
        "Miconi et al. 2019",
        (*_grid("wall", 3, 3), *_numbered("last_action", 4), "last_reward", "time"),
        4,
        {"max_steps_in_episode": 200, "reward": 10.0, "punishment": 0.0, "normalize_time": False},
    ),
    "PointRobot-misc": Entry(
        "Move a point to a hidden goal on a semicircle, with continuous forces.",
        "Dorfman et al. 2021",
        (*_xy("position"), "last_reward", *_xy("last_action"), "time"),
        lambda p: _box(-p["max_force"], p["max_force"], 2),
        {
            "max_steps_in_episode": 100,
            "max_force": 0.1,
            "circle_radius": 1.0,
            "dense_reward": False,
            "goal_radius": 0.2,
            "center_init": False,
            "normalize_time": True,
        },
    ),
    "BernoulliBandit-misc": Entry(
        "Two arms with hidden, opposite odds, learnt anew in every episode.",
        "Wang et al. 2017",
        ("last_reward", *_numbered("last_action", 2), "time"),
        2,
        {
            "max_steps_in_episode": 100,
            "reward_prob": 0.1,
            "normalize_time": True,
            "min_lim": -1.0,
            "max_lim": 1.0,
            "t_max": 100,
        },
    ),
    "GaussianBandit-misc": Entry(
        "Two arms, one with a hidden normal reward, learnt anew in every episode.",
        "Lange & Sprekeler 2022",
        ("last_reward", *_numbered("last_action", 2), "time"),
        2,
        {
            "max_steps_in_episode": 100,
            "mean_mu": -1.0,
            "sigma_p": 1.0,
            "sigma_l": 0.1,
            "normalize_time": True,
        },
    ),
    "Reacher-misc": Entry(
        "Bring the tip of a planar arm to a goal, with continuous torques.",
        "Lenton et al. 2021 (Ivy Gym)",
        lambda p: (
            *_numbered("cos_angle", p["num_joints"]),
            *_numbered("sin_angle", p["num_joints"]),
            *_numbered("angle_velocity", p["num_joints"]),
            *_xy("goal"),
        ),
        lambda p: _box(-1.0, 1.0, p["num_joints"]),
        {"max_steps_in_episode": 100, "torque_scale": 1.0, "dt": 0.05},
        {"num_joints": 2},
    ),
    "Swimmer-misc": Entry(
        "Swim to a goal between urchins, with continuous forces.",
        "Lenton et al. 2021 (Ivy Gym)",
        lambda p: _xy(*_numbered("urchin", p["num_urchins"]), "position", "velocity", "goal"),
        _box(-1.0, 1.0, 2),
        {"max_steps_in_episode": 500, "dt": 0.05},
        {"num_urchins": 5},
    ),
    "Pong-misc": Entry(
        "Return the ball, seen as an image of 30 by 40 pixels.",
        "gymnax, after batch_pong_poc",
        _image(30, 40, 3),
        3,
        {
            "max_steps_in_episode": 1000,
            "ball_max_y_speed": 3,
            "paddle_y_speed": 1,
            "ball_x_speed": 1,
            "use_ai_policy": True,
        },
    ),
    "FrozenLake-misc": Entry(
        "Cross a slippery four by four lake without falling into a hole.",
        "Towers et al. 2024 (Gymnasium)",
        ("position",),
        4,
        {"max_steps_in_episode": 100},
        {"is_slippery": True, "success_rate": 1 / 3},
    ),
}
