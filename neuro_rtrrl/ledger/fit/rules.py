"""Whether the learning engine of a device can express what a circuit learns by: no larger chip would help.

Each function is one constraint; ``CONSTRAINTS`` of :mod:`neuro_rtrrl.ledger.fit.constraints` has them in the order in
which they are told. Nothing is asked of a circuit that does not learn.
"""

from __future__ import annotations

from collections.abc import Iterator

from neuro_rtrrl.ledger.engine import ENGINE_KINDS
from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.finding import Finding, judged, listed, name_of, not_known
from neuro_rtrrl.ledger.fit.learners import Learner
from neuro_rtrrl.ledger.fit.operations import (
    operations_of_broadcasts,
    operations_per_neuron,
    operations_per_synapse,
)
from neuro_rtrrl.ledger.fit.words import traces_per_neuron, words_per_neuron, words_per_synapse

__all__ = ["RULES"]


def learning(case: Case) -> Iterator[Finding]:
    """Ask whether anything on the device learns."""
    engine = case.engine
    if not case.learners:
        limit = case.engine_limit
        yield Finding(
            "learning", "satisfied", "nothing learns: weights are loaded", (),
            structural=True, grade=limit.grade, sources=limit.sources,
        )  # fmt: skip
    elif engine is None:
        yield not_known("learning", "the profile is of arithmetic, and names no learning engine", True)
    else:
        owners = tuple(each.owner for each in case.learners) if engine.kind == "none" else ()
        yield judged("learning", engine.learns, ENGINE_KINDS[engine.kind], case.engine_limit, owners)


def place_of_learning(case: Case) -> Iterator[Finding]:
    """Ask whether only the last layer learns, where no other can."""
    if case.engine is None or case.engine.kind != "last_layer" or not case.learners:
        return
    inner = tuple(each.owner for each in case.learners if not _is_readout(case, each.population))
    says = "only synapses onto the last layer learn" if inner else "what learns is the last layer"
    yield judged("place_of_learning", not inner, says, case.engine_limit, inner)


def _is_readout(case: Case, population: str) -> bool:
    """Whether nothing but errors leaves a population."""
    forward = {
        p.target.population
        for p in case.circuit.projections.values()
        if p.source.population == population and p.source.port not in ("error", "entropy_error")
    }
    return not forward


def own_rule(case: Case) -> Iterator[Finding]:
    """Ask whether a rule of one's own runs at all."""
    engine = case.engine
    if engine is None or not case.learners:
        return
    limit = case.engine_limit
    rules = tuple(dict.fromkeys(each.rule for each in case.learners))
    if engine.kind == "last_layer":
        yield not_known("own_rule", "whether a rule of one's own can be loaded is not published", True)
    elif engine.kind == "neuron_traces":
        says = f"the engine has one rule in hardware; asked is whether {listed(rules)} would have room in its words"
        yield Finding("own_rule", "warning", says, rules, grade=limit.grade, sources=limit.sources)
    elif engine.kind == "fixed_rule":
        says = f"the engine has one rule in hardware, which is not {listed(rules)}"
        yield judged("own_rule", False, says, limit, rules)


def locality(case: Case) -> Iterator[Finding]:
    """Ask whether a synapse hears of nothing but itself, its two neurons and broadcasts, where it cannot."""
    if case.engine is None or not case.open:
        return
    elsewhere = tuple(
        f"{each.owner} reads {listed(name_of(key) for key in each.nonlocal_reads)}"
        for each in case.learners
        if each.nonlocal_reads
    )
    if not elsewhere:
        yield judged("locality", True, "a synapse reads nothing that is not local to it", case.engine_limit)
        return
    words = f"{case.influence_words:,} words that belong to no synapse"
    if case.engine.nonlocal_:
        says = f"exact RTRL keeps {words}; a program can read them all"
        yield judged("locality", True, says, case.engine_limit, elsewhere)
    elif case.programmable:
        says = f"exact RTRL keeps {words}; whether one core's program can read all of them is not stated"
        yield not_known("locality", says, True, where=elsewhere)
    else:
        says = f"exact RTRL keeps {words}, and no learning engine of this kind can express that"
        yield judged("locality", False, says, case.engine_limit, elsewhere)


def sums_over_a_dendrite(case: Case) -> Iterator[Finding]:
    """Ask whether synapses of one neuron hear of each other, where only a program could tell them."""
    found = tuple(f"{each.owner}: {listed(map(name_of, each.sums))}" for each in case.learners if each.sums)
    if found and case.open:
        says = "a sum over all synapses of a neuron"
        yield judged("sums_over_a_dendrite", case.programmable, says, case.engine_limit, found)


def weight_transport(case: Case) -> Iterator[Finding]:
    """Ask whether synapses carry the weights of others, where a synapse cannot read another's."""
    copies = tuple(
        f"{name} carries the weights of {p.transpose_of} backwards"
        for name, p in case.circuit.projections.items()
        if p.transpose_of is not None
    )
    if copies and case.open:
        says = "weights that change have to be copied to other synapses"
        yield judged("weight_transport", case.programmable, says, case.engine_limit, copies)


def modulators(case: Case) -> Iterator[Finding]:
    """Ask whether a rule may hear as many broadcast signals as it does."""
    engine = case.engine
    if engine is None or case.programmable or not case.open:
        return
    names = {
        group.modulator
        for group in case.circuit.plasticity.values()
        if group.modulator and any(_group_of(case, each) == group.name for each in case.learners)
    }
    heard = max((1 for _ in names), default=0)  # each group listens to one
    if engine.modulators is None and heard:
        yield not_known("modulators", "how many broadcast signals a rule may read is not published", True)
        return
    known = engine.modulators or 0
    says = f"a rule hears {heard}, and may hear {known}" if heard else "no rule hears a broadcast signal"
    yield judged(
        "modulators", heard <= known, says, case.engine_limit, (),
        needs=float(heard), has=float(known),
    )  # fmt: skip


def _group_of(case: Case, learner: Learner) -> str | None:
    if learner.owner in case.circuit.projections:
        return case.circuit.projections[learner.owner].group
    return case.circuit.populations[learner.population].plasticity


def learned_parameters(case: Case) -> Iterator[Finding]:
    """Ask whether neurons learn parameters of their own, which no engine of synapses changes."""
    if case.programmable or not case.open:
        return
    wrong = tuple(each.owner for each in case.learners if not each.projection)
    biases = [each.owner for each in case.learners if each.like]
    if wrong:
        says = f"the engine changes synapses, and {listed(wrong)} belongs to the neurons"
        yield judged("learned_parameters", False, says, case.engine_limit, wrong)
    elif biases:
        says = f"{listed(biases)} learns as one more synapse, from a source that is always active"
        yield judged("learned_parameters", True, says, case.engine_limit)


def modulator_sources(case: Case) -> Iterator[Finding]:
    """Say where a broadcast signal has to be worked out; the rule is judged apart from that."""
    names = tuple(case.circuit.neuromodulators)
    if names and case.open and not case.programmable:
        says = (
            f"{listed(names)} is worked out outside the learning engine: by neurons, an embedded processor, "
            "or the host"
        )
        limit = case.engine_limit
        yield Finding("modulator_sources", "warning", says, names, grade=limit.grade, sources=limit.sources)


def neuron_models(case: Case) -> Iterator[Finding]:
    """Say which neurons the device does not have; the rule is judged apart from them."""
    engine = case.engine
    if engine is None or engine.neurons is None:
        return
    others = {
        name: population.model.name
        for name, population in case.circuit.populations.items()
        if not population.model.clamped and population.model.name not in engine.neurons
    }
    if others:
        absent = listed(f"{name} ({model})" for name, model in others.items())
        says = f"the device has {listed(engine.neurons)}; not {absent}: the rule is judged as if it had"
        limit = case.engine_limit
        yield Finding(
            "neuron_models", "warning", says, tuple(others), grade=limit.grade, sources=limit.sources
        )


RULES = (
    learning, place_of_learning, own_rule, locality, sums_over_a_dendrite, weight_transport, operations_per_synapse,
    operations_per_neuron, operations_of_broadcasts, words_per_synapse, traces_per_neuron, words_per_neuron,
    modulators, learned_parameters, modulator_sources, neuron_models,
)  # fmt: skip
