"""The same recurrent circuit under other learning algorithms: exact RTRL, and BPTT over T steps.

Compared is the *credit assignment* of the recurrent population: from the derivative of its state to one
gradient (or eligibility) per learned parameter. Forward pass, feedback, modulator, weight change and
optimiser are the same for all and left out, the slope of tanh among them. RFLO is not a formula here: it is
the ledger of the circuit itself, with that many neurons.

Symbols: n neurons, m inputs; R recurrent and I input synapses (n*n and n*m where every pair is connected), L
learned parameters per neuron (bias, tau); P = R + I + L*n parameters in all; k integration steps a decision.
With a = dt/tau and c = a*slope of each neuron, one Euler step of the CT-RNN is h' = (1 - a)*h + a*tanh(W x),
so that dh'/dh = diag(1 - a) + diag(c)*W. Each step the neurons' own c is n multiplies for both; where tau is
learned, a and 1 - a are n divides and n adds, else they are constants.

Exact RTRL (Williams & Zipser 1989)
    J holds dh_i/dtheta for each neuron and parameter: n*P words, n**3 for a dense network. Every step
    J' = (1 - a)*J + c*(W J) + immediate:
    W J is one mac for each recurrent synapse and parameter (R*P, n**4), the rest of an entry two multiplies
    and one add (n*P each), and the immediate term one multiply (not for a bias) and one add a parameter. The
    immediate of tau is a*(h - tanh(W x))/tau: one more add, multiply and divide a neuron. Once a decision the
    trace takes in the feedback g: g J is n*P macs, e = decay*e + g J one multiply and one add a parameter; e
    is P words.

BPTT over T decisions (Werbos 1990)
    Forward keeps h and tanh(W x) of each step and the inputs of each decision: T*(2*k*n + m) words; the sweep
    keeps the gradient (P) and the adjoint (n). The sweep comes once in T decisions and visits each step once,
    so that a decision pays for k steps of it. One step: u = c*adjoint (n multiplies); weights' gradient u x,
    one mac a synapse (R + I); bias n adds; tau its immediate as above and n macs; adjoint (1 - a)*adjoint +
    W^T u, one mac a recurrent synapse (R, through transported weights) and n multiplies, n adds. Once a
    decision the feedback joins the adjoint: n adds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from neuro_rtrrl.graph.circuit import Circuit, Population
from neuro_rtrrl.ledger.counting import count_lines
from neuro_rtrrl.ledger.memory import count_memory
from neuro_rtrrl.ledger.messages import place
from neuro_rtrrl.ledger.tables import Table
from neuro_rtrrl.lowering import LoweredCircuit, hoist, lower

__all__ = ["SIZES", "Cost", "Shape", "bptt_cost", "compare", "recurrent_population", "rtrl_cost", "shape_of"]

SIZES = (8, 16, 32, 64, 128, 256)
_CREDIT = ("local_trace", "eligibility_trace")


@dataclass(frozen=True)
class Shape:
    """The symbols of the formulae; see the module's text."""

    neurons: int
    inputs: int
    recurrent: int
    from_inputs: int
    learned: tuple[str, ...] = ()
    steps: int = 1

    @property
    def parameters(self) -> int:
        """P: learned parameters of the recurrent population and of the synapses onto it."""
        return self.recurrent + self.from_inputs + len(self.learned) * self.neurons


@dataclass(frozen=True)
class Cost:
    """Words kept for learning and operations by kind of one decision."""

    words: int
    operations: Mapping[str, int]

    @property
    def total(self) -> int:
        """Operations, a multiply-accumulate counted as two."""
        return sum(count * (2 if kind == "mac" else 1) for kind, count in self.operations.items())


def rtrl_cost(shape: Shape) -> Cost:
    """Return what exact RTRL keeps and does in a decision; formulae in the module's text."""
    n, P, k = shape.neurons, shape.parameters, shape.steps
    tau = n * ("tau" in shape.learned)
    synapses = shape.recurrent + shape.from_inputs
    step = Counter(mac=shape.recurrent * P)
    # c; an entry's own; immediate of a synapse; immediate of tau
    step.update(multiply=n + 2 * n * P + synapses + tau)
    # 1 - a; an entry's own; joining the immediate; immediate of tau
    step.update(add=tau + n * P + P + tau, divide=tau + tau)
    operations = Counter({kind: k * count for kind, count in step.items()})
    operations.update(mac=n * P, multiply=P, add=P)
    return Cost(n * P + P, dict(operations))


def bptt_cost(shape: Shape, window: int) -> Cost:
    """Return what BPTT over ``window`` decisions keeps and does in a decision; see the module's text."""
    n, P, k = shape.neurons, shape.parameters, shape.steps
    bias, tau = n * ("bias" in shape.learned), n * ("tau" in shape.learned)
    step = Counter(mac=2 * shape.recurrent + shape.from_inputs + tau)
    # a; 1 - a and the adjoint; c, u and the adjoint; one each for the immediate of tau
    step.update(divide=tau + tau, add=tau + n + bias + tau, multiply=3 * n + tau)
    operations = Counter({kind: k * count for kind, count in step.items()})
    operations.update(add=n)
    return Cost(window * (2 * k * n + shape.inputs) + P + n, dict(operations))


def recurrent_population(circuit: Circuit) -> Population | None:
    """Return the population that projects onto itself and learns by local traces, or None."""
    for projection in circuit.projections.values():
        population = circuit.populations[projection.target.population]
        loops = projection.source.population == population.name
        if loops and population.model.name == "ctrnn" and projection.group and not circuit.frozen:
            return population
    return None


def shape_of(lowered: LoweredCircuit, population: Population) -> Shape:
    """Return the symbols of the formulae for one population of a lowered circuit."""
    circuit = lowered.circuit
    onto = [
        projection
        for projection in circuit.projections.values()
        if projection.target.population == population.name and projection.group
    ]
    loops = [p for p in onto if p.source.population == population.name]
    others = [p for p in onto if p.source.population != population.name]
    return Shape(
        neurons=population.size,
        inputs=sum(circuit.populations[name].size for name in {p.source.population for p in others}),
        recurrent=sum(lowered.spaces[p.name].elements for p in loops),
        from_inputs=sum(lowered.spaces[p.name].elements for p in others),
        learned=tuple(population.learns),
        steps=circuit.timing.steps,
    )


def compare(circuit: Circuit, window: int, sizes: tuple[int, ...] = SIZES) -> Table | None:
    """Return memory and operations per decision against the number of recurrent neurons.

    Parameters
    ----------
    circuit : Circuit
    window : int
        T, the decisions that BPTT looks back.
    sizes : tuple of int
        Numbers of recurrent neurons; everything else stays as it is.

    Returns
    -------
    Table or None
        None where no CT-RNN population learns a projection onto itself: the formulae are those of a CT-RNN.
    """
    population = recurrent_population(circuit)
    if population is None:
        return None
    exact = any(group.rule.nonlocal_names for group in circuit.plasticity.values())
    rule = "the circuit's own rule" + (", which is not local" if exact else "")
    columns = ("local_words", "local", "rtrl_words", "rtrl", "bptt_words", "bptt")
    rows = {}
    for size in sizes:
        lowered = _resized(circuit, population, size)
        shape = shape_of(lowered, replace(population, size=size))
        costs = (_own_cost(lowered, population.name), rtrl_cost(shape), bptt_cost(shape, window))
        rows[str(size)] = dict(
            zip(columns, (x for cost in costs for x in (cost.words, cost.total)), strict=True)
        )
    note = (
        f"credit assignment of '{population.name}' alone, per decision; words kept, a mac as two operations; "
        f"local: {rule}; bptt: over {window} decisions, which it must store, "
        "and through transported weights"
    )
    return Table("other algorithms on the same circuit", "neurons", columns, rows, totalled=False, note=note)


def _resized(circuit: Circuit, population: Population, size: int) -> LoweredCircuit:
    populations = {**circuit.populations, population.name: replace(population, size=size)}
    return hoist(lower(circuit.replace(populations=populations, initial={}, record=())))


def _own_cost(lowered: LoweredCircuit, population: str) -> Cost:
    """Return the ledger's own count of the traces of a population and of the synapses onto it."""
    onto = {name for name, p in lowered.circuit.projections.items() if p.target.population == population}
    operations: Counter = Counter()
    for line in count_lines(lowered):
        if line.phase in _CREDIT and (line.owner in onto or place(line.owner, lowered) == population):
            for (_, kind), count in line.operations.items():
                operations[kind] += count
    words = sum(
        item.words
        for item in count_memory(lowered)
        if item.role in _CREDIT and (item.owner in onto or item.owner == population)
    )
    return Cost(words, dict(operations))
