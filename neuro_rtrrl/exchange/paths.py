"""Which projections carry signals forward, between which variables, and whether as NIR's linear maps do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neuro_rtrrl.graph import Circuit
from neuro_rtrrl.graph.circuit import Projection
from neuro_rtrrl.language import parse_statements
from neuro_rtrrl.lowering import Gather, SpikeStep, lower

__all__ = ["Path", "forward_paths"]


@dataclass(frozen=True)
class Path:
    """One projection of the forward part; ``source`` and ``target`` are (population, variable).

    ``missing`` is empty where what arrives is the weight times what was sent, else it says why not.
    """

    projection: Projection
    source: tuple[str, str]
    target: tuple[str, str]
    missing: str = ""


def forward_paths(circuit: Circuit) -> tuple[Path, ...]:
    """Return the projections onto variables that the neurons themselves read, in the order of the circuit.

    Errors for learning, which only rules read, are carried by no such projection.
    """
    found: dict[str, Path] = {}
    for _, statement in lower(circuit).statements():
        gathers = statement.actions if isinstance(statement, SpikeStep) else (statement,)
        for gather in gathers:
            if isinstance(gather, Gather) and _moves(circuit, gather):
                for term in gather.terms:
                    found[term.projection] = _path(circuit, term.projection, gather.target)
    return tuple(found[name] for name in circuit.projections if name in found)


def _moves(circuit: Circuit, gather: Gather) -> bool:
    """Whether a sum is read by the neuron's own equations; a readout's, sent back, is not of phase ``forward``."""
    population, _, variable = gather.target.rpartition(".")
    model = circuit.populations[population].model
    return gather.phase == "forward" or variable in re.findall(r"\w+", f"{model.equations} {model.readout}")


def _path(circuit: Circuit, name: str, key: str) -> Path:
    projection = circuit.projections[name]
    population, _, variable = key.rpartition(".")
    source = projection.source
    sent = circuit.populations[source.population].model.senders[source.port][0]
    return Path(projection, (source.population, sent), (population, variable), _missing(circuit, projection))


def _missing(circuit: Circuit, projection: Projection) -> str:
    pre, post = (circuit.populations[end.population].model for end in (projection.source, projection.target))
    if not _linear(projection):
        return f"what a synapse of rule '{projection.rule.name}' transmits is not its weight times the signal"
    if pre.instantaneous and not post.instantaneous and circuit.timing.steps > 1:
        return "what is read out is sent back once a decision and held: NIR has no decisions"
    if projection.delays:
        return "each synapse has a delay of its own, and NIR delays neurons"
    return ""


def _linear(projection: Projection) -> bool:
    rule = projection.rule
    if rule.on_pre:
        moved = [line for line in parse_statements(rule.on_pre) if line.target.endswith("_post")]
        return len(moved) == 1 and "".join(moved[0].text.split()) == f"{moved[0].target}+=w"
    return "".join(rule.transmits.split()) in ("w*r_pre", "r_pre*w")
