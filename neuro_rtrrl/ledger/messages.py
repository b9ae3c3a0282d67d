"""What travels between places: rates, spikes, modulators, and what the environment says and hears.

One *message* is one value sent by one neuron along one projection, whatever the number of synapses that it
reaches there (multicast): a chip's router sees the message, its synaptic memory the synapses.

- A rate is sent once a decision; once a ``dt`` where the source moves every ``dt`` and the target reads it
every
  ``dt``. A projection that carries two channels (an error and its entropy part) sends two messages a neuron,
  one that carries only a constant sends none.
- A spike is one message for each projection from its neuron: how many there are only a run can tell.
- A modulator is sent once a decision to each projection or population that learns from it; to who reads it every
  ``dt``, once a ``dt``.
- The environment sends the observation and the reward and receives the action: host messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from neuro_rtrrl.language import Read, walk
from neuro_rtrrl.lowering import EVERY_DT, Assign, Gather, LoweredCircuit, SpikeStep
from neuro_rtrrl.lowering.simplify import reads_of

__all__ = ["Messages", "count_messages", "modulated", "place", "rate_channels"]


@dataclass(frozen=True)
class Messages:
    """Messages of one kind on one account.

    ``kind`` is ``rate``, ``spike``, ``modulator`` or ``host``; ``count`` is per decision, for spikes per
    spike of ``trigger``, of which a decision has at most ``most_spikes``.
    """

    owner: str
    kind: str
    count: float
    trigger: str = ""
    most_spikes: int = 0


def count_messages(lowered: LoweredCircuit) -> tuple[Messages, ...]:
    """Return the messages of one decision, by the projection or population that they reach."""
    return (*_rates(lowered), *_spikes(lowered), *_modulators(lowered), *_host(lowered))


def rate_channels(lowered: LoweredCircuit) -> Iterator[tuple[Gather, str, str, bool]]:
    """Yield each sum that rates feed, a projection in it, the key of what that sends, and whether every ``dt``."""
    moving = {
        statement.target
        for section in EVERY_DT
        for statement in lowered.sections.get(section, ())
        if isinstance(statement, Assign | Gather)
    }
    for section, statement in lowered.statements():
        if not isinstance(statement, Gather) or section == "learn":
            continue  # a dendritic sum uses the rate that has come for the forward pass
        for term in statement.terms:
            for key in {n.key for n in walk(term.expression) if isinstance(n, Read) and n.access == "pre"}:
                yield (
                    statement,
                    term.projection,
                    key,
                    section in EVERY_DT and _origin(key, lowered) <= moving,
                )


def _rates(lowered: LoweredCircuit) -> Iterator[Messages]:
    sent: dict[str, int] = {}
    for _, projection, _, every_dt in rate_channels(lowered):
        times = lowered.circuit.timing.steps if every_dt else 1
        count = lowered.spaces[lowered.spaces[projection].pre].elements * times
        sent[projection] = sent.get(projection, 0) + count
    yield from (Messages(projection, "rate", count) for projection, count in sent.items())


def _origin(key: str, lowered: LoweredCircuit) -> set[str]:
    return set(lowered.concatenations.get(key, (key,)))


def _spikes(lowered: LoweredCircuit) -> Iterator[Messages]:
    for statement in lowered.sections.get("spike", ()):
        if isinstance(statement, SpikeStep) and statement.kind == "pathway" and statement.event == "pre":
            neurons = lowered.variables[statement.trigger].space.elements
            most = neurons * lowered.circuit.timing.steps
            yield Messages(statement.space.name, "spike", 1, statement.trigger, most)


def modulated(lowered: LoweredCircuit, every_dt: bool = False) -> dict[str, set[str]]:
    """Return projection or population -> the modulators that it reads once a decision, or each ``dt``."""
    heard: dict[str, set[str]] = {}
    behind = _behind(lowered)
    for section, statement in lowered.statements():
        if (section in EVERY_DT) != every_dt or section not in (*EVERY_DT, "learn", "renew"):
            continue
        signals = {signal for key in reads_of(statement) for signal in behind.get(key, ())}
        if (
            not signals
            or not isinstance(statement, Assign | SpikeStep)
            or statement.space.kind == "broadcast"
        ):
            continue
        owner = statement.space.name if isinstance(statement, SpikeStep) else statement.owner
        if not every_dt and owner in lowered.circuit.populations:
            continue  # what a neuron works out for its synapses, of a signal that they have
        heard.setdefault(place(owner, lowered), set()).update(signals)
    return heard


def _behind(lowered: LoweredCircuit) -> dict[str, set[str]]:
    """Return key -> the modulators in it: each is in itself, and in what was worked out of it for all to share."""
    names = set(lowered.circuit.neuromodulators)
    found = {name: {name} for name in names}
    for _, statement in lowered.statements():
        if not isinstance(statement, Assign) or statement.space.kind != "broadcast":
            continue
        signals = {signal for key in reads_of(statement) for signal in found.get(key, ())}
        if signals and statement.owner not in names:
            found[statement.target] = signals
    return found


def _modulators(lowered: LoweredCircuit) -> Iterator[Messages]:
    sent = {owner: len(signals) for owner, signals in modulated(lowered).items()}
    for owner, signals in modulated(lowered, every_dt=True).items():
        sent[owner] = sent.get(owner, 0) + len(signals) * lowered.circuit.timing.steps
    yield from (Messages(owner, "modulator", count) for owner, count in sent.items())


def _host(lowered: LoweredCircuit) -> Iterator[Messages]:
    environment = lowered.circuit.environment
    if environment is not None:
        yield Messages("environment", "host", len(environment.observation) + 1 + 1)


def place(owner: str, lowered: LoweredCircuit) -> str:
    """Return the population of a learned parameter (``cortex`` of ``cortex.tau``), else the owner itself."""
    population = owner.split(".", 1)[0]
    return population if population in lowered.circuit.populations else owner
