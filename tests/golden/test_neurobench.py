"""The ledger's NeuroBench keys equal what NeuroBench measures on the exported, frozen forward part.

Needs the extra ``neurobench`` (which brings torch); without it these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuro_rtrrl.graph import initial_values, load_circuit
from neuro_rtrrl.ledger import cost

pytestmark = pytest.mark.extra
torch = pytest.importorskip("torch", reason="the extra 'neurobench' is not installed: no torch")
pytest.importorskip("neurobench", reason="the extra 'neurobench' is not installed: no neurobench")

BG = Path(__file__).resolve().parents[2] / "circuits" / "bg.yaml"
VARIANTS = {
    "as shipped": [],
    "sparse": ["projections.cortex_recurrent.connectivity={probability: 0.25}"],
    "five steps a decision": ["timing.dt=4 ms"],
}


def exported(circuit):
    """Return the forward part of bg.yaml as a torch module: one call is one decision."""
    drawn = initial_values(circuit, 0)
    steps, dt = circuit.timing.steps, circuit.timing.dt

    class Forward(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name in ("sensory_to_cortex", "cortex_recurrent", "cortex_to_dorsal", "cortex_to_ventral"):
                post, pre = drawn[f"{name}.w"].shape
                layer = torch.nn.Linear(pre, post, bias=False)
                layer.weight.data = torch.tensor(drawn[f"{name}.w"], dtype=torch.float32)
                setattr(self, name, layer)
            for name in ("tau", "bias"):
                values = torch.tensor(drawn[f"cortex.{name}"], dtype=torch.float32)
                setattr(self, name, torch.nn.Parameter(values))
            self.register_buffer("h", torch.full((32,), 0.5))

        def forward(self, shown):
            h = self.h.expand(shown.shape[0], -1)
            for _ in range(steps):
                total = self.sensory_to_cortex(shown) + self.cortex_recurrent(h)
                h = h + dt * (torch.tanh(total + self.bias) - h) / self.tau
            return torch.softmax(self.cortex_to_dorsal(h), -1), self.cortex_to_ventral(h)

    return Forward()


@pytest.mark.parametrize("variant", VARIANTS)
def test_ledger_equals_neurobench(variant):
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import SynapticOperations
    from neurobench.models import TorchModel

    circuit = load_circuit(BG, VARIANTS[variant])
    ours = cost(circuit).neurobench
    model = TorchModel(exported(circuit))
    model.register_hooks()
    metric = SynapticOperations()
    inputs = np.random.default_rng(0).uniform(0.1, 0.9, (4, circuit.populations["sensory"].size))
    for one in torch.tensor(inputs, dtype=torch.float32):  # no input is 0 or 1, as the ledger takes it
        decision = one[None]
        with torch.no_grad():
            predicted = model(decision)
        measured = metric(model, predicted, (decision, decision))
        model.reset_hooks()

    assert measured == ours["synaptic_operations"]
    assert Footprint()(model) == ours["footprint"]
    assert ConnectionSparsity()(model) == pytest.approx(ours["connection_sparsity"], abs=5e-5)
