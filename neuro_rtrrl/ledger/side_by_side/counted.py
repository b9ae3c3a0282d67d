"""A circuit counted under one rule, to be held against any number of devices.

BPTT is the circuit with RFLO, less the lines and words of its local and eligibility traces, and with what the formulae
of :mod:`neuro_rtrrl.ledger.comparison` say in their place. They count operations and words, no accesses to memory:
those stand among what is not costed. A decision pays for one decision of the sweep, which really comes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.ledger.comparison import Cost, bptt_cost, recurrent_population, shape_of
from neuro_rtrrl.ledger.counting import Line, count_lines
from neuro_rtrrl.ledger.energy import Demand
from neuro_rtrrl.ledger.influence import SCOPE
from neuro_rtrrl.ledger.memory import MemoryItem, count_memory
from neuro_rtrrl.ledger.messages import Messages, count_messages, place
from neuro_rtrrl.ledger.pricing import demands_of
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.ledger.side_by_side.rules import Choice, NotApplicableError, with_rule
from neuro_rtrrl.lowering import Assign, LoweredCircuit, hoist, lower

__all__ = ["Counted", "count"]

_CREDIT = ("local_trace", "eligibility_trace")
_SWEEP = "BPTT: backward sweep"


@dataclass(frozen=True, eq=False)
class Counted:
    """What a circuit does in a decision under one rule.

    Attributes
    ----------
    circuit : Circuit
        Under that rule; under BPTT with RFLO, which ``sweep`` replaces.
    choice : Choice
    note : str
        What has to be known about the rule in this circuit.
    lowered, written : LoweredCircuit
        Hoisted, which is what counts, and as written.
    lines : tuple of Line
    messages : tuple of Messages
    sweep : Cost or None
        Of BPTT.
    """

    circuit: Circuit
    choice: Choice
    note: str
    lowered: LoweredCircuit
    written: LoweredCircuit
    lines: tuple[Line, ...]
    messages: tuple[Messages, ...]
    sweep: Cost | None = None

    @cached_property
    def _running(self) -> LoweredCircuit:
        """The same without learning."""
        return hoist(lower(self.circuit.freeze().replace(record=())))

    @cached_property
    def operations(self) -> float:
        """Operations a decision, a multiply-accumulate as one; without what spikes set off."""
        return _total(self.lines)

    @cached_property
    def learning_operations(self) -> float:
        """How many of them the circuit would not need if it did not learn."""
        return self.operations - _total(count_lines(self._running))

    @property
    def per_spike(self) -> bool:
        """Whether spikes set off more, which only a run can count."""
        return any(line.trigger for line in self.lines)

    def memory(self, profile: HardwareProfile | None = None) -> tuple[MemoryItem, ...]:
        """Return everything that is kept, at the profile's word widths."""
        items = count_memory(self.lowered, profile)
        if self.sweep is None:
            return items
        credited = _credited(self.lowered)
        population = recurrent_population(self.circuit)
        name = population.name if population else ""
        window = MemoryItem(f"{name}.window", "local_trace", SCOPE, name, "state", self.sweep.words)
        return (*(item for item in items if not (item.role in _CREDIT and item.owner in credited)), window)

    def learning_memory(self, profile: HardwareProfile | None = None) -> tuple[int, int]:
        """Return the words and bits that the circuit would not need if it did not learn."""
        mine, running = self.memory(profile), count_memory(self._running, profile)
        return (
            sum(item.words for item in mine) - sum(item.words for item in running),
            sum(item.bits for item in mine) - sum(item.bits for item in running),
        )

    def demands(self, profile: HardwareProfile, precision: str = "fp32") -> tuple[Demand, ...]:
        """Return what a decision asks of a device."""
        lowered = self.lowered if self.sweep is None else _without_credit(self.lowered)
        asked = demands_of(lowered, self.lines, self.messages, self.memory(profile), profile, precision)
        return (*asked, *self._of_the_sweep(profile, asked))

    def _of_the_sweep(self, profile: HardwareProfile, asked: tuple[Demand, ...]) -> Iterator[Demand]:
        if self.sweep is None:
            return
        by_operations = any(demand.event.partition(".")[0] == "mac" for demand in asked)
        if not by_operations:
            count = sum(self.sweep.operations.values())
            reason = (
                "through transported weights and stored decisions: no synapse or neuron of a chip could do it"
            )
            yield Demand(_SWEEP, "", count, reason=reason)
        yield Demand(
            f"{_SWEEP}, reads and writes", "", None, reason="its formulae count operations and words alone"
        )


def count(circuit: Circuit, choice: Choice) -> Counted:
    """Count a circuit under a rule.

    Raises
    ------
    NotApplicableError
        With the reason, where the circuit has no form under the rule.
    CircuitError
        If the circuit cannot be lowered.
    """
    if choice.window is None:
        changed, note = with_rule(circuit, choice)
        return _counted(changed, choice, note)
    if not circuit.frozen and recurrent_population(circuit) is None:
        raise NotApplicableError("the formulae of BPTT are those of rate neurons that learn among themselves")
    local, _ = with_rule(circuit, Choice("rflo"))
    found = _counted(local, choice, f"averaged over the {choice.window:,} decisions of a window")
    population = recurrent_population(local)
    assert population is not None
    sweep = bptt_cost(shape_of(found.lowered, population), choice.window)
    credited = _credited(found.lowered)
    lines = (line for line in found.lines if not _is_credit(line, credited, found.lowered))
    operations = Counter({(SCOPE, kind): number for kind, number in sweep.operations.items()})
    line = Line("advance", "local_trace", SCOPE, population.name, _SWEEP, sweep.words, 1, operations, 0, 0)
    return Counted(
        local, choice, found.note, found.lowered, found.written, (*lines, line), found.messages, sweep
    )


def _counted(circuit: Circuit, choice: Choice, note: str) -> Counted:
    written = lower(circuit.replace(record=()))
    lowered = hoist(written)
    return Counted(circuit, choice, note, lowered, written, count_lines(lowered), count_messages(lowered))


def _total(lines) -> float:
    return sum(sum(line.operations.values()) for line in lines if not line.trigger)


def _credited(lowered: LoweredCircuit) -> set[str]:
    """Return the recurrent population, and the projections onto it: whose credit BPTT assigns."""
    population = recurrent_population(lowered.circuit)
    if population is None:
        return set()
    projections = lowered.circuit.projections.values()
    return {population.name} | {p.name for p in projections if p.target.population == population.name}


def _is_credit(line: Line, credited: set[str], lowered: LoweredCircuit) -> bool:
    return line.phase in _CREDIT and (line.owner in credited or place(line.owner, lowered) in credited)


def _without_credit(lowered: LoweredCircuit) -> LoweredCircuit:
    """Return the tick without the lines that set traces which BPTT has no use for."""
    credited = _credited(lowered)

    def kept(statement) -> bool:
        if not isinstance(statement, Assign) or lowered.variables[statement.target].role not in _CREDIT:
            return True
        return statement.owner not in credited and place(statement.owner, lowered) not in credited

    return lowered.replace(
        sections={name: tuple(filter(kept, body)) for name, body in lowered.sections.items()}
    )
