"""``neuro-rtrrl check``."""

from __future__ import annotations

from neuro_rtrrl.cli.output import counted, print_json
from neuro_rtrrl.graph import load_circuit
from neuro_rtrrl.graph.audit import audit
from neuro_rtrrl.graph.describe import intervention_text

__all__ = ["run_check"]


def run_check(file: str, settings: list[str], biology: bool, json: bool) -> int:
    """Load the file; problems leave as :class:`~neuro_rtrrl.errors.CircuitError`."""
    circuit = load_circuit(file, settings)
    lines = audit(circuit) if biology else ()
    if json:
        document: dict = {"problems": []}
        if biology:
            document["biology"] = [line.as_dict() for line in lines]
        print_json(document)
        return 0
    neurons = sum(population.size for population in circuit.populations.values())
    print(
        f"{file}: no problems. {counted(len(circuit.populations), 'population')}, {counted(neurons, 'neuron')}, "
        f"{counted(len(circuit.projections), 'projection')}."
    )
    for name, each in circuit.interventions.items():
        print(f"intervention {name}: {intervention_text(each, circuit.timing)}")
    for line in lines:
        print(f"\n{line}")
    return 0
