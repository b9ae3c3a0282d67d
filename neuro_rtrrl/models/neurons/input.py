"""Sensory relay: its rate is what the environment shows."""

from neuro_rtrrl.models.declarations import NeuronModel

INPUT = NeuronModel(
    name="input",
    summary="Clamped by the environment: observation, efference copy of the last action, last reward.",
    source="Lemmel & Grosu 2025, Algorithm 1 (input of the recurrent network)",
    clamped=True,
    receivers={},
)
