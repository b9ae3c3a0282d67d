"""Three ways to renew an eligibility trace: text that rules share, with ``new`` for the gradient of this decision."""

__all__ = ["accumulating", "dutch", "replacing"]


def accumulating(new: str) -> str:
    """Add up what was (Sutton & Barto 2018, Eq. 12.5)."""
    return f"e = discount*trace_decay*e + {new}"


def replacing(new: str) -> str:
    """Keep the larger of what is left and what is new (Singh & Sutton 1996).

    With features of 0 and 1 that is the replacing trace of the literature: 1 where the feature is on.
    """
    old = "discount*trace_decay*e"
    return f"e = {old} + ({new} - {old})*int(abs({new}) >= abs({old}))"


def dutch(new: str) -> str:
    """Forget what the new gradient says again (van Seijen et al. 2016, Eq. 11; Sutton & Barto 2018, Eq. 12.11).

    The overlap runs over all that the neuron learns by the same group: synapses of every projection, and the bias.
    """
    return f"""
        overlap = dendritic_sum(e*{new})
        e = discount*trace_decay*e + (1 - learning_rate*pace*discount*trace_decay*overlap)*{new}
    """
