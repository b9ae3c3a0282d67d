"""What a decision really took: the dense counts, less what the zeros of a recorded run made unnecessary.

:mod:`neuro_rtrrl.ledger.zeros` says which operations a zero leaves to be done. Beyond that, of a stretch of decisions:

First ticks
    No weight changes on the first tick of an episode: the section ``learn`` does nothing (but what the traces read of
    it), and the modulators' signals are not worked out.
Sums over pre
    A ``w*x`` counts where neither is zero, any other term where it is not. Of the parts of an input, and of the neurons
    of a reduction, as many adds as there are non-zero ones, less one.
Writes
    A word is written where its value changes.
Spikes
    What a spike sets off is counted for the spikes that there were, at the real synapses of the neurons that fired.
Messages
    A rate or a modulator that is zero is not sent. A spike is a message for each projection that it reaches. What
    travels between circuit and environment is counted in full.
Neurons
    *Idle* is one none of whose states changes in a step, which does not fire, and (of readouts, once a decision) whose
    rate stays as it is.
In full
    Choosing an action, and thresholds, as in the dense counts. Exact RTRL is refused: its matrix is nobody's to record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neuro_rtrrl.errors import CircuitError, Problem
from neuro_rtrrl.ledger.activity import Activity
from neuro_rtrrl.ledger.counting import Line
from neuro_rtrrl.ledger.influence import influences
from neuro_rtrrl.ledger.messages import Messages, count_messages
from neuro_rtrrl.ledger.sparsity import ForwardActivity
from neuro_rtrrl.ledger.watch import Tally, Watch
from neuro_rtrrl.lowering import LoweredCircuit

__all__ = ["EffectiveCounts", "effective_counts"]


@dataclass(frozen=True)
class EffectiveCounts:
    """Means over the decisions of a stretch.

    Attributes
    ----------
    activity : Activity
        What was counted.
    first_ticks : int
        How many of its decisions began an episode.
    lines : tuple of Line
        As those of :func:`~neuro_rtrrl.ledger.counting.count_lines`, without the setup; what spikes set off is counted
        per decision too, so no line has a trigger.
    messages : tuple of Messages
        Per decision, spikes included.
    neuron_updates : mapping of str to (active, idle)
        Population -> how many of its neurons changed and how many stayed as they were.
    spikes : mapping of str to float
        Population -> spikes a decision.
    forward : ForwardActivity
        For NeuroBench's keys.
    """

    activity: Activity
    first_ticks: int
    lines: tuple[Line, ...]
    messages: tuple[Messages, ...]
    neuron_updates: Mapping[str, tuple[float, float]]
    spikes: Mapping[str, float]
    forward: ForwardActivity


def effective_counts(lowered: LoweredCircuit, activity: Activity) -> EffectiveCounts:
    """Replay a recorded stretch and count what its zeros left to be done.

    Parameters
    ----------
    lowered : LoweredCircuit
        The hoisted form, which is the one that counts.
    activity : Activity
        Of the same circuit.

    Raises
    ------
    CircuitError
        For a circuit that learns by exact RTRL, or a stretch without decisions.
    """
    if list(influences(lowered)):
        message = (
            "effective counts follow what neurons and synapses do, and exact RTRL (rtrl_td) is not local"
        )
        raise CircuitError(Problem(message, hint="leave --ledger and --from out: its counts are dense"))
    if not activity.decisions:
        raise CircuitError(Problem("there is no decision in this record of activity"))
    watch = Watch(lowered, activity)
    watch.replay.run(watch)
    count = activity.decisions
    host = [message for message in count_messages(lowered) if message.kind == "host"]
    sent = [Messages(owner, kind, number / count) for (owner, kind), number in watch.sent.items()]
    return EffectiveCounts(
        activity,
        int(activity.first.sum()),
        tuple(_mean(line, tally, count) for line, tally in zip(watch.lines, watch.tallies, strict=True)),
        (*sent, *host),
        {name: (float(both[0] / count), float(both[1] / count)) for name, both in watch.updates.items()},
        {
            key.removesuffix(".spike"): float(np.count_nonzero(train) / count)
            for key, train in activity.spikes.items()
        },
        watch.forward,
    )


def _mean(line: Line, tally: Tally, decisions: int) -> Line:
    operations = Counter({key: number / decisions for key, number in tally.operations.items() if number})
    words = tuple((key, number / decisions) for key, number in sorted(tally.words.items()))
    return replace(
        line,
        operations=operations,
        words=words,
        reads=sum(number for _, number in words),
        writes=tally.writes / decisions,
        trigger="",
        most_spikes=0,
    )
