"""Names outside a synapse's sight that a machine works out: the exact derivatives of what is fed back."""

__all__ = ["CREDIT", "CREDIT_SAYS"]

CREDIT = {"credit": "feedback", "entropy_credit": "entropy_feedback"}
"""Nonlocal name → input of the neurons that it stands for.

``credit`` of a parameter is the derivative of the sum over all neurons k of ``feedback_k*r_k`` with respect to it,
``feedback`` held, through everything since the start of the episode (Williams & Zipser 1989, real-time recurrent
learning). Held are the paths through the readouts and the world.
"""

CREDIT_SAYS = "the exact derivative through the weights and states of all neurons since the episode's start"
