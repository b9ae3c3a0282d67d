"""A circuit held against a device: everything that a constraint may ask, worked out when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from neuro_rtrrl.graph.circuit import Circuit
from neuro_rtrrl.ledger.engine import LearningEngine
from neuro_rtrrl.ledger.fit.extent import Extent, structure_of
from neuro_rtrrl.ledger.fit.learners import Learner, learners
from neuro_rtrrl.ledger.fit.limits import Limit, limit, word_bits
from neuro_rtrrl.ledger.fit.placement import Load, Placement, Room, Task, place
from neuro_rtrrl.ledger.influence import influences
from neuro_rtrrl.ledger.latency import Latency
from neuro_rtrrl.ledger.memory import count_memory
from neuro_rtrrl.ledger.profile import HardwareProfile
from neuro_rtrrl.lowering import EVERY_DT, Gather, LoweredCircuit, hoist

__all__ = ["Case"]


@dataclass(frozen=True, eq=False)
class Case:
    """What is judged.

    Attributes
    ----------
    circuit : Circuit
    profile : HardwareProfile
    extent : Extent
        How many there are.
    bits : int, optional
        Width of every word that the device leaves open.
    timed : bool
        Whether the time of a decision is judged, too.
    refined : bool
        Whether a better placement is looked for.
    latency : Latency, optional
        The time of a decision, where the caller has worked it out.
    """

    circuit: Circuit
    profile: HardwareProfile
    extent: Extent
    bits: int | None = None
    timed: bool = True
    refined: bool = True
    latency: Latency | None = None

    @property
    def engine(self) -> LearningEngine | None:
        """The device's learning engine; None of a table of arithmetic prices."""
        return self.profile.learning_engine

    @property
    def engine_limit(self) -> Limit:
        """Grade and source of what is known of the engine."""
        engine = self.engine
        if engine is None:
            return Limit("learning_engine", None, reason="the profile has no learning engine")
        return Limit("learning_engine", 1.0, engine.grade, (engine.source,))

    @property
    def programmable(self) -> bool:
        """Whether learning is code on a processor."""
        return self.engine is not None and self.engine.kind == "program"

    @property
    def open(self) -> bool:
        """Whether anything learns, on an engine that takes rules of one's own, so that it matters which."""
        return (
            bool(self.learners) and self.engine is not None and self.engine.kind not in ("none", "fixed_rule")
        )

    @cached_property
    def written(self) -> LoweredCircuit:
        """The lowered circuit as written, without wiring: what a synapse does."""
        return structure_of(self.circuit, self.extent)

    @cached_property
    def grouped(self) -> LoweredCircuit:
        """The lowered circuit, factors grouped by scope."""
        return hoist(self.written)

    @cached_property
    def learners(self) -> tuple[Learner, ...]:
        """Everything that learns."""
        return learners(self.written, self.grouped)

    @property
    def synaptic(self) -> tuple[Learner, ...]:
        """Synapses that learn, without biases that learn as synapses."""
        return tuple(each for each in self.learners if "." not in each.owner)

    @property
    def exact(self) -> bool:
        """Whether anything learns by what is not local: exact RTRL."""
        return any(each.nonlocal_reads for each in self.learners)

    # --- words ----------------------------------------------------------------------------------------------

    def capacity(self, *names: str) -> Limit:
        """Return a limit that counts."""
        return limit(self.profile, "capacity", *names)

    def memory(self, *names: str) -> Limit:
        """Return a limit in bits."""
        return limit(self.profile, "memory", *names)

    def width(self, word: str) -> int:
        """Return the bits of a word."""
        return word_bits(self.profile, word, self.bits)

    def kept(self, learner: Learner) -> tuple[str, ...]:
        """Return the words that one synapse keeps on this device.

        A program keeps them as the equations are written; an engine whose neurons lend words to its synapses needs
        none for a trace that those two can keep.
        """
        lends = self.engine is not None and bool((self.engine.state or {}).get("population"))
        return learner.stored if lends and not self.programmable else learner.words

    def slots(self, learner: Learner) -> dict[str, str]:
        """Return word of the device → variable that it holds, widest words first; an empty slot is left out.

        A variable without a slot stands under ``none 1``, ``none 2``, …
        """
        keys = self.kept(learner)
        offered = (self.engine.state or {}).get("projection") if self.engine else None
        if offered is None:
            return {_short(key): key for key in keys}
        projection = self.circuit.projections[learner.owner]
        delayed = projection.longest_delay > 0.0
        free = [name for name in offered if name != "weight" and not (name == "delay" and delayed)]
        free.sort(key=lambda name: -self.width(name))
        names = ["weight", *free] + [f"none {i + 1}" for i in range(len(keys))]
        return dict(zip(names, keys, strict=False))

    @cached_property
    def synapse_bits(self) -> dict[str, int]:
        """Projection → bits that each of its synapses keeps."""
        found = dict.fromkeys(self.circuit.projections, self.width("weight"))
        for learner in self.synaptic:
            offered = (self.engine.state or {}).get("projection") if self.engine else None
            if offered is None:
                widths = [self._variable_bits(key) for key in self.kept(learner)]
            else:
                widths = [self.width(name) for name in self.slots(learner)]
            found[learner.owner] = sum(widths)
        return found

    def _variable_bits(self, key: str) -> int:
        role = self.written.variables[key].role
        names = {"weight": "weight", "local_trace": "tag", "eligibility_trace": "tag"}
        return self.width(names.get(role, "word"))

    @cached_property
    def extra_synapses(self) -> dict[str, str]:
        """Population → projection of whose kind each neuron has one more synapse, for its learned bias."""
        found = {}
        if not self.programmable:
            for learner in self.learners:
                if learner.like:
                    found[learner.population] = learner.like
        return found

    @cached_property
    def neuron_bits(self) -> dict[str, int]:
        """Population → bits that each neuron keeps, beside its synapses: states, parameters, what it learns by."""
        found = dict.fromkeys(self.circuit.populations, 0)
        for item in count_memory(self.grouped):
            size = self.circuit.populations[item.owner].size if item.owner in found else 0
            if item.scope == "population" and size and item.role != "input":
                bits = self.width("voltage" if item.role == "membrane" else "word")
                found[item.owner] += item.words // size * bits
        return found

    @cached_property
    def influence_words(self) -> int:
        """Entries of the matrix that exact RTRL keeps."""
        return sum(each.words for each in influences(self.grouped))

    @cached_property
    def influence_bits(self) -> int:
        """What the matrix takes."""
        return self.influence_words * self.width("word")

    # --- where it goes --------------------------------------------------------------------------------------

    @cached_property
    def loads(self) -> dict[str, Load]:
        """Population on the device → what each of its neurons takes with it."""
        found = {}
        for name in self.circuit.populations:
            if name in self.extent.clamped:
                continue
            size = self.extent.neurons[name]
            synapses = sum((self.extent.received(p) for p in self.extent.onto(name)), start=0)
            bits = sum(
                (self.extent.received(p) * self.synapse_bits[p] for p in self.extent.onto(name)), start=0
            )
            if name in self.extra_synapses:
                synapses, bits = synapses + 1, bits + self.synapse_bits[self.extra_synapses[name]]
            found[name] = Load.of(size, synapses, bits, self.neuron_bits[name])
        return found

    @cached_property
    def room(self) -> Room:
        """What one core holds."""
        return Room(
            neurons=self.capacity("compartments_per_core", "neurons_per_core").value,
            synapses=self.capacity("synapses_per_core").value,
            synaptic_bits=self.memory("synaptic_state_per_core").value,
            bits=self.memory("memory_per_core").value,
            in_axons=self.capacity("in_axons_per_core").value,
        )

    @cached_property
    def placement(self) -> Placement | None:
        """Where the neurons go; None where the profile does not say what a core holds."""
        cores = self.capacity("cores").value
        if not self.room.known and cores != 1:
            return None
        columns = self.capacity("mesh_columns").value
        task = Task(self.extent, self.loads, self._sent(), int(columns) if columns else None, cores)
        return place(task, self.room, together=self.exact, refine=self.refined)

    def _sent(self) -> dict[str, int]:
        """Projection → messages that one source neuron sends along it in a decision, where it sends rates."""
        steps = self.circuit.timing.steps
        return {
            term.projection: (steps if section in EVERY_DT else 1)
            for section, statement in self.grouped.statements()
            if isinstance(statement, Gather) and section != "learn"
            for term in statement.terms
        }


def _short(key: str) -> str:
    return key.partition(".")[2]
