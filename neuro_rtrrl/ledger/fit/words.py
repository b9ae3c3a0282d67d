"""Whether the words of synapses and neurons hold what a circuit learns by, and which word holds what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuro_rtrrl.ledger.fit.case import Case
from neuro_rtrrl.ledger.fit.finding import Finding, judged, listed, name_of, not_known

__all__ = ["traces_per_neuron", "words_per_neuron", "words_per_synapse"]


def words_per_synapse(case: Case) -> Iterator[Finding]:
    """Ask whether a synapse owns as many words as the rule keeps in it, and say which word holds what."""
    engine = case.engine
    if engine is None or not case.open or engine.kind == "neuron_traces":
        return
    offered = (engine.state or {}).get("projection")
    for learner in case.synaptic:
        slots = case.slots(learner)
        keys = case.kept(learner)
        if offered is None:
            says = f"{learner.owner}: {len(keys)} words a synapse, in memory: {listed(slots)}"
            yield judged("words_per_synapse", True, says, case.engine_limit)
            continue
        homeless = [name_of(key) for slot, key in slots.items() if slot.startswith("none")]
        held = "; ".join(
            f"{slot} ({case.width(slot)} bit) holds {name_of(key)}"
            for slot, key in slots.items()
            if not slot.startswith("none")
        )
        spared = [name_of(key) for key in learner.words if key not in keys]
        says = f"{learner.owner}: {held}"
        if spared:
            says += f"; {listed(spared)}: follows from what its neurons keep"
        if homeless:
            says += f"; no word is left for {listed(homeless)}"
        yield judged(
            "words_per_synapse", not homeless, says, case.engine_limit, (learner.owner,) if homeless else (),
            needs=float(len(keys)), has=float(min(len(offered), len(slots) - len(homeless))),
        )  # fmt: skip


def traces_per_neuron(case: Case) -> Iterator[Finding]:
    """Ask whether every trace is one number of pre times one of post, where synapses keep none."""
    if case.engine is None or case.engine.kind != "neuron_traces" or not case.learners:
        return
    wrong = tuple(
        f"{learner.owner}: {name_of(key)} does not factorise: {form.reason}"
        for learner in case.synaptic
        for key, form in learner.forms.items()
        if not form.factorises
    )
    says = "every trace is a filter of one neuron times a term of the other"
    if wrong:
        says = "traces are kept per neuron, and not all of these factorise into a part of pre and one of post"
    yield judged("traces_per_neuron", not wrong, says, case.engine_limit, wrong)


def words_per_neuron(case: Case) -> Iterator[Finding]:
    """Ask whether the neurons lend their synapses as many different numbers as these have to hear."""
    engine = case.engine
    words = (engine.state or {}).get("population") if engine is not None else None
    if words is None or case.programmable or not case.open:
        return
    for side in ("pre", "post"):
        needed: dict[str, dict[str, None]] = {}
        for learner in case.synaptic:
            # a postsynaptic neuron lends to all its synapses, a presynaptic one to each projection anew
            place = learner.population if side == "post" else learner.owner
            needed.setdefault(place, {}).update(dict.fromkeys(learner.neuron_words[side]))
        for place, heard in needed.items():
            lent = [word for word in words if _side(word, _is_output(case, place)) == side]
            if heard and not any(_side(word) for word in words):
                yield not_known(
                    "words_per_neuron",
                    f"{place}: {listed(heard)}; which end {listed(words)} is of is not stated",
                    True,
                )
            elif heard:
                fine = len(heard) <= len(lent)
                says = f"{place} hears {listed(heard)} of {side}, whose words are {listed(lent) or 'none'}"
                yield judged(
                    "words_per_neuron", fine, says, case.engine_limit, () if fine else (place,),
                    needs=float(len(heard)), has=float(len(lent)),
                )  # fmt: skip


def _is_output(case: Case, place: str) -> bool:
    return place in case.circuit.populations and case.circuit.populations[place].role is not None


def _side(word: str, output: bool = False) -> str:
    """Say whose a word is: x1 or trace_pre of pre, y1 or trace_post (of an output, trace_output) of post.

    x0 and y0 are the spike itself, and hold no number.
    """
    if re.fullmatch(r"x[1-9]\d*|\w+_pre", word):
        return "pre"
    return "post" if re.fullmatch(rf"y[1-9]\d*|\w+_{'output' if output else 'post'}", word) else ""
