"""NeuroBench itself measures the forward networks on the inputs of recorded runs, and finds the ledger's numbers.

NeuroBench wants torch modules, and NIR has neither rectified rates nor a softmax, so the modules are written here, by
hand: their neurons are ours, their weights those that ``export_nir`` writes
(:mod:`tests.golden.test_neurobench_numbers` holds that they are).

Needs the extra ``neurobench`` (which brings torch and snnTorch); without it these tests are skipped. To store the
numbers that :mod:`tests.golden.test_neurobench_numbers` holds without torch:
``python -m tests.extras.test_neurobench_package``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import initial_values
from neuro_rtrrl.ledger import cost
from tests.golden.forward_runs import MEASURED, RUNS, measured, run

pytestmark = pytest.mark.extra
torch = pytest.importorskip("torch", reason="the extra 'neurobench' is not installed: no torch")
pytest.importorskip("neurobench", reason="the extra 'neurobench' is not installed: no neurobench")


class Sent(torch.nn.Module):
    """What a population sends out; NeuroBench takes it for an activation."""

    def forward(self, values):
        return values


class Exported(torch.nn.Module):
    """What both kinds of network share: linear layers with the weights that ``export_nir`` writes too."""

    def __init__(self, circuit, names):
        super().__init__()
        self.drawn = initial_values(circuit, 0)
        for name in names:
            post, pre = self.drawn[f"{name}.w"].shape
            layer = torch.nn.Linear(pre, post, bias=False)
            layer.weight.data = torch.tensor(self.drawn[f"{name}.w"], dtype=torch.float32)
            setattr(self, name, layer)


class Rates(Exported):
    """A call is a decision: the input is held for its steps."""

    def __init__(self, circuit, activity):
        super().__init__(circuit, ("afferent", "recurrent", "to_dorsal", "to_ventral"))
        size = circuit.populations["cortex"].size
        self.steps, self.dt = circuit.timing.steps, circuit.timing.dt
        self.tau = torch.nn.Parameter(torch.tensor(self.drawn["cortex.tau"], dtype=torch.float32))
        self.register_buffer("h", torch.zeros(size))
        self.rates, self.policy = Sent(), Sent()

    def forward(self, shown):
        h = self.h
        for _ in range(self.steps):
            total = (self.afferent(shown) + self.recurrent(h[None]))[0]
            h = h + self.dt / self.tau * (torch.relu(total) - h)
            self.rates(h)
        self.h = h
        return self.policy(torch.softmax(self.to_dorsal(h[None]), -1)), self.to_ventral(h[None])


class Spikes(Exported):
    """A call is a decision of several steps, whose afferent spikes arrive after a delay."""

    def __init__(self, circuit, activity):
        super().__init__(circuit, ("onto",))
        parameters = {name: each.constant for name, each in circuit.populations["neurons"].parameters.items()}
        self.dt, self.parameters_of = circuit.timing.dt, parameters
        self.register_buffer("v", torch.full((circuit.populations["neurons"].size,), parameters["v_rest"]))
        self.afferents, self.neurons = Sent(), Sent()
        self.queue = [torch.zeros(circuit.populations["afferents"].size)] * round(
            circuit.projections["onto"].delay / circuit.timing.dt
        )

    def forward(self, spikes):
        values, out = self.parameters_of, []
        for sent in spikes[0]:
            pull = values["v_rest"] - self.v + values["drive"]
            self.v = self.v + self.dt / values["tau"] * pull
            fired = self.neurons((self.v > values["v_threshold"]).float())
            self.afferents(sent)
            self.queue.append(sent)
            self.v = self.v + self.onto(self.queue.pop(0)[None])[0]
            self.v = torch.where(fired > 0, torch.tensor(values["v_reset"]), self.v)
            out.append(fired)
        return torch.stack(out)


def measure(circuit, activity):
    """Return what NeuroBench finds in the circuit's network on the activity's inputs."""
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
    from neurobench.models import TorchModel

    torch.manual_seed(0)
    spiking = bool(activity.spikes)
    net = (Spikes if spiking else Rates)(circuit, activity)
    for key, value in activity.state.items():  # where the stretch begins
        if key in ("cortex.h", "neurons.v"):
            setattr(net, key.rpartition(".")[2], torch.tensor(np.asarray(value), dtype=torch.float32))
    if spiking and activity.earlier:
        net.queue = [torch.tensor(each, dtype=torch.float32) for each in activity.earlier["afferents.spike"]]
    model = TorchModel(net)
    model.add_activation_module(Sent)
    model.register_hooks()
    shown = activity.spikes["afferents.spike"] if spiking else activity.shown["sensory.r"]
    for index, one in enumerate(shown):
        if activity.first[index] and not spiking:
            net.h = torch.zeros_like(net.h)
        with torch.no_grad():
            answered = model(torch.tensor(one, dtype=torch.float32)[None])
        if spiking:
            assert np.array_equal(answered.numpy() > 0, activity.spikes["neurons.spike"][index])
    data = torch.zeros(len(shown), 1), None
    found = {
        "footprint": Footprint()(model),
        "connection_sparsity": ConnectionSparsity()(model),
        "activation_sparsity": ActivationSparsity()(model, None, data),
        "synaptic_operations": SynapticOperations()(model, None, data),
    }
    operations = {key: float(value) for key, value in found["synaptic_operations"].items()}
    return {**found, "synaptic_operations": operations}


@pytest.mark.parametrize("name", RUNS)
def test_the_ledger_finds_what_neurobench_measures(name, tmp_path):
    circuit, activity = run(name, tmp_path)
    theirs, ours = measure(circuit, activity), cost(circuit, activity=activity).neurobench
    assert ours["footprint"] == theirs["footprint"]
    assert ours["connection_sparsity"] == pytest.approx(theirs["connection_sparsity"], abs=5e-5)
    assert ours["activation_sparsity"] == pytest.approx(theirs["activation_sparsity"], abs=1e-12)
    for key, number in theirs["synaptic_operations"].items():
        assert ours["synaptic_operations"][key] == pytest.approx(number, rel=1e-9), key


@pytest.mark.parametrize("name", RUNS)
def test_the_stored_numbers_are_what_neurobench_measures(name, tmp_path):
    found, stored = measure(*run(name, tmp_path)), measured()[name]
    operations, known = found.pop("synaptic_operations"), stored.pop("synaptic_operations")
    assert found == pytest.approx(stored)
    assert operations == pytest.approx(known)


if __name__ == "__main__":
    found = {}
    for each in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            found[each] = measure(*run(each, Path(folder)))
    MEASURED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
