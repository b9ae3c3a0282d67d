"""What can be wrong about modulators, who releases them and who senses them: said where, and what to write."""

from __future__ import annotations

import pytest

from neuro_rtrrl.errors import CircuitError
from neuro_rtrrl.graph import load_circuit
from tests.conformance.dopamine_circuits import LOOP, RELEASED

CONCENTRATION = "{source: concentration, population: midbrain, tau: 50 ms, amount: 0.1, baseline: 0.2}"
CASES = {
    "a critic that nobody reads": (
        RELEASED,
        (
            f"neuromodulators.dopamine={CONCENTRATION[:-1]}, critic: readout}}",
            "populations.readout.role=critic",
        ),
        ("neuromodulators.dopamine.critic", "'concentration' reads no value", "leave 'critic' out"),
    ),
    "no critic to read": (
        LOOP,
        ("neuromodulators.phasic={source: td_error_phasic, discount: 0.9}",),
        ("neuromodulators.phasic", "names no critic", "available: value", "add 'critic: NAME'"),
    ),
    "a critic without a slope": (
        LOOP,
        ("populations.value={size: 1, neuron: lif, role: critic}",),
        ("'td_error_continuous' reads 'slope' of the critic", "use 'neuron: value_filter'"),
    ),
    "a population that is not there": (
        RELEASED,
        ("neuromodulators.dopamine.population=midbrian",),
        (
            "neuromodulators.dopamine.population",
            "there is no population 'midbrian'",
            "did you mean 'midbrain'?",
        ),
    ),
    "nobody releases it": (
        RELEASED,
        ("neuromodulators.tonic={source: volume_transmission, baseline: 200 Hz}",),
        ("reads what neurons release, and no population is named", "add 'population: NAME'"),
    ),
    "released by neurons, of a model that is not": (
        LOOP,
        ("neuromodulators.plain.population=cells",),
        ("'reward_only' is not released by neurons", "use 'source: concentration'"),
    ),
    "a delay between two decisions": (
        LOOP,
        ("neuromodulators.phasic.delay=50 ms",),
        (
            "neuromodulators.phasic.delay",
            "a whole number of decision intervals (20 ms), at most 1000",
            "found: 50 ms",
        ),
    ),
    "a delay of too many decisions": (
        LOOP,
        ("neuromodulators.phasic.delay=21 s",),
        ("at most 1000 of them", "found: 21 s"),
    ),
    "a delay of what is continuous": (
        LOOP,
        ("neuromodulators.level.delay=40 ms",),
        ("'concentration' is continuous", "leave 'delay' out"),
    ),
    "dt too coarse for its uptake": (
        RELEASED,
        ("neuromodulators.dopamine.tau=0.2 ms",),
        ("neuromodulators.dopamine.tau", "less than dt (500 us)", "an Euler step would overshoot"),
    ),
    "a neuron that senses nothing": (
        RELEASED,
        ("populations.direct.modulator=dopamine",),
        ("populations.direct.modulator", "neuron 'lif' senses no neuromodulator", "leave 'modulator' out"),
    ),
    "a neuron that is told nothing": (
        RELEASED,
        ("populations.selector={size: 2, neuron: threshold_linear_modulated}",),
        ("population 'selector' names none", "available: dopamine, tonic", "add 'modulator: dopamine'"),
    ),
    "a modulator that is not there": (
        RELEASED,
        ("populations.selector.modulator=dopamin",),
        ("there is no neuromodulator 'dopamin'", "did you mean 'dopamine'?"),
    ),
    "receptors of nothing": (
        RELEASED,
        ("plasticity.hebb.strength=-1",),
        ("has no parameter 'strength'",),
    ),
    "receptors of a unit": (
        RELEASED,
        ("plasticity.d1.strength=1 Hz",),
        ("plasticity.d1.strength", "1 Hz"),
    ),
    "a rule of spikes between rates": (
        RELEASED,
        ("projections.to_selector.plasticity=d1",),
        ("rule 'stdp_dopamine' waits for spikes", "use spiking neurons"),
    ),
    "a reward without a task": (
        RELEASED,
        ("neuromodulators.tonic={source: reward_only}",),
        ("'reward_only' reads the reward, and the circuit has no environment",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_said_where_and_what_to_write(case, tmp_path):
    text, overrides, words = CASES[case]
    path = tmp_path / "circuit.yaml"
    path.write_text(text, encoding="utf-8")
    load_circuit(path)  # right without the override
    with pytest.raises(CircuitError) as caught:
        load_circuit(path, overrides)
    said = str(caught.value).replace("µ", "u")
    assert [word for word in words if word not in said] == [], said


def test_a_users_parameter_called_strength_stays_the_users(tmp_path):
    path = tmp_path / "circuit.yaml"
    path.write_text(
        """
circuit: own
format: 1
timing: {dt: 1 ms}
models:
  neurons:
    sensing:
      parameters: {tau: second, strength: {default: 1.0}}
      states: {a: "1"}
      equations: da/dt = (strength + modulator - a)/tau
      readout: r = a
populations:
  cells: {size: 1, neuron: sensing, tau: 10 ms, modulator: dopamine, strength: 0.25}
neuromodulators:
  dopamine: {source: concentration, baseline: 0.5}
""",
        encoding="utf-8",
    )
    cells = load_circuit(path).populations["cells"]
    assert cells.parameters["strength"].constant == 0.25
    assert cells.strength is None
