"""The oracle of Algorithm 1 with the numbers of a circuit, and a run of both side by side.

A circuit is laid out as ``circuits/bg.yaml`` is: sensory and recurrent synapses onto one cortex, an actor and
a critic, a feedback projection from each. Every number is taken from the circuit; no equation is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuro_rtrrl.backends.chunk import Chunk
from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.environments import streams
from neuro_rtrrl.environments.registry import make
from neuro_rtrrl.graph import Circuit, initial_values, load_circuit
from neuro_rtrrl.graph.wiring import mask
from neuro_rtrrl.randomness import key as seed_key
from tests.oracle.algorithm_1 import RTRRL, Rule

ROOT = Path(__file__).parents[2]
SMALL = ("populations.cortex.size=6", "record=[]")
CARTPOLE = (
    "environment.name=CartPole-v1",
    "environment.parameters={max_steps_in_episode: 18}",
    "environment.observe=[x, theta]",
)
SYMMETRIC = (
    "projections.dorsal_feedback.feedback=symmetric",
    "projections.ventral_feedback.feedback=symmetric",
)
SYNAPSES = {
    "W_in": "sensory_to_cortex",
    "W_rec": "cortex_recurrent",
    "W_A": "cortex_to_dorsal",
    "W_C": "cortex_to_ventral",
}
INTRINSIC = {
    "bias": ("cortex", "bias"),
    "tau": ("cortex", "tau"),
    "b_A": ("dorsal_striatum", "bias"),
    "b_C": ("ventral_striatum", "bias"),
}
OF_THE_TICK = {
    "h": "cortex.h",
    "pi": "dorsal_striatum.r",
    "entropy": "dorsal_striatum.entropy",
    "v": "ventral_striatum.r",
    "delta": "dopamine",
    "v_previous": "dopamine.value_previous",
    "action": "action",
    "error_A": "dorsal_striatum.error",
    "feedback": "cortex.feedback",
    "entropy_feedback": "cortex.entropy_feedback",
}


def load_small(*overrides: str, file: str = "circuits/bg.yaml") -> Circuit:
    """Return the shipped circuit with six cortical neurons and further ``path=value`` overrides."""
    return load_circuit(ROOT / file, overrides=(*SMALL, *overrides))


def environment_of(circuit: Circuit):
    """Make the circuit's environment."""
    choice = circuit.environment
    assert choice is not None
    return make(choice.name, choice.parameters, choice.observe or None)


def learning_group(circuit: Circuit, name: str):
    """Return the group of plasticity by which the oracle's parameter ``name`` learns, or None."""
    if name in SYNAPSES:
        group = circuit.projections[SYNAPSES[name]].group
    else:
        population = circuit.populations[INTRINSIC[name][0]]
        group = population.plasticity if INTRINSIC[name][1] in population.learns else None
    return circuit.plasticity[group] if group else None


def masks_of(circuit: Circuit) -> dict[str, np.ndarray]:
    """Return which synapses exist, by the oracle's names, where not all do."""
    size = {name: population.size for name, population in circuit.populations.items()}
    found = {}
    for name, projection in ((name, circuit.projections[full]) for name, full in SYNAPSES.items()):
        existing = mask(projection, size[projection.target.population], size[projection.source.population])
        if existing is not None:
            found[name] = existing
    return found


def oracle_of(circuit: Circuit, seed: int, dtype=np.float64) -> RTRRL:
    """Return the oracle at the start of a run."""
    start = initial_values(circuit, seed)
    parameters = {name: start[f"{projection}.w"] for name, projection in SYNAPSES.items()}
    parameters |= {name: start[f"{owner}.{short}"] for name, (owner, short) in INTRINSIC.items()}
    rules = {}
    for name in (*SYNAPSES, *INTRINSIC):
        if group := learning_group(circuit, name):
            assert group.optimiser is not None
            wanted = {
                key: value for key, value in group.parameters.items() if key in Rule.__dataclass_fields__
            }
            rules[name] = Rule(**{"entropy_rate": 0.0, "optimiser": group.optimiser.name} | wanted)
    dorsal, ventral = (circuit.projections[f"{name}_feedback"] for name in ("dorsal", "ventral"))
    symmetric = dorsal.transpose_of is not None
    assert symmetric == (ventral.transpose_of is not None)
    dopamine = circuit.neuromodulators["dopamine"].parameters
    return RTRRL(
        parameters,
        rules,
        B_A=None if symmetric else start["dorsal_feedback.w"],
        B_C=None if symmetric else start["ventral_feedback.w"],
        feedback="symmetric" if symmetric else "alignment",
        masks=masks_of(circuit),
        decision_interval=circuit.timing.decision_interval,
        steps=round(circuit.timing.decision_interval / circuit.timing.dt),
        discount=dopamine["discount"],
        actor_gain=dorsal.gain,
        critic_gain=ventral.gain,
        dopamine_gain=dopamine["gain"],
        tau_minimum=circuit.populations["cortex"].parameters["tau_minimum"].constant,
        dtype=dtype,
    )


def keys_of(circuit: Circuit) -> dict[str, str]:
    """Map the oracle's variables to the package's, for all that the circuit has."""
    keys = dict(OF_THE_TICK)
    owners = {name: (f"{projection}.w", projection) for name, projection in SYNAPSES.items()}
    owners |= {name: (f"{owner}.{short}",) * 2 for name, (owner, short) in INTRINSIC.items()}
    for name, (weight, owner) in owners.items():
        group = learning_group(circuit, name)
        if group is None:
            continue
        keys |= {name: weight, f"e.{name}": f"{owner}.e"}
        if name in ("W_in", "W_rec", "bias", "tau"):
            keys[f"J.{name}"] = f"{owner}.j"
        if group.optimiser and group.optimiser.name == "adam":
            keys |= {f"m.{name}": f"{owner}.adam.m", f"s.{name}": f"{owner}.adam.s"}
            keys |= {f"beta_{i}_power.{name}": f"{group.name}.power_{i}" for i in (1, 2)}
    return keys


def run_program(circuit: Circuit, decisions: int, seeds=(3,), precision="float64", record=None, **options):
    """Run the JAX backend in closed loop; return the program and all decisions as one chunk."""
    record = (*sorted(set(keys_of(circuit).values())), "sensory.r") if record is None else record
    program = JaxProgram(circuit, environment_of(circuit), seeds, precision, tuple(record), **options)
    chunks: list[Chunk] = []
    program.run(decisions, chunks.append)
    return program, joined(chunks)


def joined(chunks: list[Chunk]) -> Chunk:
    """Return consecutive chunks as one."""

    def along(name: str) -> np.ndarray:
        return np.concatenate([getattr(chunk, name) for chunk in chunks], axis=1)

    records = {key: np.concatenate([c.records[key] for c in chunks], axis=1) for key in chunks[0].records}
    parts = (along(name) for name in ("reward", "first", "terminated", "truncated"))
    return Chunk(chunks[0].start, sum(chunk.count for chunk in chunks), *parts, records=records)


def action_uniforms(seed: int, decisions: int) -> np.ndarray:
    """Return the numbers that draw a run's actions."""
    return np.asarray(streams.action_uniforms(seed_key(seed), 0, decisions))


def drive(oracle: RTRRL, circuit: Circuit, chunk, seed: int, index: int = 0) -> dict[str, np.ndarray]:
    """Give the oracle what the environment answered in ``chunk``; return its variables, decision first.

    The oracle chooses its own actions and makes its own efference copy and copy of the reward.
    """
    assert circuit.environment is not None
    seen = chunk.records["sensory.r"][index][:, : len(circuit.environment.observation)]
    uniforms = action_uniforms(seed, chunk.count)
    history = [
        oracle.tick(
            seen[t],
            chunk.reward[index, t],
            bool(chunk.terminated[index, t]),
            bool(chunk.first[index, t]),
            uniforms[t],
        )
        for t in range(chunk.count)
    ]
    return {name: np.stack([variables[name] for variables in history]) for name in history[0]}


def differences(
    circuit: Circuit, chunk, expected, index: int = 0, relative: bool = False
) -> dict[str, float]:
    """Return the largest difference of every variable, over all decisions and the synapses that exist."""
    masks, found = masks_of(circuit), {}
    for name, key in keys_of(circuit).items():
        actual, wanted = chunk.records[key][index], expected[name]
        if (existing := masks.get(name.rpartition(".")[2])) is not None and actual.ndim == 3:
            actual, wanted = actual[:, existing], wanted[:, existing]
        assert np.isfinite(actual).all(), key
        off = np.abs(actual.reshape(wanted.shape) - wanted).max()
        found[key] = float(off / max(np.abs(wanted).max(), 1e-30)) if relative else float(off)
    return found


def put_state(oracle: RTRRL, circuit: Circuit, chunk, t: int, index: int = 0) -> None:
    """Give the oracle the state in which the backend left decision ``t``, in the oracle's precision."""
    values = {
        name: chunk.records[key][index, t].astype(oracle.dtype) for name, key in keys_of(circuit).items()
    }
    oracle.h, oracle.action = values["h"], int(values["action"])
    oracle.v_previous = values["v_previous"]
    masks = masks_of(circuit)
    families = {"J": oracle.J, "e": oracle.e, "m": oracle.m, "s": oracle.s, "": oracle.w}
    families |= {"beta_1_power": oracle.beta_1_power, "beta_2_power": oracle.beta_2_power}
    for name, value in values.items():
        family, _, parameter = name.rpartition(".")
        if parameter in oracle.rules:
            # what a dense layout computes where there is no synapse has no meaning and no effect
            kept = value * masks[parameter] if parameter in masks and value.ndim == 2 else value
            families[family][parameter] = kept.reshape(np.shape(families[family][parameter]))
