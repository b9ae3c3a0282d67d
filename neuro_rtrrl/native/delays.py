"""Synapses in the order in which spikes reach them, where each has a delay of its own."""

from __future__ import annotations

import numpy as np

__all__ = ["delay_tables"]


def delay_tables(
    delays: np.ndarray, rows: np.ndarray, others: np.ndarray, neurons: int, longest: int
) -> dict[str, np.ndarray]:
    """Return the tables by which a neuron finds its synapses of one delay.

    Parameters
    ----------
    delays, rows, others : int arrays (synapses,)
        Of each stored synapse its delay in steps, its presynaptic and its postsynaptic neuron; rows ascend.
    neurons, longest : int
        Number of presynaptic neurons; steps for which a spike is followed.

    Returns
    -------
    dict of str to int array
        ``delay_synapse`` and ``delay_post`` list the synapses of each presynaptic neuron by their delay; those of
        neuron ``pre`` that take ``d`` steps begin at ``delay_start[pre * (longest + 2) + d]`` and end at the next
        entry.
    """
    order = np.lexsort((others, delays, rows))
    places = rows[order].astype(np.int64) * (longest + 2) + delays[order]
    start = np.searchsorted(places, np.arange(neurons * (longest + 2) + 1))
    return {"delay_start": start, "delay_synapse": order, "delay_post": others[order]}
