"""The network of Izhikevich 2007 has the paper's numbers."""

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import load_circuit, mask

FILE = Path(__file__).parents[2] / "experiments" / "Izhikevich_2007" / "circuit.yaml"


def test_a_thousand_neurons_have_a_hundred_synapses_each():
    circuit = load_circuit(FILE)
    sizes = {name: circuit.populations[name].size for name in ("excitatory", "inhibitory")}
    assert sizes == {"excitatory": 800, "inhibitory": 200}
    assert circuit.timing.dt == pytest.approx(1e-3)
    leaving = dict.fromkeys(sizes, 0)
    for each in circuit.projections.values():
        if each.target.population not in sizes:
            continue  # an electrode
        shape = (sizes[each.target.population], sizes[each.source.population])
        leaving[each.source.population] += int(np.asarray(mask(each, *shape)).sum())
    for name, synapses in leaving.items():
        assert synapses / sizes[name] == pytest.approx(100, rel=0.02), name
    assert not [each for each in circuit.audit() if not each.local]
