"""Dopamine as what a population of spiking neurons fires above its baseline."""

from neuro_rtrrl.models.declarations import Modulator, Parameter, State
from neuro_rtrrl.models.modulators.reward_only import GAIN

VOLUME_TRANSMISSION = Modulator(
    name="volume_transmission",
    summary="Filtered firing of a population, summed over its neurons, minus a baseline.",
    source="Potjans, Diesmann & Morrison 2011, Eqs. 4 and 5 (n - b)",
    parameters=(
        Parameter("tau", "second", default=0.1, minimum=0.0, positive=True, description="time of the filter"),
        Parameter("baseline", "hertz", minimum=0.0, description="firing of all neurons that counts as none"),
        Parameter(
            "scale", "hertz", default=1.0, minimum=0.0, positive=True, description="firing that counts as 1"
        ),
        GAIN,
    ),
    states=(State("firing", "hertz", initial="baseline", role="modulator", description="filtered firing"),),
    reads=("release",),
    equations="dfiring/dt = (release/dt - firing)/tau",
    readout="signal = gain*(firing - baseline)/scale",
)
