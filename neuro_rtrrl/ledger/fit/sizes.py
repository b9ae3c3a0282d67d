"""Whether a circuit is small enough for a device: neurons, synapses, axons, memory, time."""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.finding import Finding, against, not_known
from neuro_rtrrl.ledger.fit.limits import Limit, product

__all__ = ["SIZES"]


def neurons(case: Case) -> Iterator[Finding]:
    """Compare the neurons with those of the chip."""
    limit = case.capacity("neurons_per_chip")
    if not limit.known:
        limit = _of_all_cores(case, case.capacity("compartments_per_core", "neurons_per_core"), limit)
    needs = sum(len(load.bits) for load in case.loads.values())
    yield against("neurons", "neurons on the chip", needs, limit, where=tuple(case.loads))


def kinds_of_neurons(case: Case) -> Iterator[Finding]:
    """Compare inputs, readouts and the neurons between with a chip that has a fixed number of each."""
    outside = sum(case.extent.neurons[name] for name in case.extent.clamped)
    readouts = {name for name in case.loads if case.circuit.populations[name].role}
    within = sum(len(load.bits) for name, load in case.loads.items() if name not in readouts)
    counts = {
        "inputs": ("inputs", outside, ("inputs",)),
        "outputs": ("readout neurons", sum(case.extent.neurons[name] for name in readouts), ("outputs",)),
        "hidden": ("neurons between input and readout", within, ("recurrent_neurons", "hidden_neurons")),
    }
    for what, needs, names in counts.values():
        limit = case.capacity(*names)
        if limit.known:
            yield against("kinds_of_neurons", what, needs, limit)


def synapses(case: Case) -> Iterator[Finding]:
    """Compare the synapses with those of the chip."""
    limit = case.capacity("synapses_per_chip")
    if not limit.known:
        limit = _of_all_cores(case, case.capacity("synapses_per_core"), limit)
    needs = sum(int(load.synapses.sum()) for load in case.loads.values())
    if limit.known or not case.memory("synaptic_state_per_core", "memory_per_core", "memory_per_chip").known:
        yield against("synapses", "synapses on the chip", needs, limit)


def fan_in(case: Case) -> Iterator[Finding]:
    """Compare the synapses of one neuron with what it can have."""
    limit = case.capacity("synapses_per_neuron")
    if limit.known:
        most = {name: int(load.synapses.max(initial=0)) for name, load in case.loads.items()}
        name = max(most, key=lambda each: most[each], default="")
        yield against("fan_in", f"synapses onto a neuron of {name}", most.get(name, 0), limit, where=(name,))


def fan_out(case: Case) -> Iterator[Finding]:
    """Compare the synapses that one neuron reaches with what it can reach."""
    limit = case.capacity("largest_fan_out")
    if limit.known:
        most: dict[str, int] = {}
        for projection, (source, _) in case.extent.ends.items():
            sent = -(-case.extent.synapses[projection] // max(case.extent.neurons[source], 1))
            most[source] = most.get(source, 0) + sent
        name = max(most, key=lambda each: most[each], default="")
        yield against("fan_out", f"synapses from a neuron of {name}", most.get(name, 0), limit, where=(name,))


def cores(case: Case) -> Iterator[Finding]:
    """Compare the cores that a placement needs with those there are."""
    limit = case.capacity("cores")
    placement = case.placement
    if placement is None:
        if limit.known:
            says = f"cores: {limit.value:,.0f}; what one of them holds is not known"
            yield not_known("cores", says)
        return
    yield against("cores", "cores", placement.cores, limit)


_PER_CORE = (
    ("neurons_per_core", "neurons", "neurons of a core", "capacity", ("compartments_per_core", "neurons_per_core")),
    ("synapses_per_core", "synapses", "synapses of a core", "capacity", ("synapses_per_core",)),
    ("in_axons", "in_axons", "sources that a core listens to", "capacity", ("in_axons_per_core",)),
    ("out_axons", "out_axons", "neurons of a core times cores they reach", "capacity", ("out_axons_per_core",)),
    ("synaptic_memory", "synaptic_bits", "synaptic memory of a core", "memory", ("synaptic_state_per_core",)),
    ("core_memory", "bits", "memory of a core", "memory", ("memory_per_core",)),
)  # fmt: skip


def each_core(case: Case) -> Iterator[Finding]:
    """Compare the fullest core of the placement with what a core holds."""
    if case.placement is None:
        return
    for name, what, label, section, names in _PER_CORE:
        limit = (case.memory if section == "memory" else case.capacity)(*names)
        if not limit.known:
            continue
        needs = case.placement.most[what] + (case.influence_bits if what == "bits" else 0)
        if what == "bits" and case.exact:
            label = f"memory of the one core that holds all {case.influence_words:,} words of exact RTRL and the rest"
        yield against(name, label, needs, limit, "bit" if section == "memory" else "", tuple(case.loads))


def chip_memory(case: Case) -> Iterator[Finding]:
    """Compare everything that is kept with the memory of the chip."""
    limit = case.memory("memory_per_chip")
    of_cores = case.memory("memory_per_core", "synaptic_state_per_core")
    if limit.known or not of_cores.known:
        needs = sum(int(load.bits.sum()) for load in case.loads.values()) + case.influence_bits
        yield against("chip_memory", "memory, code apart", needs, limit, "bit")


def _of_all_cores(case: Case, one: Limit, otherwise: Limit) -> Limit:
    together = product(one, case.capacity("cores"))
    return together if together.known else otherwise


SIZES = (neurons, kinds_of_neurons, synapses, fan_in, fan_out, cores, each_core, chip_memory)
