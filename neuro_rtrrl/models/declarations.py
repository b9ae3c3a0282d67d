"""What a model is: frozen declarations, equations as text, nothing that runs.

The scope of a name is in the name. In a rule, ``x_pre`` and ``x_post`` are variables of the two neurons, a
bare name is the synapse's own; in a neuron, a bare name is the neuron's own. Broadcast names (the modulator,
``discount``) and parameters are the same for all. ``r_pre`` in a rule is the signal that the projection
carries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from neuro_rtrrl.language import (
    EquationError,
    Expression,
    Statement,
    names,
    parse_expression,
    parse_statements,
)
from neuro_rtrrl.units import Dimension, unit_dimension

__all__ = [
    "IF_SET",
    "IntrinsicRule",
    "Model",
    "Modulator",
    "NeuronModel",
    "Optimiser",
    "Parameter",
    "PlasticityRule",
    "State",
    "StateRole",
]

#: Metadata of a field that counts in a circuit's hash only where it is set: without it, the hash is as it always was.
IF_SET = {"counts": "if set"}

StateRole = Literal[
    "membrane", "weight", "local_trace", "eligibility_trace", "optimiser", "modulator", "statistic"
]


@dataclass(frozen=True)
class Parameter:
    """A quantity that the circuit file sets.

    Attributes
    ----------
    name, unit : str
        ``unit`` is a Brian2 unit name, ``"1"`` for a pure number.
    default : float, str or None
        SI value; the name of a clock quantity (``"dt"``, ``"decision_interval"``); None where the file must
        set it.
    minimum, maximum : float
        Inclusive bounds, SI; a value outside is refused.
    """

    name: str
    unit: str = "1"
    default: float | str | None = None
    minimum: float = float("-inf")
    maximum: float = float("inf")
    description: str = ""
    positive: bool = False  # excludes 0 where the minimum is 0

    @property
    def dimension(self) -> Dimension:
        """Dimension of the unit."""
        return unit_dimension(self.unit)


@dataclass(frozen=True)
class State:
    """A quantity that the equations change.

    ``resets`` says that an episode's start puts it back to ``initial`` (membranes and traces do, weights do
    not). ``broadcast`` marks the one value that all synapses of a group share (an optimiser's step count).
    """

    name: str
    unit: str = "1"
    initial: float | str = 0.0
    role: StateRole = "membrane"
    resets: bool = True
    broadcast: bool = False
    description: str = ""

    @property
    def dimension(self) -> Dimension:
        """Dimension of the unit."""
        return unit_dimension(self.unit)


_BLOCKS = (
    *("on_observation", "equations", "readout", "on_choice", "threshold", "reset"),
    *("transmits", "dynamics", "on_pre", "on_post", "on_decision", "on_episode_start"),
)


def _quantity(item: Parameter | State) -> str:
    return f"{item.name} ({item.unit})" if item.unit != "1" else item.name


@dataclass(frozen=True)
class Model:
    """What all declarations share."""

    name: str
    summary: str
    source: str = ""
    parameters: tuple[Parameter, ...] = ()
    states: tuple[State, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of that name, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def __str__(self) -> str:
        """Return the declaration as one reads it: what it is, its source, its quantities, its equations."""
        lines = [f"{self.name}: {self.summary}" if self.summary else self.name]
        lines += [f"  ({self.source})"] if self.source else []
        if self.parameters:
            lines.append(f"  parameters: {', '.join(_quantity(parameter) for parameter in self.parameters)}")
        if self.states:
            lines.append(f"  states: {', '.join(_quantity(state) for state in self.states)}")
        for title, text in self.equation_blocks():
            lines.append(f"  {title}:")
            lines += [f"    {line.strip()}" for line in text.strip().splitlines() if line.strip()]
        return "\n".join(lines)

    def equation_blocks(self) -> tuple[tuple[str, str], ...]:
        """Return the titles and texts of all blocks of equations, in the order in which they run."""
        return tuple((title, text) for title in _BLOCKS if (text := getattr(self, title, "")))


@dataclass(frozen=True)
class NeuronModel(Model):
    """A neuron: what it integrates, what it sends, what it receives.

    Attributes
    ----------
    inputs : tuple of str
        Variables that projections add to; 0 where none does. ``input_units`` names those that are not pure
        numbers.
    equations : str
        Evaluated each ``dt`` before any state moves: algebraic lines in order, then derivatives,
        simultaneous. A neuron without derivatives is *instantaneous*: it is evaluated once a decision, at the
        readout.
    on_observation : str
        Clamped neurons only, once a decision, sequential: from ``observed``, what the environment shows, to ``r``.
        Without it ``r`` is what is observed.
    readout : str
        Evaluated after the states have moved: what others read.
    on_choice : str
        Actors only. Where one of several actions is chosen, after it was sampled from ``r``: reads ``chosen`` (1 for
        the neuron of the action, else 0). Where an action is by degrees it sets ``action``, one for each neuron, in
        [-1, 1] of what the task allows.
    threshold, reset : str
        Spike condition and what a spike does (a spiking neuron's ``spike`` is 1 in the step in which it
        fires).
    senders, receivers : dict
        Ports: the variables that a projection from ``population.port`` carries and that one to it adds to.
    noise : tuple of str
        Names that hold a fresh uniform number in [0, 1) for every neuron and ``dt``.
    chances : tuple of str
        The same for every neuron and decision, to be read by ``on_choice`` of an actor by degrees.
    """

    inputs: tuple[str, ...] = ()
    input_units: dict[str, str] = field(default_factory=dict)
    equations: str = ""
    on_observation: str = ""
    readout: str = ""
    on_choice: str = ""
    threshold: str = ""
    reset: str = ""
    senders: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"r": ("r",)})
    receivers: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"u": ("u",)})
    noise: tuple[str, ...] = ()
    chances: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)  # of derived variables that are not pure numbers
    clamped: bool = False  # set by the environment, not by equations

    @property
    def clamps(self) -> str:
        """The variable that the environment sets, of a clamped neuron."""
        return "observed" if self.on_observation else "r"

    @cached_property
    def by_degrees(self) -> bool:
        """Whether, as an actor, it acts by degrees instead of choosing one of several."""
        return any(statement.target == "action" for statement in parse_statements(self.on_choice))

    @cached_property
    def algebraic(self) -> tuple[Statement, ...]:
        """Lines of ``equations`` without a derivative."""
        return tuple(s for s in parse_statements(self.equations) if s.kind == "assign")

    @cached_property
    def derivatives(self) -> tuple[Statement, ...]:
        """Lines ``dx/dt = …``."""
        return tuple(s for s in parse_statements(self.equations) if s.kind == "derivative")

    @cached_property
    def listens(self) -> bool:
        """Whether its equations read ``modulator``, the neuromodulator that its population names."""
        own = {item.name for item in (*self.parameters, *self.states)} | set(self.inputs)
        try:
            lines = (*self.definitions, *self.derivatives, *parse_statements(self.reset))
            read = {name for line in lines for name in names(line.expression)}
            read |= names(parse_expression(self.threshold)) if self.threshold else set()
        except EquationError:
            return False  # told of the equation itself
        return "modulator" in read - own

    @property
    def spikes(self) -> bool:
        """Whether the neuron has a threshold."""
        return bool(self.threshold)

    @property
    def instantaneous(self) -> bool:
        """Whether the neuron has no dynamics of its own and is evaluated at the readout."""
        return not self.clamped and not self.derivatives and not self.spikes

    @cached_property
    def definitions(self) -> tuple[Statement, ...]:
        """All lines that are no derivative, in the order in which they are evaluated."""
        blocks = (self.on_observation, self.readout, self.on_choice)
        return (*self.algebraic, *(statement for block in blocks for statement in parse_statements(block)))

    @cached_property
    def derived(self) -> tuple[str, ...]:
        """Names that the equations define without being states."""
        states = {state.name for state in self.states}
        return tuple(dict.fromkeys(s.target for s in self.definitions if s.target not in states))


@dataclass(frozen=True)
class IntrinsicRule:
    """How a rule learns a parameter of the neuron itself, such as a bias; bare names are the neuron's."""

    parameter: str
    states: tuple[State, ...] = ()
    dynamics: str = ""
    on_decision: str = ""


@dataclass(frozen=True)
class PlasticityRule(Model):
    """What a synapse transmits and how it changes.

    Attributes
    ----------
    transmits : str
        Expression summed over pre into the target's input; with spikes, see ``on_pre``.
    dynamics : str
        Continuous, simultaneous with the neurons': ``dx/dt = …``.
    on_pre, on_post : str
        What a spike of either neuron does, sequential; ``u_post += w`` transmits.
    on_decision : str
        Once a decision, sequential. ``w += optimise(gradient)`` applies the group's optimiser. Lines that
        change a learned parameter run before all lines that renew traces, and not on the first tick of an
        episode.
    on_episode_start : str
        After the states that reset have been reset.
    intrinsic : tuple of IntrinsicRule
        Parameters of the target neuron that the same rule learns.
    nonlocal_names : tuple of str
        Names outside the synapse's sight that the rule reads all the same (JAX only; named by the audit).
    role : str
        The role that the target must have for the rule to be right, such as critic; empty where any will do.
    mirrors : str
        The rule of forward synapses whose steps this one makes in feedback synapses; empty of any other rule.
    """

    transmits: str = ""
    dynamics: str = ""
    on_pre: str = ""
    on_post: str = ""
    on_decision: str = ""
    on_episode_start: str = ""
    intrinsic: tuple[IntrinsicRule, ...] = ()
    nonlocal_names: tuple[str, ...] = ()
    role: str = ""
    mirrors: str = ""

    @property
    def plastic(self) -> bool:
        """Whether anything in a synapse of this rule changes."""
        moved = (statement.target for statement in parse_statements(self.on_pre))
        # a presynaptic spike that only moves the postsynaptic neuron changes nothing in the synapse
        return bool(self.dynamics or self.on_decision or self.on_post) or any(
            not target.endswith("_post") for target in moved
        )

    def equation_blocks(self) -> tuple[tuple[str, str], ...]:
        """As for any model, then how each parameter of the neuron is learned."""
        intrinsic = tuple(
            (f"{each.parameter}, {title}", text)
            for each in self.intrinsic
            for title, text in (("dynamics", each.dynamics), ("on_decision", each.on_decision))
            if text
        )
        return super().equation_blocks() + intrinsic

    @cached_property
    def transmission(self) -> Expression | None:
        """The parsed ``transmits``."""
        return parse_expression(self.transmits) if self.transmits else None


@dataclass(frozen=True)
class Modulator(Model):
    """A broadcast signal: either ``on_decision`` or ``readout`` sets ``signal``, from what the modulator may read.

    Attributes
    ----------
    equations : str
        Evaluated each ``dt``, from old values, before any state moves: algebraic lines in order, then derivatives,
        simultaneous with those of neurons and synapses.
    readout : str
        Evaluated each ``dt`` after the states have moved. A signal set here is continuous: it begins with its states,
        where one set ``on_decision`` is 0 on the first tick of an episode.
    on_decision : str
        Once a decision, sequential.
    reads : tuple of str
        ``reward``, ``terminated``, ``value`` (the critic's rate), ``value_NAME`` (the critic's variable NAME),
        ``novelty``, and in ``equations`` ``release``: the sum over a population of its spikes in the last ``dt``, or
        of its rates.
    optional : tuple of str
        Those of ``reads`` that are 0 where the circuit has no environment, or names no population.
    """

    equations: str = field(default="", metadata=IF_SET)
    readout: str = field(default="", metadata=IF_SET)
    on_decision: str = ""
    reads: tuple[str, ...] = ()
    optional: tuple[str, ...] = field(default=(), metadata=IF_SET)

    @property
    def continuous(self) -> bool:
        """Whether the signal is renewed each ``dt``."""
        return bool(self.readout)

    @property
    def values(self) -> tuple[str, ...]:
        """What of ``reads`` is a variable of the critic."""
        return tuple(name for name in self.reads if name == "value" or name.startswith("value_"))


@dataclass(frozen=True)
class Optimiser(Model):
    """From ``gradient`` to ``step``, per synapse; broadcast states advance first, once a decision."""

    on_decision: str = ""
