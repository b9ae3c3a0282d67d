"""The circuit: populations, projections, modulators and groups of plasticity, in SI numbers, frozen.

A :class:`Circuit` is a value: every change (a lesion, other weights, frozen plasticity) returns another
circuit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from neuro_rtrrl.environments.own_file import OwnFile
from neuro_rtrrl.environments.protocol import Schedule
from neuro_rtrrl.environments.spaces import Actions, Discrete
from neuro_rtrrl.graph import describe
from neuro_rtrrl.graph.identity import IF_SET, circuit_hash
from neuro_rtrrl.graph.ncp import Layers
from neuro_rtrrl.graph.timed import Intervention
from neuro_rtrrl.models import Modulator, NeuronModel, Optimiser, PlasticityRule

if TYPE_CHECKING:
    import numpy as np

    from neuro_rtrrl.graph.audit import AuditLine

__all__ = [
    "Circuit",
    "Distribution",
    "EnvironmentChoice",
    "Intervention",
    "Neuromodulator",
    "PlasticityGroup",
    "Population",
    "Port",
    "Projection",
    "Recording",
    "Timing",
]


@dataclass(frozen=True)
class Distribution:
    """Where a number for each element comes from.

    ``kind`` is ``constant`` (one argument), ``uniform`` (low, high), ``normal`` (mean, deviation),
    ``lecun_normal`` (variance 1/fan-in) or ``glorot_normal`` (variance 2/(fan-in + fan-out)); arguments are
    SI. Weights that follow from where neurons stand are in :mod:`neuro_rtrrl.graph.layouts`.
    """

    kind: Literal[
        "constant", "uniform", "normal", "lecun_normal", "glorot_normal", "grid", "ring", "ring_lateral"
    ]
    arguments: tuple[float, ...] = ()

    @property
    def constant(self) -> float | None:
        """The one value, or None for a random draw."""
        return self.arguments[0] if self.kind == "constant" else None

    @property
    def lowest(self) -> float:
        """The smallest number it gives (a normal one: six deviations below its mean)."""
        if self.kind == "normal":
            return self.arguments[0] - 6.0 * self.arguments[1]
        return min(self.arguments)

    @property
    def highest(self) -> float:
        """The largest number it gives (a normal one: six deviations above its mean)."""
        if self.kind == "normal":
            return self.arguments[0] + 6.0 * self.arguments[1]
        return max(self.arguments)


@dataclass(frozen=True)
class Timing:
    """Integration step and decision interval, in seconds; ``steps`` integration steps make a decision."""

    dt: float
    decision_interval: float
    steps: int
    method: Literal["euler", "exponential_euler", "exact"] = "euler"


NO_ACTIONS = Discrete((0,))


@dataclass(frozen=True)
class EnvironmentChoice:
    """The task: its name, its own parameters, which entries of the observation the animal sees."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    observe: tuple[int, ...] = ()
    observation: tuple[str, ...] = ()  # names of the entries that are seen
    actions: Actions = NO_ACTIONS
    own: OwnFile | None = field(default=None, metadata=IF_SET)  # the user's own code, by its content
    protocol: Schedule | None = field(default=None, metadata=IF_SET)
    everything: tuple[str, ...] = ()  # names of all entries, seen or not


@dataclass(frozen=True)
class Population:
    """``size`` neurons of one model. ``learns`` names the parameters that ``plasticity`` changes.

    Its equations see ``strength`` (None being 1) times the signal of ``modulator``.
    ``method`` is how its derivatives are integrated, where that is not how the circuit's are.
    """

    name: str
    size: int
    model: NeuronModel
    parameters: Mapping[str, Distribution] = field(default_factory=dict)
    role: Literal["actor", "critic"] | None = None
    encodes: tuple[str, ...] = ()
    plasticity: str | None = None
    learns: tuple[str, ...] = ()
    modulator: str | None = field(default=None, metadata=IF_SET)
    strength: float | None = field(default=None, metadata=IF_SET)
    method: str | None = field(default=None, metadata=IF_SET)

    def __repr__(self) -> str:
        return f"<Population {describe.population_text(self)}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(describe.population_text(self))}</code>"


@dataclass(frozen=True)
class Port:
    """One end of a projection: a population and the name of one of its ports."""

    population: str
    port: str

    def __str__(self) -> str:
        return f"{self.population}.{self.port}"


@dataclass(frozen=True)
class PlasticityGroup:
    """A rule with its numbers, the modulator it listens to (times ``strength``, None being 1) and its optimiser."""

    name: str
    rule: PlasticityRule
    parameters: Mapping[str, float] = field(default_factory=dict)
    modulator: str | None = None
    optimiser: Optimiser | None = None
    strength: float | None = field(default=None, metadata=IF_SET)
    method: str | None = field(default=None, metadata=IF_SET)


@dataclass(frozen=True)
class Neuromodulator:
    """A broadcast signal computed from what its model reads: the reward, a critic, novelty, what a population releases.

    ``delay`` counts decisions. ``lost`` is the fraction of each population it reads that a lesion has taken.
    """

    name: str
    model: Modulator
    critic: str | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    novelty: str | None = field(default=None, metadata=IF_SET)
    population: str | None = field(default=None, metadata=IF_SET)
    delay: int | None = field(default=None, metadata=IF_SET)
    lost: Mapping[str, float] | None = field(default=None, metadata=IF_SET)

    @property
    def read(self) -> dict[str, str]:
        """What the model calls what it reads of a population → that population."""
        named = dict.fromkeys(self.model.values, self.critic) if self.critic else {}
        if self.novelty:
            named["novelty"] = self.novelty
        if self.population:
            named["release"] = self.population
        return {name: population for name, population in named.items() if population}


@dataclass(frozen=True)
class Projection:
    """Synapses from one population to another; matrices are ``(post, pre)``.

    ``transpose_of`` names the projection whose weights this one carries backwards (weight transport).
    ``probability`` is the chance that a pair of neurons is connected; which pairs are is part of the circuit
    (``wiring_seed``), the same for every seed of a run, and so is the delay of each synapse where ``delays`` is a
    distribution; else all have ``delay``. ``lesion`` is the fraction of synapses cut,
    ``silenced`` the fraction of source neurons whose synapses are all cut (a lesion of the source
    population). With ``groups`` the larger population is as many groups as the smaller one has neurons, and each
    neuron is connected with its own group; with ``sources`` or ``targets`` only these neurons have synapses.
    ``gain`` scales what the synapses transmit. ``layers`` are those of a target that is wired as a neural circuit
    policy, ``layers_of_source`` those of such a source.
    """

    name: str
    source: Port
    target: Port
    rule: PlasticityRule
    weights: Distribution
    group: str | None = None
    transpose_of: str | None = None
    probability: float = 1.0
    self_connections: bool = True
    wiring_seed: int = 0
    lesion: float = 0.0
    silenced: float = 0.0
    delay: float = 0.0
    delays: Distribution | None = field(default=None, metadata=IF_SET)
    gain: float = 1.0
    sources: tuple[int, ...] | None = field(default=None, metadata=IF_SET)
    targets: tuple[int, ...] | None = field(default=None, metadata=IF_SET)
    layers: Layers | None = field(default=None, metadata=IF_SET)
    layers_of_source: Layers | None = field(default=None, metadata=IF_SET)
    groups: bool | None = field(default=None, metadata=IF_SET)

    @property
    def dense(self) -> bool:
        """Whether every pair of neurons is connected."""
        whole = self.layers is None and self.layers_of_source is None and self.probability == 1.0
        whole = whole and not self.groups and self.sources is None and self.targets is None
        return whole and self.self_connections and self.lesion == 0.0 and self.silenced == 0.0

    @property
    def longest_delay(self) -> float:
        """The longest that a spike can be on its way, in seconds; six deviations above the mean of a normal one."""
        return self.delay if self.delays is None else self.delays.highest

    @property
    def equations(self) -> str:
        """The equations that its synapses follow."""
        return str(self.rule)

    def __repr__(self) -> str:
        return f"<Projection {describe.projection_text(self)}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(describe.projection_text(self))}</code><pre>{escape(self.equations)}</pre>"


@dataclass(frozen=True)
class Recording:
    """One variable to keep: ``owner`` is a population, projection or modulator.

    ``every`` counts decisions; 0 means every ``stride``-th integration step. It is kept from step ``begin`` of the
    model's time on, until before step ``end``.
    """

    owner: str
    variable: str
    neurons: tuple[int, ...] | None = None
    every: int = 1
    stride: int = 1
    begin: int = 0
    end: int | None = None

    @property
    def key(self) -> str:
        """``owner.variable``, or the bare name of a modulator."""
        return f"{self.owner}.{self.variable}" if self.variable else self.owner

    @classmethod
    def of(cls, key: str) -> Recording:
        """Return the recording of a whole variable, every decision."""
        owner, _, variable = key.partition(".")
        return cls(owner, variable)

    @property
    def spikes(self) -> bool:
        """Whether these are events; all of them are kept."""
        return self.variable == "spike"

    @property
    def by_step(self) -> bool:
        """Whether a backend hands it over for every integration step."""
        return self.spikes or self.every == 0

    def rows(self, start: int, count: int) -> range:
        """Return which of ``count`` decisions from ``start`` a backend hands over, whatever the window."""
        every = max(1, self.every)
        return range(-(-start // every) * every, start + count, every)

    def ticks(self, start: int, count: int, steps: int) -> range:
        """Return what is kept of ``count`` decisions of ``steps`` from ``start``, within the window.

        They are numbers of integration steps where ``by_step``, else of decisions.
        """
        unit, every = (1, self.stride) if self.by_step else (steps, max(1, self.every))
        low, high = start * steps // unit, (start + count) * steps // unit
        low = max(low, -(-self.begin // unit))
        high = high if self.end is None else min(high, -(-self.end // unit))
        return range(-(-low // every) * every, max(low, high), every)


@dataclass(frozen=True)
class Circuit:
    """A checked circuit. Build one with :func:`neuro_rtrrl.load`.

    ``initial`` holds values that replace the drawn ones: keys ``projection.w`` or ``population.parameter``,
    arrays of the variable's shape (learned weights of an earlier run). ``document`` is the resolved YAML
    text.
    """

    name: str
    timing: Timing
    populations: Mapping[str, Population]
    projections: Mapping[str, Projection]
    neuromodulators: Mapping[str, Neuromodulator] = field(default_factory=dict)
    plasticity: Mapping[str, PlasticityGroup] = field(default_factory=dict)
    environment: EnvironmentChoice | None = None
    record: tuple[Recording, ...] = ()
    interventions: Mapping[str, Intervention] = field(default_factory=dict)
    description: str = ""
    frozen: bool = False
    initial: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False)
    document: str = ""
    events: tuple[Intervention, ...] = field(default=(), metadata=IF_SET)  # interventions in force
    lesions: tuple[Intervention, ...] = field(default=(), compare=False)  # those without times, by their name
    applied: tuple[tuple[str, str], ...] = field(
        default=(), compare=False
    )  # names of all that were, and what they do

    @property
    def told(self) -> dict[str, list[str]]:
        """What recordings and provenance say of the interventions in force; nothing where there is none."""
        told = [f"{name}: {text}" for name, text in self.applied]
        return {"interventions": told} if told else {}

    @property
    def actors(self) -> tuple[Population, ...]:
        """The populations that choose, one for each choice made at a time; none in an open loop."""
        return tuple(p for p in self.populations.values() if p.role == "actor")

    @property
    def critic(self) -> Population | None:
        """The population that holds the value, or None in an open loop."""
        return next((p for p in self.populations.values() if p.role == "critic"), None)

    @property
    def spiking(self) -> bool:
        """Whether any population sends spikes."""
        return any(population.model.spikes for population in self.populations.values())

    def replace(self, **changes) -> Circuit:
        """Return a copy with fields replaced."""
        return replace(self, **changes)

    @property
    def hash(self) -> str:
        """Twelve digits that name what the circuit computes; see :mod:`neuro_rtrrl.graph.identity`."""
        return circuit_hash(self)

    def lesion(self, name: str, fraction: float = 1.0, **times: str | None) -> Circuit:
        """Return the circuit with a fraction of a modulator, projection or population destroyed.

        See :func:`neuro_rtrrl.graph.interventions.lesion`; with ``start`` or ``stop`` (``"10 s"``), for that time.
        """
        from neuro_rtrrl.graph.interventions import lesion, timed

        if not any(times.values()):
            hurt = lesion(self, name, fraction)
            told = f"lesion_{name}", f"lesion of {name} by {fraction:g}"
            return hurt.replace(applied=(*self.applied, told))
        return timed(self, "lesion", name, fraction=fraction, **times)

    def silence(self, population: str, neurons: Any = None, **times: str | None) -> Circuit:
        """Return the circuit in which neurons send nothing; times as for :meth:`stimulate`."""
        from neuro_rtrrl.graph.interventions import timed

        return timed(self, "silence", population, neurons=neurons, **times)

    def stimulate(
        self, target: str, amplitude: float | str, neurons: Any = None, **times: str | None
    ) -> Circuit:
        """Return the circuit with a number added to an input (``cortex``, ``cortex.u``) or to a parameter.

        See :func:`neuro_rtrrl.graph.interventions.timed` for ``start``, ``stop``, ``every`` and ``until``.
        """
        from neuro_rtrrl.graph.interventions import timed

        return timed(self, "stimulate", target, amount=amplitude, neurons=neurons, **times)

    def noise(self, target: str, deviation: float | str, neurons: Any = None, **times: str | None) -> Circuit:
        """Return the circuit with fresh normal noise in an input, for every neuron and ``dt``."""
        from neuro_rtrrl.graph.interventions import timed

        return timed(self, "noise", target, amount=deviation, neurons=neurons, **times)

    def antagonist(
        self,
        modulator: str,
        dose: float | str,
        half_dose: float | str,
        hill: float = 1.0,
        target: str | None = None,
        **times: str | None,
    ) -> Circuit:
        """Return the circuit under a drug that takes receptors from a modulator, of one group or of all."""
        from neuro_rtrrl.graph.interventions import timed

        numbers: dict[str, Any] = {"dose": dose, "half_dose": half_dose, "hill": hill, "receptors": target}
        return timed(self, "antagonist", modulator, **numbers, **times)

    def agonist(
        self,
        modulator: str,
        dose: float | str,
        half_dose: float | str,
        efficacy: float | str,
        hill: float = 1.0,
        target: str | None = None,
        **times: str | None,
    ) -> Circuit:
        """Return the circuit under a drug that adds to what receptors read of a modulator."""
        from neuro_rtrrl.graph.interventions import timed

        numbers: dict[str, Any] = {"dose": dose, "half_dose": half_dose, "hill": hill, "receptors": target}
        return timed(self, "agonist", modulator, amount=efficacy, **numbers, **times)

    def intervene(self, name: str) -> Circuit:
        """Return the circuit after an intervention that its file names."""
        from neuro_rtrrl.graph.interventions import intervene

        return intervene(self, name)

    def with_dose(self, name: str, dose: float | str) -> Circuit:
        """Return the circuit under a drug that its file names, at another dose."""
        from neuro_rtrrl.graph.interventions import with_dose

        return with_dose(self, name, dose)

    def with_weights(self, weights: Mapping[str, np.ndarray]) -> Circuit:
        """Return the circuit that starts from these: ``projection.w`` or ``population.parameter``, SI."""
        from neuro_rtrrl.graph.interventions import with_weights

        return with_weights(self, weights)

    def freeze(self, group: str | None = None, **times: str | None) -> Circuit:
        """Return the circuit without plasticity, or in which the weights of one group keep their values for a time."""
        from neuro_rtrrl.graph.interventions import freeze, timed

        return freeze(self) if group is None else timed(self, "freeze", group, **times)

    def audit(self) -> tuple[AuditLine, ...]:
        """Return for every plastic synapse group whether it is local, online and free of weight transport."""
        from neuro_rtrrl.graph.audit import audit

        return audit(self)

    def to_networkx(self):
        """Return the circuit as a ``networkx.MultiDiGraph``."""
        from neuro_rtrrl.graph.network import to_networkx

        return to_networkx(self)

    def __repr__(self) -> str:
        return describe.circuit_text(self)

    def _repr_html_(self) -> str:
        return describe.circuit_html(self)
