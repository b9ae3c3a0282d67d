"""Bellec et al. 2020: what e-prop's traces are, how near they come to backpropagation, and what they teach.

``run`` returns, for every seed (a network of its own, drawn by it):

- ``traces_off``: largest difference of e-prop's gradients (trace times learning signal, decision by decision) from
  autodiff through the same network with the paths closed that e-prop leaves out, relative to the largest gradient;
- ``theorem_off``: the same, of the paper's Eq. 1: traces times the *true* learning signals dE/dz, summed over steps,
  against backpropagation through time with every path open;
- ``cosine``, ``cosine_strong``: between e-prop's gradient of ten episodes and that of backpropagation through time, of
  the circuit's network and of one whose recurrent weights are five times as strong; ``cosine_random``: the same as
  ``cosine`` where learning signals come through fixed random synapses;
- ``final``, ``final_random``, ``final_through_time``: mean return of the last tenth of learning, by the circuit, with
  fixed random feedback, and by backpropagation through time.

What is of random feedback or backpropagation is measured for the model only (NaN in controls).
Traces, behaviour and dopamine are those of the package; gradients are of ``network.py``, which knows nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import neuro_rtrrl as nr
from neuro_rtrrl.graph import Recording, initial_values

sys.path.insert(0, str(Path(__file__).parent))
from backpropagation import learn
from figure import draw
from network import Numbers, by_decision, closed, free, of_spikes

__all__ = ["draw", "run"]

DECISIONS, BINS, EPISODES, STRONG = 400_000, 40, 10, 5.0
CIRCUIT = Path(__file__).with_name("circuit.yaml")
RANDOM = tuple(f"projections.{each}_feedback.feedback=random" for each in ("dorsal", "ventral"))
LEARNED = ("sensory_to_cortex", "cortex_recurrent")
WEIGHTS = (*LEARNED, "cortex_to_dorsal", "cortex_to_ventral")


def starting(circuit: nr.Circuit, seed: int, strength: float = 1.0) -> dict[str, np.ndarray]:
    """Return the initial weights of a seed, the recurrent ones times ``strength``."""
    values = initial_values(circuit, seed)
    theta = {name: np.asarray(values[f"{name}.w"], float) for name in WEIGHTS}
    theta["cortex_recurrent"] = theta["cortex_recurrent"] * strength
    return theta | {"bias": np.asarray(values["cortex.bias"], float)}


def length_of(circuit: nr.Circuit) -> int:
    """Return how many decisions an episode has; in the last one the reward is there and nothing else matters."""
    assert circuit.environment is not None
    return int(circuit.environment.parameters["memory_length"]) + 2


def watch(circuit: nr.Circuit, seed: int, theta: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Let the package behave with weights that stay; return what it records: (episodes, decisions, [steps,] ...)."""
    still = circuit.replace(events=()).with_weights({f"{name}.w": theta[name] for name in WEIGHTS})
    for group in circuit.plasticity:
        still = still.freeze(group)
    once = [
        ("sensory", "r"),
        ("cortex", "feedback"),
        ("dopamine", ""),
        ("action", ""),
    ]
    keys = [Recording(owner, variable) for owner, variable in once]
    keys += [Recording(name, "j", every=0) for name in LEARNED]
    length, steps = length_of(circuit), circuit.timing.steps
    result = nr.simulate(
        still.replace(record=tuple(keys)), decisions=EPISODES * length, seeds=[seed], precision="float64"
    )

    def cut(name: str) -> np.ndarray:
        values = result[name].values[0]
        by_step = (steps,) if name.endswith(".j") else ()
        return values.reshape(EPISODES, length, *by_step, *values.shape[1:])

    return {key: cut(key) for key in ("sensory.r", "cortex.feedback", "dopamine", "action")} | {
        f"{name}.j": cut(f"{name}.j") for name in LEARNED
    }


def advantages(circuit: nr.Circuit, dopamine: np.ndarray) -> np.ndarray:
    """Return by how much each decision is credited, (episodes, decisions): later dopamine, discounted as traces are.

    Where there is no dopamine every decision counts alike, so that gradients can be compared all the same.
    """
    fall = (
        circuit.neuromodulators["dopamine"].parameters["discount"]
        * circuit.plasticity["recurrent"].parameters["trace_decay"]
    )
    if not dopamine.any():
        return np.ones_like(dopamine)
    credit = np.zeros_like(dopamine)
    for t in range(dopamine.shape[1] - 2, -1, -1):
        credit[:, t] = dopamine[:, t + 1] + fall * credit[:, t + 1]
    return credit


def compare(circuit: nr.Circuit, seed: int, strength: float = 1.0) -> dict[str, Any]:
    """Set the package's traces against autodiff, for one network."""
    theta, numbers = starting(circuit, seed, strength), Numbers.of(circuit)
    seen = watch(circuit, seed, theta)
    credit = advantages(circuit, seen["dopamine"])
    inputs, actions = seen["sensory.r"], seen["action"].astype(int).reshape(credit.shape)
    with jax.enable_x64(True):
        given = {name: jnp.asarray(value) for name, value in theta.items()}
        local, _ = by_decision(numbers, given, inputs, actions, closed)
        full, _ = by_decision(numbers, given, inputs, actions, free)
        truth = np.asarray(of_spikes(numbers, given, inputs, actions, credit))
    off = 0.0
    found: dict[str, list] = {"e_prop": [], "through_time": [], "ideal": []}
    for name in LEARNED:
        traces = seen[f"{name}.j"]  # (episodes, decisions, steps, post, pre), filtered as the readout is
        # the learning signal is the package's own: through the readout's weights, or through random ones
        product = seen["cortex.feedback"][..., None] * traces[:, :, -1]
        exact = np.asarray(local[name])
        off = max(off, float(np.abs(product - exact).max() / np.abs(exact).max()))
        flat = traces.reshape(EPISODES, -1, *traces.shape[3:])
        before = np.concatenate([np.zeros_like(flat[:, :1]), flat[:, :-1]], axis=1)
        eligibility = flat - (1 - numbers.dt / numbers.tau_readout) * before
        signals = truth.reshape(*flat.shape[:2], -1)
        found["ideal"].append(np.einsum("esk,eski->ki", signals, eligibility).ravel())
        found["e_prop"].append(np.einsum("et,etki->ki", credit, product).ravel())
        found["through_time"].append(np.einsum("et,etki->ki", credit, np.asarray(full[name])).ravel())
    joined = {key: np.concatenate(each) for key, each in found.items()}
    difference = np.abs(joined["ideal"] - joined["through_time"]).max()
    scale = np.abs(joined["through_time"]).max()
    return joined | {"traces_off": off, "theorem_off": float(difference / scale)}


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of the angle between two gradients."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def is_the_model(circuit: nr.Circuit) -> bool:
    """Say whether nothing was taken away: only then backpropagation is its counterpart."""
    return not circuit.told and circuit.projections["cortex_recurrent"].rule.name == "e_prop"


def run(circuit: nr.Circuit, seeds: Sequence[int]) -> tuple[dict[str, Sequence[float]], dict[str, Any]]:
    """Measure the circuit; see the head of this file."""
    naive = [compare(circuit, seed) for seed in seeds]
    strong = [compare(circuit, seed, STRONG) for seed in seeds]
    result = nr.simulate(circuit, decisions=DECISIONS, seeds=list(seeds))
    unknown = [float("nan")] * len(seeds)
    numbers: dict[str, Sequence[float]] = {
        "traces_off": [max(a["traces_off"], b["traces_off"]) for a, b in zip(naive, strong, strict=True)],
        "theorem_off": [max(a["theorem_off"], b["theorem_off"]) for a, b in zip(naive, strong, strict=True)],
        "cosine": [cosine(each["e_prop"], each["through_time"]) for each in naive],
        "cosine_strong": [cosine(each["e_prop"], each["through_time"]) for each in strong],
        "cosine_random": unknown,
        "final": [float(value) for value in result.episodes.final_return(DECISIONS)],
        "final_random": unknown,
        "final_through_time": unknown,
    }
    traces: dict[str, Any] = {
        "curves": result.episodes.curve(DECISIONS, BINS),
        "naive": naive,
        "strong": strong,
    }
    if is_the_model(circuit):
        more, curves = _beside(circuit, seeds)
        numbers, traces = numbers | more, traces | curves
    return numbers, traces


def _beside(circuit: nr.Circuit, seeds: Sequence[int]) -> tuple[dict[str, Sequence[float]], dict[str, Any]]:
    """Measure random feedback, and backpropagation through time of the same networks on the same task."""
    random = nr.load(CIRCUIT, RANDOM)
    gradients = [compare(random, seed) for seed in seeds]
    learned = nr.simulate(random, decisions=DECISIONS, seeds=list(seeds))
    length, start = length_of(circuit), [starting(circuit, seed) for seed in seeds]
    returns = learn(start, Numbers.of(circuit), length - 2, DECISIONS // length, seeds)
    numbers: dict[str, Sequence[float]] = {
        "cosine_random": [cosine(each["e_prop"], each["through_time"]) for each in gradients],
        "final_random": [float(value) for value in learned.episodes.final_return(DECISIONS)],
        "final_through_time": [float(each[-(len(each) // 10) :].mean()) for each in returns],
    }
    parts = np.array_split(returns, BINS, axis=1)
    through_time = np.stack([part.mean(1) for part in parts], 1)
    return numbers, {"random": learned.episodes.curve(DECISIONS, BINS), "through_time": through_time}
