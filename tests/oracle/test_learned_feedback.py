"""Learned feedback meets the forward weights, by the decay alone, and neither sees the other (Kolen & Pollack 1994)."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_rtrrl.backends.jax.program import JaxProgram
from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.programs import make_environment

DECISIONS, RATE = 400, 1e-2
NUMBERS = {"learning_rate": RATE, "trace_decay": 0.9, "entropy_rate": 0.01}
PAIRS = {"dorsal_feedback": "cortex_to_dorsal", "ventral_feedback": "cortex_to_ventral"}


def settings(decay, **changed):
    numbers = {**NUMBERS, "weight_decay": decay, **changed}
    written = ", ".join(f"{key}: {value}" for key, value in numbers.items() if key != "optimiser")
    optimiser = changed.get("optimiser", "sgd")
    lines = [f"plasticity.corticostriatal.{key}={value}" for key, value in NUMBERS.items()]
    lines += [f"plasticity.corticostriatal.weight_decay={decay}", "plasticity.corticostriatal.optimiser=sgd"]
    lines.append(
        f"plasticity.back={{rule: kolen_pollack, {written}, modulator: dopamine, optimiser: {optimiser}}}"
    )
    for feedback in PAIRS:
        lines += [f"projections.{feedback}.plasticity=back", f"projections.{feedback}.feedback=learned"]
    return ["populations.cortex.size=7", "record=[]", *lines]


def run(decay, kernel="native"):
    circuit = load_circuit("circuits/bg.yaml", settings(decay))
    keys = tuple(f"{name}.w" for pair in PAIRS.items() for name in pair)
    program = JaxProgram(circuit, make_environment(circuit), (0,), "float64", keys, kernel=kernel)
    chunk = program.advance(DECISIONS)
    series = {key.removesuffix(".w"): np.asarray(values[0]) for key, values in chunk.records.items()}
    return series, ~chunk.first[0]


@pytest.mark.parametrize("kernel", ["native", "xla"])
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_the_difference_of_feedback_and_forward_weights_follows_the_decay_alone(kernel, decay):
    series, learning = run(decay, kernel)
    left = (1 - decay) ** np.cumsum(np.concatenate([[0], learning[1:]]))
    for feedback, forward in PAIRS.items():
        difference = series[feedback] - series[forward].swapaxes(1, 2)
        assert np.abs(difference[0]).max() > 0.3
        np.testing.assert_allclose(difference, difference[0] * left[:, None, None], rtol=0, atol=1e-12)
        assert np.abs(np.diff(series[forward], axis=0)).max() > 1e-3, "both learn"


def test_decay_shrinks_what_does_not_learn_and_never_grows_it():
    series, _ = run(0.01)
    sizes = [np.abs(series[feedback]).max(axis=(1, 2)) for feedback in PAIRS]
    assert all(size[-1] < size[0] for size in sizes)


def test_the_audit_finds_neither_transport_nor_distance():
    lines = {line.name: line for line in load_circuit("circuits/bg.yaml", settings(0.01)).audit()}
    assert set(PAIRS) <= set(lines)
    assert all(line.local and line.online and line.transport_free for line in lines.values())
    assert "r_post" in lines["dorsal_feedback"].local_by
    assert "'dorsal_feedback'" in lines["cortex_recurrent"].transport_by


OTHER = (
    "plasticity.other={rule: td_lambda_replacing, trace_decay: 0.9, learning_rate: 1e-2, optimiser: sgd, "
    "modulator: dopamine}"
)
MISTAKES = {
    "other numbers": (settings(0.01, trace_decay=0.5), "they differ in 'trace_decay'"),
    "another optimiser": (settings(0.01, optimiser="obgd"), "they differ in 'optimiser'"),
    "nothing to follow": (
        [*settings(0.01), "projections.cortex_to_dorsal.plasticity=other", OTHER],
        "'cortex_to_dorsal' follows 'td_lambda_replacing'",
    ),
    "no rule": (["projections.dorsal_feedback.feedback=learned"], "this projection names none"),
    "said to be random": (
        [*settings(0.01), "projections.dorsal_feedback.feedback=random"],
        "learns the feedback, and this says 'random'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_feedback_that_could_not_meet_the_forward_weights_is_refused(mistake):
    overrides, message = MISTAKES[mistake]
    with pytest.raises(CircuitError) as caught:
        load_circuit("circuits/bg.yaml", overrides)
    assert message in str(caught.value)
